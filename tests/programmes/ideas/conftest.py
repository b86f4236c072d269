"""What tests of ideas share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """A request around the test: addresses are made in English."""
    with app.test_request_context("/en/"):
        yield
