"""What every page must be, whoever asks for it: the rules the page-checking client applies.

`faults(...)` returns sentences, so that a failing test says everything that is wrong with a page at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect

from tests.markup import elements, parents, parse, select, tag_of, text_of

CSRF_FIELD = "csrf_token"
IDEMPOTENCY_FIELD = "idempotency_key"
UNLABELLED_INPUTS = frozenset({"hidden", "submit", "button", "reset", "image"})
POINTERS = (
    "aria-describedby",
    "aria-labelledby",
    "aria-controls",
    "aria-errormessage",
    "aria-owns",
    "list",
    "form",
)
# html5lib predates these parts of the standard and reports them although browsers accept them.
OUTDATED_COMPLAINTS = ("unexpected-end-tag-before-html",)


@dataclass(frozen=True)
class Seen:
    """An HTML answer as it came: where it was asked for, and what came back."""

    url: str
    status: int
    headers: Mapping[str, str]
    cookies_set: tuple[str, ...]
    body: str
    fragment: bool
    routes: MapAdapter


def faults(seen: Seen) -> list[str]:
    """Everything wrong with this answer; empty when it is a page we would show."""
    root, complaints = parse(seen.body, fragment=seen.fragment)
    found = [f"invalid HTML, {c}" for c in complaints if not c.endswith(OUTDATED_COMPLAINTS)]
    rules = [_identity, _references, _names, _forms, _inline, _links, _origin]
    if not seen.fragment:
        rules += [_frame, _security_headers, _nonces]
    for rule in rules:
        found.extend(rule(root, seen))
    found.extend(_shared_cache(root, seen))
    return found


def _frame(root: Element, seen: Seen) -> Iterator[str]:
    if not seen.body.lstrip().lower().startswith("<!doctype html>"):
        yield "no <!doctype html>"
    titles = select(root, "head title")
    if len(titles) != 1 or not text_of(titles[0]):
        yield "needs exactly one title with words in it"
    elif seen.status == 422 and not re.match(r"(Error|Erreur)\s?: ", text_of(titles[0])):
        yield f"a form sent back with errors must say so first in its title, has {text_of(titles[0])!r}"
    headings = select(root, "h1")
    if len(headings) != 1 or not text_of(headings[0]):
        yield f"needs exactly one h1 with words in it, has {[text_of(h) for h in headings]}"
    for landmark in ("main", "html[lang]", "meta[name=viewport]"):
        if len(select(root, landmark)) != 1:
            yield f"needs exactly one {landmark}"
    prefix = re.match(r"/([a-z]{2})(/|$)", urlsplit(seen.url).path)
    if prefix and prefix[1] in {"en", "fr"} and seen.status < 400:
        lang = (root.get("lang") or "").partition("-")[0]
        if lang != prefix[1]:
            yield f"lang is {lang!r} on an address of {prefix[1]!r}"
    level = 1
    for heading in select(root, "main h1, main h2, main h3, main h4, main h5, main h6"):
        depth = int(tag_of(heading)[1])
        if depth > level + 1:
            yield f"heading {text_of(heading)!r} jumps from h{level} to h{depth}"
        level = depth


def _identity(root: Element, seen: Seen) -> Iterator[str]:
    ids = Counter(i for e in elements(root) if (i := e.get("id")) is not None)
    for name, times in ids.items():
        if times > 1:
            yield f"id {name!r} is used {times} times"
        if not name or re.search(r"\s", name):
            yield f"id {name!r} is empty or holds spaces"


def _references(root: Element, seen: Seen) -> Iterator[str]:
    if seen.fragment:
        return  # what a partial answer points at may be on the page around it
    ids = {e.get("id") for e in elements(root)}
    for e in elements(root):
        for pointer in POINTERS:
            for target in (e.get(pointer) or "").split():
                if target not in ids:
                    yield f"<{tag_of(e)} {pointer}={target!r}> points at nothing"
        if tag_of(e) == "label" and (target := e.get("for")) and target not in ids:
            yield f"label {text_of(e)!r} is for {target!r}, which is not there"
        href = e.get("href") or ""
        if tag_of(e) == "a" and len(href) > 1 and href.startswith("#") and href[1:] not in ids:
            yield f"link {text_of(e)!r} leads to {href}, which is not on the page"


def _names(root: Element, seen: Seen) -> Iterator[str]:
    above = parents(root)
    labels = {e.get("for") for e in select(root, "label") if text_of(e)}
    for e in elements(root):
        tag = tag_of(e)
        named = bool((e.get("aria-label") or "").strip() or e.get("aria-labelledby"))
        if tag in {"select", "textarea"} or (
            tag == "input" and (e.get("type") or "text").lower() not in UNLABELLED_INPUTS
        ):
            if not (named or e.get("id") in labels or _inside(e, "label", above)):
                yield f"field {e.get('name')!r} has no label"
        elif tag == "button" or (tag == "a" and e.get("href") is not None):
            if not (named or text_of(e) or any(i.get("alt") for i in select(e, "img"))):
                yield f"<{tag}> {e.get('href') or e.get('name') or ''!r} has no words"
        elif tag == "img" and e.get("alt") is None:
            yield f"image {e.get('src')!r} has no alt"
        elif tag == "fieldset" and not any(text_of(legend) for legend in select(e, "legend")):
            yield "a fieldset has no legend"
        elif tag == "table" and not (named or any(text_of(c) for c in select(e, "caption"))):
            yield "a table has no caption"


def _inside(element: Element, tag: str, above: dict[Element, Element]) -> bool:
    while (element := above.get(element)) is not None:  # type: ignore[assignment]
        if tag_of(element) == tag:
            return True
    return False


def _forms(root: Element, seen: Seen) -> Iterator[str]:
    for form in select(root, "form"):
        method = (form.get("method") or "get").lower()
        action = form.get("action")
        where = urljoin(f"http://localhost{seen.url}", action or "")
        label = f"form {method.upper()} {action!r}"
        if action is not None and not action.strip():
            yield f"{label}: an empty action is not valid HTML, leave it out"
        if urlsplit(where).hostname != "localhost":
            yield f"{label}: leads off the site"
        elif problem := _unrouted(seen.routes, urlsplit(where).path, method.upper()):
            yield f"{label}: {problem}"
        fields = [e.get("name") for e in _fields_of(root, form)]
        if method == "post":
            for needed in (CSRF_FIELD, IDEMPOTENCY_FIELD):
                if fields.count(needed) != 1:
                    yield f"{label}: needs one {needed}, has {fields.count(needed)}"
        elif CSRF_FIELD in fields:
            yield f"{label}: a GET form must not put the token into the address"
        buttons = [b for b in _fields_of(root, form) if _submits(b)]
        if not buttons:
            yield f"{label}: has no button, so it needs JavaScript to be sent"


def _fields_of(root: Element, form: Element) -> list[Element]:
    inside = select(form, "input, select, textarea, button")
    name = form.get("id")
    return inside + (select(root, f'[form="{name}"]') if name else [])


def _submits(field: Element) -> bool:
    kind = (field.get("type") or ("submit" if tag_of(field) == "button" else "text")).lower()
    return tag_of(field) in {"button", "input"} and kind in {"submit", "image"}


def _inline(root: Element, seen: Seen) -> Iterator[str]:
    for e in elements(root):
        tag = tag_of(e)
        for attribute in e.attrib:
            name = str(attribute).rpartition("}")[2].lower()
            if name == "style" or (name.startswith("on") and len(name) > 2):
                yield f"<{tag} {name}=...> is blocked by our content policy"
        if tag == "style":
            yield "an inline style sheet is blocked by our content policy"
        if tag == "script" and not e.get("src") and e.get("type") != "application/json":
            yield "inline script"
        if (e.get("href") or "").strip().lower().startswith("javascript:"):
            yield f"link {text_of(e)!r} runs a script"


def _links(root: Element, seen: Seen) -> Iterator[str]:
    """No dead link: every address of ours on the page has a route."""
    checked = set()
    for e in elements(root):
        for attribute in ("href", "src", "hx-get", "hx-post"):
            value = e.get(attribute)
            if value is None or tag_of(e) == "use" or value in checked or value.startswith("#"):
                continue
            checked.add(value)
            if attribute == "href" and tag_of(e) == "a" and not value.strip():
                yield f"link {text_of(e)!r} leads nowhere"
            parts = urlsplit(urljoin(f"http://localhost{seen.url}", value))
            if parts.path.startswith("/static/"):
                continue  # answered before the application is entered; the weight sweep fetches them
            if parts.scheme in {"http", "https"} and parts.hostname == "localhost":
                method = "POST" if attribute == "hx-post" else "GET"
                if problem := _unrouted(seen.routes, parts.path, method):
                    yield f"{attribute} {value!r}: {problem}"


def _unrouted(routes: MapAdapter, path: str, method: str) -> str | None:
    try:
        routes.match(path, method=method)
    except RequestRedirect:
        return None
    except MethodNotAllowed:
        return f"that address does not take {method}"
    except HTTPException:
        return "no such address"
    return None


def _origin(root: Element, seen: Seen) -> Iterator[str]:
    for e in elements(root):
        for attribute in ("src", "srcset", "poster", "data", "hx-get", "hx-post"):
            value = e.get(attribute) or ""
            if re.match(r"\s*(https?:)?//", value) and "//localhost" not in value:
                yield f"<{tag_of(e)} {attribute}={value!r}> asks another origin"
        loads = tag_of(e) == "link" and (e.get("rel") or "") in {"stylesheet", "preload", "icon"}
        if loads and re.match(r"\s*(https?:)?//", e.get("href") or ""):
            yield f"style sheet or icon {e.get('href')!r} asks another origin"


def _security_headers(root: Element, seen: Seen) -> Iterator[str]:
    policy = seen.headers.get("Content-Security-Policy", "")
    for needed in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        if needed not in policy:
            yield f"content policy lacks {needed}"
    if "unsafe-" in policy:
        yield f"content policy allows something unsafe: {policy}"
    if seen.headers.get("X-Content-Type-Options") != "nosniff":
        yield "no X-Content-Type-Options: nosniff"
    if not seen.headers.get("Cache-Control"):
        yield "no Cache-Control"


def _nonces(root: Element, seen: Seen) -> Iterator[str]:
    policy = seen.headers.get("Content-Security-Policy", "")
    promised = set(re.findall(r"'nonce-([^']+)'", policy))
    used = {n for e in elements(root) if (n := e.get("nonce")) is not None}
    if used - promised:
        yield f"nonce on the page {used - promised} is not the one in the header {promised}"
    for script in select(root, "script"):
        runs = (script.get("type") or "module") in {"module", "text/javascript"}
        if runs and promised and not script.get("nonce") and "'strict-dynamic'" in policy:
            yield f"script {script.get('src')!r} has no nonce"


def _shared_cache(root: Element, seen: Seen) -> Iterator[str]:
    """What one reader may be shown that was made for another holds nothing of either."""
    control = seen.headers.get("Cache-Control", "")
    if "private" in control or "no-store" in control:
        return
    if not ("public" in control or "s-maxage" in control):
        return
    if seen.cookies_set:
        yield f"shared-cacheable, yet sets a cookie ({', '.join(seen.cookies_set)})"
    if "nonce-" in seen.headers.get("Content-Security-Policy", "") or select(root, "[nonce]"):
        yield "shared-cacheable, yet holds a nonce"
    for trace in (CSRF_FIELD, IDEMPOTENCY_FIELD):
        if select(root, f'[name="{trace}"]') or trace in seen.body:
            yield f"shared-cacheable, yet holds a {trace}"
    for form in select(root, "form"):
        if (form.get("method") or "get").lower() == "post":
            yield f"shared-cacheable, yet holds a POST form {form.get('action')!r}"
    if select(root, "[hx-post], [hx-put], [hx-delete]"):
        yield "shared-cacheable, yet holds an htmx write"
