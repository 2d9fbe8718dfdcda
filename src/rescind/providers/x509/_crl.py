"""Certificate revocation lists as bytes and values: read, judged, and extended without ever losing an entry. No I/O.

The rules are those of https://www.rfc-editor.org/rfc/rfc5280#section-5 and its section 6.3 for who may rely on which list.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from rescind.errors import Rejected, Unrecognised

Crl = x509.CertificateRevocationList
Entry = x509.RevokedCertificate
_BEGIN = b"-----BEGIN X509 CRL-----"
_SKEW = timedelta(minutes=5)
_KNOWN_CRITICAL = (x509.CRLNumber, x509.AuthorityKeyIdentifier, x509.IssuingDistributionPoint)


def parse(blob: bytes) -> Crl:
    """Read one CRL, PEM or DER. Raises `Unrecognised` for anything else, and for a file that holds several."""
    if blob.count(_BEGIN) > 1:
        raise Unrecognised("the file holds several CRLs; one that holds this authority's alone is needed")
    try:
        crl = x509.load_pem_x509_crl(blob) if is_pem(blob) else x509.load_der_x509_crl(blob)
        _ = (len(crl), list(crl.extensions), crl.issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unrecognised("what is published is not a readable CRL") from None
    return crl


def is_pem(blob: bytes) -> bool:
    """Tell whether a CRL file is PEM (otherwise DER)."""
    return _BEGIN in blob


def encode(crl: Crl, *, pem: bool) -> bytes:
    """Return the CRL in the encoding that its file had."""
    return crl.public_bytes(Encoding.PEM if pem else Encoding.DER)


def check(crl: Crl, ca: x509.Certificate) -> None:
    """Refuse a CRL that is not this authority's own complete list. Raises `Unrecognised`.

    Delta and indirect lists, and lists with a critical extension that is not understood, must not be used to tell a
    certificate's status: https://www.rfc-editor.org/rfc/rfc5280#section-5.2
    """
    if crl.issuer != ca.subject:
        raise Unrecognised("the published CRL was issued by another CA")
    try:
        good = crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm, InvalidSignature):
        good = False
    if not good:
        raise Unrecognised("the published CRL does not carry this CA's signature")
    for extension in crl.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            raise Unrecognised("the published CRL is a delta CRL, not a complete one")
        if isinstance(extension.value, x509.IssuingDistributionPoint) and extension.value.indirect_crl:
            raise Unrecognised("the published CRL is an indirect one: its entries may be another CA's")
        if extension.critical and not isinstance(extension.value, _KNOWN_CRITICAL):
            raise Unrecognised("the published CRL has a critical extension that is not understood")


def current(crl: Crl, now: datetime) -> None:
    """Refuse a CRL whose time has not come or has passed. Raises `Unrecognised`."""
    if crl.last_update_utc > now + _SKEW:
        raise Unrecognised("the published CRL is dated in the future")
    if crl.next_update_utc is not None and crl.next_update_utc < now:
        raise Unrecognised("the published CRL is past its nextUpdate: relying parties no longer go by it")


def number(crl: Crl) -> int:
    """Return the CRL number, 0 for a list that has none (openssl writes none without a `crlnumber` file)."""
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def reason(entry: Entry) -> x509.ReasonFlags:
    """Return an entry's reason; `unspecified` when it states none."""
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified


def listed(crl: Crl, serial: int) -> Entry | None:
    """Return the entry that revokes a serial, or None. An entry `removeFromCRL` revokes nothing."""
    entry = crl.get_revoked_certificate_by_serial_number(serial)
    if entry is None or reason(entry) is x509.ReasonFlags.remove_from_crl:
        return None
    for extension in entry.extensions:
        if extension.critical and not isinstance(extension.value, x509.CRLReason | x509.InvalidityDate):
            raise Unrecognised("the entry in the CRL has a critical extension that is not understood")
    return entry


def ended(crl: Crl, serial: int) -> bool:
    """Tell whether a serial is revoked for good (a `certificateHold` can be lifted again and is not)."""
    entry = listed(crl, serial)
    return entry is not None and reason(entry) is not x509.ReasonFlags.certificate_hold


def _entry(serial: int, why: x509.ReasonFlags, when: datetime) -> Entry:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
    if why is not x509.ReasonFlags.unspecified:  # RFC 5280 §5.3.1: absent rather than unspecified
        builder = builder.add_extension(x509.CRLReason(why), critical=False)
    return builder.build()


def _authority_key(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        ski = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski)


def extended(
    old: Crl,
    ca: x509.Certificate,
    key: CertificateIssuerPrivateKeyTypes,
    serial: int,
    why: x509.ReasonFlags,
    *,
    now: datetime,
    days: float | None = None,
    above: int = 0,
) -> Crl:
    """Return a new CRL: every entry of `old`, the serial, a number above both `old`'s and `above`, signed by the CA key.

    It is valid as long as `old` was, or `days` if that is longer: never shorter, so that "revocation plus one lifetime" is a
    true bound for those who cached `old`. The result is judged in memory before it is returned; nothing that
    fails is ever handed out. Raises `Rejected`.
    """
    now = now.replace(microsecond=0)
    if now < old.last_update_utc:
        raise Rejected("this machine's clock is behind the published CRL: a new one would look older than it")
    builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject)
    builder = builder.last_update(now).next_update(now + _lifetime(old, days))
    for entry in old:
        if entry.serial_number != serial:
            builder = builder.add_revoked_certificate(entry)
    builder = builder.add_revoked_certificate(_entry(serial, why, now))
    for extension in old.extensions:
        if not isinstance(extension.value, x509.CRLNumber | x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    builder = builder.add_extension(x509.CRLNumber(max(number(old), above) + 1), critical=False)
    builder = builder.add_extension(_authority_key(ca), critical=False)
    new = parse(builder.sign(key, _digest(old, key)).public_bytes(Encoding.DER))
    _prove(old, new, ca, serial)
    return new


def _lifetime(old: Crl, days: float | None) -> timedelta:
    asked = timedelta(days=7 if days is None and old.next_update_utc is None else days or 0)
    return asked if old.next_update_utc is None else max(asked, old.next_update_utc - old.last_update_utc)


def _digest(old: Crl, key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return None
    used = old.signature_hash_algorithm
    return used if isinstance(used, hashes.SHA384 | hashes.SHA512) else hashes.SHA256()


def _prove(old: Crl, new: Crl, ca: x509.Certificate, serial: int) -> None:
    check(new, ca)
    before, after = {e.serial_number for e in old}, {e.serial_number for e in new}
    if after != before | {serial} or len(new) != len(after):
        raise Rejected("the new CRL would not hold exactly the old entries and the new one; it was not published")
    if number(new) <= number(old) or not ended(new, serial):
        raise Rejected("the new CRL did not move forward; it was not published")
