"""Kerberos tickets in files: whoever copies one is that person until it ends, at every service of the realm.

A ticket cannot be revoked; the account is disabled and its password changed, and services believe old tickets until they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rescind.errors import Unparsable
from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ccache import Ticket, tickets
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the ticket-granting tickets, and other tickets only where there is none. Raises `Unparsable` for another file."""
    held = list(tickets(blob))
    granting = [t for t in held if t.server.startswith("krbtgt/")]
    for ticket in granting or held:
        yield _finding(ticket, at, len(held))


def _finding(ticket: Ticket, at: Location, count: int) -> Finding:
    if not 0 < ticket.ends < 2**32:
        raise Unparsable("a ticket's end is no time")
    ends = rfc3339(datetime.fromtimestamp(ticket.renew_until or ticket.ends, UTC))
    facts = {"realm": ticket.realm, "server": ticket.server, "tickets": str(count)}
    facts["ends"] = rfc3339(datetime.fromtimestamp(ticket.ends, UTC))
    facts["renewable"] = "yes" if ticket.renew_until else ""
    who = ticket.client
    return sighting(
        "kerberos.ticket", at, pointer=ticket.server, issuer=ticket.realm, subject=who, secret=ticket.ticket, attributes=facts, expires_at=ends
    )  # fmt: skip


STORE = Store(
    id="kerberos-ccache",
    title="Kerberos tickets",
    where=(
        At(root=Root.TEMP, glob="krb5cc_*"),
        At(root=Root.TEMP, glob="krb5cc_*/tkt*"),
        At(root=Root.HOME, glob=".krb5cc*", env="KRB5CCNAME"),
    ),
    live="kerberos",
    yields=("kerberos.ticket",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://web.mit.edu/kerberos/krb5-latest/doc/formats/ccache_file_format.html",
)
