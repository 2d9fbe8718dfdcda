"""GitGuardian's `ggshield`: a token for each workspace, with the name that GitGuardian shows it under."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps

_KIND = "gitguardian.token"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each token, or one logged-out login. Raises `Unparsable` for broken YAML."""
    found = [f for document in maps(blob) for f in _tokens(document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _tokens(document: object, at: Location) -> Iterator[Finding]:
    instances = member(document, "instances")
    for instance in instances[:100] if isinstance(instances, list) else ():
        host = text(instance, "url").partition("://")[2].rstrip("/")
        accounts = member(instance, "accounts")
        for account in accounts[:100] if isinstance(accounts, list) else ():
            more = {
                "workspace": text(account, "workspace_id"),
                "name": text(account, "token_name"),
                "form": text(account, "type"),
            }
            place, until = f"{host}/{more['workspace']}", moment(text(account, "expire_at"))
            if more["workspace"] and text(account, "token") in {"", "null", "~"}:
                yield kept(_KIND, at, place, issuer=host, more={**more, "kept_in": "keychain"})
            yield from token(_KIND, text(account, "token"), at, place, issuer=host, more=more, expires_at=until)


_NAME = "ggshield/auth_config.yaml"
STORE = Store(
    id="ggshield",
    title="GitGuardian ggshield",
    where=(
        At(root=Root.XDG_CONFIG, glob=_NAME, env="GG_CONFIG_DIR"),
        At(root=Root.MAC_SUPPORT, glob=_NAME, os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob=f"GitGuardian/{_NAME}", os=("windows",)),
    ),
    yields=(_KIND,),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.gitguardian.com/ggshield-docs/reference/auth/login",
)
