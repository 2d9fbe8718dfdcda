"""smallstep's `step`: keys that can sign for an authority, passwords of provisioners, and the machine's own identity.

A provisioner's key, once decrypted, makes certificates for any name that the authority allows: `step ca provisioner remove` ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import contents, finding, public_half
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield provisioners, keys, passwords and identities by what the file is. Raises `Unparsable` for what cannot be read."""
    name = at.path.rpartition("/")[2]
    if name.endswith(".json"):
        yield from _authority(blob, at)
    elif name.endswith(".crt"):
        found, trouble = contents(blob, container=False)
        for held in found[:1]:
            seen = finding(held, at)
            yield replace(seen, attributes={**seen.attributes, "has_key": "beside"}, state=State.LIVE_UNVERIFIED)
        if trouble:
            raise Unparsable(trouble)
    elif b"-----BEGIN " in blob:
        for block in blocks(decode(blob)):
            own, place = {"file": name}, replace(at, line=block.line)
            if block.label.endswith("PRIVATE KEY") and block.encrypted:
                yield locked("x509.private-key", place, "passphrase", more=own)
            elif block.label.endswith("PRIVATE KEY"):
                body = block.body()
                half = public_half(body) if block.label != "OPENSSH PRIVATE KEY" else ""
                yield sighting(
                    "x509.private-key", place, identifier=half, secret=body, attributes={**own, "spki_sha256": half}
                )
    elif "secrets/" in at.path:
        yield from token("step.password", decode(blob).strip(), at, password=True)


def _authority(blob: bytes, at: Location) -> Iterator[Finding]:
    document = load(blob)
    entries = member(document, "authority", "provisioners")
    for n, entry in enumerate(entries if isinstance(entries, list) else ()):
        own = {"type": text(entry, "type"), "name": text(entry, "name"), "client_id": text(entry, "clientID")}
        pointer, kid = f"/authority/provisioners/{n}", text(entry, "key", "kid")
        if text(entry, "encryptedKey"):
            yield locked(
                "step.provisioner-key", at, "passphrase", pointer, identifier=kid, subject=own["name"], more=own
            )
        yield from token("step.client-secret", text(entry, "clientSecret"), at, f"{pointer}/clientSecret", more=own)
    yield from token("step.password", text(document, "password"), at, "/password", password=True)


_GLOBS = ("config/*.json", "secrets/*", "identity/*.crt", "identity/identity_key", "authorities/*/config/*.json")
STORE = Store(
    id="step-cli",
    title="smallstep (step)",
    where=tuple(At(root=Root.HOME, glob=f".step/{g}", env="STEPPATH") for g in (*_GLOBS, "authorities/*/secrets/*")),
    yields=(
        "x509.private-key",
        "step.provisioner-key",
        "step.client-secret",
        "step.password",
        "x509.client-cert",
        "github.token",
    ),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://smallstep.com/docs/step-ca/configuration/#json-configuration-options",
)
