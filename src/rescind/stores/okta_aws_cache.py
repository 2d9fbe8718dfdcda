"""What Okta's AWS tool caches of a sign-in, where it was told to.

A device secret gets new tokens without the person; clearing the user's sessions at Okta ends it together with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import table, text
from rescind.stores._jwt import facts
from rescind.stores._moment import moment
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in and the device secret. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    access, refresh = text(document, "access_token"), text(document, "refresh_token")
    said, until = facts(access) or facts(text(document, "id_token")), moment(text(document, "expiry"))
    issuer, who = (
        said.get("iss", ""),
        facts(text(document, "id_token")).get("preferred_username", "") or said.get("sub", ""),
    )
    more = {**said, "scopes": text(document, "scope")}
    if refresh:
        yield from token("oauth.refresh-token", refresh, at, "/refresh_token", issuer=issuer, subject=who, more=more)
    else:
        kind = "oauth.access-token"
        yield from token(kind, access, at, "/access_token", issuer=issuer, subject=who, more=more, expires_at=until)
    yield from token(
        "okta.device-secret", text(document, "device_secret"), at, "/device_secret", issuer=issuer, subject=who
    )


STORE = Store(
    id="okta-aws-cache",
    title="Okta AWS CLI sign-in",
    where=(At(root=Root.HOME, glob=".okta/awscli-access-token.json"),),
    yields=("okta.device-secret", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/okta/okta-aws-cli/blob/master/internal/okta/accesstoken.go",
)
