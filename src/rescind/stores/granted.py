"""Granted without a system keychain: access keys, sessions and sign-ins by the names of their profiles, behind one passphrase."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._filering import item
from rescind.stores._locked import locked

_KINDS = {
    "aws-iam-credentials": "aws.access-key",
    "aws-session-credentials": "aws.role-session",
    "aws-sso-tokens": "aws.sso-session",
    "aws-idc-user-codes": "aws.sso-client",
    "cf": "oauth.refresh-token",
}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the item that the file is, of the kind that its folder tells. Raises `Unparsable` for another file."""
    folder = at.path.split("/")[-2] if "/" in at.path else ""
    kind = _KINDS.get(folder.removeprefix("secure-storage-"), "")
    if not kind:
        raise Unparsable("the folder does not tell what its items are")
    name, more = item(blob, at)
    link = name.startswith("https://")
    own, who = {**more, ("start_url" if link else "profile"): name}, "" if link else name
    yield locked(kind, at, "passphrase", issuer=name if link else "", subject=who, more=own)


STORE = Store(
    id="granted",
    title="Granted encrypted files",
    where=(
        At(root=Root.HOME, glob=".granted/secure-storage-*/*"),
        At(root=Root.XDG_CONFIG, glob="granted/secure-storage-*/*"),
    ),
    yields=tuple(dict.fromkeys(_KINDS.values())),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.commonfate.io/granted/recipes/passwords",
)
