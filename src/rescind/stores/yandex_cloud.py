"""Yandex Cloud CLI: OAuth and IAM tokens of each profile, and keys of service accounts."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._token import token
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per profile. Raises `Unparsable` for what is no YAML map."""
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        profiles = member(document, "profiles")
        for name, profile in profiles.items() if isinstance(profiles, dict) else ():
            own = {"profile": name, "cloud": text(profile, "cloud-id"), "folder": text(profile, "folder-id")}
            own["federation"] = text(profile, "federation-id")
            pointer = f"profiles/{name}"
            yield from token(
                "yandex.token", text(profile, "token"), at, f"{pointer}/token", issuer="yandex.cloud", more=own
            )
            key = member(profile, "service-account-key")
            own |= {"service_account": text(key, "service_account_id"), "algorithm": text(key, "key_algorithm")}
            yield from token(
                "yandex.service-account-key",
                text(key, "private_key"),
                at,
                f"{pointer}/service-account-key",
                identifier=text(key, "id"),
                issuer="yandex.cloud",
                subject=own["service_account"],
                more=own,
            )


STORE = Store(
    id="yandex-cloud",
    title="Yandex Cloud CLI",
    where=(At(root=Root.HOME, glob=".config/yandex-cloud/config.yaml"),),
    yields=("yandex.token", "yandex.service-account-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://yandex.cloud/en/docs/cli/operations/profile/profile-create",
)
