"""Certificates and private keys in NSS databases: Firefox, Thunderbird, Chromium on Linux, and whatever else uses `~/.pki/nssdb`.

Certificates lie in clear in `cert9.db`, keys encrypted in `key4.db` (with no password unless somebody set one). `nss_id` is what the
two have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _certificate, _mozilla
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._sqlite import rows

_CERTIFICATE, _PRIVATE = b"\0\0\0\1", b"\0\0\0\3"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every client certificate, or every private key. Raises `Unparsable` for other databases, after the rest for a bad certificate."""
    if not blob:
        return
    own, trouble = _mozilla.told(at.path), ""
    public = rows(blob, "nssPublic", ("a0", "a3", "a11", "a102"))
    private = rows(blob, "nssPrivate", ("a0", "a3", "a102"))
    if public is private is None:
        raise Unparsable("the database has no table that NSS makes")
    for kind, label, der, ident in public or ():
        if _raw(kind) != _CERTIFICATE or not der:
            continue
        try:
            held = _certificate.Held(_certificate.read(_raw(der)), 1, "no")
        except Unparsable as e:
            trouble = e.message
            continue
        if held.authority or _certificate.usage(held.certificate) not in {"client", "any"}:
            continue
        found = _certificate.finding(held, replace(at, pointer=f"nssPublic/{_raw(ident).hex()[:64]}"))
        more = sighting(
            found.kind, at, attributes={**own, "nss_id": _raw(ident).hex()[:64], "label": label, "kept_in": "key4.db"}
        )
        yield replace(
            found,
            location=replace(found.location, line=None),
            attributes={**found.attributes, **more.attributes},
            state=State.PUBLIC_ONLY,
        )
    for kind, label, ident in private or ():
        if _raw(kind) == _PRIVATE:
            name = _raw(ident).hex()[:64]
            yield locked(
                "nss.private-key",
                at,
                "app",
                f"nssPrivate/{name}",
                identifier=name,
                more={**own, "label": label if label.isprintable() else ""},
            )
    if trouble:
        raise Unparsable(trouble)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_FILES = ("cert9.db", "key4.db")
STORE = Store(
    id="nss",
    title="NSS certificate and key databases",
    where=(
        *(At(root=Root.HOME, glob=f"{d}/{n}") for d in (".pki/nssdb", ".local/share/pki/nssdb") for n in _FILES),
        *_mozilla.places(*_FILES),
    ),
    yields=("x509.client-cert", "nss.private-key"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://searchfox.org/nss/source/lib/softoken/sdb.c",
)
