"""Nebula: keys of the machine in its overlay network, and of an authority that can admit others."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._curve25519 import public_half
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per private key. Raises `Unparsable` for a damaged one; what is no key of Nebula yields nothing."""
    name = at.path.rpartition("/")[2].removesuffix(".key")
    for block in blocks(decode(blob)):
        if not block.label.startswith("NEBULA ") or "PRIVATE KEY" not in block.label:
            continue
        authority = "X25519" not in block.label
        own = {"name": name, "authority": "yes" if authority else ""}
        if "ENCRYPTED" in block.label:
            yield locked("nebula.key", at, "passphrase", subject=name, more=own)
        else:
            body = block.body()
            public = body[32:] if authority else public_half(body)
            own["public_key"] = public.hex()
            yield sighting(
                "nebula.key", at, line=block.line, identifier=public.hex(), subject=name, secret=body, attributes=own
            )


STORE = Store(
    id="nebula",
    title="Nebula keys",
    where=(
        *(
            At(root=Root.SYSTEM, glob=f"{d}/*.key")
            for d in ("etc/nebula", "opt/homebrew/etc/nebula", "ProgramData/Nebula")
        ),
        *(At(root=Root.HOME, glob=f"{d}*.key") for d in ("", "nebula/", ".nebula/", ".config/nebula/")),
    ),
    yields=("nebula.key",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/slackhq/nebula/blob/master/cert/pem.go",
)
