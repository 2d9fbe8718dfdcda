"""Workspaces elsewhere: Coder's session, and the tunnel that VS Code opens into this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_PROVIDERS = {"0": "microsoft", "1": "github"}
_CODER = re.compile(r"([A-Za-z0-9]{10})-[A-Za-z0-9]{22}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the session or the tunnel. Raises `Unparsable` for a file of another shape."""
    name = at.path.rpartition("/")[2]
    if name == "session":
        plain = decode(blob).strip()
        if len(plain.split()) > 1:
            raise Unparsable("the file holds something other than one token")
        known = _CODER.fullmatch(plain)
        mine = known[1] if known else ""
        yield from token("coder.session", plain, at, identifier=mine, more={"key_id": mine})
        if not plain:
            yield sighting("coder.session", at, state=State.LOGGED_OUT)
        return
    document = load(blob)
    if name == "code_tunnel.json":
        own = {"name": text(document, "name"), "cluster": text(document, "cluster")}
        mine = text(document, "id")
        yield sighting("vscode.tunnel", at, identifier=mine, subject=own["name"], attributes=own)
    elif isinstance(document, str):
        yield locked("vscode.tunnel-token", at, "app")
    elif document is None:
        yield sighting("vscode.tunnel-token", at, state=State.LOGGED_OUT)
    else:
        provider = _PROVIDERS.get(str(member(document, "p")), text(document, "provider"))
        secret = text(document, "access_token") or text(document, "a")
        refresh = text(document, "refresh_token") or text(document, "r")
        own = {"provider": provider}
        yield from token("vscode.tunnel-token", refresh or secret, at, issuer=provider, more=own)


_CODE = tuple(f".{d}/cli/{n}" for d in ("vscode", "vscode-insiders") for n in ("token.json", "code_tunnel.json"))
_OLDER = tuple(f".vscode-cli/{n}" for n in ("token.json", "code_tunnel.json"))
STORE = Store(
    id="remote-workspaces",
    title="Coder sessions and VS Code tunnels",
    where=(
        At(root=Root.XDG_CONFIG, glob="coderv2/session", env="CODER_CONFIG_DIR"),
        At(root=Root.MAC_SUPPORT, glob="coderv2/session", os=("macos",)),
        At(root=Root.APPDATA, glob="coderv2/session", os=("windows",)),
        *(At(root=Root.HOME, glob=g, env="VSCODE_CLI_DATA_DIR") for g in (*_CODE, *_OLDER)),
    ),
    yields=("coder.session", "vscode.tunnel", "vscode.tunnel-token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://coder.com/docs/admin/users/sessions-tokens",
)
