"""GitHub Copilot: the sign-ins of its editor plug-ins and of its command line, where no keychain took them.

`apps.json` names the OAuth client too, so its grant can be taken away by client and user without showing the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import member, text
from rescind.stores._jsonc import load
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each host and login. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    if at.path.endswith("config.json"):
        yield from _command_line(document, at)
        return
    for name, entry in document.items():
        host, _, client = name.partition(":")
        more = {"client_id": client or text(entry, "githubAppId")}
        yield from _one(text(entry, "oauth_token"), replace(at, pointer=f"/{name}"), host, text(entry, "user"), more)
    if not document:
        yield sighting("github.token", at, state=State.LOGGED_OUT)


def _command_line(document: object, at: Location) -> Iterator[Finding]:
    """Yield what `~/.copilot/config.json` holds: tokens by `host:login`; a login without one is in the keychain."""
    held: set[str] = set()
    for name in ("copilot_tokens", "copilotTokens"):
        found = member(document, name)
        for key, value in found.items() if isinstance(found, dict) else ():
            plain = key.removeprefix("https://")
            host, _, login = plain.rpartition(":") if ":" in plain else (plain, "", "")
            raw = value if isinstance(value, str) else text(value, "token") or text(value, "oauth_token")
            held.add(login)
            yield from _one(raw, replace(at, pointer=f"/{name}/{key}"), host or "github.com", login, {})
    for name in ("logged_in_users", "loggedInUsers"):
        people = member(document, name)
        for number, who in enumerate(people if isinstance(people, list) else ()):
            host, login = text(who, "host").removeprefix("https://"), text(who, "login")
            if login and login not in held:
                own, place = (
                    {"host": host, "login": login, "kept_in": "keychain"},
                    replace(at, pointer=f"/{name}/{number}"),
                )
                yield sighting(
                    "github.token", place, issuer=host, subject=login, attributes=own, state=State.PUBLIC_ONLY
                )


def _one(raw: str, at: Location, host: str, login: str, more: dict[str, str]) -> Iterator[Finding]:
    if raw and is_placeholder(raw):
        yield sighting("github.token", at, issuer=host, subject=login, attributes=more, state=State.PLACEHOLDER)
    elif raw:
        yield _github.finding(raw, at, host=host, login=login, attributes=more)


_NAMES = tuple(f"github-copilot/{name}.json" for name in ("hosts", "apps", "oauth"))
STORE = Store(
    id="copilot",
    title="GitHub Copilot sign-ins",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=name) for name in _NAMES),
        *(At(root=Root.LOCALAPPDATA, glob=name, os=("windows",)) for name in _NAMES),
        At(root=Root.HOME, glob=".copilot/config.json", env="COPILOT_HOME"),
    ),
    yields=("github.token",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.github.com/en/copilot/how-tos/copilot-cli/set-up-copilot-cli/authenticate-copilot-cli",
)
