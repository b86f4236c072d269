"""Pages and posts, asked for by a load generator."""

import argparse
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from bench import instance, load
from bench.instance import Env, say
from bench.load import Figure, Form
from bench.table import Bound, Line

SERVERS = {
    "reference": ("bench.reference", "/hello", {}),
    "warm": ("bench.site", "/healthz", {}),
    "cold": ("bench.site", "/healthz", {"ENGAGE_PAGE_CACHE_SECONDS": "0"}),
}
MANY = 64  # connections; 16 otherwise
FEW = 4
SIGN_IN_AT = "/en/login"
SIMILAR = "similar ideas, while a title is typed"
FRAGMENT = "HX-Request: true"  # a part of a page is asked for, as the form does


@dataclass(frozen=True)
class Target:
    """Something to ask for, the reference it is compared with, and what is wanted.

    `during` names a target whose posts arrive meanwhile; `by` is the value compared.
    """

    name: str
    path: str
    server: str  # of SERVERS
    against: str = ""
    wanted: tuple[Bound, ...] = ()
    cookie: str = ""
    form: Form | None = None
    connections: int = 16
    header: str = ""
    during: str = ""
    by: str = "rps"


@dataclass(frozen=True)
class Posts:
    """What is posted, each form with the cookie it belongs to."""

    write1: Form | None = None
    write1_cookie: str = ""
    remark: Form | None = None
    remark_cookie: str = ""
    support: Form | None = None
    support_cookie: str = ""
    sign_in: Form | None = None
    sign_in_cookie: str = ""


def lines(env: Env, options: argparse.Namespace, folder: Path, facts: dict[str, Any]) -> list[Line]:
    """Measure what was chosen; rounds over all, so that a noisy minute touches each alike."""
    names = _chosen(_targets(facts, Posts()), options.only)
    if not names:
        return []
    weights = instance.ask(env, f"weigh({facts['pages']!r}, {facts['cookie']!r})")
    with ExitStack() as stack:
        addresses = {
            kind: stack.enter_context(instance.serving({**env, **extra}, module, health))[0]
            for kind, (module, health, extra) in SERVERS.items()
        }
        every = _targets(facts, _posts(env, addresses, facts))
        figures = _rounds([every[name] for name in names], every, addresses, options, folder)
    return [_line(every[name], figures, weights) for name in names]


def _posts(env: Env, addresses: dict[str, str], facts: dict[str, Any]) -> Posts:
    with httpx.Client(base_url=addresses["reference"]) as person:
        token = person.get("/sign-in").text
        reference = f"session={person.cookies['session']}"
    remark, remark_cookie = _form(addresses["cold"] + _remark_at(facts), facts["cookie"])
    entry, stranger = _form(addresses["cold"] + SIGN_IN_AT, "")
    press, press_cookie = _form(addresses["cold"] + facts["pages"]["idea"], facts["cookie"])
    password = instance.ask(env, "open_accounts()")
    return Posts(
        Form(urlencode({"csrf_token": token})),
        reference,
        Form(urlencode({**remark, "stance": "neutral"})),
        remark_cookie,
        Form(
            urlencode({"csrf_token": press["csrf_token"]}),
            load.SUPPORT,
            load.in_turn(facts["idea_id"]),
        ),
        press_cookie,
        Form(urlencode({**entry, "password": password}), load.PERSON),
        stranger,
    )


def _remark_at(facts: dict[str, Any]) -> str:
    return f"/en/comments/threads/{facts['thread_id']}/new"


def _targets(facts: dict[str, Any], posts: Posts) -> dict[str, Target]:
    home = facts["pages"]["home"]
    targets = [
        Target("hello", "/hello", "reference"),
        Target("page40", "/page40", "reference"),
        Target("rows", "/rows", "reference"),
        Target(
            "write1", "/write1", "reference",
            cookie=posts.write1_cookie, form=posts.write1,
        ),
        Target("home, warm, 4 connections", home, "warm", connections=FEW),
    ]  # fmt: skip
    at_least_page40 = (Bound("ratio", least=1.0), Bound("queries", most=0))
    prompt = Bound("p99", most=30)
    patient = Bound("p99", most=250)
    meanwhile = Bound("p99", most=100)
    for page, path in facts["pages"].items():
        targets += [
            Target(f"{page}, warm", path, "warm", "page40", at_least_page40),
            Target(
                f"{page}, warm, {MANY} connections", path, "warm", "page40",
                (*at_least_page40, prompt), connections=MANY,
            ),
            Target(
                f"{page}, cold", path, "cold", "rows",
                (Bound("ratio", least=0.8), Bound("queries", most=12)),
            ),
            Target(
                f"{page}, signed in", path, "cold", "rows",
                (Bound("ratio", least=0.6), patient), cookie=facts["cookie"],
            ),
        ]  # fmt: skip
    targets += [
        Target(
            "comment", _remark_at(facts), "cold", "write1", (Bound("ratio", least=0.5), patient),
            cookie=posts.remark_cookie, form=posts.remark,
        ),
        Target(
            "support, given or taken back", f"/en/ideas/{facts['idea_id']}/support", "cold",
            "write1", (Bound("ratio", least=0.5), patient),
            cookie=posts.support_cookie, form=posts.support,
        ),
        Target(
            SIMILAR, facts["similar"], "cold", "rows", (Bound("ratio", least=0.1),),
            header=FRAGMENT,
        ),
        Target(
            "sign-ins", SIGN_IN_AT, "warm", wanted=(Bound("figure", least=40),),
            cookie=posts.sign_in_cookie, form=posts.sign_in,
        ),
        Target(
            "home, warm, during sign-ins", home, "warm", "home, warm, 4 connections",
            (Bound("ratio", most=2.0),), connections=FEW, during="sign-ins", by="p99",
        ),
    ]  # fmt: skip
    targets += [
        Target(
            f"{page}, warm, during comments", facts["pages"][page], "warm", "page40",
            (meanwhile,), during="comment",
        )
        for page in ("consultation", "thread")
    ]  # fmt: skip
    return {target.name: target for target in targets}


def _form(url: str, cookie: str) -> tuple[dict[str, str], str]:
    """The hidden fields of a page's forms, and the cookie to send them with."""
    answer = httpx.get(url, headers={"Cookie": cookie} if cookie else {}).raise_for_status()
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", answer.text):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            found[name.group(1)] = value.group(1) if value else ""
    found.pop("idempotency_key", None)
    kept = [f"{name}={value}" for name, value in answer.cookies.items()]
    return found, "; ".join(kept) or cookie


def _chosen(every: dict[str, Target], only: str | None) -> list[str]:
    """The names to measure, references of theirs included, in the order of the table."""
    names = {name for name in every if not only or re.search(only, name)}
    names |= {every[name].against for name in names} - {""}
    return [name for name in every if name in names]


def _rounds(
    targets: list[Target],
    every: dict[str, Target],
    addresses: dict[str, str],
    options: argparse.Namespace,
    folder: Path,
) -> dict[str, Figure]:
    seen: dict[str, list[Figure]] = {target.name: [] for target in targets}

    def measure(target: Target, server: str, seconds: int) -> Figure:
        return load.measure(
            addresses[server] + target.path,
            seconds=seconds,
            connections=target.connections,
            cookie=target.cookie,
            form=target.form,
            header=target.header,
            folder=folder,
        )

    for target in targets:
        httpx.get(addresses[target.server] + target.path, follow_redirects=True)
    for number in range(options.runs):
        for target in targets:
            say(f"run {number + 1} of {options.runs}: {target.name}")
            if not target.during:
                seen[target.name].append(measure(target, target.server, options.seconds))
                continue
            with ThreadPoolExecutor(1) as aside:
                # begins earlier and lasts longer than what is measured
                posts = every[target.during]
                burst = aside.submit(measure, posts, target.server, options.seconds + 2)
                time.sleep(1)
                own = measure(target, target.server, options.seconds)
                lost = burst.result().errors
            seen[target.name].append(Figure(own.rps, own.p50, own.p99, own.errors + lost))
    return {name: load.middle(figures) for name, figures in seen.items()}


def _line(target: Target, figures: dict[str, Figure], weights: dict[str, dict[str, int]]) -> Line:
    figure = figures[target.name]
    base = figures.get(target.against)
    own, other = getattr(figure, target.by), getattr(base, target.by) if base else 0
    weight = weights.get(target.name.removesuffix(f", {MANY} connections"), {})
    return Line(
        target.name,
        figure.rps,
        p50=figure.p50,
        p99=figure.p99,
        against=f"{target.against} ({target.by})" if target.by != "rps" else target.against,
        ratio=own / other if other else None,
        errors=figure.errors,
        queries=weight.get("queries"),
        bytes=weight.get("bytes"),
        wanted=target.wanted,
        more={"connections": target.connections},
    )
