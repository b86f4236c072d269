"""Services name addresses of pages, so these tests run as if inside a request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/"):
        yield
