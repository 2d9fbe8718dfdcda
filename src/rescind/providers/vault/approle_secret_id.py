"""Secret ids of AppRoles in OpenBao and HashiCorp Vault: listed, looked up and destroyed by accessor, never used.

An accessor names a secret id and cannot be used in its place (https://openbao.org/api-docs/auth/approle/). A role is named
`mount/role`; its secret ids have no other owner. Tokens that were logged in with one outlive it: destroying it ends none of them
(https://github.com/hashicorp/vault/issues/3446), so end those as `vault.token` where the machine is lost.

A lookup of an unknown accessor answers 404 and names it, after the access check; one by value answers 204 for a value that it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
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
from rescind.models.rotation import MARK, Birth, Minted, Rotation, Value
from rescind.providers.vault._connect import Vault, data_of, says, says_nothing, text
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for

_NEVER = "0001-01-01T00:00:00Z"
_UNKNOWN = "failed to find accessor entry"


def _role(name: str) -> str:
    mount, _, role = name.rpartition("/")
    if not mount or not role:
        raise Rejected("the AppRole of the secret id is not known: it is named mount/role", code="incomplete")
    return f"/v1/auth/{quote(mount, safe='/')}/role/{quote(role, safe='')}"


def _moment(value: str) -> str | None:
    try:
        return rfc3339(parse_rfc3339(value)) if value and value != _NEVER else None
    except ValueError:
        raise Unrecognised("secret id lookup: a time that is none", status=200) from None


def _known(data: Mapping[str, Any], role: str) -> Known:
    facts, uses = data.get("metadata"), data.get("secret_id_num_uses")
    mark = text(facts, MARK)
    return Known(
        identifier=text(data, "secret_id_accessor"),
        subject=role,
        owner=role,
        attributes={"uses_left": str(uses or "any number"), **({MARK: mark} if mark else {})},
        created_at=_moment(text(data, "creation_time")),
        expires_at=_moment(text(data, "expiration_time")),
        liveness=Liveness.LIVE,
    )


def _gone(answer: Answer) -> bool:
    data = answer.json.get("data") if isinstance(answer.json, dict) else None
    return answer.status == 404 and _UNKNOWN in text(data, "error")


def _look(client: Vault, accessor: str, role: str) -> tuple[Known | None, Answer]:
    body = {"secret_id_accessor": accessor}
    answer = client.http.send("POST", f"{_role(role)}/secret-id-accessor/lookup", json=body)
    if _gone(answer):
        return None, answer
    found = _known(data_of(answer, what="secret id lookup"), role)
    if found.identifier != accessor:
        raise Unrecognised("secret id lookup: another one was shown", status=200, request_id=answer.request_id)
    return found, answer


def _by_value(client: Vault, secret: Secret, role: str) -> tuple[Known | None, Answer]:
    answer = client.http.send("POST", f"{_role(role)}/secret-id/lookup", json={"secret_id": secret})
    if answer.status == 204:
        return None, answer
    found = _known(data_of(answer, what="secret id lookup"), role)
    if not found.identifier:
        raise Unrecognised("secret id lookup: no accessor was shown", status=200, request_id=answer.request_id)
    return found, answer


def identify(client: Vault, credential: Credential, secret: Secret | None) -> Known:
    """Look a secret id up in its role, by accessor, else by value; it is not used. Raises `NotFound`, other typed errors else."""
    role = credential.owner or credential.subject
    if not credential.identifier and not secret:
        raise Rejected("neither an accessor nor a value to look up", code="incomplete")
    if credential.identifier:
        found, answer = _look(client, credential.identifier, role)
    else:
        assert secret  # noqa: S101  checked above
        found, answer = _by_value(client, secret, role)
    if found is None:
        raise NotFound(f"the role {role} has no such secret id", status=404, request_id=answer.request_id)
    return found


def enumerate(client: Vault, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List the secret ids of every role among the subject's names (`mount/role`); other names are no roles.

    What could not be looked up is a `Gap`. Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    for role in (name for name in subject.names if "/" in name):
        try:
            answer = client.http.send("GET", f"{_role(role)}/secret-id", query={"list": "true"})
            keys = [] if says_nothing(answer) else data_of(answer, what="secret ids").get("keys")
            if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
                raise Unrecognised("secret ids: not a list", status=answer.status, request_id=answer.request_id)
            yield from [known for k in keys if (known := _look(client, k, role)[0])]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"secret ids of {role} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def revoke(client: Vault, credential: Credential) -> CallResult:
    """Destroy a secret id by its accessor; `ALREADY` when the role does not have it. Raises typed provider errors."""
    body = {"secret_id_accessor": credential.identifier}
    answer = client.http.send("POST", f"{_role(credential.owner)}/secret-id-accessor/destroy", json=body)
    status = CallStatus.DONE
    if _gone(answer) or (answer.status in {400, 500} and says(answer, _UNKNOWN)):
        status = CallStatus.ALREADY
    else:
        raise_for(answer, what="secret id destruction")
        if answer.status != 204:
            raise Unrecognised(f"secret id destruction: {answer.status}", status=answer.status)
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: Vault, credential: Credential) -> Observation:
    """Look the accessor up in its role. Raises typed provider errors."""
    found, answer = _look(client, credential.identifier, credential.owner)
    told = f"the role {credential.owner} " + ("shows the accessor" if found else "knows no such accessor")
    return _seen(answer, Liveness.LIVE if found else Liveness.DEAD, told)


def control(client: Vault, credential: Credential) -> Observation:
    """Read the role: shows that secret ids are looked for where they are. Raises typed provider errors."""
    answer = client.http.send("GET", _role(credential.owner))
    if says_nothing(answer):
        raise NotFound(f"there is no role {credential.owner}", status=404, request_id=answer.request_id)
    if "bind_secret_id" not in data_of(answer, what="control: the role"):
        raise Unrecognised("control: no AppRole was shown", status=answer.status, request_id=answer.request_id)
    return _seen(answer, Liveness.LIVE, f"the role {credential.owner} was read")


def mint(client: Vault, old: Credential, mark: str) -> Minted:
    """Make another secret id for the role, with the run's mark in its metadata. Raises typed provider errors."""
    body = {"metadata": json.dumps({MARK: mark})}
    answer = client.http.send("POST", f"{_role(old.owner)}/secret-id", json=body)
    data = data_of(answer, what="new secret id")
    accessor, value = text(data, "secret_id_accessor"), text(data, "secret_id")
    if not accessor or not value:
        raise Unreachable("new secret id: an answer without one", maybe_sent=True, request_id=answer.request_id)
    made = Value(identifier=accessor, secret=Secret(value))
    return Minted(value=made, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Vault, old: Credential, value: Value) -> Observation:
    """Look a value up in the role that the old one belongs to; it is not used. Raises typed provider errors."""
    found, answer = _by_value(client, value.secret, old.owner)
    if found is None or (value.identifier and found.identifier != value.identifier):
        return _seen(answer, Liveness.UNKNOWN, f"the role {old.owner} does not know the new secret id")
    return _seen(answer, Liveness.LIVE, f"the role {old.owner} accepts the value: secret id {found.identifier}")


def ours(known: Known, mark: str, _intended: datetime) -> bool:
    """Tell by its metadata whether a run of ours minted it."""
    return known.attributes.get(MARK) == mark


def unpack(held: Secret) -> Value:
    """Return the value in one text. Raises `ValueError`."""
    shown = held.reveal().strip()
    if not shown.isprintable() or not shown or " " in shown:
        raise ValueError("no secret id")
    return Value(identifier="", secret=Secret(shown))


def _seen(answer: Answer, liveness: Liveness, evidence: str) -> Observation:
    return Observation(
        liveness=liveness, evidence=evidence, request_id=answer.request_id, provider_time=answer.provider_time
    )


_ROLE = "auth/approle/role/+"
_LAG = "https://developer.hashicorp.com/vault/docs/enterprise/consistency"
KIND = Kind(
    id="vault.approle-secret-id",
    title="OpenBao / HashiCorp Vault AppRole secret id",
    provider="vault",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(f"{_ROLE}/secret-id-accessor/destroy: update",),
            undo="none: make another secret id",
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        f"{_ROLE}: read",
        f"{_ROLE}/secret-id: list",
        f"{_ROLE}/secret-id-accessor/lookup: update",
        f"{_ROLE}/secret-id/lookup: update",
    ),
    rotation=Rotation(
        mint=mint,
        prove=prove,
        ours=ours,
        discard=Verb.REVOKE,
        permissions=(f"{_ROLE}/secret-id: update",),
        pack=lambda value: value.secret,
        unpack=unpack,
        birth=Birth(positives=2, seconds=1.0, source=_LAG),
    ),
    residual=Residual(
        seconds=2_764_800,  # the largest TTL that a server gives unless it was tuned
        what="tokens logged in with it, until their own TTL; a periodic token for as long as somebody renews it",
        source="https://openbao.org/docs/concepts/tokens/#token-time-to-live-periodic-tokens-and-explicit-max-ttls",
    ),
    death=Death(negatives=2, seconds=1.0, source=_LAG),
    reference="https://openbao.org/api-docs/auth/approle/#destroy-approle-secret-id-accessor",
    since="0.2",
    tested=("OpenBao 2.7.2",),
    steps_by_hand="POST auth/MOUNT/role/ROLE/secret-id-accessor/destroy with the accessor; end the tokens it was used for.",
)
