"""Entities of OpenBao and HashiCorp Vault: whom tokens belong to, switched off and on again as a whole.

A disabled entity's tokens are refused but not revoked, and no login of its aliases gives a usable one
(https://openbao.org/docs/concepts/identity/#entity-disable). What was leased with those tokens before, database logins and cloud keys,
goes on until its own lease ends (https://github.com/hashicorp/vault/issues/7367): end the tokens themselves, which ends their leases.
Tokens without an entity (root tokens, orphans made with one) are not reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rescind.errors import Denied, NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.vault._connect import Vault, data_of, says, says_nothing, text
from rescind.providers.vault._lookup import owner_of, read_entity
from rescind.secret import Secret
from rescind.wire.http import raise_for

_LEASES = "leases that its tokens got before go on until they end (https://github.com/hashicorp/vault/issues/7367)"


def _known(data: Mapping[str, Any]) -> Known:
    ident = text(data, "id")
    if not ident or not isinstance(data.get("disabled"), bool):
        raise Unrecognised("entity: an answer without an id, or without `disabled`", status=200)
    owner, facts = owner_of(data, ident, ident)
    policies = data.get("policies")
    facts |= {
        "disabled": str(data["disabled"]).lower(),
        "policies": ",".join(map(str, policies)) if isinstance(policies, list) else "",
    }
    return Known(
        identifier=ident,
        owner=owner,
        attributes={k: v for k, v in facts.items() if v},
        liveness=Liveness.DEAD if data["disabled"] else Liveness.LIVE,
    )


def identify(client: Vault, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  an entity has no value
    """Ask for an entity by its id. Raises `NotFound` for one the server does not have, other typed errors else."""
    if not credential.identifier:
        raise Rejected("no entity id to ask for", code="incomplete")
    data = read_entity(client, credential.identifier)
    if not data:
        raise NotFound("the server has no entity of this id", status=404)
    return _known(data)


def _aliased(client: Vault) -> dict[str, set[str]]:
    """Return entity ids by alias name. One listing, whatever the number of auth methods."""
    answer = client.http.send("GET", "/v1/identity/entity-alias/id", query={"list": "true"})
    if says_nothing(answer):
        return {}
    info = data_of(answer, what="entity aliases").get("key_info")
    if not isinstance(info, dict):
        raise Unrecognised("entity aliases: no key_info", status=answer.status, request_id=answer.request_id)
    found: dict[str, set[str]] = {}
    for row in info.values():
        found.setdefault(text(row, "name"), set()).add(text(row, "canonical_id"))
    return found


def enumerate_(client: Vault, subject: Subject) -> Iterator[Known | Gap]:
    """Show the entities that have one of the subject's names, as their own or as an alias. What could not be read is a `Gap`.

    Raises typed errors when nothing could be read at all.
    """
    source, by_alias = f"tenant:{client.tenant.name}", dict[str, set[str]]()
    try:
        by_alias = _aliased(client)
    except Denied as error:
        yield Gap(source=source, reason=f"entity aliases may not be listed: {error.message}")
    shown: set[str] = set()
    for name in subject.names:
        answer = client.http.send("GET", f"/v1/identity/entity/name/{quote(name, safe='')}")
        entities = [] if says_nothing(answer) else [data_of(answer, what="entity by name")]
        entities += [read_entity(client, ident) for ident in sorted(by_alias.get(name, set()) - {""})]
        found = {k.identifier: k for k in (_known(e) for e in entities if e)}
        if not found:
            yield Gap(source=source, reason=f"no entity has the mapped name {name}, as its own or as an alias")
        yield from (known for ident, known in found.items() if ident not in shown)
        shown |= set(found)


def _set(client: Vault, credential: Credential, *, disabled: bool) -> CallResult:
    answer = client.http.send(
        "POST", f"/v1/identity/entity/id/{quote(credential.identifier, safe='')}", json={"disabled": disabled}
    )
    if answer.status == 400 and says(answer, "entity not found"):
        raise NotFound("the server has no entity of this id", status=400, request_id=answer.request_id)
    raise_for(answer, what="entity update")
    if answer.status != 204 and not (answer.status == 200 and text(_data(answer.json), "id") == credential.identifier):
        raise Unrecognised(
            f"entity update: {answer.status} without the entity", status=answer.status, request_id=answer.request_id
        )
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def _data(body: Any) -> Any:
    return body.get("data") if isinstance(body, dict) else None


def disable(client: Vault, credential: Credential) -> CallResult:
    """Switch the entity off. Raises typed provider errors."""
    return _set(client, credential, disabled=True)


def enable(client: Vault, credential: Credential) -> CallResult:
    """Switch the entity on again, if it was on before the run. Raises typed provider errors."""
    was = credential.attributes.get("before.disabled") or credential.attributes.get("disabled")
    if was != "false":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the entity was not known to be enabled before"})
    return _set(client, credential, disabled=False)


def snapshot(client: Vault, credential: Credential) -> Mapping[str, str]:
    """Return the entity as it is before it is switched off. Raises typed provider errors."""
    return dict(identify(client, credential, None).attributes)


def verify(client: Vault, credential: Credential) -> Observation:
    """Read `disabled` back. An entity that is not there is no proof: `NotFound`. Raises other typed provider errors."""
    answer = client.http.send("GET", f"/v1/identity/entity/id/{quote(credential.identifier, safe='')}")
    if says_nothing(answer):
        raise NotFound("the server has no entity of this id", status=404, request_id=answer.request_id)
    data = data_of(answer, what="entity")
    known = _known(data)
    if known.identifier != credential.identifier:
        raise Unrecognised("entity: another one was shown", status=answer.status, request_id=answer.request_id)
    off = known.liveness is Liveness.DEAD
    return Observation(
        liveness=known.liveness,
        evidence=f"the identity store shows the entity as disabled; {_LEASES}" if off else "the entity is enabled",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=off,
    )


def control(client: Vault, _credential: Credential) -> Observation:
    """List the ids of entities: shows that this identity store can be read in this run. Raises typed provider errors."""
    answer = client.http.send("GET", "/v1/identity/entity/id", query={"list": "true"})
    keys = data_of(answer, what="control: entities").get("keys")
    if not isinstance(keys, list) or not keys:
        raise Unrecognised("control: no list of entities", status=answer.status, request_id=answer.request_id)
    return Observation(
        liveness=Liveness.LIVE,
        evidence=f"the identity store shows {len(keys)} entities",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


KIND = Kind(
    id="vault.entity",
    title="OpenBao / HashiCorp Vault entity (identity)",
    provider="vault",
    actions={
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=("identity/entity/id/*: read, update",),
            ends=EndState.CONTAINED,
            undo="POST identity/entity/id/<id> with disabled=false",
            snapshot=snapshot,
            restore=enable,
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(
        "identity/entity/name/*: read",
        "identity/entity/id/*: read",
        "identity/entity/id: list",
        "identity/entity-alias/id: list",
    ),
    identity=True,
    # Performance standbys answer from a replica that lags: https://developer.hashicorp.com/vault/docs/enterprise/consistency
    death=Death(negatives=2, seconds=1.0, source="https://developer.hashicorp.com/vault/docs/enterprise/consistency"),
    reference="https://openbao.org/api-docs/secret/identity/entity/#update-entity-by-id",
    since="0.1",
    tested=("OpenBao 2.7.2",),
    steps_by_hand="POST identity/entity/id/<id> with disabled=true, then revoke the entity's tokens, which ends their leases.",
)
