"""The office pages of a plan text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import encode_multipart

from engage.commons.documents import forms, importing, queries
from engage.commons.documents.models import Document
from tests.factories.accounts import make_staff, make_user
from tests.factories.documents import (
    PLAN,
    PLAN_2,
    change_owner,
    make_document,
    make_draft,
    make_plan,
)

SignIn = Callable[[Any], Any]


def at(document: Document, tail: str = "") -> str:
    return f"/en/office/documents/{document.id}{tail}"


@pytest.fixture
def office(client: Any, sign_in: SignIn) -> Any:
    return sign_in(make_staff("organiser"))


def test_from_paste_to_published(office: Any):
    document = make_document()
    page = office.get(at(document)).click("Paste or write")
    page = page.submit({"text": PLAN, "note": "The first words"}).follow()
    assert page.h1 == "Version 1"
    assert "2. Cleaner, quieter quays" in page.text
    assert page.has("#p2-4")
    assert "Nobody outside the office sees it yet" in page.text
    page = page.click("Edit the words")
    assert page.values()["text"][0].startswith("# Where we stand")
    page = page.submit({"text": PLAN.replace("The two ports", "Both ports")}).follow()
    assert "Both ports handle" in page.text
    page = page.click("Publish")
    assert "6 numbered paragraphs" in page.text
    page = page.submit({"sure": True, "note": "The first words, read twice"}).follow()
    assert "Version 1 is published." in page.text
    version = queries.get_version(document.id, 1)
    assert document.current_version_id == version.id
    assert version.note == "The first words, read twice"


def test_an_upload(office: Any):
    document = make_document()
    page = office.get(at(document, "/upload"))
    file = (io.BytesIO(b"<h1>A</h1><p>one</p><h1>B</h1><p>two</p>"), "plan.html")
    page = page.submit({"file": file}).follow()
    assert page.h1 == "Version 1"
    assert [e.title for e in queries.version_outline(queries.draft_of(document.id).id)] == [
        "A",
        "B",
    ]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"PK\x03\x04 broken", "plan.docx", "damaged"),
        (b"\x89PNG", "plan.png", "cannot read this format"),
        (b"", "plan.md", "empty"),
        (b"word " * 2_000, "plan.md", "too long"),
    ],
)
def test_a_bad_upload_says_what_to_do(
    office: Any, monkeypatch: pytest.MonkeyPatch, data: bytes, name: str, words: str
):
    monkeypatch.setattr(importing, "MAX_TEXT", 5_000)
    document = make_document()
    page = office.get(at(document, "/upload"))
    page = page.submit({"file": (io.BytesIO(data), name), "note": "kept"})
    assert page.status == 422
    assert words in " ".join(page.errors)
    assert page.values()["note"] == ["kept"]
    assert queries.draft_of(document.id) is None


def test_a_bad_paste_keeps_the_text(office: Any):
    document = make_document()
    page = office.get(at(document, "/paste")).submit({"text": "# Only\n\n# Headings"})
    assert page.status == 422
    assert page.values()["text"] == ["# Only\n\n# Headings"]
    assert "no text in it" in " ".join(page.errors)


PARTS = "multipart/form-data"
PERCENT = "application/x-www-form-urlencoded"


def sent_as(page: Any, kind: str, text: str) -> Any:
    """The form of a page with a very long text in it, encoded as browsers do."""
    values = {name: given[0] for name, given in page.values().items()} | {"text": text}
    body = urlencode(values).encode()
    if kind == PARTS:
        boundary, body = encode_multipart(values)
        kind += f"; boundary={boundary}"
    return page.client.post(page.url, body, content_type=kind)


@pytest.mark.parametrize(("letter", "kind"), [("é", PARTS), ("🌊", PARTS), ("é", PERCENT)])
def test_a_plan_of_the_length_we_name_is_read(office: Any, letter: str, kind: str):
    """One character more is refused by the form, with the text in it."""
    page = office.get(at(make_document(), "/paste"))
    text = letter * (forms.MOST + 1)
    late = sent_as(page, kind, text)
    assert late.status == 422
    assert "Shorten this to 1,500,000 characters. It has 1,500,001." in late.errors
    assert late.values()["text"] == [text]


def test_a_paste_beyond_any_plan_names_the_limit(office: Any):
    page = office.get(at(make_document(), "/paste"))
    late = sent_as(page, PARTS, "a" * 10_000_000)
    assert late.status == 413
    assert "texts of up to 6 MB, and up to 33.5 MB with its files" in late.text
    assert "still in your browser" in late.text


def test_publishing_needs_a_tick(office: Any):
    document = make_document()
    make_draft(document)
    page = office.get(at(document, "/publish")).submit({})
    assert page.status == 422
    assert document.current_version_id is None


def test_the_next_version_says_what_happens_to_comments(office: Any):
    document = make_plan(PLAN)
    make_draft(document, PLAN_2)
    page = office.get(at(document, "/publish"))
    for words in ("1 paragraph changed", "1 new", "1 taken out", "4 unchanged"):
        assert words in page.text
    page = page.click("Compare with version 1")
    assert page.h1 == "What changed"
    assert "berths 7 to 9 by June 2028" in page.words(".diff ins")
    assert page.has("#dedited2-1")


def test_starting_from_the_present_words(office: Any):
    document = make_plan(PLAN)
    page = office.get(at(document)).submit("Start from the present words").follow()
    assert page.h1 == "Edit the words"
    assert "The two ports" in page.values()["text"][0]


def test_a_stale_edit_answers_409_and_loses_nothing(office: Any):
    document = make_document()
    make_draft(document)
    first = office.get(at(document, "/draft"))
    second = office.get(at(document, "/draft"))
    assert first.submit({"text": "# A\n\nmine"}).status == 302
    late = second.submit({"text": "# A\n\nyours"})
    assert late.status == 409
    assert "Somebody else changed this" in late.text
    assert "yours" in late.words("main pre")
    assert late.click("Show the present state").status == 200
    [paragraph] = queries.numbered(queries.draft_of(document.id).id)
    assert paragraph.body == "mine"


def test_a_paste_beside_a_colleagues_draft_answers_409_and_loses_nothing(office: Any):
    document = make_document()
    page = office.get(at(document, "/paste"))
    make_draft(document)
    late = page.submit({"text": "# A\n\nyours", "note": "why"})
    assert late.status == 409
    assert "There is a draft already." in late.text
    for words in ("yours", "why"):
        assert words in late.words("main pre")
    assert late.links["Show the present state"].endswith(at(document))


def test_an_edit_of_what_was_published_meanwhile_loses_nothing(office: Any):
    document = make_document()
    make_draft(document)
    page = office.get(at(document, "/draft"))
    office.get(at(document, "/publish")).submit({"sure": True})
    late = page.submit({"text": "# A\n\nyours"})
    assert late.status == 409
    assert "published or discarded meanwhile" in late.text
    assert "yours" in late.words("main pre")
    assert late.click("Show the present state").status == 200


def test_discarding_asks_first(office: Any):
    document = make_document()
    make_draft(document)
    page = office.get(at(document, "/discard"))
    assert "is lost" in page.text
    page = page.submit({}).follow()
    assert "The draft is gone." in page.text
    assert office.get(at(document, "/draft")).status == 404


def test_renaming(office: Any):
    document = make_document()
    page = (
        office.get(at(document, "/title")).submit({"title": "Strategy", "language": "fr"}).follow()
    )
    assert page.h1 == "Strategy"
    assert "Fran" in page.text


def test_a_text_one_may_not_change_can_be_looked_at(office: Any):
    document = make_plan(PLAN)
    change_owner(document, can_edit=False)
    page = office.get(at(document))
    assert page.status == 200
    assert "Upload a file" not in page.links
    for tail in ("/upload", "/paste", "/title"):
        answer = office.get(at(document, tail))
        assert answer.status == 403
        assert "organisers" in answer.text


@pytest.mark.parametrize("role", ["analyst"])
def test_analysts_look_and_touch_nothing(client: Any, sign_in: SignIn, role: str):
    document = make_plan(PLAN, PLAN_2)
    make_draft(document)
    reader = sign_in(make_staff(role))
    for tail in ("", "/versions/1", "/versions/3", "/changes"):
        assert reader.get(at(document, tail)).status == 200
    assert reader.get(at(document, "/paste")).status == 403


def test_outsiders_stay_out(client: Any, sign_in: SignIn):
    document = make_plan()
    assert client.get(at(document)).status == 302
    assert sign_in(make_user()).get(at(document)).status == 403


@pytest.mark.parametrize(
    "tail", ["/versions/9", "/draft", "/publish", "/discard", "/changes", "/versions/0"]
)
def test_what_is_not_there(office: Any, tail: str):
    assert office.get(at(make_document(), tail)).status == 404


@pytest.mark.parametrize("query", ["?from=x&to=-1", "?from=99&to=99", "?to=1", "?from[]=1"])
def test_odd_comparisons_are_answered(office: Any, query: str):
    document = make_plan(PLAN, PLAN_2, PLAN)
    assert office.get(at(document, "/changes") + query).status == 200


def test_the_list(office: Any):
    assert "No text yet" in office.get("/en/office/documents").text
    make_plan(title="Alpha")
    make_draft(make_document(title="Beta"))
    page = office.get("/en/office/documents")
    assert page.links["Alpha"]
    assert "Version 1" in page.text


def test_the_list_takes_the_same_queries_for_one_and_for_thirty(
    office: Any, queries: Callable[[], Any]
):
    counts = []
    for size in (1, 29):
        for number in range(size):
            make_plan(title=f"Plan {number}")
        with queries() as sent:
            assert office.get("/en/office/documents").status == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 12
