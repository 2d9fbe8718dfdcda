"""Passwords that browsers saved: one finding for each at a provider of work, one for all the others of a profile together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rescind.models.evidence import Finding, Location
from rescind.stores._locked import locked
from rescind.stores._sessions import provider_at
from rescind.stores._urls import host_in


def findings(
    logins: Iterable[tuple[str, str, str]], at: Location, rest: str, more: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield what (address, user, last use) triples come to; the passwords themselves are encrypted (`rest`) and stay so."""
    count, hosts, users = 0, set(), set()
    for address, user, used in logins:
        host = host_in(address).partition(":")[0] or address
        count += 1
        hosts.add(host)
        users.add(f"{user}@{host}" if user else host)
        if known := provider_at(host):
            own = {**more, "provider": known[1], "host": host, "user": user, "last_used": used}
            yield locked("browser.saved-login", at, rest, f"{host}/{user}", issuer=host, subject=user, more=own)
    if count:
        own = {**more, "count": str(count), "hosts": " ".join(sorted(hosts)), "logins": " ".join(sorted(users))}
        yield locked("browser.saved-logins", at, rest, "all", more=own)
