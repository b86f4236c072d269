"""Files of ideas as rows: our own CSV and XLSX, and Decidim's proposals export, CSV or JSON.

Encodings are found out (UTF-8 with or without a mark, UTF-16, Windows-1252), separators too. Column
names are known in English and French. Nothing is stored here.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engage.commons.documents.unpacking import Unreadable
from engage.core.errors import Text
from engage.core.i18n import _l
from engage.programmes.ideas import spreadsheet
from engage.programmes.ideas.similar import fold

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = spreadsheet.MOST_ROWS

# what a column may be called, folded; the first that is there is taken
COLUMNS: dict[str, tuple[str, ...]] = {
    "title": ("title", "titre", "idea", "idee"),
    "body": ("text", "body", "description", "texte"),
    "category": ("category", "categorie", "theme"),
    "author_name": ("author", "auteur", "name", "nom"),
    "kind": ("stakeholder_kind", "kind", "type d'acteur", "acteur"),
    "language": ("language", "langue", "locale"),
    "place_name": ("place", "lieu", "address of place", "adresse"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng"),
    "published_at": ("published_at", "date", "published", "publie le"),
    "source": ("id", "reference", "identifiant"),
    "source_url": ("url", "source_url"),
}
NEEDED = ("title", "body")


@dataclass(frozen=True)
class Row:
    """One idea of a file. `number` is its line as people count it, the header being 1."""

    number: int
    title: str = ""
    body: str = ""
    category: str = ""
    author_name: str = ""
    kind: str = ""
    language: str = ""
    place_name: str = ""
    latitude: str = ""
    longitude: str = ""
    published_at: str = ""
    source: str = ""
    source_url: str = ""
    state: str = ""
    answer: str = ""
    answered_at: str = ""


@dataclass(frozen=True)
class Table:
    """A file that was understood. `format` is csv, xlsx, decidim-csv or decidim-json."""

    format: str
    rows: list[Row]
    ignored: list[str] = field(default_factory=list)


def read(data: bytes, name: str) -> Table:
    """The rows of a file. Raises Unreadable, with words for who sent it."""
    if len(data) > MOST_BYTES:
        raise Unreadable(_l("This file is too large. The limit is %(size)s MB.", size=20))
    if not data.strip():
        raise Unreadable(_l("This file is empty."))
    if data[:4] == b"PK\x03\x04" or data.startswith(b"\xd0\xcf\x11\xe0"):
        return _table(spreadsheet.read(data), "xlsx")
    words = _decoded(data)
    if words.lstrip()[:1] in ("[", "{"):
        return _decidim_json(words)
    return _table(_csv(words), "csv")


# --- plain tables -----------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    """Text in whatever encoding a spreadsheet wrote it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    if b"\0" in data and encodings[0] != "utf-16":
        raise Unreadable(_l("This is no table of text. Save it as CSV or XLSX and retry."))
    for encoding in encodings:
        try:
            words = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "cp1252" or (line := _mixed(data)) is None:
            return words
        raise Unreadable(
            _l(
                "Line %(line)s is in another encoding than the lines before."
                " Save the file as CSV in UTF-8, or as XLSX, and retry.",
                line=line,
            )
        )
    raise Unreadable(
        _l("This file mixes several encodings. Save it as CSV in UTF-8, or as XLSX, and retry.")
    )


def _mixed(data: bytes) -> int | None:
    """The first line from which on two encodings meet; None for a file of one."""
    is_modern: bool | None = None
    for number, line in enumerate(data.splitlines(), 1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            here = False
        else:
            here = True
        if is_modern is not None and here is not is_modern:
            return number
        is_modern = here
    return None


def _csv(words: str) -> list[list[str]]:
    head = words[:20_000]
    first = head.splitlines()[0] if head.splitlines() else ""
    separator = max(",;\t", key=first.count)
    csv.field_size_limit(1_000_000)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(words, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) > MOST_ROWS + 1:
                raise Unreadable(
                    _l("This table has more than %(most)s rows. Split it.", most=f"{MOST_ROWS:,}")
                )
    except csv.Error as error:
        raise Unreadable(_l("This CSV cannot be read: a cell never ends.")) from error
    return rows


def _table(rows: list[list[str]], fmt: str) -> Table:
    if not rows:
        raise Unreadable(_l("This file is empty."))
    header = [_name(cell) for cell in rows[0]]
    if _is_decidim(header):
        return _decidim_table(header, rows[1:], fmt)
    places = {
        wanted: place
        for wanted, names in COLUMNS.items()
        if (place := next((header.index(name) for name in names if name in header), None))
        is not None
    }
    missing = [wanted for wanted in NEEDED if wanted not in places]
    if missing:
        raise Unreadable(
            _l(
                "The first row must name the columns. Missing: %(missing)s. Found: %(found)s.",
                missing=", ".join(COLUMNS[name][0] for name in missing),
                found=", ".join(cell for cell in rows[0][:12] if cell) or "-",
            )
        )
    used = set(places.values())
    return Table(
        fmt,
        [
            Row(
                number,
                **{
                    wanted: row[place].strip() if place < len(row) else ""
                    for wanted, place in places.items()
                },
            )
            for number, row in enumerate(rows[1:], 2)
            if any(cell.strip() for cell in row)
        ],
        [cell for place, cell in enumerate(rows[0]) if place not in used and cell.strip()],
    )


def _name(cell: str) -> str:
    return " ".join(fold(cell).split())


# --- Decidim ----------------------------------------------------------------------------------

# Decidim::Proposals::ProposalSerializer: nested keys are joined by a slash in CSV
_DECIDIM_STATES = {
    "accepted": "accepted",
    "rejected": "declined",
    "evaluating": "under_review",
    "withdrawn": "withdrawn",
}


def _is_decidim(header: Sequence[str]) -> bool:
    return any(name.startswith(("title/", "body/")) for name in header) or (
        "participatory_space/id" in header and "title" in header
    )


def _decidim_table(header: list[str], rows: list[list[str]], fmt: str) -> Table:
    found = []
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, row, strict=False))
        found.append(_decidim_row(number, _nested(cells)))
    return Table("decidim-csv" if fmt == "csv" else fmt, found)


def _decidim_json(words: str) -> Table:
    try:
        held = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise Unreadable(_l("This JSON cannot be read.")) from error
    if isinstance(held, dict):
        held = next((value for value in held.values() if isinstance(value, list)), None)
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise Unreadable(_l("This JSON is no list of proposals."))
    if held and not any("title" in one for one in held):
        raise Unreadable(_l("This JSON is no list of proposals."))
    if len(held) > MOST_ROWS:
        raise Unreadable(
            _l("This table has more than %(most)s rows. Split it.", most=f"{MOST_ROWS:,}")
        )
    return Table("decidim-json", [_decidim_row(n, one) for n, one in enumerate(held, 1)])


def _nested(cells: Mapping[str, str]) -> dict[str, Any]:
    """`{"title/en": "x"}` as `{"title": {"en": "x"}}`."""
    held: dict[str, Any] = {}
    for name, value in cells.items():
        here = held
        *path, last = name.split("/")
        for part in path:
            step = here.setdefault(part, {})
            if not isinstance(step, dict):
                break
            here = step
        else:
            here[last] = value
    return held


def _decidim_row(number: int, held: Mapping[str, Any]) -> Row:
    title, language = _localised(held.get("title"))
    body, _language = _localised(held.get("body"))
    category, _language = _localised(_inside(held, "category", "name"))
    if not category:
        category = _taxonomy(held)
    answer, _language = _localised(held.get("answer"))
    author = held.get("author")
    name = author.get("name") if isinstance(author, dict) else author
    if isinstance(name, list):
        name = ", ".join(str(one) for one in name)
    ident = str(held.get("id") or "").strip()
    return Row(
        number,
        title=title,
        body=_plain(body),
        category=category,
        author_name=str(name or "").strip(),
        language=language,
        place_name=str(held.get("address") or "").strip(),
        latitude=str(held.get("latitude") or "").strip(),
        longitude=str(held.get("longitude") or "").strip(),
        published_at=str(held.get("published_at") or held.get("created_at") or "").strip(),
        source=f"decidim:{ident}" if ident else str(held.get("reference") or "").strip(),
        source_url=str(held.get("url") or "").strip(),
        state=_DECIDIM_STATES.get(str(held.get("state") or "").strip(), ""),
        answer=_plain(answer),
        answered_at=str(held.get("answered_at") or "").strip(),
    )


def _inside(held: Mapping[str, Any], *path: str) -> Any:
    here: Any = held
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _taxonomy(held: Mapping[str, Any]) -> str:
    """The first taxonomy of newer exports: `{"taxonomies": {"name": ...}}` in one shape or other."""
    names = _inside(held, "taxonomies", "name")
    if isinstance(names, list) and names:
        return _localised(names[0])[0]
    return _localised(names)[0]


def _localised(value: Any) -> tuple[str, str]:
    """The words of a value in many languages, and which one: the first that has some."""
    if isinstance(value, Mapping):
        for language, words in value.items():
            if language == "machine_translations":
                continue
            if isinstance(words, str) and words.strip():
                return words.strip(), str(language)[:2]
        return "", ""
    return (str(value).strip() if value is not None else ""), ""


_BREAKS = re.compile(r"(?i)<\s*(?:br\s*/?|/p|/li|/h[1-6]|/div)\s*>")
_TAGS = re.compile(r"<[^>]{0,2000}>")
_ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}


def _plain(markup: str) -> str:
    """Text of a rich-text field; it is rendered anew from these words, never shown as it came."""
    if "<" in markup:
        markup = _TAGS.sub("", _BREAKS.sub("\n", markup))
    for entity, sign in _ENTITIES.items():
        markup = markup.replace(entity, sign)
    return re.sub(r"\n{3,}", "\n\n", markup).strip()


# --- single values ------------------------------------------------------------------------------


def instant(given: str) -> datetime | None:
    """A date or an instant as spreadsheets and Decidim write them; None for none.

    Raises ValueError for what is neither. Without a zone it is UTC.
    """
    words = given.strip()
    if not words:
        return None
    words = re.sub(r"\s+UTC$", "+00:00", words)
    for form in ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y"):
        try:
            return datetime.strptime(words, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    found = datetime.fromisoformat(words)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def number(given: str) -> float | None:
    """A coordinate; None for none. Raises ValueError for what is no number."""
    words = given.strip().replace(",", ".")
    return float(words) if words else None


def unreadable_words(error: Unreadable) -> Text:
    """What to tell the person who sent the file."""
    return error.message
