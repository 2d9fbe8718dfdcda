"""Pulumi: a token for each backend, with the name, organisation and team that Pulumi Cloud knows it by. Other backends have none."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_KIND = "pulumi.token"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens of each account, or one logged-out login. Raises `Unparsable` for other JSON."""
    document = table(blob)
    accounts = {url: {} for url, _ in pairs(document, "accessTokens")} | dict(pairs(document, "accounts"))
    found = [f for url, entry in accounts.items() for f in _account(url, entry, document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _account(url: str, entry: object, document: object, at: Location) -> Iterator[Finding]:
    said, host, user = (
        member(entry, "tokenInformation"),
        url.partition("://")[2].rstrip("/").removeprefix("api."),
        text(entry, "username"),
    )
    groups = member(entry, "organizations")
    more = {"url": url, **{n: text(said, n) for n in ("name", "organization", "team")}}
    more["organizations"] = " ".join(g for g in groups[:20] if isinstance(g, str)) if isinstance(groups, list) else ""
    more["last_validated_at"] = moment(text(entry, "lastValidatedAt")) or ""
    until = moment(text(said, "expiresAt"))
    held = dict.fromkeys((text(entry, "accessToken"), text(document, "accessTokens", url)))
    for value in held:
        place = f"/accounts/{url}/accessToken" if value == text(entry, "accessToken") else f"/accessTokens/{url}"
        yield from token(_KIND, value, at, place, issuer=host, subject=user, more=more, expires_at=until)
    own, place = {**more, "form": "refresh"}, f"/accounts/{url}/refreshToken"
    yield from token(_KIND, text(entry, "refreshToken"), at, place, issuer=host, subject=user, more=own)


STORE = Store(
    id="pulumi",
    title="Pulumi backends",
    where=(
        At(root=Root.HOME, glob=".pulumi/credentials.json", env="PULUMI_CREDENTIALS_PATH"),
        At(root=Root.HOME, glob=".pulumi/credentials.json", env="PULUMI_HOME"),
    ),
    yields=(_KIND,),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/creds.go",
)
