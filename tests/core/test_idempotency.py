"""A form sent twice: done once, answered the same."""

import io
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from engage.core import clock
from engage.core.db import db
from engage.core.idempotency import FIELD, SentForm, forget_sent_forms
from engage.core.typed import ARRIVED
from tests.core.conftest import mails


def test_the_second_time_gets_the_first_answer(ground: Flask) -> None:
    client = ground.test_client()
    form = {"subject": "once", FIELD: "k" * 24}
    first = client.post("/probe/write", data=form)
    second = client.post("/probe/write", data=form)
    assert (first.status_code, second.status_code) == (302, 303)
    assert first.location == second.location == "/probe/written/1"
    assert mails() == 1


def test_the_same_key_with_other_words_is_told(ground: Flask) -> None:
    client = ground.test_client()
    client.post("/probe/write", data={"subject": "one", FIELD: "k"})
    other = client.post("/probe/write", data={"subject": "two", FIELD: "k"})
    assert other.status_code == 409
    assert mails() == 1


def test_the_same_key_with_another_file_is_told(ground: Flask) -> None:
    client = ground.test_client()

    def send(content: bytes) -> int:
        form = {"subject": "one", FIELD: "k", "file": (io.BytesIO(content), "plan.md")}
        return client.post("/probe/write", data=form).status_code

    assert [send(b"first"), send(b"second"), send(b"first")] == [302, 409, 303]
    assert mails() == 1


def test_a_refused_form_may_be_sent_again(ground: Flask) -> None:
    client = ground.test_client()
    form = {"subject": "x", FIELD: "k"}
    assert client.post("/probe/write", data={**form, "then": "refuse"}).status_code == 422
    assert client.post("/probe/write", data={**form, "then": "break"}).status_code == 403
    assert mails() == 0
    assert client.post("/probe/write", data=form).status_code == 302
    assert mails() == 1


def test_a_write_begun_anew_is_done_once(ground: Flask) -> None:
    client = ground.test_client()
    form = {"subject": "x", "then": "again", FIELD: "k"}
    assert [client.post("/probe/write", data=form).status_code for _ in range(2)] == [302, 303]
    assert mails() == 1


def test_without_a_key_each_form_counts(ground: Flask) -> None:
    client = ground.test_client()
    for _ in range(2):
        client.post("/probe/write", data={"subject": "x"})
    assert mails() == 2


def test_keys_are_forgotten_after_a_day(ground: Flask) -> None:
    client = ground.test_client()
    client.post("/probe/write", data={"subject": "x", FIELD: "k"})
    forget_sent_forms()
    assert db.session.scalar(select(func.count()).select_from(SentForm)) == 1
    with clock.at(clock.now() + timedelta(hours=25)):
        forget_sent_forms()
    assert db.session.scalar(select(func.count()).select_from(SentForm)) == 0


def test_a_saved_form_is_named_once_to_the_browser_that_sent_it(ground: Flask) -> None:
    """Only then may a browser forget its own copy of a long text."""
    client = ground.test_client()
    form = {"subject": "x", "words": "A long text.", FIELD: "k" * 24}

    def named() -> object:
        with client.session_transaction() as session:
            return session.pop(ARRIVED, None)

    for then in ("refuse", "break"):
        lost = client.post("/probe/write", data={**form, "then": then})
        assert "Engage-Arrived" not in lost.headers
        assert named() is None
    for _first_and_again in range(2):
        saved = client.post("/probe/write", data=form)
        assert saved.headers["Engage-Arrived"] == "1"
        assert named() == "k" * 24


def test_a_form_without_a_long_text_is_not_named(ground: Flask) -> None:
    client = ground.test_client()
    answer = client.post("/probe/write", data={"subject": "x", FIELD: "k"})
    assert "Engage-Arrived" not in answer.headers
    with client.session_transaction() as session:
        assert ARRIVED not in session
