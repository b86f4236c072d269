"""What an honest Flask application costs: references of `make bench` (others: bench/bare.py).

hello, page40, rows and write1, served by the same server with the same processes and threads,
on a database with the same durability as ours.
"""

import os
import secrets
from typing import Any

from flask import Flask, redirect, render_template_string, request, session
from flask_sqlalchemy_lite import SQLAlchemy
from flask_wtf.csrf import generate_csrf, validate_csrf
from sqlalchemy import ForeignKey, event, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

import config
from engage.core.turns import Turns

app = Flask(__name__)
# as Engage's requests do, or it would be measured against slower pages
app.wsgi_app = Turns(app.wsgi_app, config.load().WEB_TURNS, 8)  # type: ignore[method-assign]
app.config.update(
    SECRET_KEY="reference-only",
    WTF_CSRF_TIME_LIMIT=None,
    SQLALCHEMY_ENGINES={"default": {"url": os.environ["BENCH_REFERENCE_URL"], "pool_size": 8}},
)
db = SQLAlchemy(app)
PAGE40 = "<!doctype html><title>40 KB</title>" + "x" * 40_000


class Model(DeclarativeBase):
    pass


class Person(Model):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Place(Model):
    __tablename__ = "places"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Entry(Model):
    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"))
    person: Mapped[Person] = relationship()
    place: Mapped[Place] = relationship()
    notes: Mapped[list["Note"]] = relationship()


class Note(Model):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    text: Mapped[str]


with app.app_context():
    if db.engine.dialect.name == "sqlite":

        @event.listens_for(db.engine, "connect")
        def _durable(connection: Any, _record: Any) -> None:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                connection.execute(f"PRAGMA {pragma}")


def fill() -> None:
    """Make the tables and their rows."""
    with app.app_context():
        Model.metadata.create_all(db.engine)
        people = [Person(name=f"Person {n}") for n in range(20)]
        places = [Place(name=f"Quay {n}") for n in range(10)]
        db.session.add_all([*people, *places])
        for n in range(500):
            notes = [Note(text="A remark of ordinary length.") for _ in range(3)]
            db.session.add(
                Entry(title=f"Entry {n}", person=people[n % 20], place=places[n % 10], notes=notes)
            )
        db.session.commit()


@app.get("/hello")
def hello() -> str:
    return "Hello, world!"


@app.get("/page40")
def page40() -> str:
    return PAGE40


LIST = """<!doctype html><title>Entries</title><ul>{% for e in entries %}
<li><h2>{{ e.title }}</h2><p>{{ e.person.name }}, {{ e.place.name }}</p>
<ul>{% for n in e.notes %}<li>{{ n.text }}</li>{% endfor %}</ul></li>{% endfor %}</ul>"""


@app.get("/rows")
def rows() -> str:
    eager = selectinload(Entry.person), selectinload(Entry.place), selectinload(Entry.notes)
    found = db.session.scalars(select(Entry).options(*eager).order_by(Entry.id).limit(50))
    return render_template_string(LIST, entries=found.all())


@app.get("/sign-in")
def sign_in() -> str:
    session["person"] = 1
    return str(generate_csrf())


@app.post("/write1")
def write1() -> Any:
    person = db.session.get_one(Person, session["person"])
    validate_csrf(request.form["csrf_token"])
    values = {"entry_id": person.id, "text": request.form["body"] + secrets.token_hex(4)}
    db.session.execute(insert(Note).values(**values))
    db.session.commit()
    return redirect("/hello", 303)
