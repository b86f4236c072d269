"""Templates say what Jinja would have said, in fewer steps."""

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
from flask import Flask, render_template_string
from jinja2 import UndefinedError, pass_context, pass_environment, pass_eval_context
from jinja2.runtime import Context
from markupsafe import Markup

from engage.core.templating import QuickContext

pytestmark = pytest.mark.pure


@pytest.fixture
def draw(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Draw a template both ways: what Jinja's own context says is what ours must say."""

    def outcome(words: str, context: type[Context], variables: dict[str, Any]) -> Any:
        with monkeypatch.context() as for_once:
            for_once.setattr(app.jinja_env, "context_class", context)
            try:
                return render_template_string(words, **variables)
            except Exception as error:  # compared like a text, then raised
                return error

    def both(words: str, **variables: Any) -> str:
        ours = outcome(words, QuickContext, variables)
        plain = outcome(words, Context, variables)
        assert (type(ours), str(ours)) == (type(plain), str(plain)), words
        if isinstance(ours, Exception):
            raise ours
        return str(ours)

    with app.test_request_context("/fr/"):
        yield both


def test_the_short_way_is_taken(app: Flask) -> None:
    assert app.jinja_env.context_class is QuickContext


def test_macros_escape_what_they_are_given(draw: Any) -> None:
    words = "{% macro m(a, b='x') %}<i>{{ a }}{{ b }}{{ caller() if caller }}</i>{% endmacro %}"
    assert draw(words + "{{ m(v) }}", v="<b>") == "<i>&lt;b&gt;x</i>"
    assert draw(words + "{% call m('&') %}<p>{{ v }}</p>{% endcall %}", v="<") == (
        "<i>&amp;x<p>&lt;</p></i>"
    )


def test_loops_hand_their_variables_only_to_callees_that_ask(draw: Any) -> None:
    @pass_context
    def seen(context: Any) -> str:
        return str(context.get("k"))

    words = (
        "{% for n in (1, 2) %}{% set k = n %}{{ seen() }}{{ plain(n) }}{{ method() }}{% endfor %}"
    )
    assert draw(words, seen=seen, plain=lambda n: -n, method="a".upper) == "1-1A2-2A"


def test_words_are_translated_filled_in_and_escaped_once(draw: Any) -> None:
    assert draw("{{ _('Sign out') }}") == "Se déconnecter"
    assert draw("{{ _('%(city)s time', city=v) }}", v="<Calais>").count("&lt;Calais&gt;") == 1
    assert draw("{% trans v=v %}{{ v }} is 100 %{% endtrans %}", v="<") == "&lt; is 100 %"
    assert draw("{% trans %}100 % of it{% endtrans %}") == "100 % of it"
    assert draw("{% autoescape false %}{{ _('%(a)s', a=v) }}{% endautoescape %}", v="<") == "<"


@pytest.mark.parametrize(("count", "said"), [(1, "1 concertation"), (3, "3 concertations")])
def test_numbers_choose_their_form(draw: Any, count: int, said: str) -> None:
    words = (
        "{% trans num=n, count=n %}{{ num }} consultation"
        "{% pluralize count %}{{ num }} consultations{% endtrans %}"
    )
    assert draw(words, n=count) == said


def test_what_is_not_there_still_says_so(draw: Any) -> None:
    with pytest.raises(UndefinedError):
        draw("{{ nowhere() }}")


class Asks:
    """Callees of every other kind: objects, classes, and what wants to be told something."""

    def __call__(self, *args: Any, **named: Any) -> str:
        return f"object {args} {named}"

    @pass_context
    def context(self, context: Any, k: int) -> str:
        return f"method {context.get('v')} {k}"

    @staticmethod
    @pass_environment
    def environment(environment: Any, k: int) -> str:
        return f"{environment.autoescape is not None} {k}"

    @staticmethod
    @pass_eval_context
    def surroundings(surroundings: Any, k: int) -> str:
        return f"{surroundings.autoescape} {k}"


@pytest.mark.parametrize(
    "words",
    [
        "{{ asks(1, a='<') }}{{ asks.context(2) }}{{ asks.environment(3) }}{{ asks.surroundings(4) }}",
        "{% autoescape false %}{{ asks.surroundings(4) }}{{ asks('<') }}{% endautoescape %}",
        "{{ kind('<b>') }}{{ partial(7) }}{{ 'x'.join(['<', 'b']) }}{{ dict(a=1) }}{{ range(3)|list }}",
        "{% for a in (1, 2) recursive %}{{ loop.cycle('x', 'y') }}{{ asks.context(loop.index) }}{% endfor %}",
        "{% for a in ((1, 2), (3,)) recursive %}{{ loop(a) if a is iterable else a }}{% endfor %}",
        "{% set n = namespace(k=1) %}{% for a in (1, 2) %}{% set n.k = n.k + a %}{% endfor %}{{ n.k }}",
        "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m('<', 2, c=3) }}",
        "{% macro m() %}{{ caller('<') }}{% endmacro %}{% call(x) m() %}<p>{{ x }}{% endcall %}",
        "{% block b %}{{ self.c() }}{% endblock %}{% block c %}<i>{{ v }}{% endblock %}",
        "{{ _('%(a)s and %(a)s', a=v) }}{{ _('100 %%') }}{{ ngettext('%(num)d', '%(num)d', 2) }}",
        "{{ asks.nothing() }}",
        "{{ v() }}",
        "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
        "{{ fails() }}",
        "{{ last() }}|{{ last() is defined }}",
        "{% macro m() %}{{ last() }}{% endmacro %}<i>{{ m() }}</i>",
    ],
)
def test_every_kind_of_callee_is_called_as_by_jinja(draw: Any, words: str) -> None:
    def fails() -> None:
        raise AttributeError("inside")

    given = {
        "asks": Asks(),
        "kind": Markup,
        "partial": partial(max, 3),
        "fails": fails,
        "last": lambda: next(iter(())),
        "v": "<",
    }
    fault = next((f for name, f in FAULTS.items() if name in words), None)
    with pytest.raises(fault) if fault else nullcontext():
        assert draw(words, **given)


FAULTS = {
    "nothing()": UndefinedError,
    "{{ v() }}": TypeError,
    "m(1, 2)": TypeError,
    "fails": AttributeError,
}
