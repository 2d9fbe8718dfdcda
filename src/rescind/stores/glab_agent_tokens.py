"""Personal access tokens that GitLab CLI made for Kubernetes agents and keeps for the day.

Each entry has the id by which a server ends its token, and does not name the server.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, table, text
from rescind.stores._moment import moment
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of the entry. Raises `Unparsable` for what is no JSON object."""
    entry = table(blob)
    number, scopes = member(entry, "id"), member(entry, "scopes")
    more = {"name": text(entry, "name"), "created_at": text(entry, "created_at")}
    more["user_id"] = str(member(entry, "user_id") or "")
    more["scopes"] = " ".join(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else ""
    more["token_id"], ends = str(number) if type(number) is int else "", moment(text(entry, "expires_at"))
    yield from token("gitlab.token", text(entry, "token"), at, "/token", more=more, expires_at=ends)


STORE = Store(
    id="glab-agent-tokens",
    title="GitLab CLI tokens for agents",
    where=(
        At(root=Root.XDG_CACHE, glob="gitlab/*"),
        At(root=Root.MAC_LIBRARY, glob="Caches/gitlab/*", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob="gitlab/*", os=("windows",)),
    ),
    yields=("gitlab.token",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.gitlab.com/cli/cluster/agent/get-token/",
)
