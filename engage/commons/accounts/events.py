"""What other features may hear about accounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AccountConfirmed:
    """Somebody proved that the address of their account is theirs."""

    user_id: int


@dataclass(frozen=True)
class AccountClosed:
    """An account is being closed: anonymise what names its person, in this transaction."""

    user_id: int


@dataclass(frozen=True)
class GuestConfirmed:
    """A guest confirmed by mail: what waited for it may be published."""

    guest_id: int


@dataclass(frozen=True)
class GuestClaimed:
    """A confirmed guest turned out to be the owner of an account with the same address."""

    guest_id: int
    user_id: int


@dataclass(frozen=True)
class OrganisationVerified:
    """An organisation may now be spoken for."""

    organisation_id: int
