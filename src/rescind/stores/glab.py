"""GitLab CLI: the tokens of its logins by host, and the access tokens that it made for Kubernetes agents, named by their id.

With `--use-keyring` the token is in the system's keychain, as `glab:<host>`. `glab auth logout` empties the entries; it ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, pairs, table, text
from rescind.stores._moment import moment, rfc822
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each host, or of a cache entry. Raises `Unparsable` for what is neither a map of hosts nor such an entry."""
    if blob.lstrip().startswith(b"{"):
        yield from _made(table(blob), at)
        return
    found = [f for document in maps(blob) for host, entry in pairs(document, "hosts") for f in _login(host, entry, at)]
    yield from found or [sighting("gitlab.token", at, state=State.LOGGED_OUT)]


def _login(host: str, entry: object, at: Location) -> Iterator[Finding]:
    user, until = text(entry, "user"), text(entry, "oauth2_expiry_date")
    more = {"host": host, "login": user, "api_host": text(entry, "api_host"), "client_id": text(entry, "client_id")}
    value, issuer, where = text(entry, "token"), f"https://{host}", f"hosts/{host}"
    oauth, refresh = text(entry, "is_oauth2").lower() == "true", text(entry, "oauth2_refresh_token")
    ends = rfc822(until) or moment(until)
    if oauth and refresh:
        more["access_expires_at"] = ends or ""
        kind, place = "oauth.refresh-token", f"{where}/oauth2_refresh_token"
        yield from token(kind, refresh, at, place, issuer=issuer, subject=user, more=more)
    elif oauth and value:
        kind, place = "oauth.access-token", f"{where}/token"
        yield from token(kind, value, at, place, issuer=issuer, subject=user, more=more, expires_at=ends)
    elif value:
        yield from token("gitlab.token", value, at, f"{where}/token", issuer=host, subject=user, more=more)
    elif text(entry, "use_keyring").lower() == "true":
        yield kept("gitlab.token", at, where, issuer=host, subject=user, more={**more, "kept_in": "keychain"})
    job = {**more, "form": "job"}
    yield from token("gitlab.token", text(entry, "job_token"), at, f"{where}/job_token", issuer=host, more=job)


def _made(entry: object, at: Location) -> Iterator[Finding]:
    number, scopes = member(entry, "id"), member(entry, "scopes")
    more = {"name": text(entry, "name"), "created_at": text(entry, "created_at")}
    more["user_id"] = str(member(entry, "user_id") or "")
    more["scopes"] = " ".join(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else ""
    name, ends = str(number) if isinstance(number, int) else "", moment(text(entry, "expires_at"))
    yield from token("gitlab.token", text(entry, "token"), at, "/token", identifier=name, more=more, expires_at=ends)


_FILES = ("glab-cli/config.yml", "glab-cli/config.yml.bak")
STORE = Store(
    id="glab",
    title="GitLab CLI logins",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=name, env="GLAB_CONFIG_DIR") for name in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=name, os=("macos",)) for name in _FILES),
        *(At(root=r, glob=n, os=("windows",)) for r in (Root.LOCALAPPDATA, Root.APPDATA) for n in _FILES),
        At(root=Root.SYSTEM, glob="etc/xdg/glab-cli/config.yml"),
        At(root=Root.XDG_CACHE, glob="gitlab/*"),
        At(root=Root.HOME, glob="Library/Caches/gitlab/*", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob="gitlab/*", os=("windows",)),
    ),
    yields=("gitlab.token", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.2",
    reference="https://docs.gitlab.com/cli/configuration/",
)
