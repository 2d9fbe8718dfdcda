"""Helm: passwords of chart repositories. Logins of registries are in a store of their own (Docker's)."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._names import userinfo
from rescind.stores._token import token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the password of each repository, also one in its address. Raises `Unparsable` for broken YAML."""
    for document in maps(blob):
        found = member(document, "repositories")
        for entry in found[:1000] if isinstance(found, list) else ():
            url = userinfo(text(entry, "url"))
            host = url.host if url else text(entry, "url").partition("://")[2].partition("/")[0]
            who, value = text(entry, "username"), text(entry, "password")
            more, place = {"repository": text(entry, "name"), "key_file": text(entry, "keyFile")}, text(entry, "name")
            yield from token("helm.password", value, at, place, issuer=host, subject=who, more=more, password=True)
            if url:
                kind, own = "helm.password", f"{place}/url"
                yield from token(kind, url.password, at, own, issuer=host, subject=url.user, more=more, password=True)


STORE = Store(
    id="helm-repositories",
    title="Helm chart repositories",
    where=(
        At(root=Root.XDG_CONFIG, glob="helm/repositories.yaml", env="HELM_REPOSITORY_CONFIG"),
        At(root=Root.MAC_LIBRARY, glob="Preferences/helm/repositories.yaml", os=("macos",)),
        At(root=Root.APPDATA, glob="helm/repositories.yaml", os=("windows",)),
        At(root=Root.HOME, glob=".helm/repository/repositories.yaml"),
    ),
    yields=("helm.password",),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://helm.sh/docs/helm/helm_repo_add/",
)
