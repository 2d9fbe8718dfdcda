"""Console sign-ins of `aws login`: temporary keys, and a refresh token whose DPoP key lies beside it, so the file alone is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._aws import account_of, arn_of, is_key_id
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import load, member, text
from rescind.stores._jwt import facts
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the one session of a file. Raises `Unparsable` for broken JSON and for an `accessToken` of an unknown shape."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("a cache file is a JSON object")
    refresh, token = text(document, "refreshToken"), member(document, "accessToken")
    if token is None and not refresh:
        return
    key_id, own = text(token, "accessKeyId"), facts(text(document, "idToken"))
    if not is_key_id(key_id):
        raise Unparsable("the cached sign-in holds no access key id")
    arn, named = arn_of(own.get("sub", ""))
    account = account_of(key_id) or text(token, "accountId") or named
    secret, expires = refresh or text(token, "secretAccessKey"), moment(text(token, "expiresAt"))
    dud = is_placeholder(secret)
    known = {"account": account, "session_arn": arn, "client_id": text(document, "clientId")}
    known |= {"form": "refresh" if refresh else "access", "access_expires_at": expires or ""}
    yield sighting(
        "aws.login-session",
        replace(at, pointer="/refreshToken" if refresh else "/accessToken"),
        identifier=key_id,
        issuer=account,
        subject=arn,
        secret="" if dud else secret,
        attributes=known,
        expires_at=None if refresh else expires,
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )


STORE = Store(
    id="aws-login-cache",
    title="AWS CLI console sign-ins",
    where=(At(root=Root.HOME, glob=".aws/login/cache/*.json", env="AWS_LOGIN_CACHE_DIRECTORY"),),
    yields=("aws.login-session",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html",
)
