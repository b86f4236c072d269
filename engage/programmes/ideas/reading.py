"""What the public pages show, put together once per request: rights and words are decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, url_for
from markupsafe import Markup

from engage.commons.accounts.models import StakeholderKind, User
from engage.core.errors import Text
from engage.core.forms import Form
from engage.core.i18n import _, _l, _n, format_deadline, language_name, locale_now
from engage.programmes.ideas import chart, policy, queries
from engage.programmes.ideas import filters as narrowing
from engage.programmes.ideas.filters import Filters
from engage.programmes.ideas.models import (
    BOARD,
    STANDING_LABELS,
    STATE_LABELS,
    Call,
    CallStanding,
    CallState,
    Idea,
    IdeaStep,
    StepKind,
)
from engage.programmes.ideas.tokens import invitation_token

STANDING_TONES = {
    CallStanding.DRAFT: "dash",
    CallStanding.SOON: "info",
    CallStanding.OPEN: "ok",
    CallStanding.CLOSED: "warn",
    CallStanding.ARCHIVED: "line",
}


_STEPS = {
    StepKind.STATE: _l("It moved on"),
    StepKind.ANSWERED: _l("Answered"),
    StepKind.MERGED_HERE: _l("Another idea was merged into it"),
    StepKind.UNMERGED: _l("A merge was undone"),
    StepKind.SPLIT: _l("Part of it became an idea of its own"),
    StepKind.PROMOTED: _l("It went on elsewhere"),
    StepKind.ASSIGNED: _l("Somebody works on it"),
    StepKind.OWNED: _l("An organisation builds it"),
}
# more numbers than this cannot be told apart on one picture
MOST_PINS = 99


@dataclass(frozen=True)
class NextAct:
    """The one thing to do now."""

    title: Text
    text: Text
    action: Text
    url: str
    icon_name: str


def standing_words(call: Call, now: datetime) -> str:
    """Until when ideas are taken, or since when they are not, with the zone."""
    standing = call.standing_at(now)
    if standing is CallStanding.SOON and call.opens_at is not None:
        return str(_("Opens %(when)s", when=format_deadline(call.opens_at, call.time_zone)))
    if standing is CallStanding.OPEN and call.closes_at is not None:
        return str(
            _("Takes ideas until %(when)s", when=format_deadline(call.closes_at, call.time_zone))
        )
    if call.closes_at is not None and standing is not CallStanding.DRAFT:
        return str(_("Closed %(when)s", when=format_deadline(call.closes_at, call.time_zone)))
    return str(STANDING_LABELS[standing])


def support_words(call: Call, now: datetime) -> str:
    """Until when support is taken, where that is later than new ideas; empty otherwise."""
    until = call.supports_close_at
    if until is None or until <= now or call.state is not CallState.PUBLISHED:
        return ""
    return str(_("Support until %(when)s", when=format_deadline(until, call.time_zone)))


def frame(call: Call, now: datetime) -> dict[str, Any]:
    """What every page of one call needs: words, language, standing."""
    locale = locale_now()
    words = call.words_in(locale)
    standing = call.standing_at(now)
    return {
        "call": call,
        "words": words,
        # empty when the words are in the page's language
        "lang": "" if words.language == locale else words.language,
        "language_missing": ""
        if words.language == locale
        else _("Not yet available in %(language)s", language=language_name(locale)),
        "standing": standing.value,
        "standing_label": STANDING_LABELS[standing],
        "tone": STANDING_TONES[standing],
        "now": now,
        "here": url_for("ideas.call", address=call.address),
    }


def call(found: Call, user: User | None, now: datetime) -> dict[str, Any]:
    """The page of one call."""
    figures = queries.call_figures(found.id)
    shown = frame(found, now)
    return {
        **shown,
        "figures": figures,
        "columns": [
            (state, STATE_LABELS[state], count, round(100 * count / figures.ideas))
            for state in BOARD
            if (count := figures.by_state.get(state, 0))
        ],
        "kinds": sorted(
            (
                (kind, count, round(100 * count / figures.ideas))
                for kind in StakeholderKind
                if (count := figures.by_kind.get(kind, 0))
            ),
            key=lambda row: -row[1],
        ),
        "newest": queries.newest_cards(found.id, user, now),
        "next_act": _next_act(found, user, now),
        "rules": _rules(found),
        "support_until": support_words(found, now),
        "can_keep": policy.is_reader(user),
        "form": Form() if user is not None else None,
        "user": user,
    }


def _next_act(found: Call, user: User | None, now: datetime) -> NextAct:
    standing = found.standing_at(now)
    listed = url_for("ideas.index", call=found.id)
    if standing is CallStanding.OPEN:
        return NextAct(
            _("Put forward an idea"),
            _(
                "One page, then one look at it before you send it. %(until)s.",
                until=standing_words(found, now),
            ),
            _("Write my idea"),
            url_for("ideas.new", call=found.id),
            "ideas",
        )
    if standing is CallStanding.SOON:
        return NextAct(
            _("Not open yet"), standing_words(found, now), _("Ideas of other calls"),
            url_for("ideas.index"), "clock",
        )  # fmt: skip
    return NextAct(
        _("See what became of the ideas"),
        _("Every idea with its answer and what is being built."),
        _("Read the ideas"),
        listed,
        "ideas",
    )


def _rules(found: Call) -> list[str]:
    """What a person should know before writing, each in one sentence."""
    said = []
    if found.submit_kinds:
        said.append(_("Ideas are asked of: %(kinds)s.", kinds=_kind_words(found.submit_kinds)))
    if found.support_kinds:
        said.append(_("Support is asked of: %(kinds)s.", kinds=_kind_words(found.support_kinds)))
    if found.supports_each:
        said.append(
            _n(
                "Everybody may support %(num)d idea.",
                "Everybody may support %(num)d ideas.",
                found.supports_each,
            )
        )
    else:
        said.append(_("Everybody may support as many ideas as they like."))
    if found.is_premoderated:
        said.append(_("An idea appears once somebody of the team has read it."))
    if found.edit_hours:
        said.append(
            _n(
                "You can change your idea for %(num)d hour after it appeared.",
                "You can change your idea for %(num)d hours after it appeared.",
                found.edit_hours,
            )
        )
    if found.naming.value == "hidden":
        said.append(_("Names of persons are not shown to the public."))
    elif found.naming.value == "choice":
        said.append(_("You choose whether the public sees your name."))
    if found.languages:
        said.append(
            _(
                "You can write in: %(languages)s.",
                languages=", ".join(map(language_name, found.languages)),
            )
        )
    return [str(line) for line in said]


def _kind_words(kinds: list[str]) -> str:
    words = {
        "resident": _("residents"),
        "business": _("businesses"),
        "authority": _("authorities"),
        "association": _("associations"),
        "researcher": _("researchers"),
    }
    return ", ".join(str(words.get(kind, kind)) for kind in kinds)


def listing(
    chosen: Filters, asked: Call | None, user: User | None, now: datetime
) -> dict[str, Any]:
    """What the list, the board and the map share."""
    locale = locale_now()
    return {
        **(frame(asked, now) if asked is not None else {"call": None, "now": now}),
        "filters": chosen,
        "sorts": list(narrowing.SORTS.items()),
        "states": [(state.value, STATE_LABELS[state]) for state in BOARD],
        "categories": [(one.id, one.name_in(locale)) for one in asked.categories] if asked else [],
        "calls": [(one.id, one.words_in(locale).title) for one in queries.call_choices(now)]
        if asked is None
        else [],
        "other_seed": narrowing.other_seed(chosen.seed),
        "is_open": asked is None or asked.standing_at(now) is CallStanding.OPEN,
        "form": Form() if user is not None else None,
    }


def detail(idea: Idea, user: User | None, now: datetime, *, came_from: int = 0) -> dict[str, Any]:
    """The page of one idea."""
    shown = queries.detail(idea, user, now)
    locale = locale_now()
    arrived = next((one for one in shown.merged_here if one.id == came_from), None)
    return {
        "idea": idea,
        "detail": shown,
        "call": idea.call,
        "call_words": idea.call.words_in(locale),
        "lang": "" if idea.language == locale else idea.language,
        "state_label": STATE_LABELS[idea.state],
        "kinds": kinds(idea.supports_by_kind),
        "people": idea.supports_count - idea.organisations_count,
        "pictures": [one for one in idea.attachments if one.file.is_image],
        "papers": [one for one in idea.attachments if not one.file.is_image],
        "arrived": arrived,
        "offers_support": policy.is_support_open(idea, idea.call, now),
        "form": Form() if user is not None else None,
        "now": now,
    }


def on_chart(points: Sequence[queries.MapPoint]) -> dict[str, Any]:
    """Points with a pin first, numbered like their pins; then those that only name their place."""
    pinned = [p for p in points if p.latitude is not None and p.longitude is not None]
    spots = [(p.latitude or 0.0, p.longitude or 0.0) for p in pinned]
    return {
        "pinned": pinned,
        "named": [p for p in points if p.latitude is None or p.longitude is None],
        "chart": chart.drawn(spots[:MOST_PINS]),
        "most_pins": MOST_PINS,
    }


def step_words(step: IdeaStep) -> str:
    """One line of an idea's history."""
    if step.kind is StepKind.STATE and step.state is not None:
        return str(STATE_LABELS[step.state])
    return str(_STEPS[step.kind])


def waiting(user: User) -> Markup | None:
    """What of ideas waits for this person, on their own page; None for nothing."""
    drafts, asked = queries.drafts_of(user), queries.invitations_for(user)
    if not drafts and not asked:
        return None
    links = [(one, url_for("ideas.invitation", token=invitation_token(one))) for one in asked]
    drawn: Any = current_app.jinja_env.get_template("ideas/_waiting.html").module
    found: Markup = drawn.waiting(drafts[:5], links)
    return found


def kinds(by_kind: Mapping[str, Any]) -> list[tuple[StakeholderKind, int, int]]:
    """(kind, supports, per cent of all) of the kinds that support, most first."""
    counts = [(kind, sum(by_kind.get(kind.value, (0, 0)))) for kind in StakeholderKind]
    total = sum(count for _kind, count in counts)
    return [
        (kind, count, round(100 * count / total))
        for kind, count in sorted(counts, key=lambda row: -row[1])
        if count
    ]
