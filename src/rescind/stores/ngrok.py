"""ngrok's agent: the token that opens tunnels into the machine's network from anywhere, and the API key of the account."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import load

_FIELDS = {"authtoken": "ngrok.authtoken", "api_key": "ngrok.api-key"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens of the file, in the form of version 2 or 3. Raises `Unparsable` for what is no YAML map."""
    found = 0
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        tunnels = member(document, "tunnels")
        names = [str(n) for n in tunnels][:20] if isinstance(tunnels, dict) else []
        own = {"tunnels": ", ".join(names), "version": text(document, "version")}
        for path, entry in (("", document), ("agent/", member(document, "agent"))):
            for field, kind in _FIELDS.items():
                for finding in token(kind, text(entry, field), at, path + field, issuer="ngrok.com", more=own):
                    found += 1
                    yield finding
    if not found:
        yield sighting("ngrok.authtoken", at, state=State.LOGGED_OUT)


STORE = Store(
    id="ngrok",
    title="ngrok agent",
    where=(
        At(root=Root.XDG_CONFIG, glob="ngrok/ngrok.yml"),
        At(root=Root.MAC_SUPPORT, glob="ngrok/ngrok.yml", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob="ngrok/ngrok.yml", os=("windows",)),
        At(root=Root.HOME, glob=".ngrok2/ngrok.yml"),
    ),
    yields=("ngrok.authtoken", "ngrok.api-key", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://ngrok.com/docs/agent/config/v3/",
)
