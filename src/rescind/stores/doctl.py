"""DigitalOcean's `doctl`: one token for each context. A token may do all that its account may, unless it was made with scopes."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import maps

_KIND, _ISSUER = "digitalocean.token", "digitalocean.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each context, or one logged-out login. Raises `Unparsable` for broken YAML."""
    found = [f for document in maps(blob) for f in _tokens(document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _tokens(document: object, at: Location) -> Iterator[Finding]:
    own = text(document, "access-token")
    contexts = {name: value for name, value in pairs(document, "auth-contexts") if isinstance(value, str)}
    if own and own not in contexts.values():
        yield from token(_KIND, own, at, "access-token", issuer=_ISSUER, more={"context": "default"})
    for name, value in contexts.items():
        yield from token(_KIND, value, at, f"auth-contexts/{name}", issuer=_ISSUER, more={"context": name})


STORE = Store(
    id="doctl",
    title="DigitalOcean CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="doctl/config.yaml"),
        At(root=Root.MAC_SUPPORT, glob="doctl/config.yaml", os=("macos",)),
        At(root=Root.APPDATA, glob="doctl/config.yaml", os=("windows",)),
        At(root=Root.HOME, glob=".doctlcfg"),
    ),
    yields=(_KIND,),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.digitalocean.com/reference/doctl/how-to/install/#step-3-use-the-api-token-to-grant-account-access-to-doctl",
)
