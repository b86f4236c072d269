"""What people type about their accounts: shape and wording."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from engage.commons.accounts.models import (
    IdentityProof,
    MembershipRole,
    OrganisationKind,
    Role,
    StakeholderKind,
)
from engage.core.forms import (
    CheckField,
    ChoiceField,
    EmailField,
    Form,
    HiddenField,
    MultiChoiceField,
    PasswordField,
    SelectField,
    TextAreaField,
    TextField,
)
from engage.core.i18n import _l, language_name, locales

KINDS = (
    (StakeholderKind.RESIDENT, _l("Resident"), _l("I live here, or come here often")),
    (StakeholderKind.BUSINESS, _l("Business"), _l("I take part for a firm or as self-employed")),
    (StakeholderKind.AUTHORITY, _l("Authority"), _l("I work for a public body")),
    (StakeholderKind.ASSOCIATION, _l("Association"), _l("I take part for an association or union")),
    (StakeholderKind.RESEARCHER, _l("Researcher"), _l("I work in research or teaching")),
)
ORGANISATION_KINDS = (
    (OrganisationKind.AUTHORITY, _l("Authority")),
    (OrganisationKind.BUSINESS, _l("Business")),
    (OrganisationKind.ASSOCIATION, _l("Association")),
    (OrganisationKind.RESEARCH, _l("Research")),
    (OrganisationKind.EDUCATION, _l("Education")),
)
MEMBERSHIP_ROLES = (
    (MembershipRole.LEAD, _l("Lead"), _l("Speaks for the organisation and manages its people")),
    (MembershipRole.EDITOR, _l("Editor"), _l("Speaks for the organisation")),
    (MembershipRole.MEMBER, _l("Member"), _l("Belongs to the organisation")),
)
IDENTITY_PROOFS = (
    (IdentityProof.IN_PERSON, _l("They stood before me")),
    (IdentityProof.CALL, _l("I called them, on a number I had before")),
    (IdentityProof.COLLEAGUE, _l("A colleague who knows them vouches for them")),
)
ROLES = (
    (Role.ADMIN, _l("Administrator"), _l("May do everything, and gives roles")),
    (Role.ORGANISER, _l("Organiser"), _l("Runs consultations, calls and ballots")),
    (Role.MODERATOR, _l("Moderator"), _l("Looks after what people write")),
    (Role.COMMUNICATIONS, _l("Communications"), _l("Plans what is announced when")),
    (Role.ANALYST, _l("Analyst"), _l("Reads and exports, changes nothing")),
)


class PressForm(Form):
    """One button; nothing to fill in."""


class LoginForm(Form):
    """Address and password."""

    email = EmailField(_l("E-mail address"), autocomplete="username")
    password = PasswordField(_l("Password"))
    next = HiddenField()


class PasskeyForm(Form):
    """What a browser answers for a passkey; a script fills it in."""

    credential = HiddenField()
    next = HiddenField()

    def credential_text(self) -> str:
        """The whole answer: it is longer than other hidden fields may be."""
        found = (self.credential.raw_data or [""])[0]
        return found if isinstance(found, str) and len(found) < 20_000 else ""


class NewPasskeyForm(PasskeyForm):
    """A name for the passkey, and the browser's answer."""

    name = TextField(
        _l("Name of the passkey"),
        description=_l("So that you know which one it is, for example “My phone”."),
        maximum=64,
    )


class EmailForm(Form):
    """An address to mail something to."""

    email = EmailField(_l("E-mail address"), autocomplete="username")
    next = HiddenField()


class RegisterForm(Form):
    """A new account."""

    display_name = TextField(
        _l("Your name"),
        description=_l("Shown beside what you write. It need not be your full name."),
        maximum=80,
        autocomplete="name",
    )
    email = EmailField(
        _l("E-mail address"), description=_l("We send a link to it. It is never shown to others.")
    )
    kind = ChoiceField(_l("You take part as"), choices=KINDS, coerce=StakeholderKind)
    password = PasswordField(
        _l("Password"),
        description=_l("At least 12 characters. Three or four words in a row do well."),
        autocomplete="new-password",
    )
    next = HiddenField()


class ConfirmPasswordForm(Form):
    """The password once more."""

    password = PasswordField(_l("Password"))
    next = HiddenField()


class CodeForm(Form):
    """The second step."""

    code = TextField(
        _l("Code"),
        description=_l("Six digits from your authenticator app, or one of your recovery codes."),
        maximum=40,
        autocomplete="one-time-code",
    )


class EnrolForm(Form):
    """The first code of a newly set up app. `secret` is encrypted."""

    code = TextField(_l("Code from the app"), maximum=12, autocomplete="one-time-code")
    secret = HiddenField()


class NewPasswordForm(Form):
    """A new password, where the old one is forgotten."""

    new = PasswordField(
        _l("New password"),
        description=_l("At least 12 characters. Three or four words in a row do well."),
        autocomplete="new-password",
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password, where the old one is known."""

    current = PasswordField(_l("Present password"), required=False)


class ProfileForm(Form):
    """What others see, and how the site speaks."""

    display_name = TextField(_l("Your name"), maximum=80, autocomplete="name")
    kind = ChoiceField(_l("You take part as"), choices=KINDS, coerce=StakeholderKind)
    locale = SelectField(_l("Language"))
    time_zone = SelectField(_l("Time zone"), description=_l("Times on this site are shown in it."))
    uses_shortcuts = CheckField(
        _l("Use single keys in moderation"),
        required=False,
        description=_l(
            "J, P, H and Z act on the page of a case. Turn them off if you speak your input, or "
            "press keys by accident."
        ),
    )

    def __init__(self, *args: Any, has_shortcuts: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_shortcuts:  # the pages they act on are closed to this person
            del self.uses_shortcuts
        self.locale.offer((code, language_name(code)) for code in locales())
        zones = sorted(zone for zone in available_timezones() if "/" in zone)
        self.time_zone.offer((zone, zone.replace("_", " ")) for zone in ("UTC", *zones))


class CloseForm(Form):
    """Closing an account."""

    sure = CheckField(_l("I understand that this cannot be undone"), required=True)


class OrganisationForm(Form):
    """What an organisation says of itself."""

    description = TextAreaField(
        _l("What it does"), required=False, maximum=2000, description=_l("Two or three sentences.")
    )
    website = TextField(_l("Website"), required=False, maximum=200, autocomplete="url")


class NewOrganisationForm(OrganisationForm):
    """Asking for an organisation's page."""

    name = TextField(_l("Name of the organisation"), maximum=120, autocomplete="organization")
    kind = ChoiceField(_l("Kind"), choices=ORGANISATION_KINDS, coerce=OrganisationKind)


class InviteForm(Form):
    """Whom to invite, as what."""

    email = EmailField(_l("E-mail address"), autocomplete="off")
    role = ChoiceField(
        _l("As"), choices=MEMBERSHIP_ROLES, coerce=MembershipRole, default=MembershipRole.MEMBER
    )


class MembershipForm(Form):
    """Another role inside an organisation."""

    role = SelectField(
        _l("Role"),
        choices=[(value, words) for value, words, _hint in MEMBERSHIP_ROLES],
        coerce=MembershipRole,
    )


class RolesForm(Form):
    """Site roles."""

    roles = MultiChoiceField(_l("Roles"), choices=ROLES, coerce=Role, required=False)


class ResetSecondStepForm(Form):
    """Why somebody's second step is taken away, and how it is known who asks."""

    proof = ChoiceField(
        _l("How did you make sure who is asking?"),
        choices=IDENTITY_PROOFS,
        coerce=IdentityProof,
        description=_l("A mail or a message is no proof: somebody may have taken the mailbox."),
    )
    reason = TextAreaField(
        _l("What happened"),
        maximum=500,
        draft=False,
        description=_l("The person reads it, for example: telephone and codes were lost."),
    )


class ReasonForm(Form):
    """Why; the person concerned reads it."""

    reason = TextAreaField(_l("Reason"), maximum=500, draft=False)


class DomainsForm(Form):
    """Mail domains of an organisation."""

    domains = TextAreaField(
        _l("Mail domains"),
        required=False,
        maximum=1000,
        draft=False,
        description=_l("One on each line. Whoever has a confirmed address there may join."),
    )
