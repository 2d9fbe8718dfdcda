"""Tokens that Snowflake's drivers keep between runs on Linux, by a digest of account, user and sort of token. Elsewhere: keychain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, table
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMED = re.compile(r"SnowflakeTokenCache\.v\d+\.(\w{1,40})\.[0-9a-f]{64}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each cached token, or one that stands for an emptied cache. Raises `Unparsable` for broken JSON."""
    document, found = table(blob), False
    for key, value in (*pairs(document, "tokens"), *pairs(document)):
        for name, raw in value.items() if isinstance(value, dict) and key != "tokens" else ((key, value),):
            if isinstance(raw, str) and isinstance(name, str):
                found = True
                named = _NAMED.fullmatch(name)
                sort = named[1] if named else "cached" if _DIGEST.fullmatch(name) else name.rpartition(":")[2]
                yield from token("snowflake.token", raw, at, f"/tokens/{name}", more={"key": name, "form": sort})
    if not found:
        yield sighting("snowflake.token", at, state=State.LOGGED_OUT)


STORE = Store(
    id="snowflake-cache",
    title="Snowflake token cache",
    where=(
        At(root=Root.XDG_CACHE, glob="snowflake/credential_cache_v*.json", env="SF_TEMPORARY_CREDENTIAL_CACHE_DIR"),
        At(root=Root.XDG_CACHE, glob="snowflake/temporary_credential.json"),
    ),
    yields=("snowflake.token",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.snowflake.com/en/user-guide/admin-security-fed-auth-use#using-connection-caching-to-minimize-the-number-of-prompts-for-authentication-optional",
)
