"""Revocation lists in IAM Roles Anywhere: the authority's published one, those that are imported, and which certificates they shut out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rescind.errors import Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._subjects import place
from rescind.providers.x509 import _crl

MOST_BYTES = 300_000  # what ImportCrl takes
_ANCHOR = "rolesanywhere_trust_anchor"


def holds(blob: object, serial: str, issuer: str, at: str) -> bool:
    """Tell whether a list is this issuer's, valid at a moment, and revokes the serial for good."""
    try:
        crl = _crl.parse(blob if isinstance(blob, bytes) else b"")
        if crl.issuer.rfc4514_string() != issuer:
            return False
        _crl.current(crl, parse_rfc3339(at))
    except (Unrecognised, ValueError):
        return False
    return _crl.ended(crl, int(serial))


def published(client: AwsClient, serial: str, issuer: str) -> bytes:
    """Return the list that the authority publishes, in PEM. Raises `Rejected` for one that does not shut the certificate out."""
    place = client.tenant.text("rolesanywhere_crl")
    if not place or not client.tenant.text(_ANCHOR):
        why = f"the tenant names no list of its authority (rolesanywhere_crl, {_ANCHOR})"
        raise Rejected(why, code="NoCrl")
    try:
        blob = Path(place).read_bytes()
    except OSError as error:
        raise Rejected(f"the authority's list {place} could not be read: {error.strerror}", code="NoCrl") from None
    if len(blob) > MOST_BYTES or not _crl.is_pem(blob):
        raise Rejected("the authority's list is no PEM, or longer than Roles Anywhere takes", code="NoCrl")
    crl = _crl.parse(blob)
    if crl.issuer.rfc4514_string() != issuer or not _crl.ended(crl, int(serial)):
        why = "the authority's list does not hold the certificate: revoke it there first, then publish"
        raise Rejected(why, code="NotRevoked")
    return blob


def imported(client: AwsClient, region: str) -> tuple[list[Mapping[str, Any]], Answer]:
    """Return every list of a region. Raises typed provider errors."""
    return everything(client.service("rolesanywhere", region).list_crls, "crls", "nextToken")


def install(client: AwsClient, region: str, blob: bytes) -> tuple[bool, Answer, dict[str, str]]:
    """Import a list under the tenant's trust anchor, or bring the one there up to date, and switch it on.

    Returns whether anything was written. Raises `Rejected` where a newer list of the authority is there, other typed errors.
    """
    anchor, service, new = client.tenant.text(_ANCHOR), client.service("rolesanywhere", region), _crl.parse(blob)
    rows, answer = imported(client, region)
    for row in (r for r in rows if r.get("trustAnchorArn") == anchor):
        old = _crl.parse(row["crlData"])
        if old.issuer != new.issuer:
            continue
        notes, wrote = {"crl": str(row.get("crlId", ""))}, False
        if old.last_update_utc > new.last_update_utc:
            raise Rejected("a newer list of the authority is imported than the one in rolesanywhere_crl", code="Older")
        if old.fingerprint(new.signature_hash_algorithm) != new.fingerprint(new.signature_hash_algorithm):  # type: ignore[arg-type]
            answer, wrote = call(service.update_crl, crlId=notes["crl"], crlData=blob), True
        if not row.get("enabled"):
            answer, wrote = call(service.enable_crl, crlId=notes["crl"]), True
        return wrote, answer, notes
    answer = call(service.import_crl, name="rescind", crlData=blob, trustAnchorArn=anchor, enabled=True)
    made = answer.body.get("crl")
    return True, answer, {"crl": str(made.get("crlId", "")) if isinstance(made, Mapping) else ""}


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Import the authority's list, or bring the imported one up to date, and switch it on. Raises typed provider errors."""
    region, _, serial = place(credential)
    new = published(client, serial, credential.attributes.get("ca", ""))
    wrote, answer, notes = install(client, region, new)
    status = CallStatus.DONE if wrote else CallStatus.ALREADY
    return replace(_held.done(answer, credential.owner, status), notes={"serial": serial, **notes})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return which lists are there, and which of them are on. Raises typed provider errors."""
    region, _, _ = place(credential)
    rows, _ = imported(client, region)
    return {f"crl.{row.get('crlId', '')}": "enabled" if row.get("enabled") else "disabled" for row in rows}


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the imported lists back: `DEAD` when one that is on, and still valid, holds the certificate. Raises typed errors."""
    (region, _, serial), ca = place(credential), credential.attributes.get("ca", "")
    rows, answer = imported(client, region)
    for row in rows:
        if row.get("enabled") and holds(row.get("crlData"), serial, ca, answer.provider_time):
            why = f"ListCrls shows list {row.get('crlId')} of {row.get('trustAnchorArn')} switched on, with serial {serial} in it"
            return _held.seen(answer, Liveness.DEAD, why)
    return _held.seen(answer, Liveness.LIVE, f"no list that is switched on in {region} holds serial {serial}")
