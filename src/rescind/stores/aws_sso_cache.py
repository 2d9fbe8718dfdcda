"""Sign-ins to IAM Identity Center: whoever holds the token gets credentials for every account and role its user may use.

The file names neither user nor session, so the identifier is `sha256:` and 32 hex digits over `<start URL>|<region>`: the sign-in of
one person at one portal. A refresh token lives until the session ends in Identity Center; without one the access token's end counts.
Role credentials made with it live on in `aws-cli-cache`. The client's registration lies beside the token or in a file of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import load, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the session of a token file, then the client registration in it. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("a cache file is a JSON object")
    url, region = text(document, "startUrl").rstrip("#/"), text(document, "region")
    refresh, access = text(document, "refreshToken"), text(document, "accessToken")
    expires, client = moment(text(document, "expiresAt")), text(document, "clientId")
    if token := refresh or access:
        digest = hashlib.sha256(f"{url}|{region}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
        facts = {"start_url": url, "region": region, "client_id": client, "form": "refresh" if refresh else "access"}
        yield sighting(
            "aws.sso-session",
            replace(at, pointer="/refreshToken" if refresh else "/accessToken"),
            identifier=f"sha256:{digest}" if url else "",
            issuer=url,
            secret="" if is_placeholder(token) else token,
            attributes={**facts, "access_expires_at": expires or ""},
            expires_at=None if refresh else expires,
            state=State.PLACEHOLDER if is_placeholder(token) else State.LIVE_UNVERIFIED,
        )
    if (secret := text(document, "clientSecret")) and not is_placeholder(secret):
        until = moment(text(document, "registrationExpiresAt")) or (None if token else expires)
        own, place = {"start_url": url, "region": region}, replace(at, pointer="/clientSecret")
        yield sighting("aws.sso-client", place, identifier=client, secret=secret, attributes=own, expires_at=until)


STORE = Store(
    id="aws-sso-cache",
    title="AWS IAM Identity Center sign-ins",
    where=(At(root=Root.HOME, glob=".aws/sso/cache/*.json"),),
    yields=("aws.sso-session", "aws.sso-client"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html",
)
