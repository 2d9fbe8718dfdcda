"""Slack CLI: a rotating token pair per workspace, with the ids of the workspace and of the person."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_FACTS = ("team_domain", "team_id", "user_id", "enterprise_id", "api_host")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the pair of each workspace, or the signed-out file. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    found = 0
    for name, entry in document.items():
        own = {f: text(entry, f) for f in _FACTS}
        when = member(entry, "exp") or member(entry, "expires_at")
        until, team = epoch(when) or moment(when), own["team_id"] or name
        for field, end in (("refresh_token", None), ("token", until)):
            more = {**own, "form": "refresh" if field != "token" else "access"}
            for finding in token(
                "slack.token",
                text(entry, field),
                at,
                f"/{name}/{field}",
                issuer=team,
                subject=own["user_id"],
                more=more,
                expires_at=end,
            ):
                found += 1
                yield finding
    if not found:
        yield sighting("slack.token", at, state=State.LOGGED_OUT)


STORE = Store(
    id="slack-cli",
    title="Slack CLI",
    where=(At(root=Root.HOME, glob=".slack/credentials.json"), At(root=Root.HOME, glob=".slack/dev.credentials.json")),
    yields=("slack.token", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.slack.dev/tools/slack-cli/guides/authorizing-the-slack-cli/",
)
