"""What a call's ideas say together: numbers, and the words that set each group apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engage.commons.accounts.models import StakeholderKind
from engage.core.db import stream
from engage.core.i18n import _, locale_now
from engage.programmes.ideas.fillers import FILLERS
from engage.programmes.ideas.models import LIVE, Call, Idea, IdeaState, Support
from engage.programmes.ideas.similar import fold, words_of

MOST_WORDS = 30
FEWEST_IDEAS = 2  # a word that one idea alone uses is no theme


@dataclass(frozen=True)
class Slice:
    """One row of a breakdown. `key` is "" for ideas without."""

    key: str
    words: str
    ideas: int
    supports: int
    answered: int


@dataclass(frozen=True)
class Day:
    """One day of a call."""

    day: date
    ideas: int
    supports: int


@dataclass(frozen=True)
class Word:
    """A word, in how many ideas it stands, and how much it tells (sum of TF-IDF)."""

    word: str
    ideas: int
    weight: float


@dataclass(frozen=True)
class Theme:
    """The words that set the ideas of one category apart."""

    name: str
    ideas: int
    words: list[Word]


@dataclass(frozen=True)
class Insight:
    """Everything the insight page shows."""

    total: int
    by_category: list[Slice]
    by_state: dict[IdeaState, int]
    by_kind: list[Slice]
    supports_by_kind: dict[StakeholderKind, int]
    days: list[Day]
    words: list[Word]
    themes: list[Theme]


def of_call(call: Call) -> Insight:
    """The numbers and words of one call's public ideas: three queries."""
    locale = locale_now()
    names = {category.id: category.name_in(locale) for category in call.categories}
    categories: dict[int | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    kinds: dict[StakeholderKind, list[int]] = defaultdict(lambda: [0, 0, 0])
    states: Counter[IdeaState] = Counter()
    supports: Counter[StakeholderKind] = Counter()
    sent: Counter[date] = Counter()
    bags: list[tuple[int | None, Counter[str], dict[str, str]]] = []
    zone = ZoneInfo(call.time_zone)
    for part in stream(
        select(
            Idea.category_id,
            Idea.author_kind,
            Idea.state,
            Idea.supports_count,
            Idea.supports_by_kind,
            Idea.answered_at,
            Idea.published_at,
            Idea.title,
            Idea.body,
        ).where(Idea.call_id == call.id, Idea.state.in_(LIVE))
    ):
        for row in part:
            for tally in (categories[row.category_id], kinds[row.author_kind]):
                tally[0] += 1
                tally[1] += row.supports_count
                tally[2] += row.answered_at is not None
            states[row.state] += 1
            for name, pair in row.supports_by_kind.items():
                supports[StakeholderKind(name)] += sum(pair)
            if row.published_at is not None:
                sent[row.published_at.astimezone(zone).date()] += 1
            bags.append((row.category_id, *bag_of(f"{row.title} {row.title} {row.body}")))
    return Insight(
        total=sum(states.values()),
        by_category=[
            Slice(str(ident or ""), names.get(ident or 0, _("Without a category")), *tally)
            for ident, tally in sorted(categories.items(), key=lambda item: -item[1][0])
        ],
        by_state={state: states[state] for state in LIVE},
        by_kind=[
            Slice(kind.value, kind.value, *kinds[kind]) for kind in StakeholderKind if kind in kinds
        ],
        supports_by_kind={kind: supports[kind] for kind in StakeholderKind},
        days=_days(sent, _supports_by_day(call.id, zone)),
        words=telling_words(bags),
        themes=_themes(bags, names),
    )


def bag_of(said: str) -> tuple[Counter[str], dict[str, str]]:
    """How often each telling word occurs, folded, and how it is written there."""
    written: dict[str, str] = {}
    for word in said.split():
        bare = "".join(sign for sign in word if sign.isalnum() or sign in "-’'").strip("-’'")
        for folded in words_of(bare):
            if fold(bare) == folded:
                written.setdefault(folded, bare.lower())
    telling = (word for word in words_of(said) if word not in FILLERS and not word.isdigit())
    return Counter(telling), written


def telling_words(
    bags: Sequence[tuple[int | None, Counter[str], Mapping[str, str]]], most: int = MOST_WORDS
) -> list[Word]:
    """The words that tell the most about a collection, by the sum of their TF-IDF.

    Term frequency is logarithmic, inverse document frequency smoothed: (1 + ln tf) * ln((1 + N) /
    (1 + df)); a word that stands everywhere weighs nothing. Source: Manning, Raghavan, Schütze, "Introduction to Information Retrieval",
    2008, sections 6.2 and 6.4.
    """
    frequency: Counter[str] = Counter()
    for _group, bag, _written in bags:
        frequency.update(bag.keys())
    total = len(bags)
    weights: defaultdict[str, float] = defaultdict(float)
    for _group, bag, _written in bags:
        norm = sum(count * count for count in bag.values()) ** 0.5 or 1.0
        for word, count in bag.items():
            if frequency[word] >= min(FEWEST_IDEAS, total):
                weights[word] += (1 + log(count)) * log((1 + total) / (1 + frequency[word])) / norm
    spelled = _spelling(bags)
    best = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:most]
    return [Word(spelled.get(word, word), frequency[word], round(w, 2)) for word, w in best]


def _themes(
    bags: Sequence[tuple[int | None, Counter[str], Mapping[str, str]]],
    names: Mapping[int, str],
    most: int = 8,
) -> list[Theme]:
    """Per category the words that are frequent inside and rare outside it."""
    inside: dict[int, Counter[str]] = defaultdict(Counter)
    sizes: Counter[int] = Counter()
    everywhere: Counter[str] = Counter()
    for group, bag, _written in bags:
        everywhere.update(bag.keys())
        if group is not None:
            inside[group].update(bag.keys())
            sizes[group] += 1
    spelled, total = _spelling(bags), len(bags)
    themes = []
    for group, name in names.items():
        if not sizes[group]:
            continue
        weighed = [
            (count / sizes[group] * log((1 + total) / (1 + everywhere[word])), word, count)
            for word, count in inside[group].items()
            if count >= min(FEWEST_IDEAS, sizes[group])
        ]
        best = sorted(weighed, key=lambda row: (-row[0], row[1]))[:most]
        themes.append(
            Theme(
                name,
                sizes[group],
                [Word(spelled.get(word, word), count, round(w, 2)) for w, word, count in best],
            )
        )
    return sorted(themes, key=lambda theme: -theme.ideas)


def _spelling(
    bags: Sequence[tuple[int | None, Counter[str], Mapping[str, str]]],
) -> dict[str, str]:
    """How each folded word is written most often: with its accents."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for _group, _bag, written in bags:
        for folded, spelled in written.items():
            seen[folded][spelled] += 1
    return {folded: found.most_common(1)[0][0] for folded, found in seen.items()}


def _supports_by_day(call_id: int, zone: ZoneInfo) -> Counter[date]:
    found: Counter[date] = Counter()
    for part in stream(select(Support.supported_at).where(Support.call_id == call_id)):
        for (at,) in part:
            found[at.astimezone(zone).date()] += 1
    return found


def _days(sent: Counter[date], supported: Counter[date]) -> list[Day]:
    """Every day from the first to the last, empty ones too; weeks when there are many."""
    if not sent and not supported:
        return []
    first, last = min([*sent, *supported]), max([*sent, *supported])
    step = 1 if (last - first).days <= 60 else 7
    days = []
    here = first
    while here <= last:
        span = [here + timedelta(days=n) for n in range(step)]
        days.append(Day(here, sum(sent[d] for d in span), sum(supported[d] for d in span)))
        here += timedelta(days=step)
    return days
