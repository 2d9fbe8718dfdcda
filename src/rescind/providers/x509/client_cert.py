"""X.509 client certificate: ended by putting its serial number on the CRL of the authority that issued it.

A CRL is proof of what the authority says, not of what a relying party does: one that has cached the previous list goes on
accepting the certificate until that list's `nextUpdate` (https://www.rfc-editor.org/rfc/rfc5280#section-5.1.2.5), and one that
checks no CRL accepts it until it expires. The first is the residual; for the second remove the name from its allow list.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from rescind.errors import NotFound, ProviderError, Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.x509 import _crl
from rescind.providers.x509._authority import CaClient, Issued, issuer_tag
from rescind.secret import Secret

_RFC = "https://www.rfc-editor.org/rfc/rfc5280#section-5.1.2.5"


def _serial(client: CaClient, credential: Credential) -> tuple[str, x509.Certificate]:
    """Return the serial and the CA, after making sure that the certificate names this CA as its issuer."""
    ca = client.authority.certificate()
    serial, _, tag = credential.identifier.partition("@")
    if tag != issuer_tag(ca.subject):
        raise NotFound("issued by another CA")
    try:
        return f"{int(serial, 16):x}", ca
    except ValueError:
        raise Rejected("the certificate's identifier holds no serial number") from None


def _published(client: CaClient, ca: x509.Certificate) -> _crl.Crl:
    crl = client.authority.crl()
    _crl.check(crl, ca)
    _crl.current(crl, client.clock.now())
    return crl


def _known(row: Issued, ca: x509.Certificate, liveness: Liveness) -> Known:
    return Known(
        identifier=f"{row.serial_hex}@{issuer_tag(ca.subject)}",
        issuer=ca.subject.rfc4514_string(),
        subject=row.subject,
        owner=row.owner,
        attributes={"serial": row.serial_hex},
        expires_at=row.not_after or None,
        liveness=liveness,
    )


def _liveness(crl: _crl.Crl, serial_hex: str) -> Liveness:
    return Liveness.DEAD if _crl.listed(crl, int(serial_hex, 16)) else Liveness.LIVE


def identify(client: CaClient, credential: Credential, secret: Secret | None) -> Known:
    """Ask the CA's own record whose certificate this is. `owner` is empty when the CA keeps no record."""
    del secret
    serial, ca = _serial(client, credential)
    liveness = _liveness(_published(client, ca), serial)
    if not client.authority.keeps_records():
        bare = Issued(serial_hex=serial, subject="", not_after=credential.expires_at or "")
        return _known(bare, ca, liveness)
    return _known(client.authority.record(serial), ca, liveness)


def enumerate(client: CaClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  (the contract's name)
    """Yield the person's and the machine's certificates that are neither expired nor on the published CRL."""
    source = f"tenant:{client.tenant.name}"
    if not client.authority.keeps_records():
        yield Gap(source=source, reason="this CA keeps no index: what else it issued to this person cannot be listed")
        return
    ca = client.authority.certificate()
    crl = _published(client, ca)
    wanted = {n.casefold() for n in (*subject.names, subject.workstation) if n}
    now = rfc3339(client.clock.now())
    for row in client.authority.issued():
        mine = wanted & {n.casefold() for n in (*row.emails, *row.names)}
        if mine and row.not_after > now and _liveness(crl, row.serial_hex) is Liveness.LIVE:
            yield _known(row, ca, Liveness.LIVE)


def revoke(client: CaClient, credential: Credential) -> CallResult:
    """Revoke at the CA, publish the CRL, reload what reads it. Repeatable."""
    serial, _ = _serial(client, credential)
    return client.authority.revoke(serial, client.reason)


def _residual_until(client: CaClient, crl: _crl.Crl, entry: _crl.Entry) -> str:
    """Return when the last relying party enforces it: as the operator declared, else one CRL lifetime, at most its expiry."""
    told = entry.revocation_date_utc
    if crl.next_update_utc is not None:
        # A CRL may name it only some time after the revocation, but by then each earlier list has run out and been replaced.
        told = min(max(told, crl.last_update_utc), told + (crl.next_update_utc - crl.last_update_utc))
    if client.propagation is not None:
        return rfc3339(told + timedelta(seconds=client.propagation))
    expiry = _expiry(client, f"{entry.serial_number:x}")
    if crl.next_update_utc is None:
        return rfc3339(expiry) if expiry else ""
    until = told + (crl.next_update_utc - crl.last_update_utc)
    return rfc3339(min(until, expiry or until))


def _expiry(client: CaClient, serial_hex: str) -> datetime | None:
    # From the CA's record only: an expiry in the evidence may be forged to make the residual look short.
    try:
        return (
            parse_rfc3339(client.authority.record(serial_hex).not_after) if client.authority.keeps_records() else None
        )
    except (ProviderError, ValueError):
        return None


def verify(client: CaClient, credential: Credential) -> Observation:
    """Read the CRL as it is published: dead when the CA's signed, current, announced list names the serial; live when it does not.

    Raises a typed error for a CRL that cannot be read, is another's, or is past its time: that says nothing.
    """
    serial, ca = _serial(client, credential)
    crl = _published(client, ca)
    of = f"CRL number {_crl.number(crl)} of {rfc3339(crl.last_update_utc)}"
    entry = _crl.listed(crl, int(serial, 16))
    if entry is None:
        return Observation(liveness=Liveness.LIVE, evidence=f"{of} does not list serial {serial}")
    if not client.authority.announced(serial):
        # Servers such as nginx read the file only when told to: listed and not reloaded is not refused.
        return Observation(
            liveness=Liveness.UNKNOWN,
            evidence=f"{of} lists serial {serial}, but the reload that makes relying parties read it has not succeeded",
        )
    why = _crl.reason(entry)
    until = _residual_until(client, crl, entry)
    return Observation(
        liveness=Liveness.DEAD,
        evidence=f"{of} lists serial {serial} ({why.value}) since {rfc3339(entry.revocation_date_utc)}; {_RFC}",
        reversible=why is x509.ReasonFlags.certificate_hold,
        residual_until=until,
    )


def control(client: CaClient, credential: Credential) -> Observation:
    """Prove that this CA's CRL can be read and carries its signature."""
    _, ca = _serial(client, credential)
    crl = _published(client, ca)
    return Observation(
        liveness=Liveness.LIVE, evidence=f"CRL number {_crl.number(crl)} is readable, current and signed by this CA"
    )


KIND = Kind(
    id="x509.client-cert",
    title="X.509 client certificate",
    provider="x509",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(
                "file CA: ca_key, write to the CRL's folder",
                "Vault: update on <mount>/revoke",
                "Vault: read on <mount>/crl/rotate",
            ),
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("file CA: read ca_cert, crl, index", "Vault: list <mount>/certs, read <mount>/cert/*"),
    residual=Residual(
        seconds=7 * 86400,
        what="relying parties that cached the previous CRL accept the certificate until that list's nextUpdate",
        source=_RFC,
    ),
    death=Death(negatives=1, source="https://www.rfc-editor.org/rfc/rfc5280#section-6.3"),
    reference="https://www.rfc-editor.org/rfc/rfc5280#section-5",
    since="0.1",
    tested=("nginx and openssl", "OpenBao PKI"),
)
