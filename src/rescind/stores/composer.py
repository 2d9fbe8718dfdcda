"""Composer's `auth.json`: tokens for GitHub, GitLab and Bitbucket, and passwords of private package hosts."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._token import token

_TOKENS = {"github-oauth": "github.token", "gitlab-token": "gitlab.token", "gitlab-oauth": "gitlab.oauth-token"}
_TOKENS |= {"bearer": "composer.token", "forgejo-token": "composer.token"}
_PAIRS = {"http-basic": ("username", "password"), "bitbucket-oauth": ("consumer-key", "consumer-secret")}
_PAIRS |= {"gitlab-token": ("username", "token"), "gitlab-oauth": ("username", "token")}
_PAIRS |= {"forgejo-token": ("username", "token"), "custom-headers": ("", "")}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per host. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    parts = document | (inner if isinstance(inner := document.get("config"), dict) else {})
    for section in {**_TOKENS, **_PAIRS}:
        hosts = member(parts, section)
        for host, entry in hosts.items() if isinstance(hosts, dict) else ():
            yield from _one(section, host, entry, at)


def _one(section: str, host: str, entry: object, at: Location) -> Iterator[Finding]:
    kind, pointer, own = (
        _TOKENS.get(section, "composer.password"),
        f"/{section}/{host}",
        {"host": host, "form": section},
    )
    if isinstance(entry, str):
        yield from token(kind, entry, at, pointer, issuer=host, more=own)
    elif isinstance(entry, list):
        for header in entry[:20]:
            name, _, value = header.partition(":") if isinstance(header, str) else ("", "", "")
            yield from token(kind, value.strip(), at, pointer, issuer=host, more={**own, "name": name})
    else:
        name, field = _PAIRS.get(section, ("username", "password"))
        user, chosen = text(entry, name), section == "http-basic"
        yield from token(
            kind, text(entry, field), at, f"{pointer}/{field}", issuer=host, subject=user, more=own, password=chosen
        )


_FILES = ("auth.json", "config.json")
STORE = Store(
    id="composer",
    title="Composer",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=f"composer/{name}", env="COMPOSER_HOME") for name in _FILES),
        *(At(root=Root.HOME, glob=f".composer/{name}") for name in _FILES),
        *(At(root=Root.APPDATA, glob=f"Composer/{name}", os=("windows",)) for name in _FILES),
        At(
            root=Root.HOME,
            glob="**/auth.json",
            skip=(
                ".codex",
                "opencode",
                ".vercel",
                ".now",
                "com.vercel.cli",
                ".apify",
                ".continue",
                ".factory",
                "kilo",
                "vendor",
                "node_modules",
                "containers",
                ".pi",
                ".docker",
            ),
        ),
    ),
    yields=("github.token", "gitlab.token", "gitlab.oauth-token", "composer.token", "composer.password"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://getcomposer.org/doc/articles/authentication-for-private-packages.md",
)
