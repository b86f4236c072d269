"""Lists, orders, similar ideas: what is found, and in which order."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from engage.commons.accounts.models import StakeholderKind
from engage.commons.comments.models import Thread
from engage.core import clock
from engage.core.db import db, transactional
from engage.programmes.ideas import export, feed, filters, queries, similar
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import Idea, IdeaState, Naming, draw_shuffle
from engage.programmes.ideas.ranking import SEEDS
from engage.programmes.ideas.threads import THREAD_KIND
from tests.factories.accounts import make_organisation, make_user
from tests.factories.ideas import make_call, make_idea

pytestmark = pytest.mark.usefixtures("inside")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def titles(chosen: Filters, user: Any = None) -> list[str]:
    return [card.title for card in queries.ideas_page(chosen, user, clock.now()).items]


def test_lists_hold_what_is_public_and_nothing_else() -> None:
    call = make_call()
    for state in IdeaState:
        make_idea(call, state=state, title=state.value)
    make_idea(make_call(state="draft"), title="of a draft")
    shown = set(titles(Filters()))
    assert shown == {
        "published",
        "under_review",
        "accepted",
        "partly_accepted",
        "declined",
        "in_progress",
        "delivered",
    }


def test_each_filter_narrows() -> None:
    call, firm = make_call(), make_organisation()
    wanted = make_idea(
        call,
        title="Vélos en libre-service au phare",
        language="fr",
        state="accepted",
        category_id=call.categories[0].id,
        organisation_id=firm.id,
        author_kind=StakeholderKind.BUSINESS,
        place_name="Lighthouse",
    )
    for _number in range(3):
        make_idea(call, author_kind=StakeholderKind.RESIDENT)
    make_idea()
    for chosen in (
        Filters(q="velo libre"),
        Filters(q="phares"),
        Filters(category_id=call.categories[0].id),
        Filters(state=IdeaState.ACCEPTED),
        Filters(kind=StakeholderKind.BUSINESS),
        Filters(organisation=firm.slug),
        Filters(language="fr"),
        Filters(has_place=True),
    ):
        assert titles(chosen) == [wanted.title], chosen
        assert queries.ideas_page(chosen, None, clock.now()).total == 1
    assert len(titles(Filters(call_id=call.id))) == 4
    assert titles(Filters(q="the and of")) == []


def test_nonsense_in_the_address_is_no_filter() -> None:
    read = filters.read(
        {
            "q": "x" * 500,
            "call": "1; DROP TABLE ideas",
            "category": "-4",
            "state": "draft",
            "kind": "king",
            "sort": "price",
            "seed": "99999",
            "view": "cube",
            "language": "xx",
        },
        now=NOW,
    )
    assert (read.call_id, read.category_id, read.state, read.kind) == (None, None, None, None)
    assert (read.sort, read.view, read.language, len(read.q)) == ("random", "list", "", 100)
    assert 1 <= read.seed <= SEEDS


@pytest.mark.parametrize("typed", ['"', "a* OR b", "NEAR(x y)", "'); --", "x:*", "&|!", "é" * 99])
def test_what_is_typed_into_the_search_box_is_never_syntax(typed: str) -> None:
    make_idea()
    assert titles(Filters(q=typed)) == []


def test_orders() -> None:
    call = make_call()
    now = clock.now()
    old = make_idea(call, title="old", published_at=now - timedelta(days=3), supports_count=5)
    talked = make_idea(call, title="talked", comments_count=9, breadth=1)
    new = make_idea(call, title="newest", published_at=now + timedelta(seconds=1), breadth=9)
    assert titles(Filters(sort="newest"))[0] == new.title
    assert titles(Filters(sort="supported"))[0] == old.title
    assert titles(Filters(sort="discussed"))[0] == talked.title
    assert titles(Filters(sort="agreed"))[0] == new.title


def test_the_random_order_is_stable_for_a_seed_complete_over_pages_and_fair() -> None:
    call = make_call()
    ids = sorted(make_idea(call).id for _number in range(30))
    first: Counter[int] = Counter()
    for seed in range(1, SEEDS + 1):
        pages = [
            [c.idea.id for c in queries.ideas_page(Filters(seed=seed), None, NOW, page, 10).items]
            for page in (1, 2, 3)
        ]
        order = [ident for page in pages for ident in page]
        assert sorted(order) == ids
        first.update(pages[0])
    # each of 30 should be on the first page a third of the time: 21 of 64
    assert min(first.values()) > 6
    assert max(first.values()) < 40


def test_the_order_of_a_visitor_lasts_a_day_of_the_place() -> None:
    late = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    assert filters.day_seed(NOW, "u1") == filters.day_seed(late, "u1")
    days = [NOW + timedelta(days=n) for n in range(40)]
    assert len({filters.day_seed(day, "u1") for day in days}) > 15
    assert len({filters.day_seed(NOW, f"u{n}") for n in range(400)}) == SEEDS
    seen, seed = set(), 1
    while seed not in seen:
        seen.add(seed)
        seed = filters.other_seed(seed)
    assert len(seen) == SEEDS


def test_a_list_costs_the_same_number_of_statements_with_one_row_and_with_thirty(
    queries: Any,
) -> None:
    from engage.programmes.ideas import queries as reads

    call, user = make_call(), make_user()
    make_idea(call, place_name="Quay", latitude=50.7, longitude=1.6)
    sent = []
    for _time in range(2):
        with queries() as statements:
            reads.ideas_page(Filters(), user, clock.now(), 1, 30)
            reads.board(Filters(), user, clock.now())
            reads.map_points(Filters(), user, clock.now())
        sent.append(len(statements))
        for _number in range(29):
            make_idea(call, place_name="Quay", latitude=50.7, longitude=1.6)
    assert sent[0] == sent[1]


def test_the_board_has_every_state_its_total_and_the_most_supported_first() -> None:
    call = make_call()
    for number in range(4):
        make_idea(call, title=f"n{number}", supports_count=number)
    make_idea(call, state="accepted")
    columns = {c.state: c for c in queries.board(Filters(), None, clock.now(), per_column=2)}
    published = columns[IdeaState.PUBLISHED]
    assert (published.total, [c.title for c in published.cards]) == (4, ["n3", "n2"])
    assert columns[IdeaState.ACCEPTED].total == 1
    assert columns[IdeaState.DELIVERED].total == 0


def test_exports_hold_what_is_public_in_three_formats() -> None:
    call = make_call(naming=Naming.CHOICE)
    shown = make_idea(call, title="=HYPERLINK(1)", supports_count=2)
    make_idea(call, title="Second", hides_author=True)
    make_idea(call, state="hidden", title="Secret")
    rows = {}
    for fmt in ("csv", "xlsx", "json"):
        answer = export.download(fmt, Filters(), queries.get_call(call.id, None))
        rows[fmt] = answer.get_data()
        assert f".{fmt}" in answer.headers["Content-Disposition"]
        assert b"Secret" not in rows[fmt]
    assert b"'=HYPERLINK" in rows["csv"]
    assert rows["xlsx"].startswith(b"PK")
    import json

    told = json.loads(rows["json"])
    assert told[0]["id"] == shown.id
    assert told[1]["author"] is None
    from engage.programmes.ideas import spreadsheet

    sheet = spreadsheet.read(rows["xlsx"])
    assert sheet[0][:4] == ["id", "address", "call", "title"]
    assert sheet[1][3] == "=HYPERLINK(1)"


def test_the_feed_is_newest_first_and_names_nobody_hidden() -> None:
    call = make_call(naming=Naming.HIDDEN)
    make_idea(call, title="one", published_at=clock.now() - timedelta(days=1))
    make_idea(call, title="two")
    found = feed.entries(Filters(), clock.now() + timedelta(seconds=1))
    assert [entry.title for entry in found] == ["two", "one"]
    assert {entry.author for entry in found} == {None}


# --- alike --------------------------------------------------------------------------------------


def test_alike_ideas_are_found_through_inflection_typing_errors_and_order() -> None:
    call = make_call()
    wanted = make_idea(call, title="Charging points for electric bicycles at the ferry terminal")
    make_idea(call, title="A playground beside the fish market", body="Children need room.")
    for typed in (
        "electric bicycle charging point",
        "chargeing points for electrick bicycles",
        "At the ferry terminal: bicycles, electric, charging",
        "ELECTRIC BICYCLES CHARGING",
    ):
        found = similar.alike(call.id, typed)
        assert [one.idea_id for one in found] == [wanted.id], typed
    assert similar.alike(call.id, "Free concerts on Sundays") == []
    assert similar.alike(call.id, "") == []
    assert similar.alike(make_call().id, wanted.title) == []


TITLES = (
    "Shore power for ferries that stay overnight",
    "Twelve noise sensors, figures open to everybody",
    "Free drinking water along the promenade",
    "A canteen for drivers with showers and a laundry",
    "No trucks through the town centre at all",
    "Benches that face the water, not the car park",
    "Open data on every ship call, one table a day",
    "Une piste cyclable continue entre la gare et le terminal",
    "Des panneaux solaires sur tous les hangars",
    "Des poubelles que les goélands ne peuvent pas ouvrir",
    "Une navette fluviale entre les deux rives en été",
    "Recharger les camions électriques au parking poids lourds",
    "Pas de bips de recul la nuit",
    "De l’ombre sur le quai des paquebots : vingt arbres",
)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("Shore power for fishing boats", 0),
        ("Noise sensors near the school", 1),
        ("Drinking fountains", 2),
        ("Showers for truck drivers", 3),
        ("Reduce truck traffic in town", 4),
        ("More benches", 5),
        ("Open data about ships", 6),
        ("Piste cyclable vers le terminal", 7),
        ("Panneaux solaires sur les toits", 8),
        ("Poubelles fermées contre les goélands", 9),
        ("Navette bateau entre les rives", 10),
        ("Bornes de recharge pour camions", 11),
        ("Moins de bruit la nuit", 12),
        ("Plus d’arbres sur le quai", 13),
    ],
)
def test_what_people_would_call_similar_comes_first(typed: str, number: int) -> None:
    call = make_call()
    made = [make_idea(call, title=title, body="") for title in TITLES]
    assert similar.alike(call.id, typed)[0].idea_id == made[number].id


@pytest.mark.parametrize(
    "typed", ["Une piscine olympique", "Free coffee on the way", "Make the harbour beautiful"]
)
def test_what_nobody_proposed_is_like_nothing(typed: str) -> None:
    call = make_call()
    for title in TITLES:
        make_idea(call, title=title, body="")
    assert similar.alike(call.id, typed) == []


def test_a_word_without_end_is_cut_and_found() -> None:
    call = make_call()
    wanted = make_idea(call, title="A" * 120, body="é" * 8000)
    assert titles(Filters(q="a" * 30)) == [wanted.title]


def test_french_titles_are_found_without_accents() -> None:
    call = make_call()
    wanted = make_idea(call, title="Des bornes électriques pour les vélos à l’écluse")
    assert similar.alike(call.id, "borne electrique velo")[0].idea_id == wanted.id


def vocabulary(chance: random.Random) -> tuple[list[str], list[float]]:
    """Two thousand invented words, as frequent as words are (Zipf's law)."""
    parts = ["ba", "lo", "kir", "mon", "tes", "vel", "qua", "dun", "fi", "ro", "spa", "ten"]
    words = list({"".join(chance.choices(parts, k=chance.randint(2, 4))) for _n in range(3000)})
    words = sorted(words)[:2000]
    chance.shuffle(words)
    return words, [1 / (rank + 10) for rank in range(len(words))]


@contextmanager
def plans(naming: str) -> Iterator[list[str]]:
    """How the database goes about each statement that names this."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if naming in statement:
            sent.append((statement, parameters))

    told: list[str] = []
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    with db.engine.connect() as connection:
        for statement, parameters in sent:
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
            told.append("\n".join(str(row[-1]) for row in rows))


def test_the_right_ones_of_ten_thousand_ideas_are_found_through_the_indexes() -> None:
    call = make_call()
    chance, now = random.Random(7), clock.now()
    author = make_user()
    words, weights = vocabulary(chance)

    def said(count: int) -> str:
        return " ".join(dict.fromkeys(chance.choices(words, weights, k=count)))

    with transactional():
        db.session.execute(
            insert(Thread),
            [
                {
                    "id": 10_000 + n,
                    "kind": THREAD_KIND,
                    "created_at": now,
                    "comments_count": 0,
                    "agree_count": 0,
                    "disagree_count": 0,
                    "host_ids": [],
                }
                for n in range(10_000)
            ],
        )
        rows = [
            {
                "id": 10_000 + n,
                "call_id": call.id,
                "thread_id": 10_000 + n,
                "state": IdeaState.PUBLISHED,
                "title": said(7).capitalize(),
                "body": said(30),
                "language": "en",
                "author_id": author.id,
                "author_kind": StakeholderKind.RESIDENT,
                "published_at": now,
                "shuffle": draw_shuffle(),
            }
            for n in range(10_000)
        ]
        db.session.execute(insert(Idea), rows)
        # a table once seen empty is read whole for every foreign key until it is counted again
        db.session.execute(text("ANALYZE ideas"))
        for start in range(0, len(rows), 1000):
            similar.index_many(
                [(r["id"], call.id, r["title"], r["body"]) for r in rows[start : start + 1000]]
            )
    db.session.expunge_all()
    tidy = "ANALYZE" if db.engine.dialect.name == "sqlite" else "VACUUM ANALYZE"
    with db.engine.connect() as connection:  # what a site's database does by itself in time
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(tidy)
    # words for one matter: they stand in few of the ideas
    asked = " ".join(sorted(words, key=lambda word: (-weights[words.index(word)], word))[-3:])
    wanted, turned = rows[1234], " ".join(reversed(str(rows[4321]["title"]).split()))
    with plans("idea_shingles") as by_shingles, plans("idea_fts") as by_words:
        similar.alike(call.id, asked)
    assert similar.alike(call.id, str(wanted["title"]))[0].idea_id == wanted["id"]
    assert similar.alike(call.id, turned)[0].idea_id == rows[4321]["id"]
    assert by_shingles
    assert by_words
    for plan in by_shingles + by_words:
        assert not re.search(r"SCAN idea_shingles|SCAN ideas\b|Seq Scan on idea", plan), plan
    found = queries.ideas_page(Filters(call_id=call.id, q=" ".join(words[:2])), None, now)
    holding = [
        row
        for row in rows
        if all(
            any(said.startswith(word) for said in f"{row['title']} {row['body']}".lower().split())
            for word in words[:2]
        )
    ]
    assert found.total == len(holding) > 0
