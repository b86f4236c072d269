"""What the demonstration tells: read from `content/`, checked on the way in, nothing stored."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "content"
LANGUAGES = ("en", "fr")
DOMAIN = "example.org"


@dataclass(frozen=True)
class Person:
    """Somebody invented."""

    key: str
    name: str
    kind: str
    locale: str = "en"
    role: str = ""
    organisations: tuple[tuple[str, str], ...] = ()
    confirmed: bool = True

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


@dataclass(frozen=True)
class Group:
    """An organisation that does not exist."""

    key: str
    name: str
    kind: str
    description: str
    mark: str | None = None


@dataclass(frozen=True)
class Remark:
    """A comment on a paragraph ("2.3") or on the whole text; days are before now."""

    by: str
    body: str
    days: float
    on: str = "whole"
    text: str = "en"
    stance: str = "neutral"
    speaks_for: str = ""
    agree: int = 0
    disagree: int = 0
    helpful: int = 0
    answer: tuple[str, float, str] | None = None  # who, days after, words
    replies: tuple[Remark, ...] = ()
    hidden: tuple[str, float] | None = None  # rule, days after
    report: tuple[str, float, str] | None = None  # who, days after, words


@dataclass(frozen=True)
class Revision:
    """What the second version changes, and the note it is published with."""

    note: dict[str, str]
    changes: dict[str, tuple[tuple[str, str], ...]]

    def applied(self, language: str, text: str) -> str:
        """The second version. Raises ValueError for words that do not stand there exactly once."""
        for old, new in self.changes[language]:
            if text.count(old) != 1:
                raise ValueError(f"not exactly once in the {language} plan: {old[:60]!r}")
            text = text.replace(old, new)
        return text


def plan(language: str) -> str:
    """The first version of the plan, in Markdown."""
    return (HERE / f"plan.{language}.md").read_text(encoding="utf-8")


@cache
def revision() -> Revision:
    """From the first version to the second."""
    found = _read("revision")
    return Revision(
        note=found["note"],
        changes={
            language: tuple((change["old"], change["new"]) for change in found[language])
            for language in LANGUAGES
        },
    )


@cache
def people() -> tuple[Person, ...]:
    """Everybody with an account."""
    return tuple(_person(row) for row in _read("people")["person"])


@cache
def guests() -> tuple[Person, ...]:
    """Those who write without one."""
    return tuple(_person(row) for row in _read("people")["guest"])


@cache
def groups() -> tuple[Group, ...]:
    """The organisations."""
    return tuple(Group(**row) for row in _read("people")["organisation"])


@cache
def remarks() -> tuple[Remark, ...]:
    """Everything said about the plan."""
    return tuple(_remark(row) for row in _read("comments")["comment"])


@cache
def consultations() -> tuple[dict[str, Any], ...]:
    """The consultations as they stand in the file."""
    return tuple(_read("consultations")["consultation"])


@cache
def ideas() -> dict[str, Any]:
    """The call for ideas as it stands in the file: call, categories, criteria, ideas."""
    return _read("ideas")


def remarks_of(consultation: dict[str, Any]) -> tuple[Remark, ...]:
    """What was said in a smaller consultation; each answer came in the week before its outcome."""
    rows = []
    for row in consultation.get("comment", ()):
        answer = row.get("answer")
        after = row["days"] - consultation.get("answered", 0) - 3
        rows.append({**row, "answer": answer and {"by": "officer", "after": after, "body": answer}})
    return tuple(_remark(row) for row in rows)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _person(row: dict[str, Any]) -> Person:
    return Person(**{**row, "organisations": tuple(row.get("organisations", {}).items())})


def _remark(row: dict[str, Any], before: dict[str, Any] | None = None) -> Remark:
    """`before` is what a reply answers: it stands in the same text, some days later."""
    days = row["days"] if before is None else before["days"] - row["after"]
    place = {"days": days, "on": row.get("on", ""), "text": row.get("text", "en")}
    if before is not None:
        place |= {"on": before["on"], "text": before["text"]}
    answer, report = row.get("answer"), row.get("report")
    return Remark(
        by=row["by"],
        body=row["body"],
        stance=row.get("stance", "neutral"),
        speaks_for=row.get("as", ""),
        agree=row.get("agree", 0),
        disagree=row.get("disagree", 0),
        helpful=row.get("helpful", 0),
        answer=(answer["by"], answer["after"], answer["body"]) if answer else None,
        replies=tuple(_remark(reply, {**row, **place}) for reply in row.get("reply", ())),
        hidden=(row["hidden_for"], row["hidden_after"]) if "hidden_for" in row else None,
        report=(row["reported_by"], row["reported_after"], report) if report else None,
        **place,
    )
