"""Versions of a plan: drafted, changed, published; and what becomes of the discussion."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engage.commons.comments.models import Thread
from engage.commons.documents import queries, service
from engage.commons.documents.events import VersionPublished
from engage.commons.documents.models import (
    Change,
    Document,
    Paragraph,
    SourceFormat,
    Version,
    VersionState,
)
from engage.core import events
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.errors import Conflict, Invalid, Missing, NotAllowed
from tests.factories.accounts import make_staff, make_user
from tests.factories.documents import (
    KIND,
    PLAN,
    PLAN_2,
    change_owner,
    make_document,
    make_draft,
    make_plan,
    make_version,
)


def paragraphs(version: Version) -> dict[str, Paragraph]:
    return {p.number: p for p in queries.numbered(version.id) if p.number}


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# --- creating ---------------------------------------------------------------------------


def test_a_new_text_has_a_thread_and_no_words(app: Flask):
    document = make_document(title="  Draft \n plan ")
    assert document.title == "Draft plan"
    assert document.current_version_id is None
    thread = db.session.get(Thread, document.thread_id)
    assert thread is not None
    assert thread.kind == "documents.document"
    assert actions() == ["document.created"]


@pytest.mark.parametrize(
    ("title", "language", "field"),
    [("", "en", "title"), ("x" * 201, "en", "title"), ("Plan", "xx", "language")],
)
def test_a_text_needs_a_title_and_a_language(app: Flask, title: str, language: str, field: str):
    with pytest.raises(Invalid) as refusal:
        service.create_document(KIND, title=title, language=language, actor=make_staff("organiser"))
    assert list(refusal.value.fields) == [field]


def test_only_organisers_start_texts(app: Flask):
    with pytest.raises(NotAllowed):
        service.create_document(KIND, title="x", language="en", actor=make_user())


def test_translations_hang_on_the_original(app: Flask):
    plan = make_plan()
    french = make_document(language="fr", translation_of_id=plan.id)
    other = make_document(language="en", translation_of_id=french.id)
    assert french.translation_of_id == other.translation_of_id == plan.id
    make_version(french)
    assert [d.id for d in queries.in_other_languages(plan)] == [french.id]
    assert [d.id for d in queries.in_other_languages(french)] == [plan.id]
    with pytest.raises(Missing):
        make_document(translation_of_id=999)


def test_renaming_notices_a_stale_form(app: Flask):
    document, actor = make_document(), make_staff("organiser")
    service.rename_document(document.id, title="New", language="fr", revision=1, actor=actor)
    assert (document.title, document.language, document.revision) == ("New", "fr", 2)
    with pytest.raises(Conflict):
        service.rename_document(document.id, title="Old", language="en", revision=1, actor=actor)
    assert document.title == "New"


# --- drafting ---------------------------------------------------------------------------


def test_a_draft_is_split_and_numbered(app: Flask):
    version = make_draft(make_document())
    assert (version.number, version.state, version.revision) == (1, VersionState.DRAFT, 1)
    assert [e.title for e in queries.version_outline(version.id)] == [
        "Where we stand",
        "Cleaner, quieter quays",
    ]
    rows = paragraphs(version)
    assert list(rows) == ["1.1", "1.2", "2.1", "2.2", "2.3", "2.4"]
    assert rows["1.1"].body_html.startswith("<p>The two ports")
    assert "<li>berth seven</li>" in rows["2.3"].body_html
    assert all(row.thread_id is None and row.change is Change.NEW for row in rows.values())
    # the subheading's two words count for the reader's minutes
    assert version.words == sum(row.words for row in rows.values()) + 2


def test_there_is_one_draft_at_a_time(app: Flask):
    document, actor = make_document(), make_staff("organiser")
    draft = make_draft(document)
    with pytest.raises(Conflict):
        service.add_version(document.id, text="# A\n\nx", actor=actor)
    same = service.add_version(
        document.id, text="# A\n\nx", revision=draft.revision, note="again", actor=actor
    )
    assert (same.id, same.number, same.revision, same.note) == (draft.id, 1, 2, "again")
    assert list(paragraphs(same)) == ["1.1"]


def test_an_upload_keeps_its_source(app: Flask):
    document, actor = make_document(), make_staff("organiser")
    version = service.add_version(
        document.id, upload=("Plan.html", b"<h1>A</h1><p>x</p><script>1</script>"), actor=actor
    )
    assert version.source_format is SourceFormat.HTML
    found = queries.draft_of(document.id)
    assert found is not None
    assert found.source_file is not None
    assert (found.source_file.type, found.source_file.purpose) == ("text/plain", "source")


def test_a_refused_text_leaves_nothing(app: Flask):
    document = make_document()
    with pytest.raises(Invalid):
        service.add_version(document.id, text="  ", actor=make_staff("organiser"))
    assert queries.draft_of(document.id) is None


def test_whoever_the_owner_does_not_let_may_not(app: Flask):
    document, organiser = make_document(), make_staff("organiser")
    draft = make_draft(document)
    change_owner(document, can_edit=False)
    for attempt in (
        lambda: service.add_version(document.id, text="# A\n\nx", actor=organiser),
        lambda: service.edit_draft(draft.id, text="# A\n\nx", revision=1, actor=organiser),
        lambda: service.publish_version(draft.id, revision=1, actor=organiser),
        lambda: service.discard_draft(draft.id, revision=1, actor=organiser),
        lambda: service.rename_document(
            document.id, title="x", language="en", revision=1, actor=organiser
        ),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_editing_the_whole_draft(app: Flask):
    document, actor = make_document(), make_staff("organiser")
    draft = make_draft(document)
    changed = service.edit_draft(draft.id, text="# Only\n\none", revision=1, actor=actor)
    assert changed.revision == 2
    assert [p.body for p in paragraphs(changed).values()] == ["one"]
    with pytest.raises(Conflict):
        service.edit_draft(draft.id, text="# Other\n\ntwo", revision=1, actor=actor)
    assert [p.body for p in paragraphs(changed).values()] == ["one"]


def test_a_draft_tells_which_paragraph_was_edited_and_when_it_is_as_before(app: Flask):
    document, actor = make_plan(PLAN), make_staff("organiser")
    draft = make_draft(document, PLAN)
    before = draft.words
    words = "The first sockets are installed at the ferry berths, in one construction season."
    later = PLAN.replace(words, "The first sockets are installed **later** at the ferry berths.")
    service.edit_draft(draft.id, text=later, revision=1, actor=actor)
    row = paragraphs(draft)["2.1"]
    assert row.change is Change.EDITED
    assert row.previous_id is not None
    assert "<strong>later</strong>" in row.body_html
    assert draft.words == before + 10 - 13
    service.edit_draft(draft.id, text=PLAN, revision=2, actor=actor)
    assert paragraphs(draft)["2.1"].change is Change.SAME
    assert draft.words == before


def test_a_draft_can_go_on_from_the_present_words(app: Flask):
    document, actor = make_plan(PLAN), make_staff("organiser")
    draft = service.start_from_present(document.id, actor=actor)
    assert {p.change for p in paragraphs(draft).values()} == {Change.SAME}
    with pytest.raises(Conflict):
        service.start_from_present(document.id, actor=actor)


def test_discarding_a_draft(app: Flask):
    document, actor = make_plan(PLAN), make_staff("organiser")
    draft = make_draft(document, PLAN_2)
    service.discard_draft(draft.id, revision=draft.revision, actor=actor)
    assert queries.draft_of(document.id) is None
    assert [v.number for v in queries.versions(document.id, actor)] == [1]
    assert make_draft(document).number == 2


# --- publishing -------------------------------------------------------------------------


def test_publishing_opens_a_thread_for_each_paragraph(app: Flask):
    heard: list[VersionPublished] = []

    def hear(event: VersionPublished) -> None:
        heard.append(event)

    events.listen(VersionPublished, hear)
    document = make_plan()
    version = queries.get_version(document.id, 1)
    assert document.current_version_id == version.id
    assert version.published_at is not None
    threads = [p.thread_id for p in paragraphs(version).values()]
    assert None not in threads
    assert len(set(threads)) == len(threads) == 6
    assert actions()[-1] == "document.published"
    assert (heard[-1].document_id, heard[-1].number) == (document.id, 1)


def test_a_published_version_never_changes(app: Flask):
    document, actor = make_plan(), make_staff("organiser")
    version = queries.get_version(document.id, 1)
    revision = version.revision
    for attempt in (
        lambda: service.edit_draft(version.id, text="# A\n\nx", revision=revision, actor=actor),
        lambda: service.publish_version(version.id, revision=revision, actor=actor),
        lambda: service.discard_draft(version.id, revision=revision, actor=actor),
    ):
        with pytest.raises(Conflict):
            attempt()


def test_a_stale_publish_is_refused(app: Flask):
    draft = make_draft(make_document())
    with pytest.raises(Conflict):
        service.publish_version(draft.id, revision=7, actor=make_staff("organiser"))
    assert draft.state is VersionState.DRAFT


def test_unchanged_paragraphs_carry_their_thread_on_and_changed_ones_start_anew(app: Flask):
    document = make_plan(PLAN, PLAN_2)
    old = paragraphs(queries.get_version(document.id, 1))
    new = paragraphs(queries.get_version(document.id, 2))
    assert [(p.number, p.change.value) for p in new.values()] == [
        ("1.1", "same"),
        ("1.2", "same"),
        ("2.1", "edited"),
        ("2.2", "same"),
        ("2.3", "same"),
        ("2.4", "new"),
    ]
    assert new["1.1"].thread_id == old["1.1"].thread_id
    assert new["2.1"].thread_id != old["2.1"].thread_id
    assert new["2.1"].key == old["2.1"].key
    assert new["2.1"].previous_id == old["2.1"].id
    # renumbered, as the list above it is gone, and still the same discussion
    assert new["2.3"].thread_id == old["2.4"].thread_id
    assert new["2.4"].previous_id is None


def test_a_moved_paragraph_takes_its_discussion_along(app: Flask):
    first, second = PLAN.split("# Cleaner, quieter quays")
    moved = "# Cleaner, quieter quays" + second + "\n" + first
    document = make_plan(PLAN, moved)
    old = {p.key: p for p in queries.numbered(queries.get_version(document.id, 1).id)}
    new = queries.numbered(queries.get_version(document.id, 2).id)
    assert {p.key for p in new} == set(old)
    assert all(p.thread_id == old[p.key].thread_id for p in new)
    assert {p.change for p in new} == {Change.SAME, Change.MOVED}


def test_a_paragraph_is_known_through_many_versions(app: Flask):
    texts = [PLAN.replace("one construction season", f"{n} construction seasons") for n in range(5)]
    document = make_plan(*texts)
    keys = {paragraphs(queries.get_version(document.id, n))["2.1"].key for n in range(1, 6)}
    assert len(keys) == 1


def test_two_drafts_at_once_are_refused_by_the_database(app: Flask):
    document = make_document()
    make_draft(document)
    second = Version(document_id=document.id, number=9, source_format=SourceFormat.MARKDOWN)
    with pytest.raises(IntegrityError), transactional():
        db.session.add_all([second])


def test_missing_things(app: Flask):
    actor = make_staff("organiser")
    with pytest.raises(Missing):
        service.add_version(99, text="# A\n\nx", actor=actor)
    with pytest.raises(Missing):
        service.publish_version(99, revision=1, actor=actor)
    with pytest.raises(Missing):
        service.edit_draft(99, text="# A\n\nx", revision=1, actor=actor)
    assert db.session.scalars(select(Document)).all() == []
