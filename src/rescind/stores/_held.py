"""One secret out of a configuration, and one that lies there behind a lock of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting


def held(
    kind: str,
    at: Location,
    value: str,
    *,
    pointer: str = "",
    line: int | None = None,
    identifier: str = "",
    issuer: str = "",
    subject: str = "",
    attributes: Mapping[str, str] | None = None,
    expires_at: str | None = None,
    password: bool = False,
) -> Iterator[Finding]:
    """Yield the secret that a value is; nothing for an empty one and for a reference to a secret kept elsewhere.

    A stand-in is a placeholder. `password`: a person chose it, so that a poor one is no stand-in.
    """
    raw = value if password else literal(value)
    if not raw.strip() or (not password and is_harmless(raw)):
        return
    dud = is_stand_in(raw) if password else is_placeholder(raw)
    yield sighting(
        kind,
        replace(at, pointer=pointer or at.pointer),
        line=line,
        identifier=identifier,
        issuer=issuer,
        subject=subject,
        secret="" if dud else raw,
        attributes=attributes,
        expires_at=expires_at,
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )


def locked(
    kind: str,
    at: Location,
    rest: str,
    *,
    pointer: str = "",
    line: int | None = None,
    identifier: str = "",
    issuer: str = "",
    subject: str = "",
    attributes: Mapping[str, str] | None = None,
    expires_at: str | None = None,
) -> Finding:
    """Return a secret that is there and cannot be read here. `rest` says what protects it: `passphrase`, `app` (the program's own key,
    which anybody can have), `dpapi`, or `keychain`: then only its name is in the file.
    """
    elsewhere = rest == "keychain"
    return sighting(
        kind,
        at,
        line=line,
        pointer=pointer,
        identifier=identifier,
        issuer=issuer,
        subject=subject,
        attributes={**(attributes or {}), ("kept_in" if elsewhere else "at_rest"): rest},
        expires_at=expires_at,
        state=State.PUBLIC_ONLY if elsewhere else State.LIVE_UNVERIFIED,
    )
