"""Settings: declared, defaulted, changed, noted."""

from __future__ import annotations

import pytest

from engage.core import settings
from engage.core.audit import AuditEntry
from engage.core.db import db
from engage.core.settings import Setting


@pytest.fixture(autouse=True)
def declared(app, monkeypatch):
    monkeypatch.setattr(settings, "_declared", dict(settings._declared))
    settings.declare("test.days", 30)
    settings.declare("test.name", lambda: "from the configuration")


def test_without_a_row_the_default_holds() -> None:
    assert settings.value("test.days") == 30
    assert settings.value("test.name") == "from the configuration"
    assert settings.values()["test.days"] == 30


def test_a_change_holds_at_once_and_is_noted() -> None:
    assert settings.change(
        {"test.days": 14, "test.name": "from the configuration"}, actor=None
    ) == ["test.days"]
    assert settings.value("test.days") == 14
    entry = db.session.query(AuditEntry).one()
    assert entry.details == {"names": ["test.days"]}
    settings.change({"test.days": {"en": "fourteen", "fr": "quatorze"}}, actor=None)
    assert settings.value("test.days")["fr"] == "quatorze"


def test_no_change_leaves_no_trace() -> None:
    assert settings.change({"test.days": 30}, actor=None) == []
    assert db.session.query(Setting).count() == db.session.query(AuditEntry).count() == 0


def test_unknown_names_are_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        settings.value("test.nothing")
    with pytest.raises(KeyError):
        settings.change({"test.nothing": 1}, actor=None)


def test_read_once_a_request(queries) -> None:
    settings.value("test.days")
    with queries() as sent:
        for _n in range(5):
            settings.value("test.name")
    assert sent == []
