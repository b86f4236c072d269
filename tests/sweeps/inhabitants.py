"""Who and what lives in the world of the sweeps, and the addresses they are seen at.

Everything repeats `world.rows` times behind its list; what a case points at is always the first.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from engage.commons.accounts import notices as account_notices
from engage.commons.accounts import organisations as account_organisations
from engage.commons.accounts import sessions as account_sessions
from engage.commons.accounts import tokens as account_tokens
from engage.commons.accounts.models import (
    MembershipRole,
    Passkey,
    ProviderIdentity,
    Registration,
    SignInMethod,
    StakeholderKind,
)
from engage.commons.accounts.passwords import make_hash
from engage.commons.comments import service as comments
from engage.commons.comments.models import ReactionValue, Stance
from engage.commons.comments.tokens import held_token
from engage.commons.documents import service as documents
from engage.commons.documents.models import Paragraph
from engage.commons.moderation import tokens as moderation_tokens
from engage.commons.moderation.models import Outcome
from engage.commons.moderation.notice import Notice
from engage.commons.moderation.service import complaining, deciding, reporting
from engage.commons.notifications import tokens as notification_tokens
from engage.core import clock, files
from engage.core.db import db, transactional
from engage.programmes.consultations.models import ConsultationAttachment, TranslationMark
from engage.programmes.consultations.service import following, lifecycle, parts, writing
from tests.factories.accounts import (
    PASSWORD,
    make_guest,
    make_member,
    make_organisation,
    make_staff,
    make_user,
)
from tests.factories.notifications import make_notification
from tests.sweeps.world import ALL, SIGNED_IN, Case, World, addresses, inhabits

PLAN = """# Where we stand

Two ports stand on one coast and share one labour market.

Each of them has plans of its own, and the sea between them.

# What we build

Shore power for the ferries comes first.

- sockets at three berths
- a stronger grid

# How we measure

Twelve figures are followed, no more.
"""
KEEPERS = frozenset({"organiser", "admin"})
OFFICE_READERS = frozenset({"organiser", "analyst", "admin"})
MODERATORS = frozenset({"moderator", "admin"})


@inhabits
def people(world: World) -> None:
    world.people["resident"] = make_user()
    world.people["author"] = make_user()
    world.people["member"] = make_user(kind=StakeholderKind.BUSINESS)
    for role in ("moderator", "organiser", "communications", "analyst", "admin"):
        world.people[role] = make_staff(role)
    for _number in range(world.rows):
        make_user()
    author = world.people["author"]
    with transactional():
        passkey = Passkey(
            user_id=author.id,
            name="telephone",
            credential_id=b"credential",
            public_key=b"key",
        )
        identity = ProviderIdentity(user_id=author.id, issuer="https://id.example.org", subject="1")
        waiting = Registration(
            email="newcomer@example.org",
            display_name="Newcomer",
            kind=StakeholderKind.RESIDENT,
            locale="en",
            password=make_hash(PASSWORD),
            created_at=clock.now(),
        )
        db.session.add_all([passkey, identity, waiting])
        db.session.flush()
    _secret, world.things["session"] = account_sessions.open_session(
        author,
        method=SignInMethod.PASSWORD,
        second_factor=False,
        visitor=account_sessions.Visitor("203.0.113.8", "Mozilla/5.0 (Android) Firefox/140.0"),
    )
    world.things |= {"passkey": passkey, "identity": identity, "registration": waiting}


@inhabits
def organisations(world: World) -> None:
    member = world.people["member"]
    groups = [make_organisation() for _number in range(world.rows)]
    for group in groups:
        make_member(member, group)
    for _number in range(world.rows):
        make_member(make_user(), groups[0], "member")
    invited = world.people["resident"]
    invitation = account_organisations.invite(
        groups[0].id, email=invited.email, role=MembershipRole.MEMBER, actor=member
    )
    for number in range(world.rows - 1):
        account_organisations.invite(
            groups[0].id,
            email=f"invited{number}@example.org",
            role=MembershipRole.MEMBER,
            actor=member,
        )
    for _number in range(world.rows):
        make_organisation(verified_at=None, requested_by_id=world.people["author"].id)
    world.things |= {"group": groups[0], "invitation": invitation}


@inhabits
def consultations(world: World) -> None:
    organiser = world.people["organiser"]
    for number in range(world.rows):
        for state in ("open", "scheduled", "closed", "answered", "draft"):
            made = _consultation(world, state)
            if number == 0:
                world.things[state] = made
            if state != "draft":
                following.follow(made.id, actor=world.people["author"])
    is_open = world.open
    texts = []
    for number in range(world.rows):
        text = parts.add_document(
            is_open.id, title=f"Plan {number}", language="en", actor=organiser
        )
        texts.append(text)
        _publish(text.id, PLAN, organiser)
    long = "\n\n".join(
        f"Paragraph {n} of a plan that grows with its rows." for n in range(world.rows)
    )
    _publish(texts[0].id, f"{PLAN}\n# More\n\n{long}\n", organiser)
    _publish(texts[0].id, PLAN.replace("first", "second") + f"\n# More\n\n{long}\n", organiser)
    documents.add_version(texts[-1].id, text=PLAN.replace("Twelve", "Ten"), actor=organiser)
    secret = parts.add_document(world.draft.id, title="Secret", language="en", actor=organiser)
    documents.add_version(secret.id, text=PLAN, actor=organiser)
    if world.rows == 1:
        documents.add_version(secret.id, text=PLAN, actor=organiser, revision=1)
    for number in range(world.rows):
        parts.add_attachment(
            is_open.id,
            upload=_picture(f"study{number}.png"),
            title=f"Study {number}",
            language="en",
            actor=organiser,
        )
    world.things |= {"text": texts[0], "drafted": texts[-1], "secret": secret}
    world.things["attachment"] = db.session.scalars(
        select(files.StoredFile).where(files.StoredFile.purpose == "attachment")
    ).first()


def _consultation(world: World, state: str) -> Any:
    organiser, now = world.people["organiser"], clock.now()
    opens, closes = {
        "open": (-7, 7),
        "scheduled": (3, 9),
        "closed": (-20, -2),
        "answered": (-60, -30),
        "draft": (3, 9),
    }[state]
    with clock.at(now - timedelta(days=70)):
        made = writing.create_consultation(
            writing.Brief(
                title=f"The quay of tomorrow, {state}",
                summary="What should change along the water?",
                body="Tell us **what** to change.",
                language="en",
                time_zone="Europe/Paris",
                opens_at=now + timedelta(days=opens),
                closes_at=now + timedelta(days=closes),
                allows_guests=True,
            ),
            actor=organiser,
        )
        parts.add_host(made.id, organisation_id=world.group.id, role="asks", actor=organiser)
        made = writing.set_steps(
            made.id,
            steps=[{"title": {"en": "We read"}, "text": {"en": "All of it."}}],
            milestones=[{"on": now.date().isoformat(), "title": {"en": "Evening"}}],
            revision=made.revision,
            actor=organiser,
        )
        writing.translate_consultation(
            made.id,
            language="fr",
            mark=TranslationMark.HUMAN,
            words={"title": "Le quai de demain", "summary": "Que changer ?"},
            revision=made.revision,
            actor=organiser,
        )
        if state != "draft":
            lifecycle.schedule_consultation(made.id, actor=organiser)
    lifecycle.advance_due(now)
    if state == "answered":
        lifecycle.publish_outcome(made.id, outcome="We **changed** the plan.", actor=organiser)
    return made


def _publish(document_id: int, text: str, actor: Any) -> None:
    version = documents.add_version(document_id, text=text, actor=actor)
    documents.publish_version(version.id, revision=version.revision, actor=actor)


def _picture(name: str) -> FileStorage:
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (11, 79, 108)).save(held, "PNG")
    held.seek(0)
    return FileStorage(held, filename=name, content_type="image/png")


@inhabits
def talk(world: World) -> None:
    author, resident, member = (world.people[who] for who in ("author", "resident", "member"))
    paragraph = _paragraph(world)
    thread_id = paragraph.thread_id
    first = comments.post_comment(
        thread_id, actor=author, body="Good, *and soon*.", stance=Stance.FOR
    )
    for number in range(world.rows):
        other = comments.post_comment(
            thread_id, actor=resident, body=f"More light, please, {number}."
        )
        comments.reply(first.id, actor=resident, body=f"I agree, {number}.")
        comments.react(other.id, actor=author, value=ReactionValue.AGREE)
        comments.post_comment(
            thread_id,
            actor=member,
            body=f"Our members say yes, {number}.",
            organisation_id=world.group.id,
        )
        mine = comments.post_comment(thread_id, actor=author, body=f"Another thought, {number}.")
        answer = comments.save_answer(
            mine.id, actor=member, organisation_id=world.group.id, body="In spring.", revision=0
        )
        comments.publish_answer(mine.id, actor=member, revision=answer.revision)
        make_notification(author, key=f"sweep-{number}")
    comments.react_to_subject(thread_id, actor=author, value=ReactionValue.AGREE)
    guest = make_guest()
    held = comments.post_comment(
        thread_id,
        actor=None,
        body="From a guest.",
        guest=comments.GuestDetails(guest.email, guest.display_name, guest.kind),
    )
    world.things |= {
        "comment": first,
        "held": held,
        "thread_id": thread_id,
        "paragraph": paragraph,
        "guest": guest,
        "notification": make_notification(author),
    }


def _paragraph(world: World) -> Paragraph:
    found = db.session.scalars(
        select(Paragraph)
        .where(
            Paragraph.version_id == world.text.current_version_id, Paragraph.thread_id.is_not(None)
        )
        .order_by(Paragraph.id)
    ).first()
    assert found is not None
    return found


@inhabits
def cases(world: World) -> None:
    author, moderator = world.people["author"], world.people["moderator"]
    for number in range(world.rows):
        said = comments.post_comment(
            world.thread_id, actor=author, body=f"You are all fools, {number}."
        )
        kept = comments.post_comment(world.thread_id, actor=author, body=f"Buy my boats, {number}.")
        report = reporting.report("comment", kept.id, _notice(), actor=world.people["resident"])
        case = deciding.open_case("comment", said.id, actor=moderator)
        decision = deciding.decide(
            case.id,
            actor=moderator,
            version=case.version,
            outcome=Outcome.HIDE,
            rule="insult",
            words="Criticise the plan, please.",
        )
        with clock.at(clock.now() + timedelta(minutes=20)):
            deciding.send_due_letters()
            complaint = complaining.complain(decision.id, None, actor=author, text="It was a joke.")
        if number == 0:
            world.things |= {
                "hidden": said,
                "decided": case,
                "decision": decision,
                "report": report,
                "complaint": complaint,
                "case_id": report.case_id,
            }


def _notice() -> Notice:
    return Notice(
        ground="advertising",
        explanation="This has nothing to do with the plan.",
        address="",
        name="",
        email="",
        good_faith=True,
        locale="en",
    )


# --- addresses ----------------------------------------------------------------------------


def _address(consultation: Any) -> dict[str, Any]:
    return {"address": consultation.address}


@addresses("consultations.detail")
def of_consultations(world: World) -> list[Case]:
    return [
        *(Case(s, _address(world.things[s])) for s in ("open", "scheduled", "closed", "answered")),
        Case("draft", _address(world.draft), seen_by=OFFICE_READERS),
    ]


@addresses("<address>")
def of_parts(world: World) -> list[Case]:
    return [
        Case("open", _address(world.open)),
        Case("draft", _address(world.draft), seen_by=OFFICE_READERS),
    ]


@addresses("consultations.follow")
def of_following(world: World) -> list[Case]:
    return [
        Case("open", _address(world.open), seen_by=SIGNED_IN),
        Case("draft", _address(world.draft), seen_by=OFFICE_READERS),
    ]


@addresses("consultations.outcome")
def of_outcomes(world: World) -> list[Case]:
    return [
        Case("answered", _address(world.answered)),
        Case("draft", _address(world.draft), seen_by=OFFICE_READERS),
    ]


@addresses("<address>,<document_id>")
def of_texts(world: World) -> list[Case]:
    return [
        Case("published", {**_address(world.open), "document_id": world.text.id}),
        Case(
            "of another consultation",
            {**_address(world.closed), "document_id": world.text.id},
            seen_by=frozenset(),
        ),
        Case(
            "of a draft",
            {**_address(world.draft), "document_id": world.secret.id},
            seen_by=frozenset(),
        ),
    ]


@addresses("<thread_id>")
def of_threads(world: World) -> list[Case]:
    return [
        Case("open", {"thread_id": world.thread_id}),
        Case(
            "of a draft",
            {"thread_id": world.draft.thread_id},
            seen_by=OFFICE_READERS,
            refusal=(403, 404),
        ),
    ]


@addresses("comments.new", "comments.react_to_subject")
def of_writing(world: World) -> list[Case]:
    return [
        Case("open", {"thread_id": world.thread_id}),
        Case("of a draft", {"thread_id": world.draft.thread_id}, OFFICE_READERS),
    ]


@addresses("<comment_id>")
def of_comments(world: World) -> list[Case]:
    return [
        Case("published", {"comment_id": world.comment.id}),
        Case("hidden", {"comment_id": world.hidden.id}),
        Case("held", {"comment_id": world.held.id}, seen_by=MODERATORS),
    ]


@addresses("comments.reply")
def of_replies(world: World) -> list[Case]:
    return [
        Case("published", {"comment_id": world.comment.id}),
        Case("hidden", {"comment_id": world.hidden.id}, frozenset(), (403, 404)),
    ]


@addresses("comments.history")
def of_histories(world: World) -> list[Case]:
    return [
        Case("published", {"comment_id": world.comment.id}),
        Case("hidden", {"comment_id": world.hidden.id}, MODERATORS | {"author"}, (403, 404)),
    ]


@addresses("comments.edit", "comments.withdraw")
def of_own_comments(world: World) -> list[Case]:
    return [Case("own", {"comment_id": world.comment.id}, frozenset({"author"}), (403, 404))]


@addresses("comments.react")
def of_reactions(world: World) -> list[Case]:
    return [Case("foreign", {"comment_id": world.comment.id}, SIGNED_IN)]


@addresses("comments.held")
def of_held(world: World) -> list[Case]:
    return [
        Case("by its link", {"token": held_token(world.held)}),
        Case("forged", {"token": "forged"}, frozenset()),
    ]


@addresses("comments_office.index")
def of_answers(world: World) -> list[Case]:
    return [Case("the queue", {}, KEEPERS | {"member"}, (403,))]


@addresses("comments_office.answer")
def of_one_answer(world: World) -> list[Case]:
    return [Case("a comment", {"comment_id": world.comment.id}, KEEPERS | {"member"}, (403, 404))]


@addresses("accounts.confirm")
def of_confirmations(world: World) -> list[Case]:
    row = world.registration
    token = account_tokens.make(account_tokens.CONFIRM, row.id, row.email_key, row.password)
    return [
        Case("sent", {"token": token}),
        Case("forged", {"token": "forged"}, frozenset(), (410,)),
    ]


@addresses("accounts.confirm_guest")
def of_guests(world: World) -> list[Case]:
    guest = world.guest
    token = account_tokens.make(account_tokens.GUEST, guest.id, guest.email)
    return [
        Case("sent", {"token": token}),
        Case("forged", {"token": "forged"}, frozenset(), (410,)),
    ]


@addresses("accounts.sign_in_link")
def of_links(world: World) -> list[Case]:
    user = world.people["author"]
    token = account_tokens.make(
        account_tokens.SIGN_IN, user.id, *account_notices.sign_in_state(user)
    )
    return [
        Case("sent", {"token": token}),
        Case("forged", {"token": "forged"}, frozenset(), (410,)),
    ]


@addresses("accounts.reset")
def of_resets(world: World) -> list[Case]:
    user = world.people["author"]
    token = account_tokens.make(account_tokens.RESET, user.id, *account_notices.reset_state(user))
    return [
        Case("sent", {"token": token}),
        Case("forged", {"token": "forged"}, frozenset(), (410,)),
    ]


@addresses("accounts.link_provider", "accounts.start_link", "accounts.confirm_email", "<token>")
def of_dead_links(world: World) -> list[Case]:
    return [Case("forged", {"token": "forged"}, frozenset(), (302, 410))]


@addresses("organisations.invitation")
def of_invitations(world: World) -> list[Case]:
    return [Case("forged", {"token": "forged"}, frozenset(), (410,))]


@addresses("accounts.sent")
def of_sent(world: World) -> list[Case]:
    return [Case("by mail", {"what": "link"})]


@addresses("accounts.left")
def of_left(world: World) -> list[Case]:
    return [Case("signed out", {"what": "signed-out"}, frozenset({"anonymous"}), (302,))]


@addresses("accounts.provider_start", "accounts.provider_back")
def of_no_provider(world: World) -> list[Case]:
    return [Case("none is set up", {}, frozenset(), (302, 404))]


@addresses("accounts.remove_passkey")
def of_passkeys(world: World) -> list[Case]:
    return [Case("own", {"passkey_id": world.passkey.id}, frozenset({"author"}), (404,))]


@addresses("<identity_id>")
def of_identities(world: World) -> list[Case]:
    return [Case("own", {"identity_id": world.identity.id}, frozenset({"author"}))]


@addresses("<session_id>")
def of_sessions(world: World) -> list[Case]:
    return [Case("own", {"session_id": world.session.id}, frozenset({"author"}))]


@addresses("<slug>")
def of_organisations(world: World) -> list[Case]:
    return [Case("verified", {"slug": world.group.slug})]


@addresses("organisations.edit", "organisations.people")
def of_own_organisations(world: World) -> list[Case]:
    return [Case("own", {"slug": world.group.slug}, frozenset({"member", "admin"}), (403, 404))]


@addresses("<membership_id>,<slug>")
def of_members(world: World) -> list[Case]:
    from engage.commons.accounts.models import Membership

    other = db.session.scalars(
        select(Membership)
        .where(
            Membership.organisation_id == world.group.id,
            Membership.user_id != world.people["member"].id,
        )
        .order_by(Membership.id)
    ).first()
    assert other is not None
    values = {"slug": world.group.slug, "membership_id": other.id}
    return [Case("own", values, frozenset({"member", "admin"}), (403, 404))]


@addresses("<invitation_id>")
def of_being_invited(world: World) -> list[Case]:
    return [Case("own", {"invitation_id": world.invitation.id}, frozenset({"resident"}), (403,))]


@addresses("<invitation_id>,<slug>")
def of_inviting(world: World) -> list[Case]:
    values = {"slug": world.group.slug, "invitation_id": world.invitation.id}
    return [Case("own", values, frozenset({"member", "admin"}), (403, 404))]


@addresses("<organisation_id>")
def of_organisation_office(world: World) -> list[Case]:
    return [Case("verified", {"organisation_id": world.group.id})]


@addresses("<user_id>")
def of_people(world: World) -> list[Case]:
    return [Case("a person", {"user_id": world.people["author"].id})]


@addresses("<mail_id>")
def of_mail(world: World) -> list[Case]:
    from engage.core.outbox import Mail

    mail = db.session.scalars(select(Mail).order_by(Mail.id)).first()
    assert mail is not None
    return [Case("a letter", {"mail_id": mail.id})]


@addresses("<notification_id>")
def of_notifications(world: World) -> list[Case]:
    values = {"notification_id": world.notification.id}
    return [Case("own", values, frozenset({"author"}))]


@addresses("notifications.unsubscribe", "notifications.unsubscribe_at_once")
def of_unsubscribing(world: World) -> list[Case]:
    token = notification_tokens.unsubscribe_token(world.people["author"], "answers")
    return [Case("sent", {"token": token}), Case("forged", {"token": "forged"}, frozenset())]


@addresses("notifications.preferences")
def of_preferences(world: World) -> list[Case]:
    return [
        Case("own", {}),
        Case(
            "by its link", {"token": notification_tokens.preferences_token(world.people["author"])}
        ),
    ]


@addresses("moderation.receipt")
def of_receipts(world: World) -> list[Case]:
    token = moderation_tokens.receipt_token(world.report.id)
    return [Case("sent", {"token": token}), Case("forged", {"token": "forged"}, frozenset())]


@addresses("moderation.complain")
def of_complaining(world: World) -> list[Case]:
    token = moderation_tokens.complaint_token(world.decision.id)
    return [Case("sent", {"token": token}), Case("forged", {"token": "forged"}, frozenset())]


@addresses("moderation.report")
def of_reporting(world: World) -> list[Case]:
    return [
        Case("nothing named", {}),
        Case("a comment", {"kind": "comment", "id": world.comment.id}),
        Case("what is hidden", {"kind": "comment", "id": world.hidden.id}, frozenset()),
    ]


@addresses("moderation_office.consider")
def of_considering(world: World) -> list[Case]:
    return [
        Case("nobody's case", {"kind": "comment", "id": world.comment.id}),
        Case("no comment", {"kind": "comment", "id": 999_999}, frozenset()),
        Case("nothing named", {}, frozenset()),
    ]


@addresses("<case_id>")
def of_cases(world: World) -> list[Case]:
    return [
        Case("waiting", {"case_id": world.case_id}),
        Case("decided", {"case_id": world.decided.id}),
    ]


@addresses("moderation_office.complaint")
def of_complaints(world: World) -> list[Case]:
    return [Case("waiting", {"complaint_id": world.complaint.id}, ALL, (403, 404))]


@addresses("<decision_id>")
def of_decisions(world: World) -> list[Case]:
    return [Case("told", {"decision_id": world.decision.id})]


@addresses("<consultation_id>")
def of_consultation_office(world: World) -> list[Case]:
    return [
        Case(state, {"consultation_id": world.things[state].id})
        for state in ("open", "draft", "closed")
    ]


@addresses("consultations_office.schedule")
def of_scheduling(world: World) -> list[Case]:
    return [Case("draft", {"consultation_id": world.draft.id})]


@addresses("consultations_office.extend", "consultations_office.close")
def of_moving(world: World) -> list[Case]:
    return [Case("open", {"consultation_id": world.open.id})]


@addresses("consultations_office.outcome")
def of_answering(world: World) -> list[Case]:
    return [Case("closed", {"consultation_id": world.closed.id})]


@addresses("<consultation_id>,<document_id>")
def of_its_texts(world: World) -> list[Case]:
    return [
        Case("own", {"consultation_id": world.open.id, "document_id": world.text.id}),
        Case(
            "of another consultation",
            {"consultation_id": world.draft.id, "document_id": world.text.id},
            frozenset(),
        ),
    ]


@addresses("<attachment_id>,<consultation_id>")
def of_its_files(world: World) -> list[Case]:
    held = db.session.scalars(
        select(ConsultationAttachment.id).order_by(ConsultationAttachment.id)
    ).first()
    return [
        Case("own", {"consultation_id": world.open.id, "attachment_id": held}),
        Case(
            "of another consultation",
            {"consultation_id": world.draft.id, "attachment_id": held},
            frozenset(),
        ),
    ]


@addresses("<consultation_id>,<organisation_id>")
def of_its_hosts(world: World) -> list[Case]:
    return [
        Case("own", {"consultation_id": world.open.id, "organisation_id": world.group.id}),
        Case(
            "no host", {"consultation_id": world.open.id, "organisation_id": 999_999}, frozenset()
        ),
    ]


@addresses("<consultation_id>,<language>")
def of_translations(world: World) -> list[Case]:
    return [Case("French", {"consultation_id": world.open.id, "language": "fr"})]


@addresses("<document_id>")
def of_document_office(world: World) -> list[Case]:
    return [Case("published", {"document_id": world.text.id})]


@addresses("documents_office.draft", "documents_office.discard", "documents_office.publish")
def of_drafts(world: World) -> list[Case]:
    return [Case("a draft", {"document_id": world.drafted.id})]


@addresses("<document_id>,<number>")
def of_versions(world: World) -> list[Case]:
    return [Case("the first", {"document_id": world.text.id, "number": 1})]


@addresses("health.ready")
def of_readiness(world: World) -> list[Case]:
    return [Case("with a worker or without", {}, frozenset(), (200, 503))]


@addresses("health.figures")
def of_figures(world: World) -> list[Case]:
    return [Case("without its token", {}, frozenset())]


@addresses("files.serve")
def of_files(world: World) -> list[Case]:
    return [
        Case("public", {"key": world.attachment.key}),
        Case("forged", {"key": "no-such-file"}, frozenset()),
    ]
