"""What people write becomes HTML that can do nothing but be read."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import html5lib
import pytest

from engage.core import richtext
from engage.core.errors import Invalid
from engage.core.richtext import PROFILES, clean, neutral, plain, render, rich, safe_url
from tests.core import attack

pytestmark = pytest.mark.pure

PROFILE_NAMES = sorted(PROFILES)


# --- ordinary writing -------------------------------------------------------------------


def test_markdown_becomes_html():
    text = "Hello **port**\n\n- one\n- two\n\n> said\n\n`x < y` and ~~old~~"
    assert render(text) == (
        "<p>Hello <strong>port</strong></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        "<blockquote>\n<p>said</p>\n</blockquote>\n"
        "<p><code>x &lt; y</code> and <s>old</s></p>"
    )


def test_html_is_shown_as_it_was_typed():
    assert render("<b>loud</b>") == "<p>&lt;b&gt;loud&lt;/b&gt;</p>"


def test_headings_never_compete_with_the_page():
    assert render("# Title") == "<p>Title</p>"
    assert render("# Title", profile="plan") == "<h3>Title</h3>"
    assert render("###### Small", profile="letter") == "<h5>Small</h5>"


def test_tables_only_in_long_texts():
    table = "|a|b|\n|-|-|\n|1|2|"
    assert "<table>" in render(table, profile="plan")
    assert "<table>" not in render(table, profile="comment")


def test_bare_addresses_become_links():
    html = render("See https://port.example/plan_(draft), or https://a.example/x.")
    assert 'href="https://port.example/plan_(draft)"' in html
    assert 'href="https://a.example/x"' in html
    assert html.endswith("</a>.</p>")


def test_links_say_what_they_are():
    assert render("[ok](https://ok.example/a?b=c&d=e)") == (
        '<p><a href="https://ok.example/a?b=c&amp;d=e" rel="nofollow ugc noopener">ok</a></p>'
    )


def test_mentions_stay_text():
    assert render("@ann what do you think?") == "<p>@ann what do you think?</p>"


def test_pictures_from_elsewhere_become_links():
    html = render("![the quay](https://cdn.example/track.gif)", profile="plan")
    assert "<img" not in html
    assert ">the quay</a>" in html


def test_plain_gives_words_on_one_line():
    assert plain("# Title\n\nA *short* [word](https://x.example)\nand `code`") == (
        "Title A short word and code"
    )


def test_plain_cuts_at_a_word():
    assert plain("one two three four", limit=12) == "one two\u2026"
    assert len(plain("x" * 500, limit=40)) <= 40


def test_rich_marks_stored_html():
    assert str(rich("<p>x</p>")) == "<p>x</p>"
    assert rich(None) == ""


# --- addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://port.example/",
        "http://port.example:8080/x?y=1#z",
        "https://[2001:db8::1]/",
        "https://\u0440\u043e\u0440\u0442.example/",
        "mailto:ann@port.example",
        "mailto:ann@port.example?subject=Plan",
        "tel:+33-3-21-00-00-00",
        "/en/consultations/3",
        "#p23",
    ],
)
def test_addresses_that_may_be_links(url: str):
    assert safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "javascript:alert(1)",
        "javascript:123",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://x.example/1",
        "port.example:80",
        "localhost:8000/x",
        "foo.html",
        "?next=1",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:\\\\evil.example",
        "https:///evil.example",
        "https://city.example@evil.example",
        "https://user:secret@evil.example/",
        "https://evil.example\\@city.example",
        "https://ev il.example",
        "https://%65vil.example",
        "https://evil.example:99999999/",
        "https://city.example\u202egpj.exe",
        "https://",
        "mailto:",
        "mailto:a@b.example?bcc=c@d.example",
        "mailto:a@b.example,c@d.example",
        "tel:javascript",
        "#",
        "https://x.example/" + "a" * 3_000,
    ],
)
def test_addresses_that_may_not(url: str):
    assert safe_url(url) is None


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[https://city.example](https://evil.example)", "https://city.example (evil.example)"),
        ("[city.example](https://city.example.evil.org)", "city.example (city.example.evil.org)"),
        ("[city.example](https://xn--ity-1ed.example)", "city.example (xn--ity-1ed.example)"),
        ("[www.city.example](https://city.example/x)", "www.city.example"),
        ("[city.example](https://www.city.example/x)", "city.example"),
        ("[city\u3002example](https://evil.example)", "city\u3002example (evil.example)"),
        ("[ann@city.example](mailto:bob@evil.example)", "ann@city.example (bob@evil.example)"),
        ("[ann@city.example](mailto:ann@city.example)", "ann@city.example"),
        ("[+33 321 000 000](tel:+99900)", "+33 321 000 000 (+99900)"),
        ("[read this](https://evil.example)", "read this"),
        ("[**city**.example](https://evil.example)", "city.example (evil.example)"),
        ("[city.example](/en/login)", "city.example (/en/login)"),
    ],
)
def test_a_link_shows_where_it_leads(markdown: str, shown: str):
    tree = html5lib.parseFragment(render(markdown), namespaceHTMLElements=False)
    [link] = tree.iter("a")
    assert "".join(link.itertext()) == shown


def test_link_spoofs_of_the_list():
    for case in attack.own("link_spoof"):
        for html in (render(case), clean(case)):
            tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
            for link in tree.iter("a"):
                href = link.get("href")
                if href is None:
                    continue
                assert safe_url(href) == href
                assert link.get("rel") == richtext.REL
                text = "".join(link.itertext())
                host = urlsplit(href).hostname or ""
                assert "city.example" not in text or host in text, case


# --- characters -------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\u202e", "\u2066", "\ufeff", "\x9b"])
@pytest.mark.parametrize("spelling", ["{}", "&#{n};", "&#x{n:x};", "&#{n}"])
def test_characters_that_hide_or_reorder_are_gone(character: str, spelling: str):
    text = "a" + spelling.format(character, n=ord(character)) + "b"
    for html in (render(text), clean(text)):
        seen = "".join(html5lib.parseFragment(html).itertext())
        assert character not in seen


def test_joiners_and_accents_of_real_writing_stay():
    for text in (
        "\U0001f468\u200d\U0001f469",
        "\u0645\u06cc\u200c\u062e",
        "cafe\u0301",
        "\u0e19\u0e49\u0e33",
    ):
        assert neutral(text) == text


def test_stacked_marks_are_thinned():
    assert len(neutral("a" + "\u0301" * 500)) == 5


def test_line_ends_of_every_system():
    assert neutral("a\r\nb\rc\u2028d\u2029e\x85f") == "a\nb\nc\nd\ne\nf"


# --- sizes ------------------------------------------------------------------------------


def test_a_text_over_its_limit_is_refused_with_words():
    assert render("a" * 10_000)
    with pytest.raises(Invalid) as caught:
        render("a" * 10_001, field="text")
    assert set(caught.value.fields) == {"text"}


def test_the_limit_counts_bytes():
    with pytest.raises(Invalid):
        render("\u6e2f" * 4_000)


def test_ten_megabytes_are_refused_before_parsing(monkeypatch: pytest.MonkeyPatch):
    def never(_text: str) -> str:
        raise AssertionError("parsed")

    monkeypatch.setattr(richtext, "neutral", never)
    with pytest.raises(Invalid):
        render("*a " * 3_500_000, profile="plan")


def test_references_cannot_multiply():
    text = "[a]: https://x.example/" + "x" * 4_000 + "\n\n" + "[a] " * 1_000
    with contextlib.suppress(Invalid):
        assert len(render(text)) < 20_000


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_blow_ups_stay_within_bounds(profile: richtext.ProfileName):
    limits = PROFILES[profile]
    cases = attack.script("md_pathological").gen(limits.max_bytes)
    for name, text in cases.items():
        fitting = text.encode("utf-8")[: limits.max_bytes].decode("utf-8", "ignore")
        try:
            html = render(fitting, profile=profile)
        except Invalid:
            continue
        assert len(html) <= limits.max_output, name
        assert html.count("<") <= 4 * limits.max_nodes, name


# --- everything at once -----------------------------------------------------------------


def test_no_attack_input_survives():
    """All lists, typed as Markdown and handed over as HTML, re-read as a browser would."""
    oracle = attack.script("xss_oracle")
    found: list[str] = []
    for text in attack.inputs():
        for profile in ("comment", "plan"):
            tags = set(PROFILES[profile].tags)
            outputs = [clean(text, profile=profile)]
            with contextlib.suppress(Invalid):
                outputs.append(render(text, profile=profile))
            for output in outputs:
                found += [f"{v}: {text[:80]!r}" for v in oracle.violations(output, tags=tags)]
                if clean(output, profile=profile) != output:
                    found.append(f"unstable: {text[:80]!r}")
                if _attributes(output) - {"href", "rel", "start"}:
                    found.append(f"attribute: {text[:80]!r}")
    assert found == []


def _attributes(html: str) -> set[str]:
    tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return {str(name) for element in tree.iter() for name in element.attrib}
