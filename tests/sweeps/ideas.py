"""Calls and ideas in the world of the sweeps, and the addresses they are seen at."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

import tests.sweeps.inhabitants  # noqa: F401  people and organisations come first
from engage.core import clock, files
from engage.core.db import db, transactional
from engage.programmes.ideas.models import (
    LIVE,
    Call,
    CallField,
    CoAuthor,
    Criterion,
    FieldKind,
    Idea,
    IdeaAnswer,
    IdeaAttachment,
    IdeaImport,
    IdeaNote,
    IdeaOfficer,
    IdeaPair,
    IdeaRevision,
    IdeaScore,
    IdeaState,
    IdeaStep,
    Milestone,
    ProgressPost,
    StepKind,
    Support,
)
from engage.programmes.ideas.service import importing
from engage.programmes.ideas.tokens import invitation_token
from tests.factories.accounts import make_organisation, make_staff, make_user
from tests.factories.ideas import make_call, make_idea
from tests.sweeps.world import ALL, SIGNED_IN, Case, World, addresses, inhabits

OFFICE_READERS = frozenset({"organiser", "analyst", "admin"})
SEE_HIDDEN = OFFICE_READERS | {"author", "moderator"}
AUTHOR = frozenset({"author"})


@inhabits
def ideas(world: World) -> None:
    author, group = world.people["author"], world.group
    categories = tuple(f"Category {number}" for number in range(world.rows))
    asking = make_call(hosts=(group,), categories=categories, supports_each=40)
    for _number in range(world.rows):
        ended = make_call(hosts=(group,), opens=-60, closes=-30)
        make_call(hosts=(group,))
        prepared = make_call(hosts=(group,), state="draft")
    with transactional():
        for number in range(world.rows):
            db.session.add(
                CallField(
                    call_id=asking.id,
                    position=number,
                    kind=FieldKind.SHORT,
                    label=f"Who would build it, {number}?",
                    options=[],
                )
            )
    asked = list(db.session.scalars(select(CallField).where(CallField.call_id == asking.id)))
    idea = make_idea(
        asking,
        author=author,
        title="Sockets for the fishing boats",
        category_id=asking.categories[0].id,
        answers={field.key: "The port" for field in asked},
        latitude=50.968,
        longitude=1.852,
        place_name="Dock Road",
    )
    by_state: dict[IdeaState, Idea] = {}
    other = make_user()
    for number in range(world.rows):
        for state in (*LIVE, IdeaState.HIDDEN, IdeaState.SUBMITTED, IdeaState.DRAFT):
            is_own = state in (IdeaState.PUBLISHED, IdeaState.DRAFT) or number == 0
            made = make_idea(
                asking,
                author=author if is_own else other,
                state=state,
                title=f"Sockets for all boats, {state.value} {number}",
                latitude=50.7 + number / 100,
                longitude=1.6,
                category_id=asking.categories[0].id,
                answers={field.key: "The port" for field in asked},
            )
            by_state.setdefault(state, made)
        merged = make_idea(
            asking,
            state=IdeaState.MERGED,
            title=f"Sockets for most boats, {number}",
            merged_into_id=idea.id,
            supports_count=1,
            supports_by_kind={"resident": [1, 0]},
        )
        by_state.setdefault(IdeaState.MERGED, merged)
        with transactional():  # theirs to move
            db.session.add(
                Support(
                    idea_id=merged.id,
                    call_id=asking.id,
                    user_id=world.people["resident"].id,
                    kind=world.people["resident"].kind,
                    supported_at=clock.now(),
                )
            )
    _tell(world, idea, group)
    world.things |= {
        "asking": asking,
        "ended": ended,
        "prepared": prepared,
        "idea": idea,
        "hidden_idea": by_state[IdeaState.HIDDEN],
        "waiting_idea": by_state[IdeaState.SUBMITTED],
        "draft_idea": by_state[IdeaState.DRAFT],
        "merged_idea": by_state[IdeaState.MERGED],
    }


def _picture(name: str) -> FileStorage:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (154, 68, 9)).save(held, "PNG")
    held.seek(0)
    return FileStorage(held, filename=name, content_type="image/png")


def _tell(world: World, idea: Idea, group: Any) -> None:
    """Everything that may stand with an idea, `rows` times."""
    now, author = clock.now(), world.people["author"]
    rows: list[Any] = [
        IdeaAnswer(
            idea_id=idea.id,
            organisation_id=group.id,
            outcome=IdeaState.UNDER_REVIEW,
            body="We look at it.",
            body_html="<p>We look at it.</p>",
            language="en",
            published_at=now,
        )
    ]
    for number in range(world.rows):
        sketch = files.store(_picture(f"sketch{number}.png"), purpose="attachment", actor=author)
        beside = make_user()
        rows += [
            IdeaAttachment(idea_id=idea.id, file_id=sketch.id, title=f"Sketch {number}"),
            CoAuthor(
                idea_id=idea.id,
                email=beside.email,
                user_id=beside.id,
                invited_by_id=author.id,
                expires_at=now + timedelta(days=14),
                accepted_at=now,
            ),
            IdeaStep(idea_id=idea.id, kind=StepKind.STATE, state=IdeaState.UNDER_REVIEW, at=now),
            IdeaRevision(
                idea_id=idea.id,
                number=number + 1,
                title="Sockets",
                body="Before.",
                body_html="<p>Before.</p>",
                written_at=now,
                replaced_at=now,
            ),
            Milestone(idea_id=idea.id, title=f"Cabinet {number}", due_on=now.date()),
            ProgressPost(
                idea_id=idea.id,
                organisation_id=group.id,
                body="The first stands.",
                body_html="<p>The first stands.</p>",
                language="en",
            ),
            Support(
                idea_id=idea.id,
                call_id=idea.call_id,
                user_id=beside.id,
                organisation_id=make_organisation().id,
                kind=beside.kind,
                supported_at=now,
            ),
        ]
    invited = CoAuthor(
        idea_id=idea.id,
        email=world.people["resident"].email,
        invited_by_id=author.id,
        expires_at=now + timedelta(days=14),
    )
    with transactional():
        db.session.add_all([*rows, invited])
        kept = db.session.get_one(Idea, idea.id)
        kept.owner_id, kept.answered_at = group.id, now
        db.session.flush()
    world.things["co_author"] = invited


# --- addresses ----------------------------------------------------------------------------


@addresses("ideas.call")
def of_calls(world: World) -> list[Case]:
    return [
        Case("open", {"address": world.asking.address}),
        Case("closed", {"address": world.ended.address}),
        Case("draft", {"address": world.prepared.address}, OFFICE_READERS),
    ]


@addresses("ideas.index")
def of_lists(world: World) -> list[Case]:
    return [
        Case("all", {}),
        Case("of a call", {"call": world.asking.id}),
        Case("by status", {"call": world.asking.id, "view": "board"}),
        Case("on the map", {"view": "map"}),
        Case("found", {"q": "sockets", "sort": "supported"}),
        Case("of a draft", {"call": world.prepared.id}, OFFICE_READERS),
    ]


@addresses("ideas.detail")
def of_details(world: World) -> list[Case]:
    return [
        Case("live", {"address": world.idea.address}),
        Case("merged", {"address": world.merged_idea.address}),
        Case("merged, read", {"address": world.merged_idea.address, "show": "merged"}),
        Case("hidden", {"address": world.hidden_idea.address}, SEE_HIDDEN),
        Case("waiting", {"address": world.waiting_idea.address}, SEE_HIDDEN),
        Case("draft", {"address": world.draft_idea.address}, AUTHOR),
    ]


@addresses("ideas.history", "ideas.supporters", "ideas.alike")
def of_parts_of_ideas(world: World) -> list[Case]:
    return [
        Case("live", {"idea_id": world.idea.id}),
        Case("hidden", {"idea_id": world.hidden_idea.id}, SEE_HIDDEN),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
    ]


@addresses("ideas.share_card")
def of_share_cards(world: World) -> list[Case]:
    return [
        Case("live", {"idea_id": world.idea.id}),
        Case("hidden", {"idea_id": world.hidden_idea.id}, frozenset()),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
    ]


@addresses("ideas.support", "ideas.report_pair")
def of_support(world: World) -> list[Case]:
    return [
        Case("live", {"idea_id": world.idea.id}, SIGNED_IN),
        Case("hidden", {"idea_id": world.hidden_idea.id}, SEE_HIDDEN),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
    ]


@addresses("ideas.take_over")
def of_taking_over(world: World) -> list[Case]:
    return [
        Case("merged", {"idea_id": world.merged_idea.id}, SIGNED_IN),
        Case("hidden", {"idea_id": world.hidden_idea.id}, SEE_HIDDEN),
    ]


@addresses("ideas.new")
def of_new_ideas(world: World) -> list[Case]:
    return [
        Case("which call", {}, SIGNED_IN),
        Case("open", {"call": world.asking.id}, SIGNED_IN),
        Case("closed", {"call": world.ended.id}, SIGNED_IN),
        Case("of a draft", {"call": world.prepared.id}, OFFICE_READERS),
    ]


@addresses("ideas.similar")
def of_similar(world: World) -> list[Case]:
    return [
        Case("nothing asked", {}),
        Case("asked", {"call": world.asking.id, "title": "Sockets for boats"}),
        Case("of a draft", {"call": world.prepared.id, "title": "Sockets"}, OFFICE_READERS),
    ]


@addresses("ideas.draft", "ideas.check", "ideas.discard")
def of_own_drafts(world: World) -> list[Case]:
    return [
        Case("own", {"idea_id": world.draft_idea.id}, AUTHOR),
        Case("sent", {"idea_id": world.idea.id}, AUTHOR),
    ]


@addresses("ideas.edit", "ideas.withdraw", "ideas.files", "ideas.co_authors")
def of_own_ideas(world: World) -> list[Case]:
    return [
        Case("own", {"idea_id": world.idea.id}, AUTHOR),
        Case("own draft", {"idea_id": world.draft_idea.id}, AUTHOR),
    ]


@addresses("ideas.invitation")
def of_asking_co_authors(world: World) -> list[Case]:
    return [
        Case("sent", {"token": invitation_token(world.co_author)}, SIGNED_IN),
        Case("forged", {"token": "forged"}, frozenset()),
    ]


@addresses("ideas.export")
def of_exports(world: World) -> list[Case]:
    return [
        Case("all", {"fmt": "csv"}),
        *(Case(fmt, {"fmt": fmt, "call": world.asking.id}) for fmt in ("csv", "xlsx", "json")),
        Case("of a draft", {"fmt": "csv", "call": world.prepared.id}, OFFICE_READERS),
    ]


@addresses("ideas.feed")
def of_feeds(world: World) -> list[Case]:
    return [Case("all", {}), Case("of a call", {"call": world.asking.id}, ALL)]


# --- the office -----------------------------------------------------------------------------

KEEPERS = frozenset({"organiser", "admin"})
# the member speaks for the organisation that asks in the call
WORKERS = KEEPERS | {"member"}
READERS_AND_WORKERS = OFFICE_READERS | WORKERS


@inhabits
def office_of_ideas(world: World) -> None:
    """What only the office has: files that were read, pairs, notes, scores, who works on it."""
    organiser, idea = world.people["organiser"], world.idea
    with transactional():
        for number in range(world.rows):
            read = IdeaImport(
                call_id=world.asking.id,
                file_name=f"ideas{number}.csv",
                format="csv",
                rows_good=1,
                rows_bad=world.rows,
                report=[{"row": 2, "field": "title", "message": "The title is missing."}],
                created_by_id=organiser.id,
            )
            twin = make_idea(world.asking, title=f"Sockets for some boats, {number}")
            officer = make_staff("organiser")
            criterion = Criterion(call_id=world.asking.id, name=f"Beauty {number}")
            db.session.add_all([read, criterion])
            db.session.flush()
            db.session.add_all(
                [
                    IdeaPair(
                        call_id=world.asking.id, idea_id=idea.id, other_id=twin.id, likeness=70
                    ),
                    IdeaNote(idea_id=idea.id, author_id=organiser.id, body="Ask the harbour."),
                    IdeaOfficer(idea_id=idea.id, user_id=officer.id),
                    IdeaScore(
                        idea_id=idea.id,
                        criterion_id=criterion.id,
                        officer_id=organiser.id,
                        value=4,
                    ),
                ]
            )
            db.session.flush()
    table = b"title;text;category\nA ferry at night;So that people come home.;Category 0\n"
    upload = FileStorage(io.BytesIO(table), filename="more.csv", content_type="text/csv")
    read = importing.preview_import(world.asking.id, upload=upload, actor=organiser)
    foreign = make_call()  # asked by somebody else
    _abroad(world, foreign)
    world.things |= {
        "idea_import": read,
        "elsewhere": foreign,
        "pair": _first(IdeaPair, IdeaPair.call_id == world.asking.id),
        "note": _first(IdeaNote, IdeaNote.idea_id == idea.id),
        "milestone": _first(Milestone, Milestone.idea_id == idea.id),
        "progress": _first(ProgressPost, ProgressPost.idea_id == idea.id),
    }


def _abroad(world: World, foreign: Call) -> None:
    """An idea of another call, and one there that the member's organisation builds."""
    theirs = make_idea(foreign, title="Sockets of the neighbours")
    built = make_idea(foreign, title="Sockets built for the neighbours", state=IdeaState.ACCEPTED)
    with transactional():
        db.session.get_one(Idea, built.id).owner_id = world.group.id
        db.session.add_all(
            [
                IdeaPair(call_id=foreign.id, idea_id=theirs.id, other_id=built.id, likeness=70),
                Milestone(idea_id=built.id, title="The last cabinet"),
                ProgressPost(
                    idea_id=built.id,
                    organisation_id=world.group.id,
                    body="All of them stand.",
                    body_html="<p>All of them stand.</p>",
                    language="en",
                ),
            ]
        )
    world.things |= {"foreign_idea": theirs, "built_idea": built}


def _first(model: Any, condition: Any) -> Any:
    return db.session.scalars(select(model).where(condition).order_by(model.id)).first()


@addresses("ideas_office.index")
def of_the_office(world: World) -> list[Case]:
    return [Case("calls", {}, READERS_AND_WORKERS, (403,))]


@addresses(
    "ideas_office.call",
    "ideas_office.ideas",
    "ideas_office.duplicates",
    "ideas_office.insight",
)
def of_calls_in_the_office(world: World) -> list[Case]:
    return [
        Case("open", {"call_id": world.asking.id}, READERS_AND_WORKERS, (403,)),
        Case("draft", {"call_id": world.prepared.id}, READERS_AND_WORKERS, (403,)),
        Case("of others", {"call_id": world.elsewhere.id}, OFFICE_READERS, (403,)),
    ]


@addresses("<call_id>")
def of_preparing_calls(world: World) -> list[Case]:
    return [
        Case("open", {"call_id": world.asking.id}),
        Case("draft", {"call_id": world.prepared.id}),
    ]


@addresses("<call_id>,<language>")
def of_translating_calls(world: World) -> list[Case]:
    return [Case("French", {"call_id": world.asking.id, "language": "fr"})]


@addresses("<call_id>,<import_id>")
def of_files(world: World) -> list[Case]:
    return [
        Case("read", {"call_id": world.asking.id, "import_id": world.idea_import.id}),
        Case(
            "of another call",
            {"call_id": world.elsewhere.id, "import_id": world.idea_import.id},
            frozenset(),
        ),
    ]


@addresses("<call_id>,<import_id>,<step>")
def of_bringing_in(world: World) -> list[Case]:
    here, there = world.asking.id, world.elsewhere.id
    file = world.idea_import.id
    return [
        case
        for step in ("run", "undo")
        for case in (
            Case(step, {"call_id": here, "import_id": file, "step": step}),
            Case(
                f"{step} in another call",
                {"call_id": there, "import_id": file, "step": step},
                frozenset(),
            ),
        )
    ]


@addresses("<call_id>,<step>")
def of_steps_of_calls(world: World) -> list[Case]:
    return [
        Case(step, {"call_id": world.asking.id, "step": step})
        for step in ("archive", "reopen", "unpublish")
    ]


@addresses("ideas_office.bulk")
def of_many_at_once(world: World) -> list[Case]:
    return [
        Case("open", {"call_id": world.asking.id}, WORKERS, (403,)),
        Case("of others", {"call_id": world.elsewhere.id}, KEEPERS, (403,)),
    ]


@addresses("ideas_office.dismiss")
def of_pairs(world: World) -> list[Case]:
    pair = world.pair.id
    return [
        Case("open", {"call_id": world.asking.id, "pair_id": pair}, WORKERS, (403,)),
        Case(
            "through another call",
            {"call_id": world.elsewhere.id, "pair_id": pair},
            frozenset(),
            (403, 404),
        ),
    ]


@addresses(
    "ideas_office.idea", "ideas_office.alike", "ideas_office.deeds_of", "ideas_office.history"
)
def of_desks(world: World) -> list[Case]:
    return [
        *(
            Case(label, {"idea_id": idea.id}, READERS_AND_WORKERS, (403,))
            for label, idea in _states(world)
        ),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
        Case("of others", {"idea_id": world.foreign_idea.id}, OFFICE_READERS, (403,)),
        # who builds it tells how it goes there
        Case("built", {"idea_id": world.built_idea.id}, READERS_AND_WORKERS, (403,)),
    ]


@addresses(
    "ideas_office.answer",
    "ideas_office.category",
    "ideas_office.let_in",
    "ideas_office.mark_read",
    "ideas_office.move",
    "ideas_office.note",
    "ideas_office.officers",
    "ideas_office.owner",
    "ideas_office.refuse",
    "ideas_office.scores",
    "ideas_office.split",
    "ideas_office.unmerge",
)
def of_working(world: World) -> list[Case]:
    """What is done to an idea is for those who work on it; analysts only read."""
    return [
        *(Case(label, {"idea_id": idea.id}, WORKERS, (403,)) for label, idea in _states(world)),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
        Case("of others", {"idea_id": world.foreign_idea.id}, KEEPERS, (403,)),
        Case("built", {"idea_id": world.built_idea.id}, KEEPERS, (403,)),
    ]


@addresses("ideas_office.merge")
def of_merging(world: World) -> list[Case]:
    twin = {"idea_id": world.pair.other_id, "into": world.idea.id}
    return [*of_working(world), Case("into one named", twin, WORKERS, (403,))]


@addresses("ideas_office.promote")
def of_promoting(world: World) -> list[Case]:
    return [
        Case(case.label, {**case.values, "kind": "challenge"}, case.seen_by, case.refusal)
        for case in of_working(world)
    ]


@addresses("ideas_office.remove_note")
def of_notes(world: World) -> list[Case]:
    """A note is its writer's, whoever else works there."""
    note = world.note.id
    return [
        Case(
            "of somebody else",
            {"idea_id": world.idea.id, "note_id": note},
            frozenset({"organiser"}),
            (403,),
        ),
        Case(
            "through another idea",
            {"idea_id": world.foreign_idea.id, "note_id": note},
            frozenset(),
            (403, 404),
        ),
    ]


@addresses("ideas_office.milestone", "ideas_office.post")
def of_deeds(world: World) -> list[Case]:
    """How the work goes is told by organisers and by who speaks for those who build it."""
    return [
        Case("of the member's", {"idea_id": world.idea.id}, WORKERS, (403,)),
        Case("built for others", {"idea_id": world.built_idea.id}, WORKERS, (403,)),
        Case("of others", {"idea_id": world.foreign_idea.id}, KEEPERS, (403,)),
        Case("draft", {"idea_id": world.draft_idea.id}, frozenset()),
    ]


@addresses("ideas_office.milestone_step")
def of_milestones(world: World) -> list[Case]:
    milestone = world.milestone.id
    return [
        case
        for step in ("done", "open", "remove")
        for case in _parts(world, {"milestone_id": milestone, "step": step})
    ]


@addresses("ideas_office.remove_post")
def of_progress(world: World) -> list[Case]:
    return _parts(world, {"post_id": world.progress.id})


def _parts(world: World, values: dict[str, Any]) -> list[Case]:
    """A part of an idea, and the same part asked for through an idea it does not belong to."""
    return [
        Case("own", {"idea_id": world.idea.id, **values}, WORKERS, (403,)),
        Case(
            "through another idea",
            {"idea_id": world.built_idea.id, **values},
            frozenset(),
            (403, 404),
        ),
    ]


def _states(world: World) -> list[tuple[str, Idea]]:
    return [
        ("live", world.idea),
        ("waiting", world.waiting_idea),
        ("hidden", world.hidden_idea),
        ("merged", world.merged_idea),
    ]
