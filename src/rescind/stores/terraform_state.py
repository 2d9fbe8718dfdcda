"""Terraform and OpenTofu state: whatever a provider made lies in it in clear, with the id by which it can be ended.

What a resource's type says it holds is named by its kind; other attributes that the state itself marks as sensitive are `file.secret`s
named by their address. Encrypted state and saved plans are gaps.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _tfstate
from rescind.stores._json import load, member


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what resources, outputs and the backend hold. Raises `Unparsable` for what is no state, or is encrypted."""
    if blob[:2] == b"PK":
        raise Unparsable("a saved plan; it was not opened")
    if not blob.strip():
        return
    document = load(blob)
    if member(document, "encrypted_data") or member(document, "encryption_version"):
        raise Unparsable("the state is encrypted")
    if not isinstance(document, dict) or "version" not in document:
        raise Unparsable("the file is no Terraform state")
    yield from _tfstate.resources(document, at)
    yield from _tfstate.outputs(document, at)
    yield from _tfstate.backend(document, at)


_SKIP = ("node_modules", ".venv", "venv", "site-packages", "vendor", ".cache")
STORE = Store(
    id="terraform-state",
    title="Terraform and OpenTofu state",
    where=tuple(
        At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP)
        for name in ("*.tfstate", "*.tfstate.backup", "*.tfstate.*.backup", "*.tfplan", "tfplan")
    ),
    yields=("aws.access-key", "aws.role-session", *_tfstate.KINDS),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://developer.hashicorp.com/terraform/language/state/sensitive-data",
)
