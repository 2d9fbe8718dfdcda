"""Java and Android keystores (JKS, JCEKS): certificates lie in clear, private keys under the store's password.

A store in PKCS#12 form (Java's own since version 9) is read like any other PKCS#12 file. No password is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _certificate, _jks
from rescind.stores._locked import locked
from rescind.stores._pkcs12 import is_pkcs12
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each private key. Raises `Unparsable` for what is no keystore, and after the rest for a cut one."""
    if not blob:
        return
    if is_pkcs12(blob):
        try:
            found, _ = _certificate.contents(blob, container=True)
        except Unparsable:
            yield locked("x509.private-key", at, "passphrase", more={"container": "pkcs12"})
            return
        yield from (_certificate.finding(h, at) for h in found if h.has_key != "no")
        return
    entries, trouble = _jks.read(blob)
    for entry in entries:
        if entry.secret:
            more = {"container": entry.container, "alias": entry.alias, "created": entry.created, "form": "secret-key"}
            yield locked("x509.private-key", at, "passphrase", entry.alias, more=more)
        elif entry.key:
            yield _key(entry, at)
    if trouble:
        raise Unparsable(trouble)


def _key(entry: _jks.Entry, at: Location) -> Finding:
    more = {"container": entry.container, "alias": entry.alias, "created": entry.created, "at_rest": "passphrase"}
    try:
        held = _certificate.Held(_certificate.read(entry.chain[0]), 1, "encrypted")
    except (Unparsable, IndexError):
        return locked("x509.private-key", at, "passphrase", entry.alias, more=more)
    found = _certificate.finding(held, replace(at, pointer=entry.alias))
    told = sighting(found.kind, at, attributes=more).attributes
    place = replace(found.location, line=None)
    return replace(found, attributes={**found.attributes, **told}, location=place, state=State.LIVE_UNVERIFIED)


_SKIP = ("node_modules", "site-packages", ".cache", ".gradle", "Sdk", "testdata", "fixtures", ".sdkman", ".jdks", "jvm")
STORE = Store(
    id="java-keystores",
    title="Java and Android keystores",
    where=(
        At(root=Root.HOME, glob=".keystore"),
        At(root=Root.HOME, glob=".android/debug.keystore"),
        *(At(root=Root.HOME, glob=f"**/*.{end}", skip=_SKIP) for end in ("jks", "keystore", "jceks", "bks")),
    ),
    yields=("x509.client-cert", "x509.private-key"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.oracle.com/en/java/javase/21/docs/specs/security/standard-names.html#keystore-types",
)
