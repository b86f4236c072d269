"""What every request must not carry."""

import pytest

from tests.pages import PageClient


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/en/consultations?q=port%00", 400),
        ("/en/consultations?organisation=%00", 400),
        ("/en/consultations?%00=port", 400),
        ("/en/organisations/port%00", 404),
        ("/en/%00", 404),
    ],
)
def test_a_nul_in_an_address_never_reaches_the_database(
    client: PageClient, address: str, status: int
) -> None:
    page = client.get(address)
    assert page.status == status
    assert page.h1
