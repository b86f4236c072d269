"""Parsed HTML with just enough CSS selection for tests: `tag#id.class[attr^="x"] descendant, other`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
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
RUNNING = frozenset({"a", "abbr", "b", "strong", "em", "span", "code", "bdi"})

Test = Callable[[Element], bool]


@lru_cache(maxsize=64)
def parse(body: str, *, fragment: bool) -> tuple[Element, tuple[str, ...]]:
    """The tree of a page (or of a partial answer) and the parser's complaints about it.

    Who looks at the same page again is given the same tree: it is read, never changed.
    """
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parseFragment(body, container="div") if fragment else parser.parse(body)
    complaints = tuple(
        f"line {place[0]}: {code} {details or ''}".strip() for place, code, details in parser.errors
    )
    return root, complaints


def tag_of(element: Element) -> str:
    """The local name, lower case; empty for comments."""
    return _local(element.tag)


@cache
def _local(tag: object) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def elements(root: Element) -> Iterator[Element]:
    return (e for e in root.iter() if isinstance(e.tag, str))


def text_of(element: Element) -> str:
    """What a reader sees, spaces collapsed."""
    pieces: list[str] = []
    _collect(element, pieces.append)
    return " ".join("".join(pieces).split())


def _collect(element: Element, say: Callable[[str], None]) -> None:
    tag = _local(element.tag)
    if tag and tag not in UNSEEN:
        if element.text:
            say(element.text)
        for child in element:
            _collect(child, say)
            if child.tail:
                say(child.tail)
            if _local(child.tag) not in RUNNING:
                say(" ")


def parents(root: Element) -> dict[Element, Element]:
    return {child: parent for parent in root.iter() for child in parent}


def select(root: Element, selector: str) -> list[Element]:
    """Elements under `root` matching the selector, in document order."""
    choices = _compiled(selector)
    above: dict[Element, Element] = {}
    found = []
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        for last, *before in choices:
            if last(element):
                if before and not above:
                    above = parents(root)
                if not before or _is_inside(element, before, above):
                    found.append(element)
                    break
    return found


def _is_inside(element: Element, steps: list[Test], above: dict[Element, Element]) -> bool:
    """Has it ancestors that fulfil the steps, the nearest first?"""
    # the nearest ancestor that will do leaves the most room for the steps before it
    wanted = iter(steps)
    step = next(wanted)
    parent = above.get(element)
    while parent is not None:
        if step(parent):
            following = next(wanted, None)
            if following is None:
                return True
            step = following
        parent = above.get(parent)
    return False


@cache
def _compiled(selector: str) -> tuple[tuple[Test, ...], ...]:
    """For each alternative its steps, the last one first."""
    return tuple(
        tuple(_test(step) for step in reversed(_STEP.findall(one))) for one in selector.split(",")
    )


def _test(step: str) -> Test:
    """Whether an element fulfils one step of a selector."""
    conditions = [_condition(part) for part in _conditions(step)]
    if len(conditions) == 1:
        return conditions[0]
    return lambda element: all(holds(element) for holds in conditions)


def _conditions(step: str) -> list[re.Match[str]]:
    found, at = [], 0
    while at < len(step):
        match = _PART.match(step[at:])
        if match is None:
            raise ValueError(f"selector not understood: {step!r}")
        found.append(match)
        at += match.end()
    return found


def _condition(part: re.Match[str]) -> Test:
    tag, name, word = part["tag"], part["id"], part["cls"]
    if tag == "*":
        return lambda element: True
    if tag:
        tag = tag.lower()
        return lambda element: _local(element.tag) == tag
    if name:
        return lambda element: element.get("id") == name
    if word:
        return lambda element: word in (element.get("class") or "").split()
    attribute, sign, value = part["attr"], part["op"], part["value"]
    if sign is None:
        return lambda element: element.get(attribute) is not None
    compare = _COMPARED[sign]

    def holds(element: Element) -> bool:
        have = element.get(attribute)
        return have is not None and compare(have, value)

    return holds


_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "=": lambda have, value: have == value,
    "^=": lambda have, value: have.startswith(value),
    "$=": lambda have, value: have.endswith(value),
    "*=": lambda have, value: value in have,
    "~=": lambda have, value: value in have.split(),
}
