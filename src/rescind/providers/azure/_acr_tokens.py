"""A repository token of a container registry: what opens it, remembered by slot and time, and taken away without what was made since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation, Residual
from rescind.providers.azure import _children, _resources
from rescind.providers.azure._connect import Azure, Row

REGISTRY, VERSION = "Microsoft.ContainerRegistry/registries", "2023-07-01"
SORT = f"{REGISTRY}/tokens"
RESIDUAL = Residual(
    seconds=10_800,
    what="tokens of the registry's data plane that were got with the password",
    source=_resources.PRODUCT + "container-registry/container-registry-authentication#individual-login-with-azure-ad",
)


def status(row: Row) -> str:
    """Return whether a token is enabled or disabled, empty where that is not shown."""
    state = _resources.inner(row, "properties", "status")
    return state if state in {"enabled", "disabled"} else ""


TOKEN = _children.Child(sort=SORT, version=VERSION, facts=lambda _: {}, clear=lambda row: bool(status(row)), long=True)


def _held(row: Row) -> dict[str, str]:
    """Return what opens a token: its passwords by slot, with the time that each was made at, and its certificates by thumbprint."""
    held = _resources.inner(row, "properties", "credentials") or {}
    passwords, certificates = (held.get(k) or [] for k in ("passwords", "certificates"))
    if not all(isinstance(i, Mapping) and i.get("name") for i in (*passwords, *certificates)):
        raise Unrecognised("token: a password or a certificate without a name")
    return {
        **{str(p["name"]): str(p.get("creationTime") or "") for p in passwords},
        **{str(c["name"]): str(c.get("thumbprint") or "") for c in certificates},
    }


def _remembered(credential: Credential) -> dict[str, str] | None:
    try:
        held = json.loads(credential.attributes["token_secrets"])
    except (KeyError, ValueError):
        return None
    return held if isinstance(held, dict) else None


def known(client: Azure, row: Row, before: str | None = None) -> Known:
    """Return what is known of a token, `before` being what opened it at the first look. Raises `Unrecognised`."""
    ident = str(row["id"])
    registry = ident.rsplit("/", 2)[0]
    person = _resources.inner(row, "systemData", "createdByType") == "User"
    maker = str(_resources.inner(row, "systemData", "createdBy") or "") if person else ""
    held = _held(row)
    old = json.loads(before) if before else held
    return Known(
        identifier=ident,
        issuer=client.tenant_id,
        subject=ident.rpartition("/")[2],
        owner=maker or registry,
        attributes={
            "registry_id": registry,
            "status": status(row),
            "token_secrets": before or json.dumps(held, sort_keys=True),
        },
        created_at=str(_resources.inner(row, "properties", "creationDate") or "") or None,
        liveness=Liveness.LIVE if status(row) == "enabled" and old.items() & held.items() else Liveness.DEAD,
    )


def _changed(client: Azure, credential: Credential, body: Mapping[str, Any], done: Callable[[Row], bool]) -> CallResult:
    ident, _ = _children.of(credential, TOKEN)
    answer = client.http.send(
        "PATCH", _resources.path(ident, SORT), query={"api-version": VERSION}, json={"properties": body}
    )
    return _resources.updated(client, answer, ident, "token update", done)


def _switched(client: Azure, credential: Credential, state: str) -> CallResult:
    return _changed(client, credential, {"status": state}, lambda row: status(row) == state)


def deactivate(client: Azure, credential: Credential) -> CallResult:
    """Switch the token off. Raises typed errors."""
    return _switched(client, credential, "disabled")


def activate(client: Azure, credential: Credential) -> CallResult:
    """Switch the token on again, if it was on before the run. Raises typed errors."""
    if credential.attributes.get("status") != "enabled":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the token was not known to be enabled before"})
    return _switched(client, credential, "enabled")


def revoke(client: Azure, credential: Credential) -> CallResult:
    """Take away the passwords and certificates that were seen, and none that was made since. Raises typed errors."""
    old = _remembered(credential)
    if old is None:
        raise Rejected("nothing is known of what opened the token before", code="incomplete")
    row = _children.listed(client, credential, TOKEN)
    if row is None or not old.items() & _held(row).items():
        return CallResult(status=CallStatus.ALREADY)
    stays = dict(_held(row).items() - old.items())
    held = _resources.inner(row, "properties", "credentials") or {}
    kept = {
        sort: [{k: v for k, v in i.items() if k != "value"} for i in held.get(sort) or () if str(i["name"]) in stays]
        for sort in ("passwords", "certificates")
    }
    return _changed(client, credential, {"credentials": kept}, lambda now: not old.items() & _held(now).items())


def verify(client: Azure, credential: Credential) -> Observation:
    """Look for the token among all of its registry's. Raises typed errors."""
    row = _children.listed(client, credential, TOKEN)
    if row is None:
        told = "the listing of the registry's tokens, read whole, does not show it"
        return Observation(liveness=Liveness.DEAD, evidence=told)
    if status(row) == "disabled":
        return Observation(liveness=Liveness.DEAD, evidence="the token is listed as disabled", reversible=True)
    old = _remembered(credential)
    if old is None:
        return Observation(liveness=Liveness.UNKNOWN, evidence="nothing is known of what opened the token before")
    if alive := sorted(dict(old.items() & _held(row).items())):
        return Observation(liveness=Liveness.LIVE, evidence=f"the token is enabled, with {', '.join(alive)}")
    told = "the token is listed without any of the passwords and certificates that it had"
    return Observation(liveness=Liveness.DEAD, evidence=told)
