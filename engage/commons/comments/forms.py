"""What people fill in to comment, react and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engage.commons.accounts.models import Organisation, StakeholderKind, User
from engage.commons.comments import policy
from engage.commons.comments.models import Comment, OfficialAnswer, ReactionValue, Stance
from engage.core.errors import Text
from engage.core.forms import (
    CheckField,
    ChoiceField,
    EmailField,
    Form,
    HiddenField,
    MarkdownField,
    SelectField,
    TextField,
)
from engage.core.i18n import _, _l

STANCES = (
    (Stance.FOR.value, _l("For")),
    (Stance.AGAINST.value, _l("Against")),
    (Stance.NEUTRAL.value, _l("Neither")),
    (Stance.QUESTION.value, _l("A question")),
)
KINDS = (
    (StakeholderKind.RESIDENT.value, _l("A resident")),
    (StakeholderKind.BUSINESS.value, _l("A business")),
    (StakeholderKind.AUTHORITY.value, _l("An authority")),
    (StakeholderKind.ASSOCIATION.value, _l("An association")),
    (StakeholderKind.RESEARCHER.value, _l("A researcher")),
)


class EmptyForm(Form):
    """Only a token and a key: for buttons."""


def _whole_number(text: str) -> int:
    """Small enough for a column, or 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class CommentForm(Form):
    """A comment or a reply; who is not signed in also says who they are.

    Fields that make no sense for this reader and place are taken out when it is made.
    """

    body = MarkdownField(
        _l("Your comment"),
        description=_l("Anyone can read what you write. You can change it for 15 minutes."),
        maximum=policy.LONGEST,
        missing=_l("Write something first."),
    )
    stance = ChoiceField(
        _l("How do you stand to it?"),
        choices=STANCES,
        default=Stance.NEUTRAL.value,
        required=False,
        inline=True,
    )
    quotes = CheckField(_l("Show an excerpt of the comment I answer"))
    organisation_id = SelectField(_l("I write"), required=False)
    display_name = TextField(_l("Your name, as everybody sees it"), maximum=80, autocomplete="name")
    email = EmailField(
        _l("Your e-mail address"),
        description=_l("We send a link there. Your comment appears once you have opened it."),
    )
    kind = ChoiceField(_l("You take part as"), choices=KINDS, inline=True)

    def __init__(
        self,
        *,
        user: User | None,
        organisations: Sequence[Organisation] = (),
        can_quote: bool = False,
        label: Text | None = None,
        scope: str = "",
    ) -> None:
        super().__init__(scope=scope)
        if label is not None:
            self.body.label.text = label
        if not can_quote:
            del self.quotes
        if organisations:
            own = [("", _("for myself"))]
            self.organisation_id.offer(
                own + [(str(o.id), _("for %(name)s", name=o.name)) for o in organisations]
            )
        else:
            del self.organisation_id
        if user is not None:
            del self.display_name, self.email, self.kind
        else:
            self.body.description = _("Anyone can read what you write.")

    def words(self) -> dict[str, Any]:
        """What the service takes, whoever writes."""
        chosen = str(self.organisation_id.data or "") if "organisation_id" in self else ""
        return {
            "body": self.body.data or "",
            "stance": Stance(self.stance.data or Stance.NEUTRAL.value),
            "organisation_id": _whole_number(chosen) or None,
        }

    def guest(self) -> dict[str, Any] | None:
        """Who an anonymous writer says they are; None for somebody signed in."""
        if "email" not in self:
            return None
        return {
            "email": self.email.data or "",
            "display_name": self.display_name.data or "",
            "kind": StakeholderKind(self.kind.data or StakeholderKind.RESIDENT.value),
        }


class EditForm(Form):
    """Other words for one's own comment. `revision` is the one they replace."""

    body = MarkdownField(
        _l("Your comment"),
        description=_l("The words before stay readable in the history of the comment."),
        maximum=policy.LONGEST,
        missing=_l("Write something first."),
    )
    stance = ChoiceField(
        _l("How do you stand to it?"), choices=STANCES, required=False, inline=True
    )
    revision = HiddenField()

    @classmethod
    def of(cls, comment: Comment) -> EditForm:
        """The form holding the present words."""
        return cls(
            data={
                "body": comment.body,
                "stance": comment.stance.value,
                "revision": str(comment.revision),
            }
        )

    @property
    def seen_revision(self) -> int:
        """The revision the person saw."""
        return _whole_number(self.revision.data or "")

    @property
    def chosen_stance(self) -> Stance:
        """The stance chosen, neutral without one."""
        return Stance(self.stance.data or Stance.NEUTRAL.value)


class AnswerForm(Form):
    """An official answer, saved as a draft or published."""

    organisation_id = SelectField(_l("Who answers"))
    body = MarkdownField(
        _l("The answer"),
        description=_l("Say what you decided, or will do and by when. The author is told."),
        profile="letter",
        maximum=policy.LONGEST_ANSWER,
        rows=10,
        missing=_l("Write something first."),
    )
    revision = HiddenField()

    @classmethod
    def of(cls, answer: OfficialAnswer | None, offered: Sequence[Organisation]) -> AnswerForm:
        """The form holding the present answer, or an empty one."""
        form = cls(
            data={
                "organisation_id": str(answer.organisation_id) if answer else None,
                "body": answer.body if answer else "",
                "revision": str(answer.revision if answer else 0),
            }
        )
        form.organisation_id.offer((str(o.id), o.name) for o in offered)
        return form

    @property
    def seen_revision(self) -> int:
        """The revision the officer saw, 0 for none."""
        return _whole_number(self.revision.data or "")

    @property
    def chosen_organisation(self) -> int | None:
        """The organisation that answers."""
        return _whole_number(self.organisation_id.data or "") or None


def reaction_from(text: str) -> ReactionValue | None:
    """What a pressed button says; `none` and nonsense take the reaction back."""
    return ReactionValue(text) if text in ReactionValue._value2member_map_ else None
