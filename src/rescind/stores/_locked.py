"""A secret that is there and cannot be read here: behind a passphrase, or behind a key that the program itself has."""

from __future__ import annotations

from collections.abc import Mapping

from rescind.models.evidence import Finding, Location
from rescind.stores._sighting import sighting


def locked(
    kind: str,
    at: Location,
    rest: str,
    pointer: str = "",
    *,
    identifier: str = "",
    issuer: str = "",
    subject: str = "",
    more: Mapping[str, str] | None = None,
    expires_at: str | None = None,
) -> Finding:
    """Return the finding for it: whoever has the machine has it too, only later.

    `rest` says what protects it: `passphrase`, `app` (a key that anybody can have, or that lies beside), `dpapi` or `system`.
    """
    return sighting(
        kind,
        at,
        pointer=pointer,
        identifier=identifier,
        issuer=issuer,
        subject=subject,
        attributes={**(more or {}), "at_rest": rest},
        expires_at=expires_at,
    )
