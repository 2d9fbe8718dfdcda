"""Alibaba Cloud CLI: access keys by their id, STS tokens, and the sign-ins of CloudSSO and OAuth profiles."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._token import token

_FACTS = (
    "mode",
    "region_id",
    "ram_role_name",
    "ram_role_arn",
    "expired_seconds",
    "cloud_sso_account_id",
    "cloud_sso_sign_in_url",
)
_ENDS = {"access_token": "cloud_sso_access_token_expire", "oauth_access_token": "oauth_access_token_expire"}
_MORE = {
    "private_key": "alibaba.rsa-key",
    "access_token": "alibaba.session-token",
    "oauth_access_token": "alibaba.session-token",
}
_MORE |= {"bearer_token": "alibaba.session-token", "oauth_refresh_token": "alibaba.refresh-token"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each profile holds. Raises `Unparsable` for a file without profiles."""
    document = load(blob)
    profiles = member(document, "profiles")
    if not isinstance(profiles, list):
        raise Unparsable("the file has no profiles")
    for n, profile in enumerate(profiles):
        own = {"profile": text(profile, "name")} | {f: text(profile, f) for f in _FACTS}
        key, pointer = text(profile, "access_key_id"), f"/profiles/{n}"
        session = text(profile, "sts_token")
        kind = "alibaba.sts-token" if session or key.startswith("STS.") else "alibaba.access-key"
        until = epoch(member(profile, "sts_expiration")) if session else None
        secret = text(profile, "access_key_secret")
        yield from token(
            kind,
            secret,
            at,
            f"{pointer}/access_key_secret",
            identifier=key,
            issuer="aliyun.com",
            more=own,
            expires_at=until,
        )
        for field, other in _MORE.items():
            value, until = text(profile, field), epoch(member(profile, _ENDS.get(field, "")))
            yield from token(other, value, at, f"{pointer}/{field}", issuer="aliyun.com", more=own, expires_at=until)


STORE = Store(
    id="aliyun",
    title="Alibaba Cloud CLI",
    where=(At(root=Root.HOME, glob=".aliyun/config.json", env="ALIBABA_CLOUD_CONFIG_FILE"),),
    yields=("alibaba.access-key", "alibaba.sts-token", *sorted(set(_MORE.values())), "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/aliyun/aliyun-cli/blob/master/config/profile.go",
)
