"""Slack's desktop program: which workspaces it is signed in to. The session's cookie and tokens lie beside, encrypted by the system.

What ends them is resetting the person's sessions in the workspace or the enterprise.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked

_STATE = "storage/root-state.json"
_MAC = "Containers/com.tinyspeck.slackmacgap/Data/Library/Application Support/Slack/"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a session per workspace. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    for part in ("workspaces", "teams"):
        found = member(document, part)
        for name, entry in found.items() if isinstance(found, dict) else ():
            own = {"domain": text(entry, "domain"), "url": text(entry, "url") or text(entry, "team_url")}
            own |= {"name": text(entry, "name") or text(entry, "team_name"), "user_id": text(entry, "user_id")}
            team = text(entry, "id") or text(entry, "team_id") or name
            yield locked(
                "slack.session", at, "system", f"/{part}/{name}", issuer=team, subject=own["user_id"], more=own
            )


STORE = Store(
    id="slack-desktop",
    title="Slack desktop sessions",
    where=(
        At(root=Root.XDG_CONFIG, glob=f"Slack/{_STATE}"),
        At(root=Root.MAC_SUPPORT, glob=f"Slack/{_STATE}", os=("macos",)),
        At(root=Root.MAC_LIBRARY, glob=_MAC + _STATE, os=("macos",)),
        At(root=Root.APPDATA, glob=f"Slack/{_STATE}", os=("windows",)),
    ),
    yields=("slack.session",),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://slack.com/help/articles/214613347-Sign-out-of-Slack#sign-out-of-slack-1",
)
