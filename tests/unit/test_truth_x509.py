"""How long a cached CRL lets a revoked certificate in, when the CA published later than it revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rescind.providers.x509 import client_cert

REVOKED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIFETIME = timedelta(days=3)


class Authority:
    def keeps_records(self):
        return False


class Client:
    propagation: float | None = None
    authority = Authority()


class Crl:
    def __init__(self, at: datetime) -> None:
        self.last_update_utc, self.next_update_utc = at, at + LIFETIME


class Entry:
    revocation_date_utc, serial_number = REVOKED, 1


@pytest.mark.parametrize(
    ("published_after", "until_after"),
    [
        (timedelta(0), LIFETIME),
        (timedelta(hours=-1), LIFETIME),  # a CA that dates its list back
        (timedelta(hours=12), timedelta(hours=12) + LIFETIME),  # until then relying parties fetched lists without it
        (timedelta(days=300), 2 * LIFETIME),  # long ago: each list without it has run out since
    ],
)
def test_the_last_list_without_it_may_be_as_young_as_the_first_with_it(published_after, until_after):
    until = client_cert._residual_until(Client(), Crl(REVOKED + published_after), Entry())  # type: ignore[arg-type]
    assert until == (REVOKED + until_after).strftime("%Y-%m-%dT%H:%M:%SZ")
