"""Tokens that `cargo login` keeps, for crates.io and for registries of a company."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per registry, then raise `Unparsable` where the file is broken."""
    document, trouble = read(blob)
    named = member(document, "registries")
    found = {"crates.io": ("/registry", member(document, "registry"))}
    found |= {n: (f"/registries/{n}", e) for n, e in named.items()} if isinstance(named, dict) else {}
    kept = 0
    for name, (pointer, entry) in found.items():
        own = {"registry": name, "index": text(entry, "index")}
        for field, kind in (("token", "cargo.token"), ("secret-key", "cargo.signing-key")):
            for finding in token(
                kind,
                text(entry, field),
                at,
                f"{pointer}/{field}",
                issuer=text(entry, "index") or name,
                subject=text(entry, "secret-key-subject"),
                more=own,
            ):
                kept += 1
                yield finding
    if trouble:
        raise Unparsable(trouble)
    if not kept and at.path.rpartition("/")[2].startswith("credentials"):
        yield sighting("cargo.token", at, state=State.LOGGED_OUT)


STORE = Store(
    id="cargo",
    title="Cargo registry tokens",
    where=tuple(
        At(root=Root.HOME, glob=f".cargo/{name}", env="CARGO_HOME")
        for name in ("credentials.toml", "credentials", "config.toml", "config")
    ),
    yields=("cargo.token", "cargo.signing-key", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://doc.rust-lang.org/cargo/reference/config.html#credentials",
)
