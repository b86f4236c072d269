"""transactional(): what is kept, what is not, and who waits for whom."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from engage.core import audit, clock
from engage.core.audit import AuditEntry
from engage.core.db import (
    after_commit,
    before_commit,
    db,
    held_open,
    in_transaction,
    lock,
    stream,
    transactional,
)
from engage.core.errors import Missing
from engage.core.outbox import Mail, MailState


def _mail(subject: str = "x") -> Mail:
    now = clock.now()
    return Mail(
        template="t",
        to_address="a@example.org",
        locale="en",
        subject=subject,
        body_text="b",
        message_id="<1@example.org>",
        state=MailState.KEPT,
        created_at=now,
        next_attempt_at=now,
    )


def _subjects() -> list[str]:
    return list(db.session.scalars(select(Mail.subject).order_by(Mail.id)))


def test_the_outermost_block_commits_and_nested_ones_join(app: Flask) -> None:
    with transactional():
        db.session.add(_mail("outer"))
        with transactional():
            db.session.add(_mail("inner"))
        assert in_transaction()
    assert not in_transaction()
    db.session.rollback()
    assert _subjects() == ["outer", "inner"]


def test_an_error_anywhere_keeps_nothing(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), transactional():
        db.session.add(_mail())
        with transactional():
            db.session.add(_mail())
        raise ZeroDivisionError
    assert _subjects() == []
    assert not in_transaction()


def test_work_for_after_the_commit_runs_after_it_and_never_after_a_rollback(app: Flask) -> None:
    seen: list[str] = []
    with transactional():
        db.session.add(_mail("kept"))
        after_commit(lambda: seen.append("after"))
        before_commit(lambda: seen.append("before"))
        assert seen == []
    assert seen == ["before", "after"]
    with pytest.raises(ValueError), transactional():
        after_commit(lambda: seen.append("never"))
        before_commit(lambda: seen.append("never"))
        raise ValueError
    assert seen == ["before", "after"]
    after_commit(lambda: seen.append("at once"))
    assert seen[-1] == "at once"


def test_what_fails_after_the_commit_keeps_nobody_else_from_it(app: Flask) -> None:
    seen: list[str] = []

    def broken() -> None:
        raise OSError("the bucket is away")

    with pytest.raises(OSError), transactional():
        db.session.add(_mail("kept"))
        after_commit(broken)
        after_commit(lambda: seen.append("told"))
    assert seen == ["told"]
    assert _subjects() == ["kept"]


def test_a_failing_last_step_rolls_everything_back(app: Flask) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError), transactional():
        db.session.add(_mail())
        before_commit(fail)
    assert _subjects() == []
    with transactional():
        db.session.add(_mail("next one works"))
    assert _subjects() == ["next one works"]


@pytest.mark.parametrize("keep", [True, False])
def test_a_request_decides_at_its_end(app: Flask, keep: bool) -> None:
    with held_open() as finish:
        with transactional():
            db.session.add(_mail("maybe"))
        assert in_transaction()
        finish(keep)
    assert _subjects() == (["maybe"] if keep else [])


def test_a_write_of_its_own_survives_the_refusal(app: Flask) -> None:
    with held_open() as finish:
        with transactional(own=True):
            db.session.add(_mail("failed sign-in"))
        assert not in_transaction()
        with transactional():
            db.session.add(_mail("refused"))
        finish(False)
    assert _subjects() == ["failed sign-in"]


def test_lock_answers_the_present_row_or_missing(app: Flask) -> None:
    with transactional():
        mail = _mail("first")
        db.session.add(mail)
    with transactional():
        assert lock(Mail, mail.id).subject == "first"
        with pytest.raises(Missing):
            lock(Mail, mail.id + 999)


def test_instants_come_back_aware_and_naive_ones_are_refused(app: Flask) -> None:
    with transactional():
        mail = _mail()
        db.session.add(mail)
    ident = mail.id
    db.session.expire_all()
    assert db.session.get_one(Mail, ident).created_at.utcoffset() is not None
    with pytest.raises(Exception, match="time zone"), transactional():
        db.session.get_one(Mail, ident).created_at = clock.now().replace(tzinfo=None)
        db.session.flush()


def test_a_large_read_comes_in_portions(app: Flask) -> None:
    with transactional():
        db.session.add_all([_mail(str(n)) for n in range(25)])
    portions = list(stream(select(Mail.subject).order_by(Mail.id), size=10))
    assert [len(p) for p in portions] == [10, 10, 5]
    assert [row[0] for p in portions for row in p] == [str(n) for n in range(25)]


def test_many_writers_lose_nothing_and_break_no_chain(app: Flask) -> None:
    writers, each = 8, 6
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for n in range(each):
                with app.app_context(), transactional():
                    audit.record("test.wrote", ("thing", number), actor=None, n=n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    entries = db.session.scalars(select(AuditEntry)).all()
    assert len(entries) == writers * each
    assert list(audit.broken_links()) == []
