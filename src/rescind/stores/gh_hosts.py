"""Tokens that `gh auth login` keeps in its file; a login whose token is in the system's keychain is named as `public-only`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import member, text
from rescind.stores._sighting import sighting
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per login, one where host and login repeat a token. Raises `Unparsable` for what is no map of hosts."""
    found = [pair for document in load(blob) for pair in _hosts(document)]
    for host, logins in found:
        held = {login for login, token in logins if token}
        for login, token in dict.fromkeys(pair for pair in logins if pair[1] or pair[0] not in held):
            yield _finding(token, replace(at, pointer=f"{host}/{login}"), host, login)
    if not any(logins for _, logins in found):
        yield sighting("github.token", at, state=State.LOGGED_OUT)


def _hosts(document: object) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for host, entry in document.items() if isinstance(document, dict) else (("", document),):
        users = member(entry, "users")
        logins = [(login, text(own, "oauth_token")) for login, own in users.items()] if isinstance(users, dict) else []
        logins.append((text(entry, "user"), text(entry, "oauth_token")))
        if entry and not isinstance(entry, dict):
            raise Unparsable("the file is not a map of hosts")
        yield host, [pair for pair in logins if any(pair)]


def _finding(token: str, at: Location, host: str, login: str) -> Finding:
    if token and not is_placeholder(token):
        return _github.finding(token, at, host=host, login=login)
    state, where = (State.PLACEHOLDER, "") if token else (State.PUBLIC_ONLY, "keychain")
    facts = {"host": host, "login": login, "kept_in": where}
    return sighting("github.token", at, issuer=host, subject=login, attributes=facts, state=state)


STORE = Store(
    id="gh-hosts",
    title="GitHub CLI logins",
    where=(
        At(root=Root.XDG_CONFIG, glob="gh/hosts.yml", env="GH_CONFIG_DIR"),
        At(root=Root.APPDATA, glob="GitHub CLI/hosts.yml", os=("windows",), env="GH_CONFIG_DIR"),
    ),
    yields=("github.token",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://cli.github.com/manual/gh_auth_login",
)
