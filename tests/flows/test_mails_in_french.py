"""Every mail of the site, written to somebody who reads French: no English word of ours is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from markupsafe import Markup
from sqlalchemy import select

from engage.commons.accounts import notices, organisations
from engage.commons.accounts import service as accounts
from engage.commons.accounts.models import MembershipRole, Registration, SignIn, SignInMethod
from engage.commons.comments import service as comments
from engage.commons.documents.models import Paragraph
from engage.commons.moderation.models import Outcome
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.service import complaining, deciding, reporting
from engage.commons.notifications import digest, topics
from engage.commons.notifications import service as notifications
from engage.core import clock
from engage.core.access import ALLOWED
from engage.core.db import db, transactional
from engage.core.i18n import _l
from engage.core.outbox import Mail
from engage.programmes.consultations import notices as consultation_notices
from engage.programmes.consultations.models import Occasion
from engage.programmes.consultations.service import following
from engage.programmes.ideas import notices as idea_notices
from engage.programmes.ideas import receivers
from engage.programmes.ideas.models import IdeaState
from engage.programmes.ideas.service import (
    authors,
    deeds,
    merging,
    supporting,
    working,
    writing,
)
from tests.factories.accounts import (
    make_guest,
    make_member,
    make_organisation,
    make_staff,
    make_user,
)
from tests.factories.consultations import make_consultation, make_text
from tests.factories.ideas import make_call, make_idea

ROOT = Path(__file__).resolve().parents[2]


def templates() -> set[str]:
    folder = ROOT / "templates" / "mail"
    return {str(found.parent.relative_to(folder)) for found in folder.rglob("subject.txt")}


@dataclass(frozen=True)
class Sentence:
    """One of our strings: as it stands in the source, its fixed parts, and all of it as a pattern."""

    source: str
    parts: tuple[str, ...]
    pattern: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        # the parts are looked for first: that is quick, and few texts hold them all
        return all(part in text for part in self.parts) and bool(self.pattern.search(text))


@cache
def english() -> list[Sentence]:
    """Our English strings as patterns, without those a French text may hold as they are."""
    with (ROOT / "translations/fr/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    french = "\n".join(
        text
        for message in catalogue
        if message.id
        for text in ([message.string] if isinstance(message.string, str) else message.string)
    )
    found = []
    for message in catalogue:
        for source in [message.id] if isinstance(message.id, str) else list(message.id or ()):
            fixed = re.sub(r"%\(\w+\)[sd]|%%", "", source)
            if len(re.findall(r"[^\W\d_]", fixed)) < 4:
                continue  # too little of its own to be told from anything else
            parts = tuple(re.split(r"%\(\w+\)[sd]", source))
            gaps = r"[^\n]{1,80}?".join(map(re.escape, parts))
            sentence = Sentence(source, parts, re.compile(r"(?<!\w)" + gaps + r"(?!\w)"))
            if not sentence.is_in(french):
                found.append(sentence)
    return found


def left_in_english(mail: Mail) -> list[str]:
    html = str(Markup(re.sub(r"<style>.*?</style>", "", mail.body_html or "", flags=re.S)))
    plain = Markup(html).striptags()
    said = re.sub(r"https?://\S+", "", f"{mail.subject}\n{mail.body_text}\n{plain}")
    return [f"{mail.template}: {one.source!r}" for one in english() if one.is_in(said)]


@pytest.fixture
def speaking_english(app: Flask) -> Iterator[None]:
    """Whoever acts reads English: the worst case for the words of a letter."""
    with app.test_request_context("/en/", base_url="http://localhost"):
        yield


def _about_accounts() -> None:
    reader, admin = make_user(locale="fr", display_name="Ambre"), make_staff("admin")
    new = Registration(
        email="n@example.org",
        email_key="n@example.org",
        display_name="Ambre",
        kind="resident",
        locale="fr",
        password="x",
    )
    with transactional():
        db.session.add(new)
        db.session.flush()
    notices.ask_to_confirm(new)
    notices.tell_has_account(reader, "fr")
    notices.send_sign_in_link(reader)
    notices.send_reset_link(reader)
    notices.tell_no_account("nobody@example.org", "fr")
    notices.tell_password_changed(reader)
    notices.ask_new_address(reader, "autre@example.org")
    notices.tell_address_in_use(reader)
    notices.tell_email_changed(reader, "vieux@example.org")
    for is_on in (True, False):
        notices.tell_second_factor(reader, is_on=is_on)
        notices.tell_passkey(reader, name="Clef", is_added=is_on)
    notices.tell_second_step_reset(reader, reader.email, "Perdu en mer.")
    signed_in = SignIn(
        user_id=reader.id, method=SignInMethod.PASSWORD, token_hash="x", created_at=clock.now()
    )
    notices.tell_new_device(reader, signed_in)
    notices.tell_recovery_code_used(reader, 2)
    accounts.set_roles(reader.id, ["moderator", "organiser"], actor=admin)
    accounts.suspend(reader.id, reason="Bruit.", actor=admin)
    accounts.restore(reader.id, actor=admin)
    notices.tell_closed(reader.email, "fr", "Ambre")
    notices.ask_guest(make_guest(locale="fr"))
    notices.offer_provider_link(reader, issuer="https://i.example", subject="7", label="Zip")
    company = make_organisation(name="Zouave", declined_reason="Trop petit.")
    notices.tell_organisation_verified(company, reader)
    notices.tell_organisation_declined(company, reader)
    lead = make_user(display_name="Basile")
    make_member(lead, company, "lead")
    organisations.invite(company.id, email=reader.email, role=MembershipRole.EDITOR, actor=lead)


def _talk() -> None:
    moderator = make_staff("moderator")
    host = make_organisation(name="Zodiac")
    officer = make_user(display_name="Basile")
    make_member(officer, host, "editor")
    author = make_user(locale="fr", display_name="Ambre")
    other = make_user(locale="fr", display_name="Cyrille")
    for reader in (author, other):
        at_once = {topic.name: "immediate" for topic in topics.choosable()}
        notifications.choose(at_once, user=reader, actor=reader)
    consultation = make_consultation(
        "open",
        title="Zéphyr",
        summary="Ondes.",
        hosts=(host,),
        language="fr",
        change_reason="Houle.",
        outcome="Ondes.",
    )
    document = make_text(consultation, title="Zéphyr")
    paragraph = db.session.scalars(
        select(Paragraph).where(
            Paragraph.version_id == document.current_version_id, Paragraph.thread_id.is_not(None)
        )
    ).first()
    assert paragraph is not None
    for thread_id in (paragraph.thread_id, document.thread_id, consultation.thread_id):
        said = comments.post_comment(thread_id, actor=author, body="Ondes.")
        comments.reply(said.id, actor=other, body="Houle. @Ambre")
        comments.post_comment(thread_id, actor=other, body="Mâts, @Ambre")
        answer = comments.save_answer(
            said.id, actor=officer, organisation_id=host.id, body="Voiles.", revision=0
        )
        comments.publish_answer(said.id, actor=officer, revision=answer.revision)
        _moderate(comments.post_comment(thread_id, actor=author, body="Bruit."), moderator, other)
    following.follow(consultation.id, actor=author)
    for occasion in Occasion:
        consultation_notices.put_on_the_board(
            consultation, occasion, document_id=document.id if "version" in occasion else None
        )
    consultation_notices.hand_out()
    notifications.choose({"replies": "daily"}, user=author, actor=author)
    comments.reply(said.id, actor=other, body="Encore.")
    digest.send_due(clock.now() + timedelta(days=2))


def _invent(organiser: Any) -> None:
    """An idea's whole life, and what else its people are told."""
    host = make_organisation(name="Zingaro")
    author = make_user(locale="fr", display_name="Ambre")
    other = make_user(locale="fr", display_name="Cyrille")
    officer = make_staff("organiser", locale="fr", display_name="Basile")
    for reader in (author, other, officer):
        at_once = {topic.name: "immediate" for topic in topics.choosable()}
        notifications.choose(at_once, user=reader, actor=reader)
    words = {"title": "Zéphyr", "language": "fr", "slug": "zephyr"}
    call = make_call(hosts=(host,), is_premoderated=True, **words)
    make_idea(call, title="Houle", body="Houle.", author=other, language="fr")  # so named below
    kept, unkept = (
        writing.submit_idea(
            call.id,
            writing.IdeaDraft(
                title=f"{title} au mât",
                body="Houle. @Cyrille",
                category_id=call.categories[0].id,
                language="fr",
            ),
            actor=author,
        )
        for title in ("Ondes", "Voiles")
    )
    writing.let_in(kept.id, actor=organiser)
    writing.refuse(unkept.id, reason="Bruit.", actor=organiser)
    supporting.support(kept.id, actor=other)
    authors.invite_co_author(kept.id, email=other.email, actor=author)
    working.assign(kept.id, officer_ids=[officer.id], actor=organiser)
    merging.split_idea(
        kept.id, title="Mâts", body="Mâts.", category_id=None, reason="Houle.", actor=organiser
    )
    into = make_idea(call, title="Mistral", body="Mistral.", author=author, language="fr")
    merging.merge_idea(kept.id, into_id=into.id, reason="Houle.", actor=organiser)
    merging.unmerge_idea(kept.id, reason="Houle.", actor=organiser)
    working.move_idea(kept.id, state=IdeaState.UNDER_REVIEW, reason="Houle.", actor=organiser)
    answer = working.save_answer(
        kept.id,
        body="Voiles.",
        outcome=IdeaState.ACCEPTED,
        organisation_id=host.id,
        language="fr",
        actor=organiser,
    )
    working.publish_answer(kept.id, revision=answer.revision, actor=organiser)
    deeds.set_owner(kept.id, organisation_id=host.id, actor=organiser)
    _becomes_a_challenge(kept.id, organiser)
    for is_last in (False, True):
        deeds.post_progress(
            kept.id, body="Houle.", language="fr", is_delivery=is_last, actor=organiser
        )
    idea_notices.hand_out()


def _becomes_a_challenge(idea_id: int, organiser: Any) -> None:
    receivers.add(
        receivers.Receiver(
            "challenge",
            _l("Comments"),  # a label in the catalogue, read in each reader's language
            lambda idea, *, actor, target_id: idea.id,
            lambda ids, user: {},
            lambda user, idea: ALLOWED,
        )
    )
    try:
        deeds.promote_idea(idea_id, kind="challenge", actor=organiser)
        idea_notices.hand_out()
    finally:
        receivers.remove("challenge")


def _moderate(said: Any, moderator: Any, reporter: Any) -> None:
    reporting.report(
        "comment",
        said.id,
        Notice(
            ground="insult",
            explanation="Houle.",
            address="",
            name="",
            email="",
            good_faith=True,
            locale="fr",
        ),
        actor=reporter,
    )
    case = deciding.open_case("comment", said.id, actor=moderator)
    decision = deciding.decide(
        case.id,
        actor=moderator,
        version=case.version,
        outcome=Outcome.HIDE,
        rule="insult",
        words="Bruit.",
    )
    with clock.at(clock.now() + timedelta(minutes=20)):
        deciding.send_due_letters()
        complaint = complaining.complain(decision.id, None, actor=None, text="Houle et bruit.")
        complaining.review(
            complaint.id,
            actor=make_staff("moderator"),
            reverse=True,
            rule="within_rules",
            words="Bruit.",
        )


def test_no_mail_to_a_french_reader_holds_english(app: Flask, speaking_english: None) -> None:
    _about_accounts()
    _talk()
    _invent(make_staff("organiser"))
    mails = db.session.scalars(select(Mail).where(Mail.locale == "fr")).all()
    assert templates() - {mail.template for mail in mails} == set()
    became = next(mail for mail in mails if mail.template == "ideas/promoted")
    assert "Commentaires" in became.body_text
    wrong = sorted({line for mail in mails for line in left_in_english(mail)})
    assert not wrong, "\n".join(wrong)


def test_the_search_finds_english(app: Flask) -> None:
    mail = Mail(
        template="x",
        subject="Zodiac answered your comment on Paragraph 2.3",
        body_text="Bonjour",
        body_html="<p>Stop these mails:</p>",
    )
    found = "\n".join(left_in_english(mail))
    assert "Paragraph %(number)s" in found
    assert "Stop these mails:" in found
    assert "answered your comment" in found
    assert not left_in_english(
        Mail(template="x", subject="Zodiac a répondu", body_text="Paragraphe 2.3", body_html=None)
    )
