"""Registry logins of Docker, Podman and Helm: base64 is no protection, and `docker logout` ends nothing at the registry.

Logins that a credential helper keeps are named as `public-only`; the helper is never run. A GitHub token that serves as the password
is a `github.token`; a Google key that does is named by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, Root, Store
from rescind.stores import _registry, _urls
from rescind.stores._embedded import secrets
from rescind.stores._json import load, member, text
from rescind.stores._registry import login
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per login and per secret header, then raise `Unparsable` for logins that could not be read."""
    if not blob.strip():
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    old = at.path.endswith(".dockercfg")
    auths, helpers, trouble = document if old else member(document, "auths"), member(document, "credHelpers"), ""
    logins: dict[str, object] = {name: {} for name in helpers} if isinstance(helpers, dict) else {}
    logins |= auths if isinstance(auths, dict) else {}
    for address, entry in logins.items():
        place = replace(at, pointer=f"{'' if old else '/auths'}/{address}")
        try:
            yield from login(address, entry, place, text(helpers, address) or text(document, "credsStore"))
        except Unparsable as e:
            trouble = e.message
    for name, proxy in _items(document, "proxies"):
        for key, url in _items(proxy, ""):
            yield from _urls.one(str(url), replace(at, pointer=f"/proxies/{name}/{key}"), "url.password")
    yield from secrets(member(document, "HttpHeaders"), at, "/HttpHeaders", headers=True)
    if isinstance(auths, dict) and not logins:
        yield sighting("docker.login", at, state=State.LOGGED_OUT)
    if trouble:
        raise Unparsable(trouble)


def _items(document: object, name: str) -> list[tuple[str, object]]:
    found = member(document, name) if name else document
    return [(str(k), v) for k, v in found.items()] if isinstance(found, dict) else []


STORE = Store(
    id="docker-config",
    title="Docker, Podman and Helm registry logins",
    where=(
        At(root=Root.HOME, glob=".docker/config.json", env="DOCKER_CONFIG"),
        At(root=Root.HOME, glob=".dockercfg"),
        At(root=Root.XDG_CONFIG, glob="containers/auth.json", env="REGISTRY_AUTH_FILE"),
        At(root=Root.XDG_CONFIG, glob="helm/registry/config.json", os=("linux",), env="HELM_REGISTRY_CONFIG"),
        At(root=Root.HOME, glob="Library/Preferences/helm/registry/config.json", os=("macos",)),
        At(root=Root.APPDATA, glob="helm/registry/config.json", os=("windows",)),
        *(At(root=Root.SYSTEM, glob=g) for g in ("run/user/*/containers/auth.json", "run/containers/*/auth.json")),
        *(At(root=Root.SYSTEM, glob=g) for g in ("var/lib/kubelet/config.json", "var/lib/kubelet/.dockercfg")),
        At(root=Root.HOME, glob=".docker/config.json.*"),
    ),
    yields=(*_registry.KINDS, "file.secret", "url.password", *_urls.KINDS),
    parse=parse,
    since="0.1",
    reference="https://docs.docker.com/reference/cli/docker/login/",
)
