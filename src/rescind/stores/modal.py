"""Modal: a token for each profile, named by its id."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each profile, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    for profile, entry in pairs(document):
        number, value, place = text(entry, "token_id"), text(entry, "token_secret"), f"{profile}/token_secret"
        more = {"profile": profile}
        yield from token("modal.token", value, at, place, identifier=number, issuer="modal.com", more=more)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="modal",
    title="Modal",
    where=(At(root=Root.HOME, glob=".modal.toml", env="MODAL_CONFIG_PATH"),),
    yields=("modal.token",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://modal.com/docs/reference/modal.config",
)
