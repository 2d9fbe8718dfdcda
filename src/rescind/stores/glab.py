"""GitLab CLI: the tokens of its logins by host.

With `--use-keyring` the token is in the system's keychain, as `glab:<host>`. `glab auth logout` empties the entries; it ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._moment import moment, rfc822
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each host, or one logged-out login. Raises `Unparsable` for what is no YAML map."""
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


_FILES = ("glab-cli/config.yml", "glab-cli/config.yml.bak")
STORE = Store(
    id="glab",
    title="GitLab CLI logins",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=name, env="GLAB_CONFIG_DIR") for name in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=name, os=("macos",)) for name in _FILES),
        *(At(root=r, glob=n, os=("windows",)) for r in (Root.LOCALAPPDATA, Root.APPDATA) for n in _FILES),
        At(root=Root.SYSTEM, glob="etc/xdg/glab-cli/config.yml"),
    ),
    yields=("gitlab.token", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.gitlab.com/cli/configuration/",
)
