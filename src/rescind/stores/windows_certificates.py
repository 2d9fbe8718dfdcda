"""Certificates in a Windows user's own store: in clear, while their private keys lie in DPAPI containers (or in the TPM) named beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _certificate
from rescind.stores._sighting import sighting

_KEY_INFO, _THUMBPRINT, _FRIENDLY, _ENCODED = 2, 3, 11, 32
_MANY = 100


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the certificate of a file. Raises `Unparsable` for what is no list of a certificate's properties."""
    if not blob:
        return
    found = _properties(blob)
    if _ENCODED not in found:
        raise Unparsable("the file holds no certificate")
    certificate = _certificate.read(found[_ENCODED])
    own, container = _KEY_INFO in found, _text(found.get(_KEY_INFO, b"")[28:])
    seen = _certificate.finding(_certificate.Held(certificate, 1, "encrypted" if own else "no"), at)
    more = {"thumbprint": found.get(_THUMBPRINT, b"").hex(), "label": _text(found.get(_FRIENDLY, b""))}
    more |= {"container": container, "at_rest": "dpapi" if own else ""}
    told = sighting(seen.kind, at, attributes=more).attributes
    state = State.LIVE_UNVERIFIED if own else State.PUBLIC_ONLY
    yield replace(seen, attributes={**seen.attributes, **told}, state=state, location=replace(seen.location, line=None))


def _properties(blob: bytes) -> dict[int, bytes]:
    """Return the properties of a certificate by number: 4 bytes number, 4 bytes reserved, 4 bytes length, content."""
    out: dict[int, bytes] = {}
    at = 0
    while at + 12 <= len(blob) and len(out) < _MANY:
        number, size = int.from_bytes(blob[at : at + 4], "little"), int.from_bytes(blob[at + 8 : at + 12], "little")
        if at + 12 + size > len(blob):
            raise Unparsable("the properties of a certificate are cut short")
        out[number] = blob[at + 12 : at + 12 + size]
        at += 12 + size
    return out


def _text(data: bytes) -> str:
    """Return the UTF-16 text that data begins with, up to its NUL."""
    return data[:1024].decode("utf-16-le", "replace").partition("\0")[0]


STORE = Store(
    id="windows-certificates",
    title="Certificates of Windows users",
    where=(At(root=Root.APPDATA, glob="Microsoft/SystemCertificates/My/Certificates/*", os=("windows",)),),
    yields=("x509.client-cert",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/windows/win32/api/wincrypt/nf-wincrypt-certgetcertificatecontextproperty",
)
