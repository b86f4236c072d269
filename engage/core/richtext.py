"""Text people write, made safe once, when it is written.

Markdown -> HTML -> bleach. The result is stored beside its source and shown through the
template filter `rich`: the one place where words of users become markup.
"""

from __future__ import annotations

import html
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import unquote

from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from engage.core.errors import Invalid
from engage.core.i18n import _l

if TYPE_CHECKING:
    from flask import Flask
    from markdown_it.rules_core import StateCore

ProfileName = Literal["comment", "plan", "letter"]

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
REL = "nofollow ugc noopener"

_INLINE = {"p", "br", "strong", "em", "s", "del", "code", "a"}
_BLOCKS = {"pre", "blockquote", "ul", "ol", "li"}
_LONG = {"h3", "h4", "h5", "hr", "table", "thead", "tbody", "tr", "th", "td"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of text may hold. Bytes in, nodes between, characters out."""

    tags: frozenset[str]
    max_bytes: int
    max_nodes: int
    max_output: int
    headings: int | None
    """How deep a first-level heading starts; None turns headings into bold paragraphs."""


PROFILES: dict[ProfileName, Profile] = {
    "comment": Profile(frozenset(_INLINE | _BLOCKS), 10_000, 4_000, 80_000, None),
    "letter": Profile(frozenset(_INLINE | _BLOCKS | _LONG), 20_000, 8_000, 160_000, 3),
    "plan": Profile(frozenset(_INLINE | _BLOCKS | _LONG), 40_000, 16_000, 320_000, 3),
}


# --- characters -------------------------------------------------------------------------

# C0 and C1 but tab and line feed, DEL, what reorders or hides text (LRM and RLM, embeddings,
# overrides and isolates: templates set dir="auto"), interlinear marks, tags that are not part of
# a flag, surrogates left alone, BOM and noncharacters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0001]"
)
_NEWLINES = re.compile("\r\n|[\r\x85\u2028\u2029]")
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"({_MARKS}{{4}}){_MARKS}+")
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));?")


def neutral(text: str) -> str:
    """The same words without characters that reorder, hide or break what surrounds them."""
    text = _NEWLINES.sub("\n", text)
    text = _UNWANTED.sub("", text)
    return _STACKED.sub(r"\1", text)


def _neutral_references(markup: str) -> str:
    """Drop character references that spell an unwanted character."""

    def keep(match: re.Match[str]) -> str:
        code = int(match[1], 16) if match[1] else int(match[2])
        if code > 0x10FFFF or _UNWANTED.match(chr(code)) or _NEWLINES.match(chr(code)):
            return ""
        return match[0]

    return _CHARACTER_REFERENCE.sub(keep, markup)


# --- addresses --------------------------------------------------------------------------

_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"//([^/?#]*)")
_PORT = re.compile(r":[0-9]{1,5}\Z")
_HOST = re.compile(r"(?:[\w\-]{1,63}\.){0,10}[\w\-]{1,63}\.?|\[[0-9a-f:.]{2,45}\]", re.IGNORECASE)
_MAILTO = re.compile(
    r"[\w.+\-]{1,64}@(?:[\w\-]{1,63}\.){1,10}[\w\-]{1,63}(?:\?subject=[^&\s]{0,200})?"
)
_TEL = re.compile(r"\+?[0-9][0-9().\- ]{1,28}")
_MAX_URL = 2_048


def safe_url(value: str) -> str | None:
    """The address as a browser would follow it, or None when it must not become a link.

    Allowed: http, https, mailto and tel, paths of this site and places on this page. A browser
    ignores tabs and line breaks inside an address and controls around it, reads a backslash as a
    slash and anything before the first colon as a scheme (`example.org:80` has the scheme
    `example.org`); so does this.
    """
    value = re.sub("[\t\n\r]", "", value).strip("".join(map(chr, range(0x21))))
    if not value or len(value) > _MAX_URL or "\\" in value or _UNWANTED.search(value):
        return None
    if any(character.isspace() for character in value):
        return None
    match = _SCHEME.fullmatch(value)
    if match is None:
        is_path = value.startswith("/") and not value.startswith("//")
        return value if is_path or (value.startswith("#") and len(value) > 1) else None
    scheme, rest = match[1].lower(), match[2]
    if scheme not in SCHEMES:
        return None
    if scheme == "mailto":
        return f"mailto:{rest}" if _MAILTO.fullmatch(rest) else None
    if scheme == "tel":
        return f"tel:{rest}" if _TEL.fullmatch(rest) else None
    authority = _AUTHORITY.match(rest)
    if authority is None or not _HOST.fullmatch(_PORT.sub("", authority[1])):
        return None
    return f"{scheme}:{rest}"


def _host(url: str) -> str:
    authority = _AUTHORITY.match(url.partition(":")[2])
    return _PORT.sub("", authority[1]).rstrip(".").lower() if authority else ""


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host.lower()


# A name with dots, as people read it. It may start only where no word goes on, and a label holds
# no dot: one pass over the text.
_LOOKS_LIKE_HOST = re.compile(r"(?<![\w.\-])((?:[\w\-]{1,63}\.){1,10}[^\W\d_]{2,24})(?![\w\-])")
_MAX_SEEN = 400


def _hidden_target(seen: str, url: str) -> str | None:
    """What must be shown beside a link whose visible text names another place than it leads to."""
    shown = unicodedata.normalize("NFKC", seen[:_MAX_SEEN]).casefold()
    shown = re.sub("[\u3002\uff0e\uff61\u2024]", ".", re.sub("[\u00ad\u200b-\u200d]", "", shown))
    scheme, _, rest = url.partition(":")
    if scheme == "tel":
        digits = re.sub(r"\D", "", shown)
        return rest if len(digits) >= 4 and digits != re.sub(r"\D", "", rest) else None
    named = [found.removeprefix("www.") for found in _LOOKS_LIKE_HOST.findall(shown)]
    if scheme == "mailto":
        address = unquote(rest).partition("?")[0].casefold()
        return address if (named or "@" in shown) and address not in shown else None
    if url.startswith(("/", "#")):
        return url if named else None
    real = _ascii(_host(url))
    if f"({real})" in shown:
        return None
    if "xn--" in real or len(seen) > _MAX_SEEN:
        return real
    plain_host = real.removeprefix("www.")
    for name in named:
        ours = _ascii(name)
        if ours != plain_host and not plain_host.endswith(f".{ours}"):
            return real
    return None


# --- HTML -> safe HTML ------------------------------------------------------------------


class _Links(Filter):
    """Links keep a checked address, say what they are, and show where they really lead."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        url: str | None = None
        seen: list[str] = []
        for token in cast("Iterator[dict[str, Any]]", super().__iter__()):
            kind, name = token["type"], token.get("name")
            if name == "a" and kind in {"StartTag", "EmptyTag"}:
                href = html.unescape(token["data"].get((None, "href"), ""))
                url, seen = safe_url(href), []
                token["data"] = {(None, "href"): url, (None, "rel"): REL} if url else {}
            elif name == "a" and kind == "EndTag":
                hidden = _hidden_target("".join(seen), url) if url else None
                if hidden:
                    yield {"type": "Characters", "data": f" ({hidden})"}
                url = None
            elif kind in {"Characters", "SpaceCharacters"}:
                seen.append(token["data"])
            elif kind == "Entity":
                seen.append(html.unescape(f"&{token['name']};"))
            yield token


def _attribute(tag: str, name: str, value: str) -> bool:
    if tag == "a":
        return name == "href"
    return tag == "ol" and name == "start" and re.fullmatch(r"[0-9]{1,6}", value) is not None


class _Cleaners(threading.local):
    """bleach keeps parser state in a cleaner, so each thread has its own."""

    def __init__(self) -> None:
        self.by_profile = {
            name: Cleaner(
                tags=profile.tags,
                attributes=_attribute,
                protocols=SCHEMES,
                strip=True,
                strip_comments=True,
                filters=[_Links],
            )
            for name, profile in PROFILES.items()
        }


_cleaners = _Cleaners()


def _clean_once(markup: str, profile: ProfileName) -> str:
    cleaned: str = _cleaners.by_profile[profile].clean(_neutral_references(neutral(markup)))
    return cleaned


def clean(markup: str, *, profile: ProfileName = "comment") -> str:
    """Only the tags, attributes and addresses the profile allows; cleaning again changes nothing.

    HTML that is broken enough is mended into something else on each reading, so reading goes on
    until it rests; what does not rest is kept as words only.
    """
    for _round in range(4):
        before, markup = markup, _clean_once(markup, profile)
        if markup == before:
            return markup
    return markup if _clean_once(markup, profile) == markup else html.escape(markup)


# --- Markdown -> HTML -------------------------------------------------------------------

# It may start only where no word goes on, and takes everything to the next blank: one pass.
_BARE_URL = re.compile(r"(?<![\w/])https?://[^\s<>\"'`]{1,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?*_~)]}\u2026\u00bb\u201d\u2019"


def _link_bare_addresses(state: StateCore) -> None:
    """Make links of addresses written as they are."""
    for block in state.tokens:
        if block.type != "inline" or not block.children or "://" not in block.content:
            continue
        inside = 0
        children: list[Token] = []
        for token in block.children:
            inside += (token.type == "link_open") - (token.type == "link_close")
            if token.type == "text" and not inside:
                children.extend(_split_addresses(token))
            else:
                children.append(token)
        block.children = children


def _split_addresses(token: Token) -> Iterator[Token]:
    end = 0
    for match in _BARE_URL.finditer(token.content):
        url = match[0].rstrip(_TRAILING)
        if match[0][len(url) :].startswith(")") and url.count("(") > url.count(")"):
            url += ")"
        if safe_url(url) is None:
            continue
        yield Token("text", "", 0, content=token.content[end : match.start()])
        yield Token("link_open", "a", 1, attrs={"href": url})
        yield Token("text", "", 0, content=url)
        yield Token("link_close", "a", -1)
        end = match.start() + len(url)
    yield Token("text", "", 0, content=token.content[end:])


def _picture_becomes_link(
    self: Any, tokens: list[Token], index: int, options: Any, env: Any
) -> str:
    """Pictures are not loaded from elsewhere: readers get their words and a link."""
    token = tokens[index]
    words = html.escape(self.renderInlineAsText(token.children or [], options, env))
    url = safe_url(str(token.attrs.get("src", "")))
    if url is None:
        return words
    return f'<a href="{html.escape(url)}">{words or html.escape(url)}</a>'


def _markdown(profile: Profile) -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    md.disable(["html_block", "html_inline"])
    # one definition used a thousand times is how five kilobytes become a megabyte
    md.disable("reference")
    md.enable("strikethrough")
    if profile.headings is not None:
        md.enable("table")
    md.core.ruler.push("bare_addresses", _link_bare_addresses)
    md.add_render_rule("image", _picture_becomes_link)
    # percent-decoding would bring back characters taken out before
    md.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    md.validateLink = lambda url: safe_url(html.unescape(url)) is not None  # type: ignore[method-assign]
    return md


_parsers: dict[ProfileName, MarkdownIt] = {name: _markdown(p) for name, p in PROFILES.items()}


def _set_headings(tokens: list[Token], start: int | None) -> None:
    for token in tokens:
        if token.type not in {"heading_open", "heading_close"}:
            continue
        if start is None:
            token.tag = "p"
        else:
            token.tag = f"h{min(int(token.tag[1]) + start - 1, 5)}"


def _count(tokens: list[Token]) -> int:
    return sum(1 + len(token.children or ()) for token in tokens)


def measure(markdown: str, *, profile: ProfileName = "comment", field: str = "body") -> None:
    """Raise Invalid on `field` when the text is longer than its profile allows."""
    limit = PROFILES[profile].max_bytes
    if len(markdown) > limit or len(markdown.encode("utf-8", "replace")) > limit:
        raise Invalid(
            {
                field: _l(
                    "This text is too long. Shorten it to about %(count)s characters.",
                    count=f"{limit:,}",
                )
            }
        )


def render(markdown: str, *, profile: ProfileName = "comment", field: str = "body") -> str:
    """Safe HTML for what somebody wrote, to be stored beside it.

    Raises Invalid on `field` when the text is too long or would grow too large.
    """
    limits = PROFILES[profile]
    measure(markdown, profile=profile, field=field)
    tokens = _parsers[profile].parse(neutral(markdown))
    too_much = Invalid({field: _l("This text has too much formatting. Make it simpler.")})
    if _count(tokens) > limits.max_nodes:
        raise too_much
    _set_headings(tokens, limits.headings)
    parser = _parsers[profile]
    markup = parser.renderer.render(tokens, parser.options, {})
    if len(markup) > limits.max_output:
        raise too_much
    # the renderer's HTML is well formed, so once is enough (the tests hold it to that)
    cleaned = _clean_once(markup, profile).strip()
    if len(cleaned) > limits.max_output:
        raise too_much
    return cleaned


# --- Markdown -> words ------------------------------------------------------------------

_MAX_PLAIN = 20_000


def plain(markdown: str, *, limit: int | None = None) -> str:
    """The bare words on one line, for excerpts, mail subjects and search; at most `limit` long."""
    words: list[str] = []
    for token in _parsers["letter"].parse(neutral(markdown[:_MAX_PLAIN])):
        if token.type == "inline":
            words.append(_words(token.children or []))
        elif token.type in {"fence", "code_block"}:
            words.append(token.content)
    text = " ".join(neutral(" ".join(words)).split())
    if limit is not None and len(text) > limit:
        cut = text[: limit - 1]
        head, _, tail = cut.rpartition(" ")
        text = (head if head and len(tail) < 30 else cut).rstrip(",.;:- ") + "\u2026"
    return text


def _words(tokens: list[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type == "image":
            parts.append(_words(token.children or []))
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        else:
            parts.append(token.content)
    return "".join(parts)


# --- templates --------------------------------------------------------------------------


def rich(stored: str | None) -> Markup:
    """Mark HTML made by `render` as safe to show. Never give it anything else."""
    return Markup(stored or "")  # noqa: S704  the one place: `render` made the string


def register(app: Flask) -> None:
    """Offer the filter `rich` to templates."""
    app.add_template_filter(rich, "rich")
