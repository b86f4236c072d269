"""Ideas alike: found by their words and by the letters of their titles.

Two indexes hold every idea that is not a draft: the full text (`idea_fts`: FTS5 on SQLite, a
`tsvector` on PostgreSQL), and the four-letter shingles of the title (`idea_shingles`), which do not
mind inflection, typing errors and word order. Both give candidates; what is alike is then judged by
comparing titles and words themselves.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, select, text

from engage.core.db import db
from engage.programmes.ideas.fillers import FILLERS
from engage.programmes.ideas.models import LIVE, Idea, IdeaShingle

SHORTEST = 3  # letters of a word worth looking for
LONGEST = 40  # letters kept of a word; PostgreSQL refuses endless ones
CANDIDATES = 25
MOST_READ = 3000  # rows of the shingles' index read for one title
LONG = 16  # pieces
FEWEST = 3  # pieces looked for, however common
ALIKE = 26  # of 100: below this an idea is not shown to who writes another one
COMMON = 0.12  # a word in more of the ideas than this share says little about one
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = (
    "ements", "ement", "ings", "ing", "ees", "ee", "es", "ed", "er", "s", "x", "e",
)  # fmt: skip
# what says nothing in the languages of the site, folded
_STOP = frozenset(
    """
    a about all also an and are as at be but by can do for from get has have i if in into is it its
    let make more my no not of on or our should so some than that the their them there these they
    this to up us was we what when where which who why will with would you your idea ideas
    alors au aussi aux avec avoir ce ces cette comme dans de des du elle en est et etre faire il ils
    je la le les leur leurs lui mais meme mes mettre moins mon ne nos notre nous on ont ou par pas
    plus pour qu que qui sa sans se ses si son sont sur ta te tout toute tous toutes tres tu un une
    vos votre vous y idee idees
    aan als bij dat de der die een en het hij ik in is maar met naar niet of om ook op over te tot
    uit van voor was wat we wij ze zijn
    aber als am auch auf aus bei bin da das dem den der die ein eine einem einen einer es fur hat
    ich ihr im ist man mehr mit nach nicht oder sein sich sie sind so um und uns von vor war was wie
    wir zu zum zur
    al con como del el en es esta este la las lo los mas muy no o para pero por que se sin su sus
    un una y
    alla anche che chi ci come con da dal dei del della delle di e gli ha i il in la le lo ma ne nel
    nella non per piu quale se si sono su un una
    """.split()  # noqa: SIM905  a list of three hundred strings reads worse
)


@dataclass(frozen=True)
class Alike:
    """An idea and how like it is, 0 to 100."""

    idea_id: int
    likeness: int


def fold(words: str) -> str:
    """Text as it is searched: no accents, no capitals."""
    if words.isascii():
        return words.casefold()
    bare = unicodedata.normalize("NFKD", words)
    return "".join(mark for mark in bare if not unicodedata.combining(mark)).casefold()


def words_of(said: str) -> list[str]:
    """The telling words of a text, folded, in order."""
    return [
        word[:LONGEST]
        for word in _WORD.findall(fold(said))
        if len(word) >= SHORTEST and word not in _STOP
    ]


def shingles_of(title: str) -> set[int]:
    """The four-letter pieces of a title's telling words, as numbers below 2^31."""
    found = set()
    for word in words_of(title):
        framed = f"_{word}_"
        for start in range(max(1, len(framed) - 3)):
            found.add(zlib.crc32(framed[start : start + 4].encode()) & 0x7FFFFFFF)
    return found


# --- keeping the indexes ----------------------------------------------------------------------


def index_idea(idea: Idea) -> None:
    """Let this idea be found, by its words as they are now; joins the running transaction."""
    index_many([(idea.id, idea.call_id, idea.title, idea.body)])


def index_many(rows: Sequence[tuple[int, int, str, str]]) -> None:
    """The same for many (id, call id, title, body): four statements."""
    if not rows:
        return
    unindex([row[0] for row in rows])
    if db.engine.dialect.name == "sqlite":
        keep = "INSERT INTO idea_fts (rowid, title, body) VALUES (:idea_id, :title, :body)"
        kept = [
            {
                "idea_id": ident,
                "title": " ".join(words_of(title)),
                "body": " ".join(words_of(body)),
            }
            for ident, _call_id, title, body in rows
        ]
    else:
        keep = "INSERT INTO idea_fts (idea_id, words) VALUES (:idea_id, CAST(:words AS tsvector))"
        kept = [
            {"idea_id": ident, "words": _vector(words_of(title), words_of(body))}
            for ident, _call_id, title, body in rows
        ]
    db.session.execute(text(keep), kept)
    pieces = [
        {"call_id": call_id, "shingle": shingle, "idea_id": ident}
        for ident, call_id, title, _body in rows
        for shingle in sorted(_kept(shingles_of(title)))
    ]
    if pieces:
        db.session.execute(insert(IdeaShingle.__table__), pieces)  # type: ignore[arg-type]


def unindex(idea_ids: Sequence[int]) -> None:
    """Let these ideas not be found any more."""
    column = "rowid" if db.engine.dialect.name == "sqlite" else "idea_id"
    db.session.execute(
        text(f"DELETE FROM idea_fts WHERE {column} IN :ids").bindparams(  # noqa: S608  our word
            bindparam("ids", expanding=True)
        ),
        {"ids": list(idea_ids)},
    )
    db.session.execute(delete(IdeaShingle).where(IdeaShingle.idea_id.in_(idea_ids)))


def _kept(pieces: set[int]) -> set[int]:
    """Of a long title's pieces the even half: as good for finding it, at half the price."""
    return pieces if len(pieces) < LONG else {piece for piece in pieces if piece % 2 == 0}


def _vector(title: Sequence[str], body: Sequence[str]) -> str:
    """A PostgreSQL tsvector as text: words of the title weigh A, of the body alone D."""
    in_title = list(dict.fromkeys(title))
    in_body = [word for word in dict.fromkeys(body) if word not in in_title]
    return " ".join(
        [f"'{word}':{place}A" for place, word in enumerate(in_title, 1)]
        + [f"'{word}':{place}" for place, word in enumerate(in_body, len(in_title) + 1)]
    )


# --- looking ----------------------------------------------------------------------------------


def matching(typed: str) -> Select[tuple[int]] | None:
    """Ids of ideas in which every telling word that was typed begins a word; None for no word."""
    words = list(dict.fromkeys(words_of(typed)))[:8]
    if not words:
        return None
    # a plural finds its singular
    stems = [word[:-1] if len(word) > 4 and word[-1] in "sx" else word for word in words]
    if db.engine.dialect.name == "sqlite":
        rows = text("SELECT rowid AS idea_id FROM idea_fts WHERE idea_fts MATCH :fts_words")
        asked = " AND ".join(f'"{stem}"*' for stem in stems)
    else:
        rows = text("SELECT idea_id FROM idea_fts WHERE words @@ CAST(:fts_words AS tsquery)")
        asked = " & ".join(f"'{stem}':*" for stem in stems)
    found = rows.bindparams(fts_words=asked).columns(idea_id=Idea.id.type).subquery()
    return select(found.c.idea_id)


def alike(
    call_id: int,
    title: str,
    body: str = "",
    *,
    exclude: int | None = None,
    limit: int = 5,
    at_least: int = ALIKE,
) -> list[Alike]:
    """Live ideas of the call about the same matter, the nearest first."""
    pieces, words = shingles_of(title), list(dict.fromkeys(words_of(title)))
    if not pieces and not words:
        return []
    telling = [word for word in words if word not in FILLERS] or words
    counts, total = _counts(list(dict.fromkeys(map(stem, telling)))[:12], call_id)
    candidates = _by_shingles(pieces, call_id) | _by_words(counts, call_id)
    candidates.discard(exclude or 0)
    if not candidates:
        return []
    rows = db.session.execute(
        select(Idea.id, Idea.title, Idea.body).where(Idea.id.in_(candidates), Idea.state.in_(LIVE))
    ).all()
    worth = {word: _worth(count, total) for word, count in counts.items()}
    said = set(map(stem, words_of(body)))
    judged = [Alike(ident, nearness(pieces, worth, said, *other)) for ident, *other in rows]
    best = sorted((a for a in judged if a.likeness >= at_least), key=lambda a: -a.likeness)
    return best[:limit]


def twins(call_id: int, idea: Idea, *, limit: int, at_least: int) -> list[Alike]:
    """Live ideas that may be the same one again: judged strictly, by likeness alone."""
    pieces, words = shingles_of(idea.title), set(words_of(f"{idea.title} {idea.body}"))
    near = alike(call_id, idea.title, exclude=idea.id, limit=4 * limit, at_least=0)
    rows = db.session.execute(
        select(Idea.id, Idea.title, Idea.body).where(Idea.id.in_([one.idea_id for one in near]))
    ).all()
    judged = [Alike(ident, likeness(pieces, words, title, body)) for ident, title, body in rows]
    best = sorted((a for a in judged if a.likeness >= at_least), key=lambda a: -a.likeness)
    return best[:limit]


def nearness(
    pieces: set[int], worth: Mapping[str, float], said: Collection[str], title: str, body: str
) -> int:
    """0 to 100: half by the pieces two titles share (Dice), half by how much of the title's words
    the other idea has, each word by what it is worth, half as much when only its text has it.

    Words of the text alone (`said`) that are in the other's title add up to a tenth.
    """
    others = shingles_of(title)
    titles = 2 * len(pieces & others) / (len(pieces) + len(others)) if pieces and others else 0.0
    theirs = set(map(stem, words_of(title)))
    texts = set(map(stem, words_of(body)))
    # a title of words that are everywhere asks for nothing much
    whole = max(sum(worth.values()), 1.5)
    met = sum(
        value if word in theirs else value / 2 if word in texts else 0.0
        for word, value in worth.items()
    )
    told = len(theirs & set(said)) / len(theirs) if theirs and said else 0.0
    return min(100, round(50 * titles + 50 * met / whole + 10 * told))


def stem(word: str) -> str:
    """A word without the endings that number, gender and time give it in English and French.

    Rough on purpose: it only has to bring forms of one word together, and never stands anywhere.
    """
    if len(word) < 5 or not word.endswith(_ENDINGS):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _worth(count: int, total: int) -> float:
    """What a word tells: inverse document frequency, next to nothing when it is everywhere."""
    if total > 20 and count > COMMON * total:
        return 0.1
    return log((1 + total) / (1 + count)) + 0.3


def _counts(stems: Sequence[str], call_id: int) -> tuple[dict[str, int], int]:
    """In how many ideas words with each of these stems stand, and how many the call has.

    One query.
    """
    if not stems:
        return {}, 1
    if db.engine.dialect.name == "sqlite":
        one = "SELECT count(*) FROM idea_fts WHERE idea_fts MATCH :w{n}"
        asked: dict[str, Any] = {f"w{n}": f'"{word}"*' for n, word in enumerate(stems)}
    else:
        one = "SELECT count(*) FROM idea_fts WHERE words @@ CAST(:w{n} AS tsquery)"
        asked = {f"w{n}": f"'{word}':*" for n, word in enumerate(stems)}
    columns = ", ".join(f"({one.format(n=n)})" for n in range(len(stems)))
    whole = "(SELECT count(*) FROM ideas WHERE call_id = :call_id)"
    row = db.session.execute(
        text(f"SELECT {columns}, {whole}"), {**asked, "call_id": call_id}
    ).one()
    return dict(zip(stems, row[:-1], strict=True)), row[-1] or 1


def likeness(pieces: set[int], words: set[str], title: str, body: str) -> int:
    """0 to 100: mostly how many pieces two titles share (Dice), partly how many words all has."""
    others = shingles_of(title)
    titles = 2 * len(pieces & others) / (len(pieces) + len(others)) if pieces and others else 0.0
    theirs = set(words_of(f"{title} {body}"))
    # of the shorter text's words: a title alone is compared with a whole idea
    shared = len(words & theirs) / min(len(words), len(theirs)) if words and theirs else 0.0
    return round(100 * (0.7 * titles + 0.3 * shared))


def _by_shingles(pieces: set[int], call_id: int) -> set[int]:
    """Ideas whose titles share the most of these pieces, the rarer half of them."""
    if not pieces:
        return set()
    counts = db.session.execute(
        select(IdeaShingle.shingle, func.count())
        .where(IdeaShingle.call_id == call_id, IdeaShingle.shingle.in_(pieces))
        .group_by(IdeaShingle.shingle)
    ).all()
    rare: list[int] = []
    total = 0
    for shingle, count in sorted(counts, key=lambda row: row[1]):
        # what nearly every title has costs much and tells little
        if len(rare) >= FEWEST and total + count > MOST_READ:
            break
        rare.append(shingle)
        total += count
    if not rare:
        return set()
    found = (
        select(IdeaShingle.idea_id)
        .where(IdeaShingle.call_id == call_id, IdeaShingle.shingle.in_(rare))
        .group_by(IdeaShingle.idea_id)
        .order_by(func.count().desc(), IdeaShingle.idea_id)
        .limit(CANDIDATES)
    )
    return set(db.session.scalars(found))


def _by_words(counts: Mapping[str, int], call_id: int) -> set[int]:
    """Ideas that have the most of these words, in their titles first; the rarer ones are asked."""
    asked: list[str] = []
    total = 0
    for word, count in sorted(counts.items(), key=lambda pair: pair[1]):
        if asked and total + count > MOST_READ // 2:
            break
        if count:
            asked.append(word)
            total += count
    if not asked:
        return set()
    if db.engine.dialect.name == "sqlite":
        rows = text(
            "SELECT rowid AS idea_id FROM idea_fts WHERE idea_fts MATCH :asked"
            " ORDER BY bm25(idea_fts, 10.0, 1.0) LIMIT :most"
        ).bindparams(asked=" OR ".join(f'"{word}"*' for word in asked), most=2 * CANDIDATES)
    else:
        rows = text(
            "SELECT idea_id FROM idea_fts, CAST(:asked AS tsquery) AS asked"
            " WHERE words @@ asked ORDER BY ts_rank(words, asked) DESC LIMIT :most"
        ).bindparams(asked=" | ".join(f"'{word}':*" for word in asked), most=2 * CANDIDATES)
    found = rows.columns(idea_id=Idea.id.type).subquery()
    return set(
        db.session.scalars(
            select(Idea.id)
            .join(found, found.c.idea_id == Idea.id)
            .where(Idea.call_id == call_id, Idea.state.in_(LIVE))
            .limit(CANDIDATES)
        )
    )
