"""What the public pages show, put together once per request: rights and words are decided here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from engage.core.errors import Text
from engage.core.forms import Form
from engage.core.i18n import (
    _,
    _n,
    format_deadline,
    format_number,
    language_said,
    locale_now,
)
from engage.programmes.consultations import policy, queries
from engage.programmes.consultations.models import (
    STATE_LABELS,
    Consultation,
    ConsultationAttachment,
    ConsultationDocument,
    ConsultationState,
)
from engage.programmes.consultations.phases import answer_due, phases, said

TONES = {
    ConsultationState.DRAFT: "line",
    ConsultationState.SCHEDULED: "info",
    ConsultationState.OPEN: "ok",
    ConsultationState.CLOSED: "warn",
    ConsultationState.ANSWERED: "info",
    ConsultationState.ARCHIVED: "line",
}
_OVER = (ConsultationState.ANSWERED, ConsultationState.ARCHIVED)


@dataclass(frozen=True)
class Part:
    """One way to take part, as a row of the task list."""

    title: str
    label: str
    url: str
    text: str
    icon_name: str
    minutes: str = ""
    is_done: bool = False
    language: str = ""


@dataclass(frozen=True)
class Paper:
    """One thing to read, in the list beside."""

    title: str
    url: str
    meta: str
    language: str


@dataclass(frozen=True)
class Step:
    """One thing that happens with an answer."""

    title: str
    text: str
    standing: str = "done"


@dataclass(frozen=True)
class NextAct:
    """The one thing to do now."""

    title: str
    text: str
    action: str
    url: str
    icon_name: str


def frame(consultation: Consultation, now: datetime) -> dict[str, Any]:
    """What every page of one consultation needs: words, language, state."""
    locale = locale_now()
    words = consultation.words_in(locale)
    return {
        "consultation": consultation,
        "words": words,
        # empty when the words are in the page's language
        "lang": "" if words.language == locale else words.language,
        "language_missing": _not_in(locale) if words.language != locale else "",
        "state": consultation.state_at(now),
        "state_label": STATE_LABELS[consultation.state_at(now)],
        "tone": TONES[consultation.state_at(now)],
        "due": answer_due(consultation),
        "now": now,
        "here": url_for("consultations.detail", address=consultation.address),
    }


def detail(consultation: Consultation, user: Any, now: datetime) -> dict[str, Any]:
    """The page of one consultation."""
    shown = frame(consultation, now)
    state, locale = shown["state"], locale_now()
    figures = queries.document_figures([part.document_id for part in consultation.documents])
    done = queries.own_parts(consultation.id, user)
    parts = _parts(consultation, figures, done, locale, state is ConsultationState.OPEN)
    participation = queries.participation(consultation.id)
    return {
        **shown,
        "phases": phases(consultation, now, locale),
        "parts": parts,
        "done_count": sum(part.is_done for part in parts),
        "papers": _papers(consultation, locale),
        "steps": [
            Step(
                said(step["title"], locale, consultation.language),
                said(step.get("text", {}), locale, consultation.language),
            )
            for step in consultation.steps
        ],
        "participation": participation,
        "next_act": _next_act(consultation, state, parts, user),
        "follows": queries.follows(consultation.id, user),
        "can_follow": state is not ConsultationState.ARCHIVED,
        "can_keep": policy.is_keeper(user),
        "form": Form() if user is not None else None,
        "reader": user,
    }


def _parts(
    consultation: Consultation,
    figures: dict[int, queries.DocumentFigures],
    done: set[int],
    locale: str,
    is_open: bool,
) -> list[Part]:
    found = []
    for row, is_done in _texts(consultation, done, locale):
        document = row.document
        assert document.current is not None  # _texts leaves out what is not published
        counts = figures.get(document.id, queries.DocumentFigures(0, 0))
        found.append(
            Part(
                title=document.title,
                label=_("Read and comment: %(title)s", title=document.title)
                if is_open
                else document.title,
                url=url_for(
                    "consultations.document",
                    address=consultation.address,
                    document_id=document.id,
                ),
                text=_part_words(counts, is_open),
                icon_name="file",
                minutes=_("%(minutes)d min", minutes=document.current.minutes),
                is_done=is_done,
                language="" if document.language == locale else document.language,
            )
        )
    count = consultation.thread.comments_count
    if not (is_open or count):
        return found
    title = (
        _("Say something about the whole")
        if is_open
        else _("Comments on %(place)s", place=consultation.words_in(locale).title)
    )
    found.append(
        Part(
            title=title,
            label=title,
            url=url_for("comments.thread", thread_id=consultation.thread_id),
            text=_n(
                "%(num)d comment on what is in no paragraph.",
                "%(num)d comments on what is in no paragraph.",
                count,
            )
            if count
            else _("For what is in no paragraph. Nobody has written here yet."),
            icon_name="comment",
            is_done=0 in done,
        )
    )
    return found


def _part_words(counts: queries.DocumentFigures, is_open: bool) -> Text:
    """How much there is to read; while it is open, also that one may comment on it."""
    paragraphs = _n("%(num)d paragraph", "%(num)d paragraphs", counts.paragraphs)
    comments = _n("%(num)d comment", "%(num)d comments", counts.comments)
    if not is_open:
        return f"{paragraphs}, {comments}"
    return _(
        "%(paragraphs)s, %(comments)s. Comment on one or on all.",
        paragraphs=paragraphs,
        comments=comments,
    )


def _texts(
    consultation: Consultation, done: set[int], locale: str
) -> list[tuple[ConsultationDocument, bool]]:
    """Each text once, in the reader's language where it is published in it; and whether done."""
    published = [row for row in consultation.documents if row.document.current is not None]
    originals = [row for row in published if row.document.translation_of_id is None]
    known = {row.document_id for row in originals}
    alone = [row for row in published if row.document.translation_of_id not in (None, *known)]
    found = []
    for row in [*originals, *alone]:
        family = [
            row,
            *(r for r in published if r.document.translation_of_id == row.document_id),
        ]
        chosen = next((r for r in family if r.document.language == locale), row)
        found.append((chosen, any(r.document_id in done for r in family)))
    return found


def _papers(consultation: Consultation, locale: str) -> list[Paper]:
    found = []
    for row in consultation.documents:
        document = row.document
        if document.current is None:
            continue
        found.append(
            Paper(
                title=document.title,
                url=url_for(
                    "consultations.document",
                    address=consultation.address,
                    document_id=document.id,
                ),
                meta=_("Version %(number)d", number=document.current.number)
                + ", "
                + _("%(minutes)d min", minutes=document.current.minutes)
                + _in_language(document.language, locale),
                language=document.language,
            )
        )
    found.extend(_file(attachment, locale) for attachment in consultation.attachments)
    return found


def _file(attachment: ConsultationAttachment, locale: str) -> Paper:
    file = attachment.file
    return Paper(
        title=attachment.title,
        url=file.url,
        meta=f"{file.extension}, {size_words(file.size)}"
        + _in_language(attachment.language, locale),
        language=attachment.language,
    )


def size_words(size: int) -> str:
    """`240 KB`, `1.8 MB`."""
    if size < 1_000_000:
        return _("%(number)s KB", number=format_number(max(1, round(size / 1000))))
    return _("%(number)s MB", number=format_number(round(size / 1_000_000, 1)))


def _in_language(language: str, locale: str) -> str:
    if language == locale:
        return ""
    return ", " + _("in %(language)s", language=language_said(language))


def _not_in(locale: str) -> str:
    return _("Not yet available in %(language)s", language=language_said(locale))


def _next_act(
    consultation: Consultation, state: ConsultationState, parts: list[Part], user: Any
) -> NextAct:
    if state is ConsultationState.OPEN:
        return _open_act(consultation, parts)
    if state in _OVER:
        return NextAct(
            _("Read what came of it"),
            _("What people wrote, what we answered, and what changes."),
            _("Read the outcome"),
            url_for("consultations.outcome", address=consultation.address),
            "check",
        )
    if state is ConsultationState.CLOSED:
        due = answer_due(consultation)
        return NextAct(
            _("Closed. We are answering now"),
            _(
                "We publish the outcome by %(when)s.",
                when=format_deadline(due, consultation.time_zone),
            )
            if due
            else "",
            _("Read the answers so far"),
            url_for("consultations.answers", address=consultation.address),
            "comment",
        )
    opens = consultation.opens_at
    return NextAct(
        _("Not open yet"),
        _("It opens %(when)s.", when=format_deadline(opens, consultation.time_zone))
        if opens
        else "",
        _("Tell me when it opens"),
        url_for("consultations.follow", address=consultation.address),
        "bell",
    )


def _open_act(consultation: Consultation, parts: list[Part]) -> NextAct:
    closes = consultation.closes_at
    text = (
        _("Closes %(when)s.", when=format_deadline(closes, consultation.time_zone))
        if closes
        else ""
    )
    waiting = next((part for part in parts if not part.is_done), None)
    if waiting is None:
        return NextAct(
            _("You have taken part in everything. Thank you"),
            text,
            _("See what becomes of it"),
            url_for("notifications.trail"),
            "check",
        )
    is_first = not any(part.is_done for part in parts)
    title = (
        _("Start here: %(part)s", part=waiting.title)
        if is_first
        else _("Go on with: %(part)s", part=waiting.title)
    )
    return NextAct(title, text, _("Start") if is_first else _("Go on"), waiting.url, "edit")


def standing_words(consultation: Consultation, now: datetime) -> Text:
    """When it opens, closes or closed, as one clause for a card."""
    state = consultation.state_at(now)
    zone = consultation.time_zone
    ahead = state in (ConsultationState.DRAFT, ConsultationState.SCHEDULED)
    if ahead and consultation.opens_at:
        when = format_deadline(consultation.opens_at, zone)
        if consultation.has_missed_opening(now):
            return _("Was to open %(when)s: choose a new date", when=when)
        return _("Opens %(when)s", when=when)
    if (ahead or state is ConsultationState.OPEN) and consultation.closes_at:
        return _("Closes %(when)s", when=format_deadline(consultation.closes_at, zone))
    if consultation.closes_at:
        return _("Closed %(when)s", when=format_deadline(consultation.closes_at, zone))
    return _("No dates yet")
