"""Bringing ideas in from a file: read and judged first, brought in at once, taken back at once.

A file is read anew when it is brought in, so what was previewed is what comes; rows that are wrong
are left out and named. Everything goes in with one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments.models import Comment, Thread
from engage.commons.comments.service import open_threads
from engage.commons.documents.unpacking import Unreadable
from engage.core import audit, clock, files
from engage.core.access import require
from engage.core.db import db, lock, transactional
from engage.core.errors import Conflict, Invalid, Text
from engage.core.events import announce
from engage.core.files import StoredFile
from engage.core.i18n import _l, locales
from engage.core.richtext import neutral, render
from engage.core.sniffing import CSV, TEXT, XLSX, Refused
from engage.programmes.ideas import policy, reading_files, similar
from engage.programmes.ideas.events import IdeaRemoved
from engage.programmes.ideas.models import (
    LIVE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Call,
    Idea,
    IdeaAnswer,
    IdeaImport,
    IdeaPair,
    IdeaShingle,
    IdeaState,
    IdeaStep,
    StepKind,
    draw_shuffle,
)
from engage.programmes.ideas.reading_files import Row, Table
from engage.programmes.ideas.service.calls import slug_of
from engage.programmes.ideas.service.moving import call_of
from engage.programmes.ideas.threads import THREAD_KIND

REPORTED = 200  # bad rows named at most
_BATCH = 1000


@dataclass(frozen=True)
class Judged:
    """A file held against a call: what would come in, what is known, what is wrong."""

    good: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    report: list[dict[str, Any]] = field(default_factory=list)
    bad: int = 0

    @property
    def unseen(self) -> int:
        """Good rows that come in without being shown: withdrawn where they come from."""
        return sum(row["state"] not in LIVE for row in self.good)


def preview_import(call_id: int, *, upload: Any, actor: User) -> IdeaImport:
    """Read a file and say what would become of it; nothing is brought in yet.

    Raises Invalid on `file` with the reason when it cannot be read at all, NotAllowed, Missing.
    """
    with transactional():
        call = call_of(call_id)
        require(policy.can("import_ideas", actor, call))
        data = upload.stream.read(reading_files.MOST_BYTES + 1)
        name = upload.filename or ""
        table = _read(data, name)
        judged = judge(call, table)
        row = IdeaImport(
            call_id=call_id,
            file_id=_keep(data, name, table.format, actor).id,
            file_name=name[:200] or "file",
            format=table.format,
            rows_good=len(judged.good),
            rows_bad=judged.bad,
            rows_known=judged.known,
            rows_unseen=judged.unseen,
            report=judged.report,
            created_by_id=actor.id,
            created_at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        audit.record("call.import_read", ("idea_call", call_id), actor=actor, file=row.id)
    return row


def run_import(import_id: int, *, actor: User) -> IdeaImport:
    """Bring in the good rows of a file that was previewed. Raises NotAllowed, Conflict, Missing."""
    with transactional():
        row = lock(IdeaImport, import_id)
        call = call_of(row.call_id)
        require(policy.can("import_ideas", actor, call))
        if row.imported_at is not None:
            raise Conflict(_l("This file was brought in already."))
        stored = db.session.get(StoredFile, row.file_id) if row.file_id else None
        if stored is None:
            raise Conflict(_l("The file is not kept any more. Send it again."))
        judged = judge(call, _read(files.read(stored), row.file_name))
        now = clock.now()
        insert_ideas(call, judged.good, import_id=row.id, now=now, actor=actor)
        row.imported_at = now
        row.rows_good, row.rows_bad, row.rows_known = len(judged.good), judged.bad, judged.known
        row.rows_unseen, row.report = judged.unseen, judged.report
        db.session.flush()
        audit.record(
            "call.imported",
            ("idea_call", call.id),
            actor=actor,
            file=row.id,
            ideas=row.rows_good,
        )
    return row


def undo_import(import_id: int, *, actor: User) -> IdeaImport:
    """Take everything a file brought in out again, while nobody has worked on it or joined in.

    Raises Conflict, naming how many ideas people have supported, discussed, merged or answered.
    """
    with transactional():
        row = lock(IdeaImport, import_id)
        require(policy.can("import_ideas", actor, call_of(row.call_id)))
        if row.imported_at is None or row.undone_at is not None:
            raise Conflict(_l("There is nothing to take back."))
        ids = list(db.session.scalars(select(Idea.id).where(Idea.import_id == import_id)))
        if touched := _touched(ids):
            raise Conflict(
                _l(
                    "People have joined in on %(count)s of these ideas, so they stay.",
                    count=touched,
                ),
                _l("Hide single ideas through moderation instead."),
            )
        for start in range(0, len(ids), _BATCH):
            _remove(ids[start : start + _BATCH])
        for ident in ids:
            announce(IdeaRemoved(ident))
        row.undone_at = clock.now()
        db.session.flush()
        audit.record("call.import_undone", ("idea_call", row.call_id), actor=actor, ideas=len(ids))
    return row


# --- judging --------------------------------------------------------------------------------


def judge(call: Call, table: Table) -> Judged:
    """Every row held against the call: values for `insert_ideas`, and what is wrong, by row."""
    categories = {similar.fold(c.name): c.id for c in call.categories}
    for category in call.categories:
        categories |= {similar.fold(name): category.id for name in category.names.values()}
    known = set(
        db.session.scalars(
            select(Idea.source).where(Idea.call_id == call.id, Idea.source.is_not(None))
        )
    )
    good: list[dict[str, Any]] = []
    report: list[dict[str, Any]] = []
    bad, again, seen = 0, 0, set()
    for row in table.rows:
        values, wrong = _values(call, row, table.format, categories)
        source = values.get("source")
        if source is not None and source in seen:
            wrong["id"] = _l("This row stands in the file twice.")
        if wrong:
            bad += 1
            report += [
                {"row": row.number, "field": name, "message": str(words)}
                for name, words in wrong.items()
                if len(report) < REPORTED
            ]
            continue
        if source is not None:
            seen.add(source)
            if source in known:
                again += 1
                continue
        good.append(values)
    return Judged(good, again, report, bad)


def _values(
    call: Call, row: Row, fmt: str, categories: dict[str, int]
) -> tuple[dict[str, Any], dict[str, Text]]:
    wrong: dict[str, Text] = {}
    title = " ".join(neutral(row.title).split())
    body = neutral(row.body).strip()
    if not title:
        wrong["title"] = _l("The title is missing.")
    elif len(title) > LONGEST_TITLE and fmt.startswith("decidim"):
        # Decidim lets titles be longer: the whole of it opens the text
        body = f"{title}\n\n{body}"
        title = title[: LONGEST_TITLE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    elif len(title) > LONGEST_TITLE:
        wrong["title"] = _l(
            "A title has at most %(most)s characters; yours has %(count)s.",
            most=LONGEST_TITLE,
            count=f"{len(title):,}",
        )
    if not body:
        wrong["text"] = _l("The text is missing.")
    elif len(body) > LONGEST_TEXT:
        wrong["text"] = _l(
            "The text has at most %(most)s characters; yours has %(count)s.",
            most=f"{LONGEST_TEXT:,}",
            count=f"{len(body):,}",
        )
    category_id = categories.get(similar.fold(row.category.strip())) if row.category else None
    if row.category and category_id is None and not fmt.startswith("decidim"):
        wrong["category"] = _l("There is no category “%(name)s” here.", name=row.category[:80])
    kind = StakeholderKind.RESIDENT
    if row.kind:
        if row.kind.lower() in {one.value for one in StakeholderKind}:
            kind = StakeholderKind(row.kind.lower())
        else:
            wrong["stakeholder_kind"] = _l("Use one of the stakeholder kinds.")
    language = row.language.lower()[:2] if row.language else call.language
    if language not in locales():
        language = call.language
    place = _place(row, wrong)
    published_at = _instant(row.published_at, "published_at", wrong)
    answered_at = _instant(row.answered_at, "answered_at", wrong)
    source = _source(row, fmt)
    values = {
        "title": title,
        "body": body,
        "category_id": category_id,
        "author_kind": kind,
        "author_name": " ".join(neutral(row.author_name).split())[:120],
        "language": language,
        "place": place,
        "published_at": published_at,
        "source": source,
        "source_url": row.source_url[:500] if row.source_url.startswith("http") else "",
        "state": IdeaState(row.state) if row.state else IdeaState.PUBLISHED,
        "answer": row.answer[:10_000],
        "answered_at": answered_at,
    }
    if "text" not in wrong:
        try:
            values["body_html"] = render(body, profile="letter")
        except Invalid as refused:
            wrong["text"] = next(iter(refused.fields.values()))
    return values, wrong


def _source(row: Row, fmt: str) -> str | None:
    if not row.source:
        return None
    return (row.source if fmt.startswith("decidim") else f"file:{row.source}")[:120]


def _place(row: Row, wrong: dict[str, Text]) -> tuple[str, float | None, float | None]:
    name = " ".join(neutral(row.place_name).split())[:200]
    try:
        latitude, longitude = (
            reading_files.number(row.latitude),
            reading_files.number(row.longitude),
        )
    except ValueError:
        wrong["latitude"] = _l("Latitude and longitude are numbers, like 50.7264 and 1.5984.")
        return name, None, None
    if latitude is None or longitude is None:
        return name, None, None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        wrong["latitude"] = _l("This place is not on the map.")
        return name, None, None
    return name, latitude, longitude


def _instant(given: str, name: str, wrong: dict[str, Text]) -> datetime | None:
    try:
        found = reading_files.instant(given)
    except ValueError:
        wrong[name] = _l("This is no date. Write it like 2026-12-04 or 04/12/2026.")
        return None
    if found is not None and found > clock.now() + timedelta(days=1):
        wrong[name] = _l("This day has not come yet.")
        return None
    return found


# --- bringing in ----------------------------------------------------------------------------


def insert_ideas(
    call: Call,
    rows: Sequence[dict[str, Any]],
    *,
    import_id: int | None,
    now: datetime,
    actor: User | None,
) -> list[int]:
    """Public ideas from judged rows, in batches, inside the running transaction; their ids.

    Nobody is told. What came with a decision keeps it; what came without is owed an answer from now.
    """
    made: list[int] = []
    hosts = [host.organisation_id for host in call.hosts]
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        threads = open_threads(THREAD_KIND, len(part))
        ideas = [
            _idea(call, row, thread_id, import_id, now, has_host=bool(hosts))
            for row, thread_id in zip(part, threads, strict=True)
        ]
        db.session.add_all(ideas)
        db.session.flush()
        steps = []
        for idea, row in zip(ideas, part, strict=True):
            steps.append(
                IdeaStep(
                    idea_id=idea.id,
                    kind=StepKind.STATE,
                    state=idea.state,
                    actor_id=actor.id if actor else None,
                    at=idea.published_at or now,
                    details={"import": import_id} if import_id else {},
                )
            )
            if row.get("answer") and hosts:
                db.session.add(_answer(idea, row, hosts[0], now))
        db.session.add_all(steps)
        db.session.flush()
        similar.index_many([(i.id, i.call_id, i.title, i.body) for i in ideas])
        made += [idea.id for idea in ideas]
    return made


def _idea(
    call: Call,
    row: dict[str, Any],
    thread_id: int,
    import_id: int | None,
    now: datetime,
    *,
    has_host: bool,
) -> Idea:
    name, latitude, longitude = row["place"]
    published = row["published_at"] or now
    answered = (row["answered_at"] or published) if row["answer"] and has_host else None
    is_withdrawn = row["state"] is IdeaState.WITHDRAWN
    is_decided = row["state"] in (IdeaState.ACCEPTED, IdeaState.DECLINED)
    return Idea(
        call_id=call.id,
        thread_id=thread_id,
        import_id=import_id,
        category_id=row["category_id"],
        state=row["state"],
        title=row["title"],
        slug=slug_of(row["title"]),
        body=row["body"],
        body_html=row["body_html"],
        language=row["language"],
        answers={},
        author_kind=row["author_kind"],
        author_name=row["author_name"],
        place_name=name,
        latitude=latitude,
        longitude=longitude,
        created_at=published,
        submitted_at=published,
        published_at=None if is_withdrawn else published,
        moved_at=answered or published,
        # a promise made now begins now, however old the idea is
        due_at=None if is_withdrawn or is_decided else now + timedelta(days=call.answer_days),
        read_at=answered,
        answered_at=answered,
        decided_at=(answered or published) if is_decided else None,
        source=row["source"],
        source_url=row["source_url"],
        supports_by_kind={},
        shuffle=draw_shuffle(),
        revision=1,
    )


def _answer(idea: Idea, row: dict[str, Any], host_id: int, now: datetime) -> IdeaAnswer:
    told = {IdeaState.ACCEPTED, IdeaState.DECLINED, IdeaState.UNDER_REVIEW}
    at = idea.answered_at or now
    return IdeaAnswer(
        idea_id=idea.id,
        organisation_id=host_id,
        outcome=idea.state if idea.state in told else IdeaState.UNDER_REVIEW,
        body=row["answer"],
        body_html=render(row["answer"], profile="letter"),
        language=idea.language,
        drafted_at=at,
        changed_at=at,
        published_at=at,
        revision=1,
    )


# --- taking back ----------------------------------------------------------------------------


def _touched(ids: Sequence[int]) -> int:
    """How many of these somebody has supported, discussed, merged, or answered since."""
    found = 0
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        written = select(Comment.thread_id)
        found += (
            db.session.scalar(
                select(func.count())
                .select_from(Idea)
                .where(
                    Idea.id.in_(part),
                    (Idea.supports_count > 0)
                    | Idea.thread_id.in_(written)
                    | (Idea.moved_at > Idea.submitted_at) & Idea.answered_at.is_(None)
                    | Idea.id.in_(
                        select(Idea.merged_into_id).where(Idea.merged_into_id.is_not(None))
                    )
                    | Idea.id.in_(select(Idea.split_from_id).where(Idea.split_from_id.is_not(None)))
                    | Idea.id.in_(
                        select(IdeaAnswer.idea_id).where(IdeaAnswer.author_id.is_not(None))
                    ),
                )
            )
            or 0
        )
    return found


def _remove(ids: Sequence[int]) -> None:
    threads = list(db.session.scalars(select(Idea.thread_id).where(Idea.id.in_(ids))))
    similar.unindex(ids)
    for gone in (
        delete(IdeaPair).where(IdeaPair.idea_id.in_(ids) | IdeaPair.other_id.in_(ids)),
        delete(IdeaShingle).where(IdeaShingle.idea_id.in_(ids)),
        delete(IdeaStep).where(IdeaStep.idea_id.in_(ids)),
        delete(IdeaAnswer).where(IdeaAnswer.idea_id.in_(ids)),
        delete(Idea).where(Idea.id.in_(ids)),
        delete(Thread).where(Thread.id.in_(threads)),
    ):
        db.session.execute(gone.execution_options(synchronize_session=False))
    db.session.expire_all()


# --- files ----------------------------------------------------------------------------------


def _read(data: bytes, name: str) -> Table:
    try:
        table = reading_files.read(data, name)
    except Unreadable as refused:
        raise Invalid({"file": refused.message}) from refused
    if not table.rows:
        raise Invalid({"file": _l("There is no idea in this file.")})
    return table


def _keep(data: bytes, name: str, fmt: str, actor: User) -> StoredFile:
    """The file as it came, for staff alone, kept as what reading it proved it to be."""
    try:
        files.scan(data)
    except Refused as refused:
        raise Invalid({"file": refused.message}) from refused
    kind = {"xlsx": XLSX, "decidim-json": TEXT}.get(fmt, CSV)
    if data.startswith(b"PK"):
        kind = XLSX
    return files.keep(data, kind, name=name, purpose="source", actor=actor)
