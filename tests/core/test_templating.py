"""Templates say what Jinja would have said, in fewer steps."""

from typing import Any

import pytest
from flask import Flask, render_template_string
from jinja2 import UndefinedError, pass_context

from engage.core.templating import QuickContext


@pytest.fixture
def draw(app: Flask) -> Any:
    with app.test_request_context("/fr/"):
        yield render_template_string


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
