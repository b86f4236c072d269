"""Collect every visible string and bring the catalogues up to date; new ones come untranslated."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {
    "_": None,
    "_l": None,
    "_n": (1, 2),
    "gettext": None,
    "say": None,
    "say_many": (1, 2),
    "ngettext": (1, 2),
    "lazy_gettext": None,
}
METHODS = {
    "engage": [("**.py", "python")],
    "templates": [("**.html", "jinja2"), ("**.txt", "jinja2")],
}
TRIMMED = {"trimmed": "true", "silent": "false"}


def collected() -> Catalog:
    """All messages of code and templates, without line numbers: they change too often."""
    found = Catalog(project="Engage", charset="utf-8", fuzzy=False)
    for folder, methods in METHODS.items():
        options = {pattern: TRIMMED for pattern, method in methods if method == "jinja2"}
        for name, _line, message, comments, context in extract_from_dir(
            ROOT / folder, methods, options, keywords=KEYWORDS
        ):
            place = f"{folder}/{name}"
            found.add(message, locations=[(place, 0)], auto_comments=comments, context=context)
    return found


def main() -> int:
    """Update each catalogue; answers how many strings still want words."""
    template = collected()
    missing = 0
    for path in sorted((ROOT / "translations").glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            known = read_po(file, locale=path.parts[-3])
        known.update(template, no_fuzzy_matching=True)
        known.obsolete.clear()
        known.fuzzy = False
        known.revision_date = known.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
        with path.open("wb") as file:
            write_po(file, known, no_location=True, sort_output=True, width=100)
        empty = [m for m in known if m.id and not any(_strings(m.string))]
        missing += len(empty)
        print(f"{path.parts[-3]}: {len(known)} strings, {len(empty)} without words")
        for message in empty:
            print(f"  {message.id!r}")
    return 1 if missing else 0


def _strings(said: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ())


if __name__ == "__main__":
    sys.exit(main())
