"""OpenStack's `clouds.yaml` and `secure.yaml`: passwords, tokens and application credentials of each cloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._dotenv import variables
from rescind.stores._json import member, text
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._yaml import load

_FACTS = ("auth_url", "project_name", "project_id", "user_domain_name", "application_credential_name")
_KINDS = {"password": "openstack.password", "token": "openstack.token"}
_KINDS |= {
    "application_credential_secret": "openstack.application-credential",
    "client_secret": "openstack.client-secret",
}
_KINDS |= {"passcode": "openstack.password"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret of a cloud, or of an `openrc`. Raises `Unparsable` for what is no YAML map."""
    if "openrc" in at.path.rpartition("/")[2]:
        yield from _variables(blob, at)
        return
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        clouds = member(document, "clouds")
        for name, cloud in clouds.items() if isinstance(clouds, dict) else ():
            auth = member(cloud, "auth")
            own = {"cloud": name, "region": text(cloud, "region_name")} | {f: text(auth, f) for f in _FACTS}
            user, issuer = text(auth, "username") or text(auth, "user_id"), own["auth_url"] or name
            for field, kind in _KINDS.items():
                key = text(auth, "application_credential_id") if field.startswith("app") else ""
                yield from token(
                    kind,
                    text(auth, field),
                    at,
                    f"{name}/auth/{field}",
                    identifier=key,
                    issuer=issuer,
                    subject=user,
                    more=own,
                    password=field == "password",
                )


def _variables(blob: bytes, at: Location) -> Iterator[Finding]:
    found = [v for v in variables(decode(blob)) if v.name.startswith("OS_")]
    known = {v.name: v.value for v in found}
    for v in found:
        kind = _KINDS.get(v.name[3:].lower(), "")
        if kind and not v.value.startswith("$"):
            key = known.get("OS_APPLICATION_CREDENTIAL_ID", "") if "application" in kind else ""
            issuer, who, own = known.get("OS_AUTH_URL", ""), known.get("OS_USERNAME", ""), {"name": v.name}
            own["project_name"] = known.get("OS_PROJECT_NAME", "")
            place, chosen = replace(at, line=v.line), kind.endswith("password")
            yield from token(
                kind, v.value, place, v.name, identifier=key, issuer=issuer, subject=who, more=own, password=chosen
            )


_FILES = ("clouds.yaml", "clouds.yml", "secure.yaml", "secure.yml")
_OPENRC = tuple(
    f"{d}{n}" for d in ("", "Downloads/", ".config/openstack/") for n in ("*openrc*.sh", "*openrc", ".openrc")
)
STORE = Store(
    id="openstack",
    title="OpenStack clouds",
    where=(
        *(
            At(root=Root.XDG_CONFIG, glob=f"openstack/{n}", env="OS_CLIENT_CONFIG_FILE" if n == "clouds.yaml" else "")
            for n in _FILES
        ),
        *(At(root=Root.MAC_SUPPORT, glob=f"openstack/{n}", os=("macos",)) for n in _FILES),
        *(At(root=Root.SYSTEM, glob=f"etc/openstack/{n}") for n in _FILES),
        *(At(root=Root.HOME, glob=n) for n in ("clouds.yaml", "Downloads/clouds.yaml", *_OPENRC)),
        *(
            At(root=Root.HOME, glob=g, skip=("fixtures", "testdata", "site-packages"))
            for g in ("**/clouds.yaml", "**/*openrc*.sh")
        ),
    ),
    yields=(*sorted(set(_KINDS.values())), "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html",
)
