"""Mail: one row, one letter, whatever the relay does."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import event, select

from engage.core import checkup, clock, outbox
from engage.core.audit import AuditEntry
from engage.core.db import db, transactional
from engage.core.errors import Invalid
from engage.core.outbox import Mail, deliver, post, purge, resend, sweep


class Sink:
    """A real relay on loopback that keeps what it takes and refuses what it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], Message]] = []
        self.answers: dict[str, str] = {}

    # the names are those aiosmtpd calls
    async def handle_RCPT(  # noqa: N802
        self, _s: Any, _e: Any, envelope: Any, address: str, _o: Any
    ) -> str:
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"


@pytest.fixture
def relay(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    state = outbox.relay.init_app(app)
    monkeypatch.setitem(app.config, "MAIL_SERVER", "127.0.0.1")
    monkeypatch.setitem(app.config, "MAIL_PORT", port)
    monkeypatch.setattr(state, "server", "127.0.0.1")
    monkeypatch.setattr(state, "port", port)
    monkeypatch.setattr(state, "suppress", False)
    yield sink
    controller.stop()
    monkeypatch.undo()
    outbox.relay.init_app(app)


@pytest.fixture(autouse=True)
def letters(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter of our own, so that no feature's wording matters here."""

    def render(template: str, locale: str, context: Any) -> tuple[str, str, None]:
        return outbox._one_line(context["subject"], 250), context.get("body", "Hello") + "\n", None

    monkeypatch.setattr(outbox, "render_mail", render)
    monkeypatch.setattr(outbox.deliver, "later", lambda *a, **k: None)


def _post(to: str = "ann@example.org", subject: str = "Your comment", **more: Any) -> int | None:
    return post(to=to, template="x/y", locale="fr", context={"subject": subject}, **more)


def _states() -> list[str]:
    db.session.expire_all()
    return [str(s) for s in db.session.scalars(select(Mail.state).order_by(Mail.id))]


def test_without_a_relay_mail_is_kept_and_readable(app: Flask) -> None:
    _post()
    deliver()
    assert _states() == ["kept"]


def test_mail_reaches_the_relay_once(relay: Sink) -> None:
    _post(subject="Réponse à votre commentaire", name="Ann Été")
    deliver()
    deliver()
    assert _states() == ["sent"]
    [(recipients, message)] = relay.taken
    assert recipients == ["ann@example.org"]
    assert message["Subject"] == "Réponse à votre commentaire"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_all("Message-ID") == [db.session.scalar(select(Mail.message_id))]


def test_the_same_key_is_one_mail(app: Flask) -> None:
    assert _post(key="digest:1") is not None
    assert _post(key="digest:1") is None
    assert len(_states()) == 1


def test_a_rolled_back_write_sends_nothing(app: Flask) -> None:
    with pytest.raises(ValueError), transactional():
        _post()
        raise ValueError
    assert _states() == []


def test_a_hard_refusal_bounces_and_lets_the_others_through(relay: Sink) -> None:
    relay.answers["gone@example.org"] = "550 no such person"
    _post("gone@example.org")
    _post("here@example.org")
    deliver()
    assert _states() == ["bounced", "sent"]


def test_a_soft_refusal_is_tried_again_later(relay: Sink) -> None:
    relay.answers["grey@example.org"] = "451 later please"
    _post("grey@example.org")
    deliver()
    assert _states() == ["queued"]
    relay.answers.clear()
    deliver()
    assert _states() == ["queued"], "not before its time"
    with clock.at(clock.now() + timedelta(minutes=2)):
        sweep()
    assert _states() == ["sent"]


def test_after_many_refusals_it_has_failed_and_can_be_sent_by_hand(relay: Sink) -> None:
    relay.answers["grey@example.org"] = "451 later please"
    ident = _post("grey@example.org")
    now = clock.now()
    for day in range(len(outbox.BACKOFF) + 1):
        with clock.at(now + timedelta(days=day)):
            deliver()
    assert _states() == ["failed"]
    relay.answers.clear()
    assert ident is not None
    resend(ident, actor=None)
    deliver()
    assert _states() == ["sent"]


def test_sending_again_is_in_the_record(relay: Sink) -> None:
    relay.answers["gone@example.org"] = "550 no such person"
    ident = _post("gone@example.org")
    assert ident is not None
    deliver()
    resend(ident, actor=None)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "mail.resent"))
    assert (entry.target_kind, entry.target_id) == ("mail", ident)
    assert entry.details == {"before": "bounced"}
    relay.answers.clear()
    deliver()
    resend(ident, actor=None)
    assert _states() == ["sent"], "what has left is not sent twice"
    assert db.session.query(AuditEntry).filter_by(action="mail.resent").count() == 1


def test_mails_are_forgotten_after_their_days(app: Flask, relay: Sink) -> None:
    relay.answers["gone@example.org"] = "550 no such person"
    relay.answers["grey@example.org"] = "451 later please"
    for to in ("here@example.org", "gone@example.org", "grey@example.org"):
        _post(to)
    deliver()
    now = clock.now()
    for days, left in (
        (29, ["bounced", "queued", "sent"]),
        (31, ["bounced", "queued"]),
        (91, ["queued"]),
    ):
        with clock.at(now + timedelta(days=days)):
            purge()
        assert sorted(_states()) == left


def test_the_days_are_the_configured_ones(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAIL_KEPT_DAYS", 7)
    monkeypatch.setattr(outbox, "_PURGED_AT_ONCE", 2)
    for n in range(5):
        _post(f"p{n}@example.org")
    with clock.at(clock.now() + timedelta(days=8)):
        assert checkup.letters().state == "good"
        purge()
    assert _states() == []


def test_the_doctor_tells_of_letters_that_outlived_their_time(app: Flask) -> None:
    _post()
    with clock.at(clock.now() + timedelta(days=33)):
        told = checkup.letters()
    assert (told.state, told.told[:9]) == ("warn", "1 letters")


def test_a_brief_mail_goes_as_soon_as_it_is_delivered(relay: Sink) -> None:
    relay.answers["grey@example.org"] = "451 later please"
    relay.answers["gone@example.org"] = "550 no such person"
    for to in ("here@example.org", "gone@example.org", "grey@example.org"):
        _post(to, is_brief=True)
    deliver()
    assert _states() == ["queued"], "what is not delivered yet is still to be"
    relay.answers.clear()
    with clock.at(clock.now() + timedelta(minutes=2)):
        sweep()
    assert _states() == []
    assert len(relay.taken) == 2


def test_who_leaves_takes_every_mail_along_even_one_on_its_way(relay: Sink) -> None:
    _post("leaver@example.org")
    _post("Leaver@Example.org")
    _post("stays@example.org")
    ids = outbox._claim(10)
    outbox.forget("leaver@example.org")
    for ident in ids:
        outbox._note(ident, outbox.MailState.QUEUED)
    with clock.at(clock.now() + timedelta(minutes=2)):
        deliver()
    assert _states() == ["sent"]
    assert [to for to, _message in relay.taken] == [["stays@example.org"]]


def test_a_dead_relay_loses_nothing(relay: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        _post(f"p{n}@example.org")

    def refuse(*_a: Any, **_k: Any) -> None:
        raise ConnectionRefusedError("nobody there")

    with monkeypatch.context() as broken:
        broken.setattr(smtplib.SMTP, "connect", refuse)
        deliver()
    assert _states() == ["queued"] * 3
    with clock.at(clock.now() + timedelta(minutes=2)):
        deliver()
    assert _states() == ["sent"] * 3
    assert len(relay.taken) == 3


def test_what_a_killed_worker_held_is_found_again(relay: Sink) -> None:
    _post()
    outbox._claim(10)
    assert _states() == ["sending"]
    sweep()
    assert _states() == ["sending"], "it may still be at work"
    with clock.at(clock.now() + timedelta(minutes=11)):
        sweep()
    assert _states() == ["sent"]


@pytest.mark.parametrize(
    "evil",
    [
        "Ann\r\nBcc: evil@example.org",
        "Ann\nX: y",
        "Ann\u2028Bcc: evil@example.org",
        "Ann\x00\x0b\x85z",
    ],
)
def test_no_header_can_be_smuggled_in(relay: Sink, evil: str) -> None:
    _post(subject=evil, name=evil)
    deliver()
    [(recipients, message)] = relay.taken
    assert recipients == ["ann@example.org"]
    assert message["Bcc"] is None
    assert message["X"] is None


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example,evil@example.org",
        "a@b.example>\r\nRCPT TO:<evil@example.org",
        "nobody",
        "a b@example.org",
        "",
    ],
)
def test_an_odd_address_is_refused(app: Flask, address: str) -> None:
    with pytest.raises(Invalid):
        _post(address)


def test_a_relay_nobody_vouches_for_gets_no_mail(
    relay: Sink, app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """STARTTLS with a certificate of its own making: refused, and the mail waits."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    _self_signed(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, tls_context=context)
    controller.start()
    state = app.extensions["mail"]
    monkeypatch.setattr(state, "port", port)
    monkeypatch.setattr(state, "use_tls", True)
    try:
        _post()
        deliver()
    finally:
        controller.stop()
    assert _states() == ["queued"]
    assert sink.taken == []


def _self_signed(key_file: Path, certificate_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def test_a_relay_that_is_away_costs_the_pile_one_write(
    relay: Sink,
) -> None:
    for number in range(3):
        _post(f"p{number}@example.org")
    changed: list[int] = []

    def note(_c: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE mails SET error"):
            changed.append(cursor.rowcount)

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        for said in ("refused", "refused", "no route", "no route"):
            [ident] = outbox._claim(1)
            outbox._give_back(ident, said)
    finally:
        event.remove(db.engine, "after_cursor_execute", note)
    assert changed == [3, 0, 3, 0]
    assert {mail.error for mail in db.session.scalars(select(Mail))} == {"no route"}
