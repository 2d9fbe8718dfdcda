"""Revocation lists in IAM Roles Anywhere: the authority's published one, those that are imported, and what a certificate says of itself.

Roles Anywhere prints serials in a form of its own, so a certificate's serial and issuer are read from the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from rescind.errors import Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.x509 import _crl

MOST_BYTES = 300_000  # what ImportCrl takes
_ANCHOR = "rolesanywhere_trust_anchor"


def certificate(text: str) -> tuple[str, str]:
    """Return serial (decimal) and issuer of a PEM certificate. Raises `Unrecognised` for anything else."""
    try:
        read = x509.load_pem_x509_certificate(text.encode())
        return str(read.serial_number), read.issuer.rfc4514_string()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unrecognised("the subject shows something that is no certificate") from None


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
