"""Fly.io: the tokens of its command line tool, several in one line, and the WireGuard key of each organisation.

A token is a bundle of macaroons; what one of them allows can only be narrowed. A peer is removed by its public key.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._curve25519 import wireguard_public
from rescind.stores._json import pairs, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import maps

_KIND, _ISSUER = "fly.token", "fly.io"
_FORMS = {"fm1": "macaroon", "fm2": "macaroon", "fo1": "oauth", "fm1r": "macaroon", "fm2r": "macaroon"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each token and key, or one logged-out login. Raises `Unparsable` for broken YAML."""
    found = [f for document in maps(blob) for f in _held(document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _held(document: object, at: Location) -> Iterator[Finding]:
    for name in ("access_token", "metrics_token"):
        for part in text(document, name).removeprefix("FlyV1 ").split(",")[:50]:
            more = {"name": name, "form": _FORMS.get(part.partition("_")[0], "")}
            yield from token(_KIND, part, at, name, issuer=_ISSUER, more=more)
    for org, state in pairs(document, "wire_guard_state"):
        halves = text(state, "localprivate"), text(state, "localpublic")
        for key, other in (halves, halves[::-1]):  # the names were once exchanged
            if key and (public := wireguard_public(key)) and public == other:
                more = {"org": org, "name": text(state, "name"), "region": text(state, "region")}
                place = f"wire_guard_state/{org}"
                yield from token("wireguard.key", key, at, place, identifier=public, issuer=_ISSUER, more=more)


STORE = Store(
    id="flyctl",
    title="Fly.io CLI",
    where=(At(root=Root.HOME, glob=".fly/config.yml", env="FLY_CONFIG_DIR"),),
    yields=(_KIND, "wireguard.key"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/superfly/flyctl/blob/master/internal/config/file.go",
)
