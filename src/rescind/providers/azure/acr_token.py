"""Repository tokens of a container registry: switched off, or without the passwords and certificates that were seen, or deleted.

What was there when we first looked is remembered by slot and time; a password that was made since is a successor and stays. Azure says who
made a token (`systemData.createdBy`), which is who saw its passwords: that person is its owner, else its registry is. A password is never made by us
to end an old one: making one is not idempotent, and taking one away is.

A password is exchanged for an access token (https://github.com/Azure/acr/blob/main/docs/Token-BasicAuth.md), which lives on. For how long no page of
Microsoft's says: theirs are the 3 hours of a person's login (https://learn.microsoft.com/en-us/azure/container-registry/container-registry-authentication),
and the access token that they show lives 75 minutes (https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md). The longer is counted on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rescind.errors import ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, Row
from rescind.secret import Secret
from rescind.wire.http import raise_for

REGISTRY, VERSION = "Microsoft.ContainerRegistry/registries", "2023-07-01"
SORT = f"{REGISTRY}/tokens"
_DOC = _resources.PRODUCT + "container-registry/container-registry-token-based-repository-permissions"
_OPERATION = "Microsoft.ContainerRegistry/locations/operationResults/read"
_WRITE = (f"{SORT}/write", f"{SORT}/read", f"{SORT}/operationStatuses/read", _OPERATION)


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


def _of(credential: Credential) -> tuple[str, str]:
    if not _resources.is_of(credential.identifier, SORT):
        raise Rejected("nothing is known of which token of which registry it is", code="incomplete")
    return credential.identifier, credential.identifier.rsplit("/", 2)[0]


def _rows(client: Azure, registry: str) -> list[Row]:
    rows = list(client.listed(f"{_resources.path(registry, REGISTRY)}/tokens", VERSION, what="tokens of a registry"))
    states = (_resources.inner(r, "properties", "status") for r in rows)
    if not all(_resources.is_of(str(r.get("id")), SORT) for r in rows) or not all(
        s in {"enabled", "disabled"} for s in states
    ):
        raise Unrecognised("tokens of a registry: one without id or state")
    return rows


def _listed(client: Azure, ident: str) -> Row | None:
    rows = _rows(client, ident.rsplit("/", 2)[0])
    return next((r for r in rows if str(r["id"]).lower() == ident.lower()), None)


def _known(client: Azure, row: Row, before: str | None = None) -> Known:
    ident = str(row["id"])
    registry = ident.rsplit("/", 2)[0]
    person = _resources.inner(row, "systemData", "createdByType") == "User"
    maker = str(_resources.inner(row, "systemData", "createdBy") or "") if person else ""
    state, held = str(_resources.inner(row, "properties", "status")), _held(row)
    old = json.loads(before) if before else held
    return Known(
        identifier=ident,
        issuer=client.tenant_id,
        subject=ident.rpartition("/")[2],
        owner=maker or registry,
        attributes={
            "registry_id": registry,
            "status": state,
            "token_secrets": before or json.dumps(held, sort_keys=True),
        },
        created_at=str(_resources.inner(row, "properties", "creationDate") or "") or None,
        liveness=Liveness.LIVE if state == "enabled" and old.items() & held.items() else Liveness.DEAD,
    )


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Find a token by its id, or by the registry and the user name that it was kept for. Raises typed errors."""
    if _resources.is_of(credential.identifier, SORT):
        ident = credential.identifier
    else:
        host, name = (credential.attributes.get("registry") or credential.issuer).lower(), credential.subject
        if not host or not name:
            raise Rejected("the evidence does not say of which registry it is, and which token", code="incomplete")
        at = _resources.look(
            client,
            REGISTRY,
            VERSION,
            lambda r: str(_resources.inner(r, "properties", "loginServer")).lower() == host,
        )
        ident = f"{at['id']}/tokens/{name}"
    row, answer = _resources.read(client, ident, SORT, VERSION)
    if _resources.inner(row, "properties", "status") not in {"enabled", "disabled"}:
        raise Unrecognised("token: without its state", status=answer.status)
    return _known(client, row, credential.attributes.get("token_secrets"))


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show the tokens that the person made, and those of registries that the person is mapped to. What could not be read is a `Gap`."""
    names, where = {n.casefold() for n in subject.names}, f"tenant:{client.tenant.name}"
    for sub in client.subscriptions():
        ident = f"/subscriptions/{sub['subscriptionId']}"
        try:
            registries = list(client.listed(f"{ident}/providers/{REGISTRY}", VERSION, what="registries"))
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(source=where, reason=f"registries of {ident} could not be listed: {error.message}")
            continue
        for registry in (str(r.get("id")) for r in registries):
            try:
                rows = _rows(client, registry)
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                yield Gap(source=where, reason=f"tokens of {registry} could not be listed: {error.message}")
                continue
            yield from (k for k in (_known(client, r) for r in rows) if k.owner.casefold() in names)


def _changed(client: Azure, credential: Credential, body: Mapping[str, Any], done: Callable[[Row], bool]) -> CallResult:
    ident, _ = _of(credential)
    answer = client.http.send(
        "PATCH", _resources.path(ident, SORT), query={"api-version": VERSION}, json={"properties": body}
    )
    return _resources.updated(client, answer, ident, "token update", done)


def deactivate(client: Azure, credential: Credential) -> CallResult:
    """Switch the token off. Raises typed errors."""
    off = lambda row: _resources.inner(row, "properties", "status") == "disabled"  # noqa: E731
    return _changed(client, credential, {"status": "disabled"}, off)


def activate(client: Azure, credential: Credential) -> CallResult:
    """Switch the token on again, if it was on before the run. Raises typed errors."""
    if credential.attributes.get("status") != "enabled":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the token was not known to be enabled before"})
    on = lambda row: _resources.inner(row, "properties", "status") == "enabled"  # noqa: E731
    return _changed(client, credential, {"status": "enabled"}, on)


def revoke(client: Azure, credential: Credential) -> CallResult:
    """Take away the passwords and certificates that were seen, and none that was made since. Raises typed errors."""
    ident, _ = _of(credential)
    old = _remembered(credential)
    if old is None:
        raise Rejected("nothing is known of what opened the token before", code="incomplete")
    row = _listed(client, ident)
    if row is None or not old.items() & _held(row).items():
        return CallResult(status=CallStatus.ALREADY)
    stays = _held(row).items() - old.items()
    held = _resources.inner(row, "properties", "credentials") or {}
    kept = {
        sort: [
            {k: v for k, v in i.items() if k != "value"} for i in held.get(sort) or () if str(i["name"]) in dict(stays)
        ]
        for sort in ("passwords", "certificates")
    }
    return _changed(client, credential, {"credentials": kept}, lambda now: not old.items() & _held(now).items())


def delete(client: Azure, credential: Credential) -> CallResult:
    """Delete the token. Raises typed errors."""
    ident, _ = _of(credential)
    answer = client.http.send("DELETE", _resources.path(ident, SORT), query={"api-version": VERSION})
    if answer.status == 202:
        return _resources.accepted(client, answer, "token removal")
    raise_for(answer, what="token removal")
    if answer.status not in {200, 204} or answer.body.strip():
        raise Unrecognised(f"token removal: {answer.status}", status=answer.status, request_id=answer.request_id)
    # an empty answer says little: whether it is gone, the listing says
    return _resources.called(answer, CallStatus.ACCEPTED if _listed(client, ident) else CallStatus.DONE)


def verify(client: Azure, credential: Credential) -> Observation:
    """Look for the token among all of its registry's. Raises typed errors."""
    row = _listed(client, _of(credential)[0])
    if row is None:
        return Observation(
            liveness=Liveness.DEAD, evidence="the listing of the registry's tokens, read whole, does not show it"
        )
    if _resources.inner(row, "properties", "status") == "disabled":
        return Observation(liveness=Liveness.DEAD, evidence="the token is listed as disabled", reversible=True)
    old = _remembered(credential)
    if old is None:
        return Observation(liveness=Liveness.UNKNOWN, evidence="nothing is known of what opened the token before")
    if alive := sorted(dict(old.items() & _held(row).items())):
        return Observation(liveness=Liveness.LIVE, evidence=f"the token is enabled, with {', '.join(alive)}")
    told = "the token is listed without any of the passwords and certificates that it had"
    return Observation(liveness=Liveness.DEAD, evidence=told)


def control(client: Azure, credential: Credential) -> Observation:
    """Show that the registry can be read in this run, else our subscriptions. Raises typed errors."""
    if not credential.identifier:
        return _resources.sees(client, REGISTRY, VERSION)
    _, answer = _resources.read(client, _of(credential)[1], REGISTRY, VERSION)
    return _resources.shows(answer, "Azure shows the token's registry")


KIND = Kind(
    id="azure.acr-token",
    title="Repository token of an Azure container registry",
    provider="azure",
    actions={
        Verb.DEACTIVATE: Act(
            call=deactivate,
            reversible=True,
            idempotent=True,
            permissions=_WRITE,
            undo="set the token's status to enabled again",
            restore=activate,
        ),
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=_WRITE,
            undo="none: generate a new password for the token",
        ),
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{SORT}/delete", f"{SORT}/read", _OPERATION),
            undo="none: make a new token with the same scope map",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{REGISTRY}/read", f"{SORT}/read"),
    issuer_is_account=True,
    residual=Residual(
        seconds=10_800,
        what="tokens of the registry's data plane that were got with the password",
        source=_resources.PRODUCT
        + "container-registry/container-registry-authentication#individual-login-with-azure-ad",
    ),
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/containerregistry/tokens/update",
    since="0.2",
    tested=("a simulator of ours, held to Microsoft's own clients; no real subscription",),
    steps_by_hand="Azure portal, the registry, Repository permissions, Tokens, the token: disable it, or delete its passwords.",
)
