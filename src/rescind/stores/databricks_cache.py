"""The sign-ins that `databricks auth login` and the Python SDK keep: a refresh token for each workspace or account.

Newer versions of the command line tool keep theirs in the system's keychain (`databricks-cli`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, table, text
from rescind.stores._jwt import facts
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one sign-in per key: its refresh token, or the access token where there is no other. Raises `Unparsable`."""
    document = table(blob)
    sdk = [("", document["token"])] if isinstance(document.get("token"), dict) else []
    found = [f for key, entry in [*pairs(document, "tokens"), *sdk] for f in _one(key, entry, at)]
    yield from found or [sighting("oauth.refresh-token", at, state=State.LOGGED_OUT)]


def _one(key: str, entry: object, at: Location) -> Iterator[Finding]:
    access, until = text(entry, "access_token"), moment(text(entry, "expiry"))
    said = facts(access)
    issuer = said.get("iss", "") or (key if key.startswith("https://") else "")
    more = {"key": key, **said, "access_expires_at": until or ""}
    who, where = said.get("sub", ""), f"/tokens/{key}" if key else "/token"
    if refresh := text(entry, "refresh_token"):
        kind, place = "oauth.refresh-token", f"{where}/refresh_token"
        yield from token(kind, refresh, at, place, issuer=issuer, subject=who, more=more)
    elif access:
        kind, place = "oauth.access-token", f"{where}/access_token"
        yield from token(kind, access, at, place, issuer=issuer, subject=who, more={"key": key}, expires_at=until)


STORE = Store(
    id="databricks-cache",
    title="Databricks sign-ins",
    where=(
        At(root=Root.HOME, glob=".databricks/token-cache.json"),
        At(root=Root.HOME, glob=".config/databricks-sdk-py/oauth/*.json"),
    ),
    yields=("oauth.refresh-token", "oauth.access-token"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/databricks/cli/blob/main/libs/auth/storage/filestore.go",
)
