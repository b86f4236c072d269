"""The demonstration's call for ideas: people propose, the crowd supports, officers answer and build."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments import service as comments
from engage.commons.moderation.models import Outcome
from engage.commons.moderation.rules import RULES
from engage.commons.moderation.service import deciding
from engage.core import clock
from engage.core.db import db, transactional
from engage.core.i18n import babel_name, force_locale
from engage.core.richtext import render
from engage.portal.demo import content, pictures
from engage.portal.demo.story import Story, edge
from engage.programmes.ideas.models import (
    Call,
    Idea,
    IdeaState,
    Support,
    TranslationMark,
)
from engage.programmes.ideas.service import (
    calls,
    deeds,
    importing,
    merging,
    moving,
    supporting,
    working,
    writing,
)
from engage.programmes.ideas.service.supporting import ImportedSupport

PER_SCALE = 100  # ideas for each step of the scale
SUPPORTS_PER_SCALE = 2000
CHUNK = 5000
_ANSWERED = {
    "accepted": IdeaState.ACCEPTED,
    "partly_accepted": IdeaState.PARTLY_ACCEPTED,
    "declined": IdeaState.DECLINED,
    "in_progress": IdeaState.ACCEPTED,
    "delivered": IdeaState.ACCEPTED,
}
# who answers for whom
_OFFICERS = {"port": "officer", "opal": "philippe"}


class Tale:
    """The call as it unfolds: what was made so far, by key."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.told = content.ideas()
        self.call_id = 0
        self.made: dict[str, int] = {}

    def write(self) -> None:
        """Queue everything that happens."""
        at = self.story.timeline.at
        at(self.story.ago(self.told["call"]["opened"] + 3), self._prepare)
        for number, row in enumerate(self.told["idea"]):
            row.setdefault("key", f"idea-{number}")
            at(self.story.ago(row["days"]), partial(self._send, row))

    # --- preparing --------------------------------------------------------------------------

    def _prepare(self) -> None:
        organiser, told = self.story.cast.people["organiser"], self.told["call"]
        with transactional():
            made = calls.create_call(
                calls.Brief(
                    **told["en"],
                    language="en",
                    time_zone=current_app.config["TIMEZONE"],
                    opens_at=edge(self.story, told, "opened"),
                    closes_at=edge(self.story, told, "closes"),
                    supports_close_at=edge(self.story, told, "closes") + timedelta(days=30),
                    contact_name=organiser.display_name,
                    contact_email=organiser.email,
                ),
                actor=organiser,
            )
            self.call_id = made.id
            hosts = [self.story.cast.groups[key].id for key in told["hosts"]]
            calls.set_hosts(made.id, organisation_ids=hosts, actor=organiser)
            calls.set_categories(
                made.id,
                categories=[
                    calls.CategoryBrief(row["en"], {"fr": row["fr"]})
                    for row in self.told["category"]
                ],
                actor=organiser,
            )
            calls.set_criteria(
                made.id,
                criteria=[
                    calls.CriterionBrief(
                        row["en"],
                        row["weight"],
                        row.get("reversed", False),
                        names={"fr": row["fr"]},
                    )
                    for row in self.told["criterion"]
                ],
                actor=organiser,
            )
            found = moving.call_of(made.id)
            calls.translate_call(
                made.id,
                language="fr",
                mark=TranslationMark.HUMAN,
                words=told["fr"],
                revision=found.revision,
                actor=organiser,
            )
            calls.publish_call(made.id, actor=organiser)

    # --- sending ----------------------------------------------------------------------------

    def _send(self, row: dict[str, Any]) -> None:
        author = self.story.cast.people[row["by"]]
        place = row.get("at", (None, None))
        group = row.get("as")
        draft = writing.IdeaDraft(
            title=row["title"],
            body=row["text"],
            category_id=self._category(row["category"]),
            language=row["lang"],
            organisation_id=self.story.cast.groups[group].id if group else None,
            place_name=row.get("place", ""),
            latitude=place[0],
            longitude=place[1],
        )
        with force_locale(babel_name(row["lang"])):
            if row.get("draft"):
                writing.save_draft(self.call_id, draft, actor=author)
                return
            if row.get("waits"):
                self._premoderate(True)
            idea = writing.submit_idea(self.call_id, draft, actor=author)
            if row.get("waits"):
                self._premoderate(False)
        self.made[row["key"]] = idea.id
        self._follow_up(row, idea.id)

    def _premoderate(self, wanted: bool) -> None:
        """For an evening the officers read ideas before they are shown."""
        organiser, found = self.story.cast.people["organiser"], moving.call_of(self.call_id)
        kept = {field.name: getattr(found, field.name) for field in fields(calls.Brief)}
        calls.edit_call(
            self.call_id,
            calls.Brief(**{**kept, "is_premoderated": wanted}),
            revision=found.revision,
            actor=organiser,
        )

    def _change(self, row: dict[str, Any], idea_id: int) -> None:
        """The author writes better within the hours the call gives; the words before stay readable."""
        idea = db.session.get_one(Idea, idea_id)
        kept = {
            field.name: getattr(idea, field.name)
            for field in fields(writing.IdeaDraft)
            if hasattr(idea, field.name)
        }
        writing.edit_idea(
            idea_id,
            writing.IdeaDraft(**{**kept, "body": row["changed"]}),
            revision=idea.revision,
            actor=self.story.cast.people[row["by"]],
        )

    def _category(self, key: str) -> int:
        names = {row["key"]: row["en"] for row in self.told["category"]}
        found = next(c for c in moving.call_of(self.call_id).categories if c.name == names[key])
        return found.id

    def _follow_up(self, row: dict[str, Any], idea_id: int) -> None:
        days, people = row["days"], self.story.cast.people

        def on(when: float, deed: Any) -> None:
            self.story.timeline.at(self.story.ago(min(when, days - 0.05)), deed)

        if "changed" in row:
            on(days - 0.3, partial(self._change, row, idea_id))
        for number, (by, words) in enumerate(row.get("comments", ()), 1):
            on(days * (1 - 0.15 * number), partial(self._say, idea_id, people[by], words))
        for group in row.get("organisations", ()):
            on(days * 0.8, partial(self._support_for, idea_id, group))
        if "answer" in row:
            on(row["answer"][0], partial(self._answer, row, idea_id))
        elif row.get("state") == "under_review":
            on(days * 0.5, partial(self._review, row, idea_id))
        if row.get("withdrawn"):
            on(days - 1, lambda: writing.withdraw_idea(idea_id, actor=people[row["by"]]))
        if row.get("hidden"):
            on(days - 0.5, lambda: self._hide(idea_id))
            on(days - 0.51, deciding.send_due_letters)
        if "merged_into" in row:
            on(days - 2, partial(self._merge, row, idea_id))
        for when, words, *is_last in row.get("posts", ()):
            on(when, partial(self._post, row, idea_id, words, bool(is_last)))

    def _say(self, idea_id: int, by: User, words: str) -> None:
        thread_id = db.session.get_one(Idea, idea_id).thread_id
        with force_locale(babel_name(by.locale)):
            comments.post_comment(thread_id, actor=by, body=words)

    def _support_for(self, idea_id: int, group: str) -> None:
        lead = next(
            self.story.cast.people[person.key]
            for person in content.people()
            if any(key == group for key, _role in person.organisations)
        )
        supporting.support(idea_id, organisation_id=self.story.cast.groups[group].id, actor=lead)

    # --- answering and building -------------------------------------------------------------

    def _answer(self, row: dict[str, Any], idea_id: int) -> None:
        _when, group, words = row["answer"]
        officer = self.story.cast.people[_OFFICERS[group]]
        with transactional():
            working.assign(idea_id, officer_ids=[officer.id], actor=officer)
            self._score(idea_id, officer, row)
            working.save_answer(
                idea_id,
                body=words,
                outcome=_ANSWERED[row["state"]],
                organisation_id=self.story.cast.groups[group].id,
                language=row["lang"],
                actor=officer,
            )
            working.publish_answer(idea_id, actor=officer)
            owner = row.get("owner")
            if owner:
                deeds.set_owner(
                    idea_id,
                    organisation_id=self.story.cast.groups[owner].id,
                    actor=officer,
                )
            for title, due, done in row.get("milestones", ()):
                step = deeds.add_milestone(
                    idea_id, title=title, due_on=self._day(due), actor=officer
                )
                if done:
                    at = self.story.ago(min(done, row["days"] - 0.05))
                    self.story.timeline.at(
                        max(at, clock.now()),
                        partial(
                            deeds.finish_milestone,
                            idea_id,
                            milestone_id=step.id,
                            done_on=self._day(done),
                            actor=officer,
                        ),
                    )

        moving.hand_out_news()

    def _score(self, idea_id: int, officer: User, row: dict[str, Any]) -> None:
        chance = random.Random(row["title"])  # noqa: S311  the same story each time
        low = 0 if row["state"] == "declined" else 3
        values = {
            criterion.id: chance.randint(1, 3)
            if criterion.is_reversed
            else chance.randint(low, low + 2)
            for criterion in moving.call_of(self.call_id).criteria
        }
        working.score_idea(idea_id, values=values, actor=officer)

    def _review(self, row: dict[str, Any], idea_id: int) -> None:
        working.move_idea(
            idea_id,
            state=IdeaState.UNDER_REVIEW,
            reason=row["reason"],
            actor=self.story.cast.people["organiser"],
        )
        moving.hand_out_news()

    def _merge(self, row: dict[str, Any], idea_id: int) -> None:
        merging.merge_idea(
            idea_id,
            into_id=self.made[row["merged_into"]],
            reason=row["reason"],
            actor=self.story.cast.people["organiser"],
        )
        moving.hand_out_news()

    def _post(self, row: dict[str, Any], idea_id: int, words: str, is_last: bool) -> None:
        deeds.post_progress(
            idea_id,
            body=words,
            language=row["lang"],
            is_delivery=is_last,
            photo=pictures.of(row["photo"][0]) if is_last and "photo" in row else None,
            photo_text=row["photo"][1] if is_last and "photo" in row else "",
            actor=self.story.cast.people[_OFFICERS[row["owner"]]],
        )
        moving.hand_out_news()

    def _hide(self, idea_id: int) -> None:
        moderator = self.story.cast.people["moderator"]
        rule = "insult"
        with transactional():
            case = deciding.open_case("idea", idea_id, actor=moderator)
            deciding.decide(
                case.id,
                actor=moderator,
                version=case.version,
                outcome=Outcome.HIDE,
                rule=rule,
                words=str(RULES[rule].letter),
            )

    def _day(self, days: float) -> date:
        return self.story.ago(days).date()

    # --- the crowd --------------------------------------------------------------------------

    def support(self) -> int:
        """The crowd supports what it likes, spread over the days; answers how many did."""
        return supporting.import_supports(self._supports())

    def _supports(self) -> Iterator[ImportedSupport]:
        for row in self.told["idea"]:
            idea_id = self.made.get(row["key"])
            if idea_id is None:
                continue
            drawn = list(self.story.cast.drawn(row["supports"], row["title"]))
            for number, user in enumerate(drawn):
                # most in the first days
                share = (number / (len(drawn) + 1)) ** 2
                at = self.story.ago(row["days"] * (1 - share) - 0.02 * min(row["days"], 1))
                yield ImportedSupport(idea_id, self.call_id, user.id, user.kind, at)


# --- many, for load tests -----------------------------------------------------------------------


def ideas_now() -> int:
    """How many ideas this database holds."""
    return db.session.scalar(select(func.count()).select_from(Idea)) or 0


def fill(scale: int, now: datetime, writers: list[User]) -> Iterator[tuple[int, int]]:
    """Bring the first call to `scale` hundred ideas and twenty supports for each; yields progress.

    What is already there counts, so that a second call adds nothing.
    """
    call_id = db.session.scalar(select(func.min(Call.id)))
    missing = scale * PER_SCALE - ideas_now()
    if call_id is None or missing <= 0 or not writers:
        return
    chance = random.Random(scale)  # noqa: S311  no secret depends on it
    call = moving.call_of(call_id)
    categories = [category.id for category in call.categories]
    told = content.ideas()["idea"]
    done = 0
    while done < missing:
        size = min(CHUNK, missing - done)
        rows = [_row(told, categories, chance, now) for _number in range(size)]
        with transactional():
            made = importing.insert_ideas(call, rows, import_id=None, now=now, actor=None)
        done += len(made)
        yield done, missing
    ids = list(db.session.scalars(select(Idea.id).where(Idea.call_id == call_id)))
    wanted = scale * SUPPORTS_PER_SCALE - (
        db.session.scalar(select(func.count()).select_from(Support)) or 0
    )
    pairs = len(ids) * len(writers)
    for start in range(0, max(0, wanted), CHUNK):
        size = min(CHUNK, wanted - start)
        picks = chance.sample(range(pairs), min(size, pairs))
        supporting.import_supports(
            ImportedSupport(
                ids[pick % len(ids)],
                call_id,
                writers[pick // len(ids)].id,
                writers[pick // len(ids)].kind,
                now - timedelta(minutes=chance.randint(1, 60_000)),
            )
            for pick in picks
        )


def _row(
    told: list[dict[str, Any]], categories: list[int], chance: random.Random, now: datetime
) -> dict[str, Any]:
    first, second, third = (chance.choice(told) for _number in range(3))
    words = first["title"].split()[:5] + second["title"].split()[-4:]
    body = f"{second['text']} {third['text']}"
    return {
        "title": " ".join(words)[:120],
        "body": body,
        "body_html": render(body, profile="letter"),
        "category_id": chance.choice(categories) if categories else None,
        "author_kind": chance.choice(tuple(StakeholderKind)),
        "author_name": "",
        "language": first["lang"],
        "place": ("", None, None),
        "published_at": now - timedelta(minutes=chance.randint(1, 60_000)),
        "source": None,
        "source_url": "",
        "state": IdeaState.PUBLISHED,
        "answer": "",
        "answered_at": None,
    }
