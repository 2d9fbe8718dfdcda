"""Secret ids of AppRoles in OpenBao and HashiCorp Vault: listed, looked up and destroyed by accessor, never used.

An accessor names a secret id and cannot be used in its place (https://openbao.org/api-docs/auth/approle/). A role is named
`mount/role`; its secret ids have no other owner. Tokens that were logged in with one outlive it: destroying it ends none of them
(https://github.com/hashicorp/vault/issues/3446), so end those as `vault.token` where the machine is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
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
from rescind.providers.vault._connect import Vault, data_of, says, says_nothing
from rescind.providers.vault._next_secret_id import LAG, ROLE, ROTATION
from rescind.providers.vault._secret_ids import UNKNOWN, by_accessor, by_value, gone, path_of_role, seen
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for


def identify(client: Vault, credential: Credential, secret: Secret | None) -> Known:
    """Look a secret id up in its role, by accessor, else by value; it is not used. Raises `NotFound`, other typed errors else."""
    role = credential.owner or credential.subject
    if not credential.identifier and not secret:
        raise Rejected("neither an accessor nor a value to look up", code="incomplete")
    if credential.identifier:
        found, answer = by_accessor(client, credential.identifier, role)
    else:
        assert secret  # noqa: S101  checked above
        found, answer = by_value(client, secret, role)
    if found is None:
        raise NotFound(f"the role {role} has no such secret id", status=404, request_id=answer.request_id)
    return found


def enumerate(client: Vault, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List the secret ids of every role among the subject's names (`mount/role`); other names are no roles.

    What could not be looked up is a `Gap`. Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    for role in (name for name in subject.names if "/" in name):
        try:
            answer = _listed(client, role)
            if says_nothing(answer):  # no secret ids, if the role is there, and if it says so twice
                _read(client, role)
                answer = _listed(client, role)
            keys = [] if says_nothing(answer) else data_of(answer, what="secret ids").get("keys")
            if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
                raise Unrecognised("secret ids: not a list", status=answer.status, request_id=answer.request_id)
            yield from [known for k in keys if (known := by_accessor(client, k, role)[0])]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"secret ids of {role} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def _listed(client: Vault, role: str) -> Answer:
    return client.http.send("GET", f"{path_of_role(role)}/secret-id", query={"list": "true"})


def _read(client: Vault, role: str) -> Answer:
    answer = client.http.send("GET", path_of_role(role))
    if says_nothing(answer):
        raise NotFound(f"there is no role {role}", status=404, request_id=answer.request_id)
    if "bind_secret_id" not in data_of(answer, what="the role"):
        raise Unrecognised("no AppRole was shown", status=answer.status, request_id=answer.request_id)
    return answer


def revoke(client: Vault, credential: Credential) -> CallResult:
    """Destroy a secret id by its accessor; `ALREADY` when the role does not have it. Raises typed provider errors."""
    body = {"secret_id_accessor": credential.identifier}
    answer = client.http.send("POST", f"{path_of_role(credential.owner)}/secret-id-accessor/destroy", json=body)
    status = CallStatus.DONE
    if gone(answer) or (answer.status in {400, 500} and says(answer, UNKNOWN)):
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
    found, answer = by_accessor(client, credential.identifier, credential.owner)
    told = f"the role {credential.owner} " + ("shows the accessor" if found else "knows no such accessor")
    return seen(answer, Liveness.LIVE if found else Liveness.DEAD, told)


def control(client: Vault, credential: Credential) -> Observation:
    """Read the role: shows that secret ids are looked for where they are. Raises typed provider errors."""
    return seen(_read(client, credential.owner), Liveness.LIVE, f"the role {credential.owner} was read")


KIND = Kind(
    id="vault.approle-secret-id",
    title="OpenBao / HashiCorp Vault AppRole secret id",
    provider="vault",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(f"{ROLE}/secret-id-accessor/destroy: update",),
            undo="none: make another secret id",
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        f"{ROLE}: read",
        f"{ROLE}/secret-id: list",
        f"{ROLE}/secret-id-accessor/lookup: update",
        f"{ROLE}/secret-id/lookup: update",
    ),
    rotation=ROTATION,
    residual=Residual(
        seconds=2_764_800,  # the largest TTL that a server gives unless it was tuned
        what="tokens logged in with it, until their own TTL; a periodic token for as long as somebody renews it",
        source="https://openbao.org/docs/concepts/tokens/#token-time-to-live-periodic-tokens-and-explicit-max-ttls",
    ),
    death=Death(negatives=2, seconds=1.0, source=LAG),
    reference="https://openbao.org/api-docs/auth/approle/#destroy-approle-secret-id-accessor",
    since="0.1",
    tested=("OpenBao 2.7.2",),
    steps_by_hand="POST auth/MOUNT/role/ROLE/secret-id-accessor/destroy with the accessor; end the tokens it was used for.",
)
