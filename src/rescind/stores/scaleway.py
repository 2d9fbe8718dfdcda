"""Scaleway CLI: API keys of each profile, by their access key."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._token import token
from rescind.stores._yaml import load

_FACTS = ("default_organization_id", "default_project_id", "default_region", "api_url")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per profile. Raises `Unparsable` for what is no YAML map."""
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        named = member(document, "profiles")
        profiles = {"default": document} | (named if isinstance(named, dict) else {})
        for name, profile in profiles.items():
            own = {"profile": name} | {f: text(profile, f) for f in _FACTS}
            key, secret, issuer = (
                text(profile, "access_key"),
                text(profile, "secret_key"),
                own["default_organization_id"],
            )
            yield from token(
                "scaleway.secret-key", secret, at, f"{name}/secret_key", identifier=key, issuer=issuer, more=own
            )


STORE = Store(
    id="scaleway",
    title="Scaleway CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="scw/config.yaml", env="SCW_CONFIG_PATH"),
        At(root=Root.MAC_SUPPORT, glob="scw/config.yaml", os=("macos",)),
        At(root=Root.APPDATA, glob="scw/config.yaml", os=("windows",)),
        At(root=Root.LOCALAPPDATA, glob="scw/config.yaml", os=("windows",)),
    ),
    yields=("scaleway.secret-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/scaleway/scaleway-sdk-go/blob/master/scw/README.md#scaleway-config",
)
