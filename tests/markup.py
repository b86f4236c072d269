"""Parsed HTML with just enough CSS selection for tests: `tag#id.class[attr^="x"] descendant, other`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

_PART = re.compile(
    r"""(?P<tag>^[a-zA-Z][\w-]*|^\*)"""
    r"""|\#(?P<id>[\w:-]+)"""
    r"""|\.(?P<cls>[\w-]+)"""
    r"""|\[(?P<attr>[\w:-]+)(?:(?P<op>[\^$*~]?=)["']?(?P<value>[^"'\]]*)["']?)?\]"""
)
_STEP = re.compile(r"""(?:[^\s\["']|\[[^\]]*\])+""")
UNSEEN = frozenset({"script", "style", "template"})


def parse(body: str, *, fragment: bool) -> tuple[Element, list[str]]:
    """The tree of a page (or of a partial answer) and the parser's complaints about it."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parseFragment(body, container="div") if fragment else parser.parse(body)
    complaints = [
        f"line {place[0]}: {code} {details or ''}".strip() for place, code, details in parser.errors
    ]
    return root, complaints


def tag_of(element: Element) -> str:
    """The local name, lower case; empty for comments."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def elements(root: Element) -> Iterator[Element]:
    return (e for e in root.iter() if isinstance(e.tag, str))


def text_of(element: Element) -> str:
    """What a reader sees, spaces collapsed."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Element) -> Iterator[str]:
    if tag_of(element) and tag_of(element) not in UNSEEN:
        yield element.text or ""
        for child in element:
            yield from _pieces(child)
            yield child.tail or ""
            if tag_of(child) not in {"a", "abbr", "b", "strong", "em", "span", "code", "bdi"}:
                yield " "


def parents(root: Element) -> dict[Element, Element]:
    return {child: parent for parent in root.iter() for child in parent}


def select(root: Element, selector: str) -> list[Element]:
    """Elements under `root` matching the selector, in document order."""
    above = parents(root)
    wanted = [[_conditions(step) for step in _STEP.findall(one)] for one in selector.split(",")]
    return [e for e in elements(root) if any(_matches(e, steps, above) for steps in wanted)]


def _conditions(step: str) -> list[re.Match[str]]:
    found, at = [], 0
    while at < len(step):
        match = _PART.match(step[at:])
        if match is None:
            raise ValueError(f"selector not understood: {step!r}")
        found.append(match)
        at += match.end()
    return found


def _matches(
    element: Element, steps: list[list[re.Match[str]]], above: dict[Element, Element]
) -> bool:
    if not all(_holds(element, part) for part in steps[-1]):
        return False
    if len(steps) == 1:
        return True
    parent = above.get(element)
    while parent is not None:
        if _matches(parent, steps[:-1], above):
            return True
        parent = above.get(parent)
    return False


def _holds(element: Element, part: re.Match[str]) -> bool:
    if part["tag"]:
        return part["tag"] == "*" or tag_of(element) == part["tag"].lower()
    if part["id"]:
        return element.get("id") == part["id"]
    if part["cls"]:
        return part["cls"] in (element.get("class") or "").split()
    have = element.get(part["attr"])
    if have is None or part["op"] is None:
        return have is not None
    value = part["value"]
    match part["op"]:
        case "=":
            return have == value
        case "^=":
            return have.startswith(value)
        case "$=":
            return have.endswith(value)
        case "*=":
            return value in have
    return value in have.split()
