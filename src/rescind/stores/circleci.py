"""CircleCI: the token of its command line tool, and the token of a runner. Newer versions keep theirs in the system's keychain."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each token of the file, or one logged-out login. Raises `Unparsable` for broken YAML."""
    found = [f for document in maps(blob) for f in _tokens(document, at)]
    if not found and not text(next(maps(blob), {}), "api", "url"):
        found.append(sighting("circleci.token", at, state=State.LOGGED_OUT))
    yield from found


def _tokens(document: object, at: Location) -> Iterator[Finding]:
    host = text(document, "host").removeprefix("https://").rstrip("/") or "circleci.com"
    more = {"host": host, "user": text(document, "user_id")}
    yield from token("circleci.token", text(document, "token"), at, "token", issuer=host, more=more)
    own = {"runner": text(document, "runner", "name"), "resource_class": text(document, "runner", "resource_class")}
    value = text(document, "api", "auth_token")
    yield from token("circleci.runner-token", value, at, "api/auth_token", issuer="circleci.com", more=own)


_RUNNERS = ("circleci-runner-config.yaml", "launch-agent-config.yaml")
STORE = Store(
    id="circleci",
    title="CircleCI CLI and runner",
    where=(
        At(root=Root.HOME, glob=".circleci/cli.yml"),
        At(root=Root.XDG_CONFIG, glob="circleci/config.yml"),
        *(At(root=Root.SYSTEM, glob=f"etc/circleci-runner/{name}") for name in _RUNNERS),
        *(
            At(root=Root.SYSTEM, glob=f"{top}/{name}")
            for top in ("opt/circleci", "etc/opt/circleci")
            for name in _RUNNERS
        ),
        At(root=Root.MAC_LIBRARY, glob="Preferences/com.circleci.runner/config.yaml", os=("macos",)),
    ),
    yields=("circleci.token", "circleci.runner-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://circleci.com/docs/guides/toolkit/local-cli/#configure-the-cli",
)
