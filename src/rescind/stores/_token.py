"""One token or password as nearly every tool keeps it: a value beside facts that name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._forms import identify
from rescind.stores._jwt import expiry, facts
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting


def token(
    kind: str,
    value: str,
    at: Location,
    pointer: str = "",
    *,
    identifier: str = "",
    issuer: str = "",
    subject: str = "",
    more: Mapping[str, str] | None = None,
    expires_at: str | None = None,
    password: bool = False,
) -> Iterator[Finding]:
    """Yield the finding for one value: a placeholder keeps no secret, a reference to a secret elsewhere and nothing yield nothing.

    What the form of the value tells is added, for a JWT its claims, and its end where none is given. `password` says that a person
    chose the value, so that a poor one (`admin`) is no stand-in.
    """
    raw = literal(value).strip()
    place, own = replace(at, pointer=pointer or at.pointer), dict(more or {})
    if raw in {"", "null", "~"} or (is_harmless(raw) and not password):
        return
    form = None if password else identify(raw)
    said = form if form and form.kind == kind else None
    dud = is_stand_in(raw) if password else is_placeholder(raw)
    yield sighting(
        kind,
        place,
        identifier=identifier or (said.identifier if said else ""),
        issuer=issuer or (said.issuer if said else ""),
        subject=subject,
        secret="" if dud else raw,
        attributes={**facts(raw), **(said.attributes if said else {}), **own},
        expires_at=expires_at or expiry(raw),
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )


def kept(
    kind: str, at: Location, pointer: str = "", *, issuer: str = "", subject: str = "", more: Mapping[str, str]
) -> Finding:
    """Return a login whose secret is not in the file; the attribute `kept_in` says where it is (`keychain`, `encrypted`)."""
    place = replace(at, pointer=pointer or at.pointer)
    return sighting(kind, place, issuer=issuer, subject=subject, attributes=more, state=State.PUBLIC_ONLY)
