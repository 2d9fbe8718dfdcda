"""jira-cli: which Jira somebody signs in to and as whom. The token is in a variable, in `.netrc`, or in the system's keychain.

An OAuth sign-in that is too big for the keychain is written to a file beside.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import table, text
from rescind.stores._moment import moment
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the login that the file names, or the OAuth sign-in. Raises `Unparsable` for broken YAML and JSON."""
    if at.path.endswith(".json"):
        yield from _oauth_login(table(blob), at)
        return
    for document in maps(blob):
        host, who = text(document, "server").partition("://")[2].rstrip("/"), text(document, "login")
        if host:
            more = {"installation": text(document, "installation"), "auth_type": text(document, "auth_type")}
            more |= {"client_key": text(document, "mtls", "client_key"), "kept_in": "keychain"}
            yield kept("atlassian.token", at, "login", issuer=host, subject=who, more=more)


def _oauth_login(document: object, at: Location) -> Iterator[Finding]:
    """Yield the secret of the registered client, and the refresh token or the access token with its end."""
    client, until = text(document, "client_id"), moment(text(document, "expiry"))
    own, secret = {"client_id": client}, text(document, "client_secret")
    yield from token("oauth.client-secret", secret, at, "/client_secret", identifier=client, issuer=_ISSUER, more=own)
    if refresh := text(document, "refresh_token"):
        more = {**own, "access_expires_at": until or ""}
        yield from token("oauth.refresh-token", refresh, at, "/refresh_token", issuer=_ISSUER, more=more)
    else:
        access, kind = text(document, "access_token"), "oauth.access-token"
        yield from token(kind, access, at, "/access_token", issuer=_ISSUER, more=own, expires_at=until)


_ISSUER = "https://auth.atlassian.com"
_SECRETS = ("jira-cli-oauth-secrets.json", "oauth_secrets.json")
STORE = Store(
    id="jira-cli",
    title="jira-cli",
    where=(
        At(root=Root.XDG_CONFIG, glob=".jira/.config.yml", env="JIRA_CONFIG_FILE"),
        *(At(root=Root.XDG_CONFIG, glob=f".jira/{name}") for name in _SECRETS),
    ),
    yields=("atlassian.token", "oauth.client-secret", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/ankitpokhrel/jira-cli#authentication-types",
)
