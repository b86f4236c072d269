"""People, the organisations they speak for, and the proofs by which they sign in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_security import UserMixin, WebAuthnMixin
from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from engage.commons.accounts.identity import email_key, skeleton
from engage.core import clock
from engage.core.db import Model, intpk, related


class StakeholderKind(StrEnum):
    """In what capacity somebody takes part."""

    RESIDENT = "resident"
    BUSINESS = "business"
    AUTHORITY = "authority"
    ASSOCIATION = "association"
    RESEARCHER = "researcher"


class Role(StrEnum):
    """What somebody may do for the whole site."""

    ADMIN = "admin"
    ORGANISER = "organiser"
    MODERATOR = "moderator"
    COMMUNICATIONS = "communications"
    ANALYST = "analyst"


class OrganisationKind(StrEnum):
    """What sort of organisation speaks."""

    AUTHORITY = "authority"
    BUSINESS = "business"
    ASSOCIATION = "association"
    RESEARCH = "research"
    EDUCATION = "education"


class MembershipRole(StrEnum):
    """Leads and editors speak for their organisation, members belong to it."""

    LEAD = "lead"
    EDITOR = "editor"
    MEMBER = "member"


class SignInMethod(StrEnum):
    """How a session was opened."""

    PASSWORD = "password"  # noqa: S105  a word, not a secret
    LINK = "link"
    PASSKEY = "passkey"
    PROVIDER = "provider"
    DEMO = "demo"


class IdentityProof(StrEnum):
    """How an administrator made sure who asks for a lost second step to be taken away."""

    IN_PERSON = "in_person"
    CALL = "call"  # on a number or by a face known before
    COLLEAGUE = "colleague"  # somebody who knows the person vouches
    SHELL = "shell"  # whoever may use the server


class User(Model, UserMixin):
    """A person with an account.

    The `fs_`, `tf_` and `mf_` columns are Flask-Security's; `fs_uniquifier` changes whenever
    everything that was signed in must stop being so.
    """

    __tablename__ = "users"

    id: Mapped[intpk]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(160), index=True)
    kind: Mapped[StakeholderKind] = mapped_column(default=StakeholderKind.RESIDENT)
    locale: Mapped[str] = mapped_column(String(12), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/Paris")
    roles: Mapped[list[str]] = mapped_column(default=list)  # type: ignore[assignment]  # words

    # single letters as keys get in the way of speech input (WCAG 2.1.4): each may do without
    uses_shortcuts: Mapped[bool] = mapped_column(default=True)

    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    confirmed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspended_reason: Mapped[str | None] = mapped_column(String(500))
    signed_in_at: Mapped[datetime | None]  # the last time; None before the first
    # where to warn somebody whose address was changed a short while ago
    former_email: Mapped[str | None] = mapped_column(String(254))
    email_changed_at: Mapped[datetime | None]

    password: Mapped[str | None] = mapped_column(String(255))
    password_at: Mapped[datetime | None]
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    fs_webauthn_user_handle: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_counter: Mapped[int | None]  # the last time step used: a code works once
    mf_recovery_codes: Mapped[list[str] | None]
    links_used: Mapped[int] = mapped_column(default=0)  # makes a mailed link work once

    memberships: Mapped[list["Membership"]] = related(
        back_populates="user", foreign_keys="Membership.user_id"
    )
    webauthn: Mapped[list["Passkey"]] = related(  # type: ignore[assignment]
        back_populates="user"
    )

    @validates("email")
    def _keep_email_key(self, _name: str, address: str) -> str:
        self.email_key = email_key(address) or address
        return address

    @validates("display_name")
    def _keep_name_key(self, _name: str, name: str) -> str:
        self.name_key = skeleton(name)[:160]
        return name

    def has_role(self, *names: Any) -> bool:
        """Has the person one of these roles? An admin has all."""
        mine = self.roles or []
        return Role.ADMIN.value in mine or any(str(name) in mine for name in names)

    @property
    def is_staff(self) -> bool:
        return bool(self.roles)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def has_authenticator(self) -> bool:
        return self.tf_primary_method == "authenticator" and bool(self.tf_totp_secret)


class Passkey(Model, WebAuthnMixin):
    """A key pair whose private half never leaves somebody's device."""

    __tablename__ = "passkeys"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str] | None]
    backup_state: Mapped[bool] = mapped_column(default=False)
    device_type: Mapped[str] = mapped_column(String(64), default="single_device")
    extensions: Mapped[str | None] = mapped_column(String(255))
    usage: Mapped[str] = mapped_column(String(64), default="first")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    lastuse_datetime: Mapped[datetime] = mapped_column(default=clock.now)

    user: Mapped[User] = related(back_populates="webauthn")


class SignIn(Model):
    """A session: one browser that is signed in. Only a hash of its token is kept."""

    __tablename__ = "sign_ins"

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    method: Mapped[SignInMethod]
    second_factor: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    fresh_at: Mapped[datetime] = mapped_column(default=clock.now)
    network: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(80), default="")

    user: Mapped[User] = related()


class Registration(Model):
    """Somebody asked for an account; it is made when the address confirms.

    Until then nothing exists under the address, so nobody can take it in advance.
    """

    __tablename__ = "registrations"

    id: Mapped[intpk]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    display_name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[StakeholderKind]
    locale: Mapped[str] = mapped_column(String(12))
    password: Mapped[str | None] = mapped_column(String(255))
    next_url: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)

    @validates("email")
    def _keep_email_key(self, _name: str, address: str) -> str:
        self.email_key = email_key(address) or address
        return address


class Attempt(Model):
    """One try at something that is limited; whose is kept as a digest only."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_bucket_at", "bucket", "at"),)

    id: Mapped[intpk]
    bucket: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


class ProviderIdentity(Model):
    """An account at an identity provider that opens an account here."""

    __tablename__ = "provider_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    user: Mapped[User] = related()


class Organisation(Model):
    """A body that speaks: a port, a city, a firm, an association, a laboratory."""

    __tablename__ = "organisations"

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(240), unique=True)
    kind: Mapped[OrganisationKind]
    description: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[str] = mapped_column(String(200), default="")
    mark: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    declined_at: Mapped[datetime | None]
    declined_reason: Mapped[str | None] = mapped_column(String(500))

    memberships: Mapped[list["Membership"]] = related(back_populates="organisation")
    domains: Mapped[list["OrganisationDomain"]] = related(
        back_populates="organisation", cascade="all, delete-orphan"
    )

    @validates("name")
    def _keep_name_key(self, _name: str, name: str) -> str:
        self.name_key = skeleton(name)[:240]
        return name

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None


class OrganisationDomain(Model):
    """A mail domain whose confirmed addresses belong to the organisation, compared exactly."""

    __tablename__ = "organisation_domains"

    id: Mapped[intpk]
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )
    domain: Mapped[str] = mapped_column(String(255), unique=True)

    organisation: Mapped[Organisation] = related(back_populates="domains")


class Membership(Model):
    """Somebody belongs to an organisation; in force once accepted."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[MembershipRole] = mapped_column(default=MembershipRole.MEMBER)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    accepted_at: Mapped[datetime | None]

    user: Mapped[User] = related(back_populates="memberships", foreign_keys=[user_id])
    organisation: Mapped[Organisation] = related(back_populates="memberships")


class Invitation(Model):
    """An address asked to join an organisation, until it answers or time runs out."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index("ix_invitations_organisation_id_email_key", "organisation_id", "email_key"),
    )

    id: Mapped[intpk]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320))
    role: Mapped[MembershipRole] = mapped_column(default=MembershipRole.MEMBER)
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = related()

    @validates("email")
    def _keep_email_key(self, _name: str, address: str) -> str:
        self.email_key = email_key(address) or address
        return address


class Guest(Model):
    """Somebody who took part without an account; what they sent waits until they confirm.

    One row per admission: a confirmed address lends its trust to nothing sent later.
    """

    __tablename__ = "guests"

    id: Mapped[intpk]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320), index=True)
    display_name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[StakeholderKind] = mapped_column(default=StakeholderKind.RESIDENT)
    locale: Mapped[str] = mapped_column(String(12), default="en")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    confirmed_at: Mapped[datetime | None]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)

    @validates("email")
    def _keep_email_key(self, _name: str, address: str) -> str:
        self.email_key = email_key(address) or address
        return address
