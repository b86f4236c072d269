"""What happens in the demonstration: consultations open, people write, officers answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments import service as comments
from engage.commons.comments.models import Comment, ReactionValue, Stance
from engage.commons.documents import service as documents
from engage.commons.documents.models import Document, Paragraph, Section
from engage.commons.moderation.models import Outcome
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.rules import RULES
from engage.commons.moderation.service import deciding, reporting
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.i18n import babel_name, force_locale
from engage.portal.demo import content
from engage.portal.demo.cast import Cast, confirm_guest
from engage.portal.demo.content import Remark
from engage.portal.demo.timeline import Timeline
from engage.programmes.consultations.models import Consultation, Theme, TranslationMark
from engage.programmes.consultations.service import lifecycle, parts, writing

SECOND_VERSION_DAYS = 6
WORDS = ("title", "summary", "body", "audience", "decides", "paper")
# a mix of readers for each paragraph: how many of the crowd say something to it without words
LIKED, DISLIKED = range(6, 19), range(8)


@dataclass
class Story:
    """The demonstration as it unfolds: what was made so far, by key."""

    cast: Cast
    now: datetime
    timeline: Timeline = field(default_factory=Timeline)
    consultations: dict[str, Consultation] = field(default_factory=dict)
    texts: dict[tuple[str, str], Document] = field(default_factory=dict)

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def write(self) -> None:
        """Queue everything that happens, in no particular order."""
        for told in content.consultations():
            begins = max(told.get("opened", 0), 0) + 3.5
            self.timeline.at(self.ago(begins), partial(_prepare, self, told))
            for remark in content.remarks_of(told):
                self._say(told["key"], remark)
            for name in ("opened", "closes"):
                if told.get(name, 0) > 0:
                    self.timeline.at(edge(self, told, name), _tick)
            if told.get("answered"):
                self.timeline.at(self.ago(told["answered"]), partial(_answer, self, told))
        self.timeline.at(self.ago(SECOND_VERSION_DAYS), lambda: _publish_second(self))
        for remark in content.remarks():
            self._say("plan", remark)

    def _say(self, consultation: str, remark: Remark) -> None:
        self.timeline.at(self.ago(remark.days), lambda: _say(self, consultation, remark, None))


def edge(story: Story, told: dict[str, Any], name: str) -> datetime:
    """Openings at nine, closings at six in the evening, by the clock of the place."""
    zone = ZoneInfo(current_app.config["TIMEZONE"])
    day = story.ago(told[name]).astimezone(zone).date()
    hour = time(9) if name == "opened" else time(18)
    return datetime.combine(day, hour, tzinfo=zone)


def _tick() -> None:
    lifecycle.advance_due(clock.now())


# --- preparing ----------------------------------------------------------------------------


def _prepare(story: Story, told: dict[str, Any]) -> None:
    organiser = story.cast.people["organiser"]
    is_draft = told.get("draft", False)
    with transactional():
        made = writing.create_consultation(
            writing.Brief(
                **{name: told["en"].get(name, "") for name in WORDS},
                language="en",
                time_zone=current_app.config["TIMEZONE"],
                opens_at=None if is_draft else edge(story, told, "opened"),
                closes_at=None if is_draft else edge(story, told, "closes"),
                allows_guests=told.get("guests", False),
                contact_name=organiser.display_name,
                contact_email=organiser.email,
                themes=tuple(Theme(theme) for theme in told["themes"]),
            ),
            actor=organiser,
        )
        story.consultations[told["key"]] = made
        for group, (role, translated) in told["hosts"].items():
            parts.add_host(
                made.id,
                organisation_id=story.cast.groups[group].id,
                role=role,
                role_translations={"fr": translated},
                actor=organiser,
            )
        made = writing.set_steps(
            made.id,
            steps=[_step(step) for step in told.get("step", ())],
            milestones=[_milestone(story, row) for row in told.get("milestone", ())],
            revision=made.revision,
            actor=organiser,
        )
        writing.translate_consultation(
            made.id,
            language="fr",
            mark=TranslationMark.HUMAN,
            words={name: told["fr"].get(name, "") for name in WORDS},
            revision=made.revision,
            actor=organiser,
        )
        _write_texts(story, told, made, organiser)
        if not is_draft:
            lifecycle.schedule_consultation(made.id, actor=organiser)


def _step(row: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    return {
        "title": {language: words[0] for language, words in row.items()},
        "text": {language: words[1] for language, words in row.items()},
    }


def _milestone(story: Story, row: dict[str, Any]) -> dict[str, Any]:
    titles = {language: row[language] for language in content.LANGUAGES}
    return {"on": story.ago(row["days"]).date().isoformat(), "title": titles}


def _write_texts(story: Story, told: dict[str, Any], made: Consultation, organiser: User) -> None:
    key = told["key"]
    if key == "plan":
        english = _text(story, key, made, "The draft plan", "en", content.plan("en"), organiser)
        _text(
            story, key, made, "Le projet de plan", "fr", content.plan("fr"), organiser, english.id
        )
    elif "document" in told:
        text = told["document"]
        _text(story, key, made, text["title"], "en", text["text"], organiser)


def _text(
    story: Story,
    key: str,
    made: Consultation,
    title: str,
    language: str,
    markdown: str,
    organiser: User,
    translation_of_id: int | None = None,
) -> Document:
    document = parts.add_document(
        made.id,
        title=title,
        language=language,
        translation_of_id=translation_of_id,
        actor=organiser,
    )
    story.texts[key, language] = document
    _publish(document, markdown, "", organiser)
    return document


def _publish(document: Document, markdown: str, note: str, actor: User) -> None:
    version = documents.add_version(document.id, text=markdown, note=note, actor=actor)
    documents.publish_version(version.id, revision=version.revision, actor=actor)


def _publish_second(story: Story) -> None:
    organiser = story.cast.people["organiser"]
    revision = content.revision()
    with transactional():
        for language in content.LANGUAGES:
            second = revision.applied(language, content.plan(language))
            document = story.texts["plan", language]
            _publish(document, second, revision.note[language], organiser)


def _answer(story: Story, told: dict[str, Any]) -> None:
    organiser = story.cast.people["organiser"]
    made = lifecycle.publish_outcome(
        story.consultations[told["key"]].id, outcome=told["en"]["outcome"], actor=organiser
    )
    writing.translate_consultation(
        made.id,
        language="fr",
        mark=TranslationMark.HUMAN,
        words={name: told["fr"].get(name, "") for name in (*WORDS, "outcome")},
        revision=made.revision,
        actor=organiser,
    )


# --- talking ------------------------------------------------------------------------------


def _say(story: Story, consultation: str, remark: Remark, above: int | None) -> None:
    """Write a comment or a reply, let the crowd react, and queue what comes of it."""
    actor = story.cast.people.get(remark.by)
    options: dict[str, Any] = {
        "actor": actor,
        "body": remark.body,
        "stance": Stance(remark.stance),
        "guest": None if actor else _guest(remark.by),
    }
    if remark.speaks_for:
        options["organisation_id"] = story.cast.groups[remark.speaks_for].id
    language = "fr" if actor is not None and actor.locale == "fr" else "en"
    with force_locale(babel_name(_language_of(remark.body, language))), transactional():
        if above is None:
            thread_id = _thread(story, consultation, remark)
            said = comments.post_comment(thread_id, **options)
        else:
            said = comments.reply(above, **options)
        is_shown = actor is not None or _is_confirmed(remark.by)
        if actor is None and is_shown:
            assert said.guest_id is not None  # nobody else writes without an account
            confirm_guest(said.guest_id)
        if is_shown:
            _react(story, remark, said)
    _follow_up(story, consultation, remark, said.id)


def _follow_up(story: Story, consultation: str, remark: Remark, said_id: int) -> None:
    def later(days: float, deed: Callable[[], object]) -> None:
        story.timeline.at(story.ago(remark.days - days), deed)

    if remark.answer:
        by, after, words = remark.answer
        later(after, lambda: _answer_comment(story, by, said_id, words))
    for reply in remark.replies:
        later(remark.days - reply.days, partial(_say, story, consultation, reply, said_id))
    if remark.hidden:
        rule, after = remark.hidden
        later(after, lambda: _hide(story, said_id, rule))
        later(after + 0.01, deciding.send_due_letters)
    if remark.report:
        by, after, words = remark.report
        later(after, lambda: _report(story, by, said_id, words))


def _guest(key: str) -> comments.GuestDetails:
    person = next(guest for guest in content.guests() if guest.key == key)
    return comments.GuestDetails(person.email, person.name, StakeholderKind(person.kind))


def _is_confirmed(key: str) -> bool:
    return next(guest for guest in content.guests() if guest.key == key).confirmed


def _language_of(words: str, otherwise: str) -> str:
    """French or English, by the small words nobody can do without."""
    small = f" {words.lower()} "
    french = sum(small.count(f" {word} ") for word in ("le", "la", "les", "de", "et", "est", "un"))
    english = sum(small.count(f" {word} ") for word in ("the", "a", "of", "and", "is", "to", "in"))
    return otherwise if french == english else ("fr" if french > english else "en")


def _thread(story: Story, consultation: str, remark: Remark) -> int:
    document = story.texts[consultation, remark.text]
    if remark.on == "whole":
        return document.thread_id
    return threads_of(document)[remark.on]


def threads_of(document: Document) -> dict[str, int]:
    """The thread under each numbered paragraph of the present version."""
    rows = db.session.execute(
        select(Paragraph.number, Paragraph.thread_id)
        .join(Section, Section.id == Paragraph.section_id)
        .join(Document, Document.current_version_id == Section.version_id)
        .where(Document.id == document.id, Paragraph.thread_id.is_not(None))
    )
    return {str(number): thread_id for number, thread_id in rows if thread_id is not None}


def _react(story: Story, remark: Remark, said: Comment) -> None:
    wanted = [ReactionValue.AGREE] * remark.agree + [ReactionValue.DISAGREE] * remark.disagree
    wanted += [ReactionValue.HELPFUL] * remark.helpful
    for user, value in zip(story.cast.drawn(len(wanted), remark.body), wanted, strict=False):
        comments.react(said.id, actor=user, value=value)


def _answer_comment(story: Story, by: str, comment_id: int, words: str) -> None:
    officer = story.cast.people[by]
    with force_locale(babel_name(_language_of(words, "en"))), transactional():
        answer = comments.save_answer(
            comment_id,
            actor=officer,
            organisation_id=story.cast.groups["port"].id,
            body=words,
            revision=0,
        )
        comments.publish_answer(comment_id, actor=officer, revision=answer.revision)


def _hide(story: Story, comment_id: int, rule: str) -> None:
    moderator = story.cast.people["moderator"]
    with transactional():
        case = deciding.open_case("comment", comment_id, actor=moderator)
        deciding.decide(
            case.id,
            actor=moderator,
            version=case.version,
            outcome=Outcome.HIDE,
            rule=rule,
            words=str(RULES[rule].letter),
        )


def _report(story: Story, by: str, comment_id: int, words: str) -> None:
    reporter = story.cast.people[by]
    notice = Notice(
        ground="advertising",
        explanation=words,
        address="",
        name=reporter.display_name,
        email=reporter.email,
        good_faith=True,
        locale=reporter.locale,
    )
    reporting.report("comment", comment_id, notice, actor=reporter)


# --- reading without words ----------------------------------------------------------------


def agree_with_paragraphs(story: Story) -> int:
    """The crowd agrees or not with each paragraph of the texts; answers how many said so."""
    rows = []
    for (key, language), document in story.texts.items():
        opened = story.ago(max(_days_open(key) - 2, 0.5))
        for number, thread_id in sorted(threads_of(document).items()):
            word = f"{key}{language}{number}"
            liked = LIKED[sum(word.encode()) % len(LIKED)]
            disliked = DISLIKED[sum(word.encode()[::2]) % len(DISLIKED)]
            said = [ReactionValue.AGREE] * liked + [ReactionValue.DISAGREE] * disliked
            rows += [
                comments.ImportedSubjectReaction(thread_id, user.id, user.kind, value, opened)
                for user, value in zip(story.cast.drawn(len(said), word), said, strict=False)
            ]
    return comments.import_subject_reactions(rows)


def _days_open(key: str) -> float:
    return float(next(c.get("opened", 0) for c in content.consultations() if c["key"] == key))
