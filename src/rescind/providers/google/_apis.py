"""Google's APIs that are asked: the scopes that each takes to look and to act, and where each is for a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rescind.errors import ConfigError
from rescind.models.tenant import Tenant

AUTH = "https://www.googleapis.com/auth/"
TOKENS = "oauth2"
"""The host that exchanges a signed statement for an access token."""
_CLOUD = ("cloud-platform",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API: the first label of its host, and the scopes to look and to act. `workspace`: asked as the administrator."""

    host: str
    look: tuple[str, ...]
    act: tuple[str, ...]
    workspace: bool = False


def _looks(host: str, scope: str) -> Api:
    return Api(host=host, look=(scope,), act=(scope,), workspace=True)


APIS: Mapping[str, Api] = {
    "directory": Api(
        host="admin", look=("admin.directory.user.readonly",), act=("admin.directory.user",), workspace=True
    ),
    # grants, app passwords and codes have no scope that only looks
    "security": Api(
        host="admin", look=("admin.directory.user.security",), act=("admin.directory.user.security",), workspace=True
    ),
    "chromeos": Api(
        host="admin",
        look=("admin.directory.device.chromeos.readonly",),
        act=("admin.directory.device.chromeos",),
        workspace=True,
    ),
    "mobile": Api(
        host="admin",
        look=("admin.directory.device.mobile.readonly",),
        act=("admin.directory.device.mobile.action",),
        workspace=True,
    ),
    "units": _looks("admin", "admin.directory.orgunit.readonly"),
    "members": _looks("admin", "admin.directory.group.member.readonly"),
    "domains": _looks("admin", "admin.directory.domain.readonly"),
    "sso": _looks("cloudidentity", "cloud-identity.inboundsso.readonly"),
    # an administrator of the Workspace reads and removes the keys of its users, whatever they may do in a project
    "oslogin": Api(host="oslogin", look=("compute.readonly",), act=("compute",), workspace=True),
    "cloudidentity": Api(
        host="cloudidentity",
        look=("cloud-identity.devices.readonly",),
        act=("cloud-identity.devices",),
        workspace=True,
    ),
    "reports": _looks("admin", "admin.reports.audit.readonly"),
    "logging": Api(host="logging", look=("logging.read",), act=("logging.read",)),
    "iam": Api(host="iam", look=_CLOUD, act=_CLOUD),
    "apikeys": Api(host="apikeys", look=("cloud-platform.read-only",), act=_CLOUD),
    "storage": Api(host="storage", look=("cloud-platform.read-only",), act=_CLOUD),
    "projects": Api(host="cloudresourcemanager", look=("cloud-platform.read-only",), act=_CLOUD),
}


def scope(api: str, *, act: bool = False) -> str:
    """Return the scope with which an API is asked to look, or to act, as Google spells it."""
    return AUTH + (APIS[api].act if act else APIS[api].look)[0]


def addresses(tenant: Tenant) -> Mapping[str, str]:
    """Return where each host of Google's is for this tenant: below `base_url`, in its universe, or as `endpoints` says."""
    universe, base = tenant.text("universe", "googleapis.com"), tenant.text("base_url").rstrip("/")
    hosts = {TOKENS, *(api.host for api in APIS.values())}
    found = {host: f"{base}/{host}" if base else f"https://{host}.{universe}" for host in hosts}
    given = tenant.settings.get("endpoints", ())
    for line in (given,) if isinstance(given, str) else given if isinstance(given, tuple) else ():
        host, _, address = line.partition("=")
        if host.strip() not in hosts or not address:
            raise ConfigError(
                f"endpoints of tenant {tenant.name!r}: {host.strip()!r} is none of {', '.join(sorted(hosts))}",
                hint='endpoints = ["iam=https://iam-rescind.p.googleapis.com"]',
            )
        found[host.strip()] = address.strip()
    return found
