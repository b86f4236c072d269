"""Nothing in an address or a form sends a reader to somebody else's site."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.core import attack
from tests.factories.accounts import signed_in_cookie
from tests.pages import Page, PageClient
from tests.sweeps.forms import Form, forms, walkers, ways
from tests.sweeps.test_access_matrix import address
from tests.sweeps.test_bad_input import EVERYTHING, query_names
from tests.sweeps.test_mass_assignment import Sender
from tests.sweeps.world import World, build, cases, readable

pytestmark = pytest.mark.attack

# a page of ours that nothing else leads to: where it turns up, a return address was taken
BACK = "/en/organisations?sort=name&page=1"
# what return addresses are called, beside every name our views read
RETURNS = (
    "next", "url", "return", "return_to", "return_url", "redirect", "redirect_to", "redirect_uri",
    "redirect_url", "target", "to", "goto", "continue", "dest", "destination", "back", "came_from",
    "callback", "ref", "referer", "r", "u",
)  # fmt: skip
# of the list, to each form that takes a return address: every so manieth
EACH = 12
# whatever tells a browser to go elsewhere by itself
LEADING = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh")
# one slash, then only signs that no browser turns into a slash or leaves out
OURS = re.compile(r"(?:http://localhost)?/(?![/\\])[!-~]*|http://localhost")
FOLLOWED = re.compile(r"""<(?:a|form|link|button|input|meta|script|iframe)\b[^>]*>""")
TARGET = re.compile(
    r"""\b(?:href|action|formaction|hx-(?:get|post|push-url)|src|content)="([^"]*)"""
)


@pytest.fixture(scope="module")
def hostile() -> list[str]:
    """Every hostile target of the lists, once; their own host is ours."""
    found = attack.upstream("open_redirect") + attack.own("next_url")
    ours = re.compile(r"www\.whitelisteddomain\.tld|HOST")
    return list(dict.fromkeys(ours.sub("localhost", text) for text in found))


def away(page: Page) -> Iterator[str]:
    """Whither the answer sends a browser off the site."""
    for name in LEADING:
        for value in page.headers.getlist(name):
            if not OURS.fullmatch(value) or "\\" in value:
                yield f"{name}: {value}"
    if page.is_html:
        for tag in FOLLOWED.findall(page.body):
            for written in TARGET.findall(tag):
                to = html.unescape(written).strip()
                if re.match(r"(?i)\s*(https?:)?[/\\]{2}|\s*(java|vb)script:|\s*data:text", to) and (
                    not OURS.fullmatch(to)
                ):
                    yield f"{tag[:60]} leads to {to}"


def takes_it(page: Page) -> bool:
    """Has the answer taken the return address it was given, to lead there or to keep it?"""
    led = [value for name in LEADING for value in page.headers.getlist(name)]
    return BACK in led or (page.is_html and f'"{BACK}"' in html.unescape(page.body))


def readers(app: Flask, world: World) -> dict[str, PageClient]:
    found = {who: PageClient(app) for who in ("anonymous", "author", "admin")}
    for who in ("author", "admin"):
        signed_in_cookie(found[who].http, world.people[who])
    return found


def asked(reader: PageClient, url: str, target: str, names: tuple[str, ...] = RETURNS) -> Page:
    """The page, with this target under all of these names."""
    path, _mark, query = url.partition("?")
    more = urlencode(dict.fromkeys(names, target.encode("utf-8", "replace")))
    return reader.get(f"{path}?{query and query + '&'}{more}", unchecked=True, offsite=True)


def part_of(hostile: list[str], turn: int) -> list[str]:
    """An even sample of the list, another one each turn; all of it when everything is wanted."""
    return hostile if EVERYTHING else hostile[turn % EACH :: EACH]


def test_no_address_leads_away(app: Flask, hostile: list[str]) -> None:
    """Every page, with a return address under every name some view reads, and some more."""
    world = build()
    names = tuple(dict.fromkeys((*RETURNS, *query_names())))
    some, takers, wrong = cycle(hostile), set(), []
    for who, reader in readers(app, world).items():
        for turn, rule in enumerate(readable(app)):
            url = address(app, rule.endpoint, cases(rule, world)[0])
            usual = set(away(reader.get(url, unchecked=True, offsite=True)))
            given = asked(reader, url, BACK)
            takers |= {rule.endpoint} if takes_it(given) else set()
            wanted, targets = names, [next(some)]
            if takes_it(given):
                # the whole list where it leads away at once, a part where it is only kept
                leads = given.status in {301, 302, 303, 307, 308}
                wanted, targets = RETURNS, hostile if leads else part_of(hostile, turn)
            for target in targets:
                found = set(away(asked(reader, url, target, wanted)))
                wrong += [f"{who} {url} {target!r}: {w}" for w in found - usual]
    assert {"accounts.login", "accounts.register", "accounts.ask_link"} <= takers, takers
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])


def with_return(form: Form, target: str) -> Form:
    """The form, going to an address that carries this target too."""
    path, _mark, query = form.action.partition("?")
    more = urlencode(dict.fromkeys(RETURNS, target.encode("utf-8", "replace")))
    # in front: of two of a name the first is read
    return replace(form, action=f"{path}?{more}{query and '&' + query}")


def test_no_form_leads_away(app: Flask, hostile: list[str]) -> None:
    """Every form with a return address in body and address; who takes one is sent many of the list."""
    world = build()
    people = walkers(app, world)
    found = list(forms(app, world, people))
    sender = Sender(people)
    some, takers, wrong, done = cycle(hostile), set(), [], set()
    for turn, form in enumerate(found):
        if form.key in done:
            continue
        for values in form.attempts(ways(world)):
            page = sender.answer(with_return(form, BACK), values | dict.fromkeys(RETURNS, BACK))
            if page.status < 400:
                done.add(form.key)
                break
        takers |= {form.endpoint} if takes_it(page) else set()
        for target in part_of(hostile, turn) if takes_it(page) else [next(some)]:
            page = sender.answer(with_return(form, target), values | dict.fromkeys(RETURNS, target))
            wrong += [f"{form} {target!r}: {w}" for w in away(page)]
    sender.close()
    assert {"accounts.login", "accounts.again"} <= takers, takers
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])


def test_no_path_and_no_header_leads_away(
    app: Flask, client: PageClient, hostile: list[str]
) -> None:
    """The target as an address of ours, and as the page somebody says they come from."""
    user = build().people["author"]
    wrong = []
    for target in hostile:
        plain = re.sub(r"[\x00-\x20]", "", target)
        for path in (f"/{plain}", f"/en/{plain}/", f"//{plain.lstrip('/')}/.."):
            # as the server hands it over when a client has sent it as it is
            sent = {"PATH_INFO": path.encode("utf-8", "replace").decode("latin-1")}
            answer = client.http.get("/", environ_overrides=sent)
            page = Page(client, path, answer, fragment=False)
            wrong += [f"{path!r}: {w}" for w in away(page)]
    http = PageClient(app)
    signed_in_cookie(http.http, user)
    for target in hostile[::EACH]:
        latin = target.encode("latin-1", "ignore").decode("latin-1")
        headers = {name: re.sub(r"[\r\n]", "", latin) for name in ("Referer", "HX-Current-URL")}
        for reader in (client, http):
            for path in ("/en/me/sessions/end-all", "/en/logout", "/en/office/"):
                page = reader.post(path, headers=headers, unchecked=True, offsite=True)
                wrong += [f"{path} from {target!r}: {w}" for w in away(page)]
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])


def test_a_host_that_is_not_ours_is_refused(client: PageClient) -> None:
    """No redirect is built from a Host header somebody made up."""
    for path in ("/", "/en", "/en/consultations/", "/en/me"):
        answer = client.http.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.headers.get("Location", ""), path
        assert "evil.example" not in answer.text, path
