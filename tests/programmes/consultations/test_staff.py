"""The office pages: prepared, checked, run, answered; and who may not."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from engage.commons.documents.models import Document
from engage.core import clock
from engage.core.db import db
from engage.programmes.consultations.models import Consultation, ConsultationState
from tests.factories.accounts import make_organisation, make_staff, make_user
from tests.factories.consultations import make_consultation, make_text

S = ConsultationState
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OFFICE = "/en/office/consultations"


@pytest.fixture
def office(client: Any, sign_in: Any) -> Any:
    sign_in(make_staff("organiser"))
    return client


def fresh(one: Consultation) -> Consultation:
    db.session.expire_all()
    return db.session.get_one(Consultation, one.id)


def test_only_those_who_prepare_get_in(client: Any, sign_in: Any) -> None:
    one = make_consultation(S.DRAFT)
    assert "/login" in (client.get(OFFICE).location or "")
    for user, may_read, may_write in (
        (make_user(), False, False),
        (make_staff("moderator"), False, False),
        (make_staff("analyst"), True, False),
        (make_staff("organiser"), True, True),
        (make_staff("admin"), True, True),
    ):
        sign_in(user)
        assert (client.get(f"{OFFICE}/{one.id}").status == 200) is may_read
        assert (client.get(f"{OFFICE}/{one.id}/edit").status == 200) is may_write


def test_a_text_nobody_can_read_is_named_before_scheduling(office: Any) -> None:
    one, told = make_consultation(S.DRAFT), make_consultation(S.DRAFT)
    make_text(told)
    warning = "Nobody can read these texts"
    assert warning not in office.get(f"{OFFICE}/{told.id}/schedule").text
    documents = office.get(f"{OFFICE}/{one.id}/documents")
    documents.submit("Add and go on to its words", {"title": "Night rules", "language": "en"})
    page = office.get(f"{OFFICE}/{one.id}/schedule")
    assert warning in page.text
    assert "Night rules" in page.links


def test_every_office_page_opens_in_every_state(office: Any) -> None:
    for state in S:
        one = make_consultation(state)
        make_text(one)
        for path in (
            "",
            "/edit",
            "/hosts",
            "/documents",
            "/files",
            "/cover",
            "/steps",
            "/translations/fr",
            "/schedule",
            "/extend",
            "/close",
            "/outcome",
            "/preview",
        ):
            page = office.get(f"{OFFICE}/{one.id}{path}")
            assert page.status == 200, (state, path)
    assert office.get(f"{OFFICE}/{one.id}/translations/en").status == 404
    assert office.get(f"{OFFICE}?q=quay&state=draft&sort=busiest").status == 200
    assert "Nothing fits" in office.get(f"{OFFICE}?q=nowhere").text


def test_a_whole_consultation_is_prepared_by_forms(office: Any, frozen: Any) -> None:
    make_organisation(name="Two Harbours Port Authority")
    with frozen(NOW):
        page = office.get(f"{OFFICE}/new")
        refused = page.submit("Save", {"title": ""})
        assert refused.status == 422
        saved = refused.submit(
            "Save",
            {
                "title": "Smart port strategy",
                "summary": "One plan.",
                "body": "**Read** it.",
                "opens_at-date": "2026-11-23",
                "opens_at-time": "09:00",
                "closes_at-date": "2026-12-04",
                "closes_at-time": "18:00",
                "themes": ["energy", "mobility"],
                "allows_guests": True,
            },
        )
        overview = saved.follow()
        assert overview.h1 == "Smart port strategy"
        assert "Add the organisation that asks." in overview.text
        number = (saved.location or "").rpartition("/")[2]
        hosts = office.get(f"{OFFICE}/{number}/hosts")
        hosts.submit("Add", {"role": "leads the plan"})
        assert "leads the plan" in office.get(f"{OFFICE}/{number}/hosts").text
        documents = office.get(f"{OFFICE}/{number}/documents")
        added = documents.submit(
            "Add and go on to its words", {"title": "Draft plan", "language": "en"}
        )
        assert "/office/documents/" in (added.location or "")
        assert db.session.scalar(select(Document.title)) == "Draft plan"
        assert added.follow().status == 200
        steps = office.get(f"{OFFICE}/{number}/steps")
        odd = steps.submit("Save", {"milestone_1_title_en": "Councils decide"})
        assert odd.status == 422
        assert "Enter the day." in odd.text
        odd.submit(
            "Save",
            {
                "step_1_title_en": "We read everything",
                "step_1_title_fr": "Nous lisons tout",
                "milestone_1_on": "2027-02-26",
            },
        )
        schedule = office.get(f"{OFFICE}/{number}/schedule")
        assert "Friday 4 December 2026 at 18:00, Paris time" in schedule.text
        assert "Paris" in schedule.submit("Schedule it").follow().text
        made = db.session.get_one(Consultation, int(number), populate_existing=True)
        assert made.state is S.SCHEDULED
        assert made.closes_at == datetime(2026, 12, 4, 17, tzinfo=UTC)
        assert made.steps[0]["title"] == {"en": "We read everything", "fr": "Nous lisons tout"}
        public = office.get(f"/en/consultations/{made.address}")
        assert "Councils decide" in public.words(".mooring")
        back = office.get(f"{OFFICE}/{number}").submit("Back to draft")
        assert back.follow().words(".tag") == "Draft"


def test_a_stale_edit_shows_both_versions(office: Any) -> None:
    one = make_consultation(S.DRAFT, title="As it was")
    mine, theirs = office.get(f"{OFFICE}/{one.id}/edit"), office.get(f"{OFFICE}/{one.id}/edit")
    theirs.submit("Save", {"title": "Their title"})
    answer = mine.submit("Save", {"title": "My title"})
    assert answer.status == 409
    assert "My title" in answer.body, "what was typed is not lost"
    assert f"{OFFICE}/{one.id}/edit" in answer.body, "the present state is one click away"
    assert fresh(one).title == "Their title"


def test_a_translation_is_written_beside_the_original(office: Any) -> None:
    one = make_consultation(title="The quay")
    page = office.get(f"{OFFICE}/{one.id}/translations/fr")
    assert "The quay" in page.words(".panel")
    page.submit("Save", {"title": "Le quai", "mark": "machine"})
    assert "Le quai" in office.get(f"/fr/consultations/{one.address}").h1
    edit = office.get(f"{OFFICE}/{one.id}/edit")
    edit.submit("Save", {"title": "The other quay"})
    assert "Outdated" in office.get(f"{OFFICE}/{one.id}").text


def test_more_time_and_an_early_end(office: Any, frozen: Any) -> None:
    with frozen(NOW):
        one = make_consultation()
        url = f"{OFFICE}/{one.id}"
        refused = office.get(f"{url}/extend").submit("Give more time", {"reason": ""})
        assert refused.status == 422
        refused.submit(
            "Give more time",
            {"closes_at-date": "2026-12-24", "closes_at-time": "12:00", "reason": "The storm."},
        )
        assert fresh(one).is_extended
        assert "The storm." in office.get(url).text
        office.get(f"{url}/close").submit("Close it now", {"reason": "Withdrawn."})
        assert fresh(one).state is S.CLOSED
        assert "does not fit" in office.get(f"{url}/extend").text
        outcome = office.get(f"{url}/outcome")
        preview = outcome.submit("Publish", {"outcome": "We **listen**.", "preview": "outcome"})
        assert preview.has(".mdpreview strong")
        assert fresh(one).state is S.CLOSED, "a preview publishes nothing"
        preview.submit("Publish", {"outcome": "We **listen**."})
        assert fresh(one).state is S.ANSWERED
        office.get(url).submit("Put into the archive")
        assert fresh(one).state is S.ARCHIVED


def test_a_copy_leads_to_its_own_edit_page(office: Any) -> None:
    one = make_consultation(S.ARCHIVED, title="Old quay")
    page = office.get(f"{OFFICE}/{one.id}").submit("Make a copy").follow()
    assert page.values("Save")["title"] == ["Old quay"]
    assert page.status == 200


def png() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (64, 36), "#0b4f6c").save(data, "PNG")
    data.seek(0)
    return data


def test_files_and_a_picture(office: Any) -> None:
    one = make_consultation()
    page = office.get(f"{OFFICE}/{one.id}/files")
    page.submit(
        "Add",
        {
            "title": "Noise study",
            "language": "fr",
            "file": (
                io.BytesIO(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"),
                "bruit.pdf",
            ),
        },
        content_type="multipart/form-data",
    )
    public = office.get(f"/en/consultations/{one.address}")
    assert "Noise study" in public.words(".docs")
    assert "in French" in public.words(".docs")
    refused = office.get(f"{OFFICE}/{one.id}/cover").submit(
        "Use this picture",
        {"file": (io.BytesIO(b"no picture"), "cover.png")},
        content_type="multipart/form-data",
    )
    assert refused.status == 422
    refused.submit(
        "Use this picture", {"file": (png(), "cover.png")}, content_type="multipart/form-data"
    )
    assert "/files/" in (
        office.get(f"/en/consultations/{one.address}").one(".phead img").get("src") or ""
    )
    office.get(f"{OFFICE}/{one.id}/cover").submit("Use the drawing again")
    assert "/static/" in (
        office.get(f"/en/consultations/{one.address}").one(".phead img").get("src") or ""
    )
    office.get(f"{OFFICE}/{one.id}/files").submit("Take out Noise study")
    assert "Noise study" not in office.get(f"/en/consultations/{one.address}").text


def test_a_preview_of_a_draft_is_for_the_office_only(office: Any, app: Any) -> None:
    from tests.pages import PageClient

    one = make_consultation(S.DRAFT)
    assert "This is a preview" in office.get(f"{OFFICE}/{one.id}/preview").text
    assert "/login" in (PageClient(app).get(f"{OFFICE}/{one.id}/preview").location or "")


def test_the_desk_names_what_is_owed(office: Any) -> None:
    make_consultation(S.DRAFT, title="A draft")
    make_consultation(S.CLOSED, title="An unanswered one")
    page = office.get("/en/office")
    assert "A draft" in page.text
    assert "An unanswered one" in page.text


def test_rows_cost_no_queries(office: Any, queries: Any) -> None:
    one = make_consultation(hosts=(make_organisation(),))
    make_text(one)
    urls = [
        OFFICE,
        f"{OFFICE}/{one.id}",
        f"{OFFICE}/{one.id}/documents",
        f"{OFFICE}/{one.id}/files",
        f"{OFFICE}/{one.id}/hosts",
    ]

    def measured() -> dict[str, int]:
        found = {}
        for url in urls:
            office.get(url)
            with queries() as sent:
                office.get(url)
            found[url] = len(sent)
        return found

    few = measured()
    assert max(few.values()) <= 15, few
    for _number in range(9):
        make_text(make_consultation())
        make_text(one)
    assert measured() == few


def test_a_draft_that_missed_its_opening_says_so(office: Any) -> None:
    now = clock.now()
    late = make_consultation(S.DRAFT, opens_at=now - timedelta(days=20), title="Late quay")
    make_consultation(S.DRAFT, opens_at=now + timedelta(days=2), title="Early quay")
    for page in (f"{OFFICE}/{late.id}", f"{OFFICE}/{late.id}/schedule"):
        assert "opens at once when you schedule it" in office.get(page, status=200).text
    rows = [" ".join(row.itertext()) for row in office.get(OFFICE, status=200).select("tbody tr")]
    said = {name: row for name in ("Late", "Early") for row in rows if f"{name} quay" in row}
    assert "Was to open" in said["Late"]
    assert "Opens" in said["Early"]
    assert "the day it was to open has passed" in office.get("/en/office", status=200).text


def test_a_text_of_a_minute_is_said_in_the_singular(office: Any) -> None:
    one = make_consultation()
    make_text(one, chapters=1, paragraphs=1)
    assert "1 minute to read" in office.get(f"{OFFICE}/{one.id}/documents", status=200).text
    make_text(one, chapters=9, paragraphs=9)
    shown = office.get(f"{OFFICE}/{one.id}/documents", status=200).text
    assert "minutes to read" in shown
