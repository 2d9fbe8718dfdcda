"""Linode (Akamai) CLI: the token of each user it was set up for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per user. Anything is an INI file: what has no token in it yields nothing."""
    for e in entries(decode(blob)):
        if e.key == "token":
            own, place = {"user": e.section, "commented": "yes" if e.commented else ""}, replace(at, line=e.line)
            yield from token(
                "linode.token", e.value, place, e.section, issuer="linode.com", subject=e.section, more=own
            )


STORE = Store(
    id="linode",
    title="Linode CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="linode-cli", env="LINODE_CLI_CONFIG"),
        At(root=Root.HOME, glob=".linode-cli"),
        At(root=Root.XDG_CONFIG, glob="linode", env="LINODE_CLI_CONFIG"),
    ),
    yields=("linode.token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/linode/linode-cli/wiki/Configuration",
)
