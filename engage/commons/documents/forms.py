"""What organisers fill in to bring a text in, change it and publish it."""

from __future__ import annotations

from typing import Any

from engage.commons.documents.models import SourceFormat
from engage.core.forms import (
    CheckField,
    ChoiceField,
    FileField,
    Form,
    HiddenField,
    SelectField,
    TextAreaField,
    TextField,
)
from engage.core.i18n import _l, language_name, locales

_ACCEPT = ".md,.markdown,.txt,.docx,.odt,.html,.htm"
MOST = 1_500_000


class _Stale(Form):
    """A form that knows which state of the draft it was made from."""

    revision = HiddenField()

    @property
    def sent_revision(self) -> int:
        """The revision the sender saw; 0 for nonsense, which is always stale."""
        text = self.revision.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class TitleForm(_Stale):
    """What a text is called, and its language."""

    title = TextField(_l("Title"), maximum=200)
    language = SelectField(_l("Language it is written in"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [(locale, language_name(locale)) for locale in locales()]


class UploadForm(_Stale):
    """A file to be cut up."""

    file = FileField(
        _l("File"),
        description=_l(
            "Word (.docx), OpenDocument (.odt), HTML or Markdown, up to 12 MB. "
            "Headings become sections; pictures are left out."
        ),
        accept=_ACCEPT,
    )
    note = TextAreaField(
        _l("What changed, in a sentence"),
        description=_l("Readers see it beside the version."),
        maximum=500,
        rows=2,
        required=False,
    )


class PasteForm(_Stale):
    """Words to be cut up."""

    format = ChoiceField(
        _l("What you paste"),
        choices=[
            (SourceFormat.MARKDOWN.value, _l("Text or Markdown")),
            (SourceFormat.HTML.value, _l("HTML")),
        ],
        default=SourceFormat.MARKDOWN.value,
        inline=True,
    )
    text = TextAreaField(
        _l("Text"),
        description=_l("A line that starts with # is a section. An empty line ends a paragraph."),
        maximum=MOST,
        rows=16,
    )
    note = TextAreaField(_l("What changed, in a sentence"), maximum=500, rows=2, required=False)


class EditorForm(_Stale):
    """The whole draft in one field."""

    text = TextAreaField(
        _l("The text"),
        description=_l(
            "# starts a section, ## a subheading, an empty line ends a paragraph. "
            "Numbers are given by themselves."
        ),
        maximum=MOST,
        rows=28,
    )


class PublishForm(_Stale):
    """The last look before readers read it."""

    note = TextAreaField(
        _l("What changed, in a sentence"),
        description=_l("Readers see it beside the version."),
        maximum=500,
        rows=2,
        required=False,
    )
    sure = CheckField(
        _l("I have read it through"),
        description=_l("A published version cannot be changed any more, only followed by another."),
        required=True,
    )


class DiscardForm(_Stale):
    """Only a button."""


class StartForm(Form):
    """Only a button."""
