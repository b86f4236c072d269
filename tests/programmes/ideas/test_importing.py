"""Files of ideas: what is read, what is refused and why, dry runs, and taking it all back."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from engage.commons.accounts.models import StakeholderKind, User
from engage.commons.comments.models import Thread
from engage.commons.documents.unpacking import Unreadable
from engage.core.db import db
from engage.core.errors import Conflict, Invalid, NotAllowed
from engage.programmes.ideas import insight, office_queries, queries, reading_files, spreadsheet
from engage.programmes.ideas.models import Call, Idea, IdeaAnswer, IdeaShingle, IdeaState
from engage.programmes.ideas.service import importing, supporting
from tests.factories.accounts import make_staff, make_user
from tests.factories.ideas import make_call, make_idea

pytestmark = pytest.mark.usefixtures("inside")

CSV = (
    "id,Title,Text,Category,Author,stakeholder_kind,Place,Latitude,Longitude,Date,Colour\n"
    "1,Benches along the mole,So that people can rest.,Mobility,Ada,resident,Mole,50.7,1.6,"
    "2026-10-01,red\n"
    '2,"Plug, please","Two\nlines",energy,,business,,,,04/10/2026,\n'
)


@pytest.fixture
def organiser() -> User:
    return make_staff("organiser")


def sent(data: bytes | str, name: str = "ideas.csv") -> FileStorage:
    held = data.encode() if isinstance(data, str) else data
    return FileStorage(io.BytesIO(held), filename=name)


def count(model: Any = Idea) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_preview_brings_in_nothing_and_a_run_all_good_rows(organiser: User) -> None:
    call = make_call()
    read = importing.preview_import(call.id, upload=sent(CSV), actor=organiser)
    assert (read.rows_good, read.rows_bad, read.format) == (2, 0, "csv")
    assert count() == 0
    importing.run_import(read.id, actor=organiser)
    first, second = db.session.scalars(select(Idea).order_by(Idea.id))
    assert (first.title, first.author_name, first.place_name) == (
        "Benches along the mole",
        "Ada",
        "Mole",
    )
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-10-01T00:00:00+00:00"
    assert second.author_kind is StakeholderKind.BUSINESS
    assert second.body == "Two\nlines"
    assert queries.similar(call.id, "bench along the moles")[0].idea_id == first.id
    with pytest.raises(Conflict):
        importing.run_import(read.id, actor=organiser)


def test_the_same_file_again_brings_nothing_twice(organiser: User) -> None:
    call = make_call()
    for good, known in ((2, 0), (0, 2)):
        read = importing.preview_import(call.id, upload=sent(CSV), actor=organiser)
        assert (read.rows_good, read.rows_known) == (good, known)
        importing.run_import(read.id, actor=organiser)
    assert count() == 2


def test_each_bad_row_is_named_with_its_reason_and_the_others_come(organiser: User) -> None:
    call = make_call()
    rows = (
        "id,title,text,category,latitude,longitude,date\n"
        "1,Good one,Words,,,,\n"
        "2,,Words,,,,\n"
        f"3,{'x' * 5000},Words,,,,\n"
        "4,No words,,,,,\n"
        "5,Elsewhere,Words,Space travel,,,\n"
        "6,Off the map,Words,,999,1,\n"
        "7,North pole,Words,,north,1,\n"
        "8,When,Words,,,,tomorrow\n"
        "1,Twice,Words,,,,\n"
    )
    read = importing.preview_import(call.id, upload=sent(rows), actor=organiser)
    assert (read.rows_good, read.rows_bad) == (1, 8)
    assert {(line["row"], line["field"]) for line in read.report} == {
        (3, "title"),
        (4, "title"),
        (5, "text"),
        (6, "category"),
        (7, "latitude"),
        (8, "latitude"),
        (9, "published_at"),
        (10, "id"),
    }
    assert "5,000" in next(line["message"] for line in read.report if line["row"] == 4)
    importing.run_import(read.id, actor=organiser)
    assert count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"colour,size\nred,4\n", "Missing: title, text"),
        (b"title,text\n", "no idea"),
        (b"\xd0\xcf\x11\xe0 old", "password"),
        (b"PK\x03\x04 broken", "damaged"),
        (b'title,text\n"' + b"x" * 1_100_000, "never ends"),
        (b'{"a": 1}', "no list"),
        (b"[1, 2", "cannot be read"),
        (b"title,text\n\0\0\0", "no table"),
        (b"title,text\n\x81\x8d,\xff", "mixes"),
        ("title,text\nÉté,Ça\n".encode() + "Été,Ça\n".encode("cp1252"), "Line 3"),
        ("title,text\nÉté,Ça\n".encode("cp1252") + "Été,Ça\n".encode(), "Line 3"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data: bytes, words: str, organiser: User) -> None:
    call = make_call()
    with pytest.raises(Invalid) as refused:
        importing.preview_import(call.id, upload=sent(data), actor=organiser)
    assert words in str(refused.value.fields["file"])
    assert count() == 0


def test_fifty_megabytes_are_refused_before_they_are_read(organiser: User) -> None:
    call = make_call()
    with pytest.raises(Invalid) as refused:
        importing.preview_import(
            call.id, upload=sent(b"title,text\n" + b"a,b\n" * 13_000_000), actor=organiser
        )
    assert "20 MB" in str(refused.value.fields["file"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_found_out(encoding: str, separator: str) -> None:
    words = f"Titre{separator}Texte{separator}Catégorie\nÉcluse{separator}Ça gêne{separator}Été\n"
    table = reading_files.read(words.encode(encoding), "x.csv")
    assert (table.rows[0].title, table.rows[0].body, table.rows[0].category) == (
        "Écluse",
        "Ça gêne",
        "Été",
    )


def test_formulae_are_words_on_the_way_in_and_out(organiser: User) -> None:
    call = make_call(categories=())
    evil = '=HYPERLINK("http://x";"y")'
    data = spreadsheet.written(["title", "text"], [[evil, "@SUM(A1)"]])
    assert spreadsheet.read(data)[1][0] == evil
    read = importing.preview_import(call.id, upload=sent(data, "x.xlsx"), actor=organiser)
    importing.run_import(read.id, actor=organiser)
    assert db.session.scalars(select(Idea)).one().title == evil


def test_markup_from_outside_is_rendered_anew(organiser: User) -> None:
    call = make_call(categories=())
    data = "title,text\nHello,<script>alert(1)</script> **bold**\n"
    read = importing.preview_import(call.id, upload=sent(data), actor=organiser)
    importing.run_import(read.id, actor=organiser)
    html = db.session.scalars(select(Idea)).one().body_html
    assert "<script" not in html
    assert "<strong>bold</strong>" in html


DECIDIM_HEADER = (
    "id;participatory_space/id;participatory_space/url;component/id;title/en;title/fr;body/en;"
    "body/fr;address;latitude;longitude;state;reference;answer/en;answered_at;votes/supports;"
    "category/id;category/name/en;scope/id;author/id;author/name;author/url;published_at;url"
)


def test_a_decidim_csv_is_read_as_it_is(organiser: User) -> None:
    call = make_call(categories=("Mobility",))
    row = (
        '17;3;https://x/p;9;;"Plus de bancs";;"<p>Pour se <b>reposer</b>.</p><p>Deux</p>";'
        '"1 quai Gambetta";50.72;1.59;rejected;D-PROP-17;"<p>No money.</p>";'
        "2024-05-02 10:00:00 UTC;44;5;Mobility;;8;Ada L.;https://x/ada;"
        "2024-03-01 08:30:00 UTC;https://decidim.example/p/17"
    )
    read = importing.preview_import(
        call.id, upload=sent(f"{DECIDIM_HEADER}\n{row}\n"), actor=organiser
    )
    assert (read.format, read.rows_good, read.rows_bad) == ("decidim-csv", 1, 0)
    importing.run_import(read.id, actor=organiser)
    idea = db.session.scalars(select(Idea)).one()
    assert (idea.title, idea.language, idea.source) == ("Plus de bancs", "fr", "decidim:17")
    assert idea.body == "Pour se reposer.\nDeux"
    assert idea.state is IdeaState.DECLINED
    assert idea.category_id == call.categories[0].id
    assert idea.latitude == 50.72
    answer = db.session.scalars(select(IdeaAnswer)).one()
    assert answer.body == "No money."
    assert answer.published_at is not None
    assert answer.published_at.year == 2024


def test_a_decidim_json_is_read_as_it_is(organiser: User) -> None:
    call = make_call(categories=("Mobility",))
    rows = [
        {
            "id": 5,
            "participatory_space": {"id": 1, "url": "https://x"},
            "title": {"en": "A" * 150},
            "body": {"en": "Line<br>two &amp; three"},
            "category": {"id": 2, "name": {"en": "Something else"}},
            "author": {"id": [1, 2], "name": ["Ada", "Bob"]},
            "state": "accepted",
            "answer": {"en": ""},
            "published_at": "2024-03-01T08:30:00Z",
            "latitude": None,
        },
        {"id": 6, "title": {"en": "", "fr": "Salut"}, "body": {"fr": "Ici"}, "state": "withdrawn"},
    ]
    read = importing.preview_import(
        call.id, upload=sent(json.dumps(rows), "p.json"), actor=organiser
    )
    assert (read.format, read.rows_good) == ("decidim-json", 2)
    assert read.rows_unseen == 1, "a withdrawn one is kept, not shown"
    importing.run_import(read.id, actor=organiser)
    first, second = db.session.scalars(select(Idea).order_by(Idea.id))
    assert len(first.title) == 120
    assert first.body.startswith("A" * 150)
    assert (first.state, first.author_name) == (IdeaState.ACCEPTED, "Ada, Bob")
    assert second.state is IdeaState.WITHDRAWN


def test_an_import_is_taken_back_whole_or_not_at_all(organiser: User) -> None:
    call, other = make_call(), make_idea()
    read = importing.preview_import(call.id, upload=sent(CSV), actor=organiser)
    importing.run_import(read.id, actor=organiser)
    idea = db.session.scalars(select(Idea).where(Idea.import_id == read.id)).first()
    assert idea is not None
    person = make_user()
    supporting.support(idea.id, actor=person)
    with pytest.raises(Conflict) as refused:
        importing.undo_import(read.id, actor=organiser)
    assert "1" in str(refused.value.message)
    assert count() == 3
    supporting.unsupport(idea.id, actor=person)
    importing.undo_import(read.id, actor=organiser)
    assert [row.id for row in db.session.scalars(select(Idea))] == [other.id]
    assert count(Thread) == 1
    assert set(db.session.scalars(select(IdeaShingle.idea_id))) == {other.id}
    with pytest.raises(Conflict):
        importing.undo_import(read.id, actor=organiser)
    assert office_queries.imports_of(call.id)[0].undone_at is not None


def test_only_organisers_import(organiser: User) -> None:
    call = make_call()
    for person in (make_user(), make_staff("analyst")):
        with pytest.raises(NotAllowed):
            importing.preview_import(call.id, upload=sent(CSV), actor=person)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(Unreadable):
        reading_files.read(b"title,text\n" + b"a,b\n" * 20_001, "x.csv")


def test_the_shell_reads_first_and_brings_in_when_told(
    app: Any, organiser: User, tmp_path: Path
) -> None:
    call = make_call()
    file = tmp_path / "ideas.csv"
    file.write_text(CSV + "3,,No title,,,,,,,,\n")
    command = ["ideas", "import", str(call.id), str(file), "--as", organiser.email]
    read = app.test_cli_runner().invoke(args=command)
    assert "row 4, title: The title is missing." in read.output
    assert "2 good, 0 known already, 1 bad" in read.output
    assert count() == 0
    assert "2 brought in" in app.test_cli_runner().invoke(args=[*command, "--run"]).output
    db.session.expire_all()
    assert count() == 2
    command[-1] = make_user().email
    assert app.test_cli_runner().invoke(args=command).exit_code == 1


# --- insight ------------------------------------------------------------------------------------


def test_insight_counts_and_finds_the_words_that_set_categories_apart() -> None:
    call = make_call()
    energy, mobility = call.categories
    for number in range(3):
        make_idea(
            call,
            title=f"Shore power for ferries {number}",
            body="Électricité instead of engines.",
            category_id=energy.id,
        )
        make_idea(
            call,
            title=f"Bicycle lanes {number}",
            body="Safe lanes for bicycles.",
            category_id=mobility.id,
            state="accepted",
            supports_count=2,
            supports_by_kind={"resident": [1, 1]},
        )
    make_idea(call, state="hidden", title="Bicycle secret", category_id=mobility.id)
    loaded = db.session.get_one(Call, call.id)
    found = insight.of_call(loaded)
    assert found.total == 6
    assert found.by_state[IdeaState.ACCEPTED] == 3
    assert found.supports_by_kind[StakeholderKind.RESIDENT] == 6
    themes = {theme.name: {word.word for word in theme.words} for theme in found.themes}
    assert "lanes" in themes["Mobility"]
    assert "power" in themes["Energy"]
    assert "secret" not in {word.word for word in found.words}
    assert any(word.word == "électricité" for theme in found.themes for word in theme.words)
    assert sum(day.ideas for day in found.days) == 6
