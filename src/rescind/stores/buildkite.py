"""Buildkite: API tokens of the command line tool by organisation, and the token by which an agent registers.

An agent token is one for all agents of a cluster. Newer versions of `bk` keep theirs in the system's keychain (`buildkite-cli`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._json import pairs, text
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps

_KIND = "buildkite.token"
_FACTS = {"name", "tags", "queue", "endpoint"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a token per organisation, or an agent's token. Raises `Unparsable` for broken YAML."""
    if at.path.endswith(".cfg"):
        yield from _agent(decode(blob), at)
        return
    found = [f for document in maps(blob) for f in _logins(document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _logins(document: object, at: Location) -> Iterator[Finding]:
    named, chosen = dict(pairs(document, "organizations")), text(document, "selected_org")
    for name, entry in {**({chosen: None} if chosen else {}), **named}.items():
        if value := text(entry, "api_token"):
            place = f"organizations/{name}/api_token"
            yield from token(_KIND, value, at, place, issuer="buildkite.com", subject=name)
        else:
            more = {"kept_in": "keychain"}
            yield kept(_KIND, at, f"organizations/{name}", issuer="buildkite.com", subject=name, more=more)


def _agent(plain: str, at: Location) -> Iterator[Finding]:
    facts = {e.key: e.value for e in entries(plain) if e.key in _FACTS and not e.commented}
    for e in entries(plain):
        if e.key == "token":
            more = {**facts, "commented": "yes" if e.commented else ""}
            yield from token("buildkite.agent-token", e.value, at, "token", issuer="buildkite.com", more=more)


_AGENT = "buildkite-agent/buildkite-agent.cfg"
STORE = Store(
    id="buildkite",
    title="Buildkite CLI and agent",
    where=(
        At(root=Root.XDG_CONFIG, glob="bk.yaml"),
        At(root=Root.APPDATA, glob="Buildkite CLI/bk.yaml", os=("windows",)),
        At(root=Root.HOME, glob=f".{_AGENT}", env="BUILDKITE_AGENT_CONFIG"),
        *(At(root=Root.SYSTEM, glob=f"{top}/{_AGENT}") for top in ("etc", "opt/homebrew/etc", "usr/local/etc")),
        At(root=Root.SYSTEM, glob=_AGENT, os=("windows",)),
    ),
    yields=(_KIND, "buildkite.agent-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://buildkite.com/docs/platform/cli/configuration",
)
