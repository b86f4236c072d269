"""Forms: what is typed is kept, made regular or refused in words, and drawn so that everybody can use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from engage.core.errors import Conflict, Invalid
from engage.core.forms import (
    CheckField,
    ChoiceField,
    DateField,
    DateTimeField,
    EmailField,
    FileField,
    Form,
    HiddenField,
    IntegerField,
    MarkdownField,
    MultiChoiceField,
    PasswordField,
    SelectField,
    SubmitField,
    TextAreaField,
    TextField,
)
from tests.markup import parse, select, text_of

pytestmark = pytest.mark.pure

KINDS = [("resident", "Resident", "You live here."), ("business", "Business")]


class Everything(Form):
    """One field of each kind."""

    title = TextField("Title", description="One sentence.", maximum=20, minimum=3)
    email = EmailField("E-mail")
    password = PasswordField("Password", autocomplete="new-password", maximum=20)
    change = TextAreaField("Change", maximum=30, draft=True)
    body = MarkdownField("Comment", maximum=100)
    kind = ChoiceField("Kind", choices=KINDS)
    theme = SelectField("Theme", choices=[("air", "Air"), ("noise", "Noise")])
    when = MultiChoiceField(
        "When", choices=[("answer", "Answer"), ("comment", "Comment")], required=False
    )
    agree = CheckField("I agree", required=True)
    days = IntegerField("Days", minimum=1, maximum=90)
    day = DateField("Day")
    at = DateTimeField("Closes", zone="Europe/Paris")
    paper = FileField("Paper", accept=".md", required=False)
    seen = HiddenField()
    send = SubmitField("Send")


GOOD: dict[str, Any] = {
    "title": "Sockets",
    "email": "Ann@Example.org",
    "password": "  a secret  ",
    "change": "Less noise",
    "body": "Works on **one** season",
    "kind": "resident",
    "theme": "air",
    "agree": "y",
    "days": "30",
    "day": "2026-12-04",
    "at-date": "2026-12-04",
    "at-time": "18:00",
    "seen": "3",
}


@pytest.fixture
def sent(app: Flask) -> Callable[..., Any]:
    """`with sent(title="x") as form`: a form as a browser would send it, good but for what is told."""

    @contextmanager
    def send(**changes: Any) -> Iterator[Everything]:
        data = MultiDict(
            {
                k: v
                for k, v in {**GOOD, **changes}.items()
                if v is not None and not isinstance(v, list)
            }
        )
        for name, value in changes.items():
            if isinstance(value, list):
                data.setlist(name, value)
        with app.test_request_context("/en/", method="POST", data=data):
            yield Everything(meta={"csrf": False})

    return send


def messages(form: Form) -> dict[str, str]:
    form.validate()
    return {name: str(errors[0]) for name, errors in form.errors.items()}


def test_good_input_becomes_plain_data(sent: Any) -> None:
    with sent(when=["answer"]) as form:
        assert messages(form) == {}
        assert form.title.data == "Sockets"
        assert form.email.data == "Ann@example.org"
        assert form.password.data == "  a secret  "
        assert form.when.data == ["answer"]
        assert form.days.data == 30
        assert form.day.data == date(2026, 12, 4)
        assert form.at.data == datetime(2026, 12, 4, 17, tzinfo=UTC)
        assert form.agree.data is True
        assert form.seen.data == "3"


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"title": "   "}, "title", "Fill in"),
        ({"title": "ab"}, "title", "at least 3"),
        ({"title": "x" * 21}, "title", "Shorten this to 20 characters. It has 21."),
        ({"title": "a\u2028bcd"}, "title", "line break"),
        ({"title": "a\r\nBcc: x"}, "title", "line break"),
        ({"title": "a\u202ebcd"}, "title", "invisible"),
        ({"title": "a\x00bcd"}, "title", "invisible"),
        ({"change": "a\x07bcd"}, "change", "invisible control"),
        ({"email": "nobody"}, "email", "name@example.org"),
        ({"email": "a@b.example\n"}, "email", None),
        ({"password": "x" * 21}, "password", "Shorten"),
        ({"password": ""}, "password", "Fill in"),
        ({"kind": None}, "kind", "Choose an answer"),
        ({"kind": "admin"}, "kind", "in the list"),
        ({"theme": "[]"}, "theme", "in the list"),
        ({"when": ["answer", "root"]}, "when", "in the list"),
        ({"agree": None}, "agree", "Tick"),
        ({"days": "many"}, "days", "whole number"),
        ({"days": "0"}, "days", "from 1 to 90"),
        ({"days": "9" * 40}, "days", "whole number"),
        ({"day": "2026-02-30"}, "day", "day that exists"),
        ({"day": "soon"}, "day", "day that exists"),
        ({"at-date": "", "at-time": "18:00"}, "at", "day as well"),
        ({"at-time": ""}, "at", "time as well"),
        ({"at-time": "25:00"}, "at", "like 18:00"),
        ({"at-date": "", "at-time": ""}, "at", "Fill in"),
        ({"at-date": "2026-03-29", "at-time": "02:30"}, "at", "clocks go forward"),
    ],
)
def test_bad_input_is_refused_in_words(
    sent: Any, changes: Any, name: str, words: str | None
) -> None:
    with sent(**changes) as form:
        found = messages(form)
        if words is None:
            assert found == {}
        else:
            assert list(found) == [name]
            assert words in found[name]


def test_what_was_typed_is_shown_again(sent: Any) -> None:
    with sent(title="ab", days="many", **{"at-time": "25:00"}) as form:
        form.validate()
        assert 'value="ab"' in form.title()
        assert 'value="many"' in form.days()
        assert 'value="25:00"' in form.at()
        assert "a secret" not in form.password()


def test_lines_are_made_regular(sent: Any) -> None:
    with sent(change=" a\r\nb\u2028c\rd ") as form:
        assert form.change.data == "a\nb\nc\nd"
    with sent(title="Cafe\u0301 a") as form:
        assert form.title.data == "Caf\u00e9 a"


def test_lone_surrogates_are_refused_and_still_shown(app: Flask) -> None:
    with app.test_request_context("/en/", method="POST"):
        form = Everything(MultiDict({**GOOD, "title": "a\ud800bcd"}), meta={"csrf": False})
        assert "title" in messages(form)
        form.title().encode()


def test_written_days_are_read_day_first(sent: Any) -> None:
    with sent(day="4.12.2026") as form:
        assert form.day.data == date(2026, 12, 4)


@pytest.mark.parametrize(
    ("day", "hour", "instant"),
    [
        (
            "2026-10-25",
            "02:30",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),  # happens twice: the first
        ("2026-07-01", "18:00", datetime(2026, 7, 1, 16, tzinfo=UTC)),
    ],
)
def test_wall_time_becomes_an_instant(sent: Any, day: str, hour: str, instant: datetime) -> None:
    with sent(**{"at-date": day, "at-time": hour}) as form:
        assert messages(form) == {}
        assert form.at.data == instant


def test_a_kept_instant_is_shown_as_wall_time(app: Flask) -> None:
    with app.test_request_context("/en/"):
        form = Everything(data={"at": datetime(2026, 12, 4, 17, tzinfo=UTC)}, meta={"csrf": False})
        assert 'value="2026-12-04"' in form.at()
        assert 'value="18:00"' in form.at()


class Zoned(Form):
    """The person chooses the zone."""

    at = DateTimeField("At", choose_zone=True)


@pytest.mark.parametrize(
    ("zone", "is_good"), [("UTC", True), ("Mars/Olympus", False), ("../etc/passwd", False)]
)
def test_a_chosen_zone_must_exist(app: Flask, zone: str, is_good: bool) -> None:
    data = {"at-date": "2026-12-04", "at-time": "18:00", "at-zone": zone}
    with app.test_request_context("/en/", method="POST", data=data):
        form = Zoned(meta={"csrf": False})
        assert form.validate() is is_good
        if is_good:
            assert form.at.data == datetime(2026, 12, 4, 18, tzinfo=UTC)


def test_files_where_text_is_asked_and_the_reverse(app: Flask) -> None:
    data = {**GOOD, "title": (BytesIO(b"x"), "x.md"), "paper": "just words"}
    with app.test_request_context("/en/", method="POST", data=data):
        form = Everything(meta={"csrf": False})
        assert "title" in messages(form)
        assert form.paper.data is None


def test_json_never_reaches_a_field(app: Flask) -> None:
    with app.test_request_context("/en/", method="POST", json={"title": ["Sockets"], "days": {}}):
        form = Everything(meta={"csrf": False})
        assert form.title.data == ""
        assert "title" in messages(form)


def test_a_field_draws_label_hint_error_and_links_them(sent: Any) -> None:
    with sent(title="ab") as form:
        form.validate()
        root, complaints = parse(str(form.title()), fragment=True)
        assert not complaints
        field = select(root, "input")[0]
        assert field.get("aria-invalid") == "true"
        assert field.get("aria-describedby") == "title-hint title-error"
        assert {e.get("id") for e in select(root, "p")} >= {"title-hint", "title-error"}
        assert [label.get("for") for label in select(root, "label")] == ["title"]
        assert "required" not in field.attrib


def test_all_fields_are_valid_html_with_unique_ids(sent: Any) -> None:
    with sent(title="", kind=None, agree=None) as form:
        form.validate()
        html = "".join(
            str(field()) for field in form if field.name not in {"idempotency_key", "seen"}
        )
        root, complaints = parse(f"<div>{html}</div>", fragment=True)
        assert not complaints
        ids = [e.get("id") for e in root.iter() if e.get("id")]
        assert len(ids) == len(set(ids))
        legends = {text_of(legend) for legend in select(root, "legend")}
        assert {"Kind", "When (optional)", "Closes"} <= legends


def test_scope_keeps_many_forms_apart(app: Flask) -> None:
    with app.test_request_context("/en/"):
        one, two = Everything(scope="c1"), Everything(scope="c2")
        assert 'id="c1-title"' in one.title()
        assert 'for="c1-title"' in one.title()
        assert 'name="title"' in two.title()
        assert " id=" not in one.hidden_tag()


def test_hidden_tag_holds_token_key_and_hidden_fields(app: Flask) -> None:
    with app.test_request_context("/en/"):
        root, _complaints = parse(f"<form>{Everything().hidden_tag()}</form>", fragment=True)
        names = [e.get("name") for e in select(root, "input")]
        assert sorted(str(n) for n in names) == ["csrf_token", "idempotency_key", "seen"]
        assert all(e.get("value") for e in select(root, "input") if e.get("name") != "seen")


def test_the_key_is_kept_after_an_error_and_new_after_success(sent: Any) -> None:
    from flask import g

    with sent(title="", idempotency_key="abc") as form:
        form.validate()
        assert 'value="abc"' in form.hidden_tag()
    with sent(idempotency_key="abc") as form:
        g.sent_form_claimed = True
        assert form.validate()
        assert 'value="abc"' not in form.hidden_tag()


def test_absorb_puts_a_refusal_beside_its_field(sent: Any) -> None:
    with sent() as form:
        assert form.validate()
        form.absorb(
            Invalid({"title": "Somebody has this title already.", "": "It closed meanwhile."})
        )
        assert form.errors
        assert list(form.problems()) == [
            ("", "It closed meanwhile."),
            ("title", "Somebody has this title already."),
        ]


def test_absorbing_ends_at_a_refusal_and_keeps_it(sent: Any) -> None:
    done = []
    with sent() as form:
        assert form.validate()
        with form.absorbing():
            done.append("accepted")
        assert not form.errors
        with form.absorbing():
            raise Invalid({"title": "Somebody has this title already."})
        assert list(form.problems()) == [("title", "Somebody has this title already.")]
    assert done == ["accepted"]


def test_absorbing_lets_every_other_refusal_pass(sent: Any) -> None:
    with sent() as form, pytest.raises(Conflict), form.absorbing():
        raise Conflict("It has closed.")


def test_preview_shows_and_does_not_send(sent: Any) -> None:
    with sent(preview="body") as form:
        assert not form.validate_on_submit()
        assert not form.errors
        assert "<strong>one</strong>" in form.body()
    with sent(preview="password") as form:
        assert form.validate_on_submit()


def test_optional_fields_say_so_and_may_stay_empty(sent: Any) -> None:
    with sent() as form:
        assert "(optional)" in form.paper()
        assert "(optional)" not in form.title()


def test_choices_of_one_request(app: Flask) -> None:
    with app.test_request_context("/en/", method="POST", data={**GOOD, "theme": "tide"}):
        form = Everything(meta={"csrf": False})
        form.theme.offer([("tide", "Tide")])
        assert form.validate()
        assert "Tide" in form.theme()
