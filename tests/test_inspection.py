"""The page inspection itself: it passes a sound page and names each fault of an unsound one."""

from __future__ import annotations

import pytest
from werkzeug.routing import Map, Rule

from tests.inspection import Seen, faults
from tests.markup import parse, select, text_of

pytestmark = pytest.mark.pure

ROUTES = Map(
    [
        Rule("/en/there", endpoint="there", methods=["GET", "POST"]),
        Rule("/a.js", endpoint="js", methods=["GET"]),
    ]
).bind("localhost")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}
SHARED = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("'nonce-n1' ", ""),
    "Cache-Control": "public, max-age=0, s-maxage=2",
}
FORM = (
    '<form method="post" action="/en/there"><input type="hidden" name="csrf_token" value="t">'
    '<input type="hidden" name="idempotency_key" value="k"><button>Send</button></form>'
)


def page(
    body: str = "",
    *,
    head: str = "<title>Title</title>",
    lang: str = "en",
    h1: str = "<h1>One</h1>",
) -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">{head}</head>'
        f"<body><main>{h1}{body}</main></body></html>"
    )


def seen(body: str, headers: dict[str, str] = HEADERS, *, status: int = 200) -> list[str]:
    return faults(Seen("/en/there", status, headers, (), body, False, ROUTES))


def test_a_sound_page_passes() -> None:
    assert seen(page(f'{FORM}<p>Go <a href="/en/there">there</a>.</p>')) == []
    assert seen(page("<p>Words.</p>"), SHARED) == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<p id="a"></p><p id="a"></p>', "used 2 times"),
        ('<input name="q">', "no label"),
        ('<label for="x">X</label>', "which is not there"),
        ('<input aria-label="Q" aria-describedby="gone">', "points at nothing"),
        ('<p style="color:red">x</p>', "style=...> is blocked"),
        ("<style>p{}</style>", "inline style sheet"),
        ("<script>1</script>", "inline script"),
        ('<img src="/a.js" onerror="x" alt="">', "onerror=...> is blocked"),
        ('<a href="javascript:x">x</a>', "runs a script"),
        ('<a href="/en/gone">x</a>', "no such address"),
        ('<a href="/en/there"></a>', "no words"),
        ('<a href="#gone">x</a>', "not on the page"),
        ('<img src="https://elsewhere.example/a.png" alt="">', "another origin"),
        ('<img src="/a.js">', "no alt"),
        ("<p><div>x</div></p>", "invalid HTML"),
        ("<h3>Deep</h3>", "jumps from h1 to h3"),
        ("<h1>Two</h1>", "exactly one h1"),
        ("<fieldset><input aria-label=x></fieldset>", "no legend"),
        ("<table><tr><td>1</td></tr></table>", "no caption"),
        (
            '<form method="post" action="/en/there"><button>Go</button></form>',
            "needs one csrf_token",
        ),
        (FORM.replace("idempotency_key", "other"), "needs one idempotency_key"),
        (FORM.replace("/en/there", "/a.js"), "does not take POST"),
        (FORM.replace("/en/there", "https://elsewhere.example/"), "off the site"),
        (FORM.replace("<button>Send</button>", ""), "has no button"),
        ('<script src="/a.js" nonce="other"></script>', "not the one in the header"),
        ('<script src="/a.js"></script>', "has no nonce"),
    ],
)
def test_each_fault_is_named(body: str, complaint: str) -> None:
    assert any(complaint in fault for fault in seen(page(body))), seen(page(body))


@pytest.mark.parametrize(
    ("whole", "complaint"),
    [
        (page(head="<title></title>"), "exactly one title"),
        (page(h1=""), "exactly one h1"),
        (page(lang="fr"), "lang is 'fr'"),
        (page().replace("<!doctype html>", ""), "no <!doctype html>"),
    ],
)
def test_faults_of_the_frame_are_named(whole: str, complaint: str) -> None:
    assert any(complaint in fault for fault in seen(whole)), seen(whole)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (FORM, "holds a csrf_token"),
        (FORM, "holds a POST form"),
        ('<script src="/a.js" nonce="n1"></script>', "holds a nonce"),
        ('<button hx-post="/en/there">x</button>', "htmx write"),
    ],
)
def test_what_may_be_shared_holds_nothing_personal(body: str, complaint: str) -> None:
    found = seen(page(body), SHARED)
    assert any(complaint in fault for fault in found), found


def test_a_form_sent_back_says_error_in_its_title() -> None:
    assert any("errors must say so" in fault for fault in seen(page(), status=422))
    assert seen(page(head="<title>Error: Title</title>"), status=422) == []


def test_headers_are_asked_for() -> None:
    assert len(seen(page(), {})) >= 4


def test_selecting() -> None:
    root, _ = parse('<div id=a class="x y"><p lang=en>one <b>two</b></p></div>', fragment=True)
    assert [text_of(e) for e in select(root, 'div.x p[lang="en"], #a b')] == ["one two", "two"]
    assert select(root, "p.x") == []
    with pytest.raises(ValueError, match="not understood"):
        select(root, "p:hover")
