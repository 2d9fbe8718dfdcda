"""Hetzner Cloud CLI: the token of each project, by the name of its context."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per context, then raise `Unparsable` where the file is broken."""
    document, trouble = read(blob)
    contexts = member(document, "contexts")
    for n, context in enumerate(contexts if isinstance(contexts, list) else ()):
        name = text(context, "name")
        own = {"context": name, "active": "yes" if name == text(document, "active_context") else ""}
        value, pointer = text(context, "token"), f"/contexts/{n}/token"
        yield from token("hetzner.token", value, at, pointer, issuer="hetzner.cloud", subject=name, more=own)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="hcloud",
    title="Hetzner Cloud CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="hcloud/cli.toml", env="HCLOUD_CONFIG"),
        At(root=Root.MAC_SUPPORT, glob="hcloud/cli.toml", os=("macos",)),
        At(root=Root.APPDATA, glob="hcloud/cli.toml", os=("windows",), env="HCLOUD_CONFIG"),
    ),
    yields=("hetzner.token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/hetznercloud/cli/blob/main/docs/tutorials/setup-hcloud-cli.md",
)
