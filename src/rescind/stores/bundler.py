"""Bundler's configuration: logins of gem servers under names such as `BUNDLE_GEMS__EXAMPLE__COM`."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._names import userinfo
from rescind.stores._token import token
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per host with a login. Raises `Unparsable` for what is no YAML map."""
    document = next(iter(load(blob)), {})
    if document and not isinstance(document, dict):
        raise Unparsable("the file is not a YAML map")
    for name, value in document.items() if isinstance(document, dict) else ():
        host = name.removeprefix("BUNDLE_").replace("___", "-").replace("__", ".").lower()
        if not isinstance(value, str) or not name.startswith("BUNDLE_"):
            continue
        url = userinfo(value)
        user, colon, secret = value.partition(":")
        if url:
            user, secret, host = url.user, url.password, url.host
        elif "." not in host or host.startswith(("mirror.", "local.", "build.")) or "://" in value:
            continue
        elif not colon:
            user, secret = "", value
        own = {"host": host, "name": name}
        yield from token(
            "bundler.password", secret, at, name, issuer=host, subject=user, more=own, password=bool(colon)
        )


STORE = Store(
    id="bundler",
    title="Bundler",
    where=(
        At(root=Root.HOME, glob=".bundle/config", env="BUNDLE_USER_CONFIG"),
        At(root=Root.HOME, glob=".bundle/config", env="BUNDLE_USER_HOME"),
        At(root=Root.HOME, glob=".bundle/config", env="BUNDLE_CONFIG"),
        At(root=Root.HOME, glob="**/.bundle/config", env="BUNDLE_APP_CONFIG"),
    ),
    yields=("bundler.password", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://bundler.io/man/bundle-config.1.html#CREDENTIALS-FOR-GEM-SOURCES",
)
