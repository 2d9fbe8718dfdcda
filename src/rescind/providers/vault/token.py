"""Tokens of OpenBao and HashiCorp Vault (`~/.vault-token`), ended by accessor.

The accessor identifies a token, can look it up and revoke it, and cannot be used in its place
(https://openbao.org/docs/concepts/tokens/#token-accessors), so the value is needed only once, to learn the accessor, and travels
in a lookup made with the operator's own rights.

Revoking a token also revokes its children and every lease it created
(https://openbao.org/docs/concepts/tokens/#token-hierarchies-and-orphan-tokens); orphans survive. Leases of dynamic secrets are
revoked in the background (https://developer.hashicorp.com/vault/docs/upgrading/upgrade-to-0.10.4), so a database login made with
the token can outlive it by as long as the target system takes; the token itself is refused at once on the active node.

Batch tokens have no accessor and cannot be revoked (https://openbao.org/docs/concepts/tokens/#batch-tokens). They are
`irrevocable`, under `batch:<issue time>:<path>:<start of our keyed fingerprint>` in place of an accessor.

Unknown accessors: lookup answers 400 "invalid accessor" after the access check, so it is a statement about the token and never
one about our rights; revocation answers 200 with a warning, before Vault 1.10 400 (https://github.com/hashicorp/vault/pull/13661).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Observation, Rest, Subject, Verb, When
from rescind.providers.vault._connect import Vault, data_of, says, says_nothing, text
from rescind.providers.vault._lookup import known, look_up, marks
from rescind.secret import Secret

_GIVE_UP_AFTER = 5


def identify(client: Vault, credential: Credential, secret: Secret | None) -> Known:
    """Say whose a token is, by accessor if known, else by its value; never uses the token.

    Raises `NotFound` for a token the server does not know, `Denied` when we may not ask, `Rejected` for another namespace's.
    """
    accessor = credential.identifier
    if accessor and not accessor.startswith("batch:"):
        data = look_up(client, accessor)
    elif secret:
        # An empty value would look up our own token.
        answer = client.http.send("POST", "/v1/auth/token/lookup", json={"token": secret})
        if answer.status in {400, 403} and says(answer, "bad token"):
            raise NotFound("the server does not know this token", status=answer.status, request_id=answer.request_id)
        data = data_of(answer, what="token lookup")
    else:
        raise Rejected("neither an accessor nor a value to look up", code="incomplete")
    if text(data, "namespace_path") != client.namespace:
        raise Rejected("the token lives in another namespace of this server", code="other-namespace")
    return known(client, data, credential.fingerprint, {})


def enumerate_(client: Vault, subject: Subject) -> Iterator[Known | Gap]:
    """List the tokens that are the subject's, walking every accessor.

    A forbidden listing, and accessors that could not be looked up, are a `Gap`. Tokens under another of the subject's marks (an
    alias, the entity's id) are yielded with their owner as it is. Raises typed errors when the listing itself fails.
    """
    source = f"tenant:{client.tenant.name}"
    try:
        waiting, doubt = _accessors(client)
    except Denied as error:
        yield Gap(source=source, reason=f"token accessors may not be listed: {error.message}")
        return
    if doubt:
        yield Gap(source=source, reason=doubt)
    total, entities = len(waiting), dict[str, Mapping[str, Any]]()
    why = ""
    for _ in range(2):  # what was throttled is looked at once more, after everything else and the pause it asked for
        missed: list[str] = []
        in_a_row = 0
        for place, accessor in enumerate(waiting):
            try:
                token = known(client, look_up(client, accessor), "", entities)
            except NotFound:
                continue  # it ended while we walked
            except ProviderError as error:
                missed.append(accessor)
                why = error.message
                in_a_row += 1
                if isinstance(error, Denied) or in_a_row >= _GIVE_UP_AFTER:
                    missed += waiting[place + 1 :]
                    break
                continue
            in_a_row = 0
            if marks(token) & set(subject.names):
                yield token
        waiting = missed
    if waiting:
        yield Gap(source=source, reason=f"{len(waiting)} of {total} token accessors could not be looked up: {why}")


def control(client: Vault, _credential: Credential) -> Observation:
    """Look up our own accessor where the credential's would be: shows that a living token is visible to us here.

    From a parent namespace our own accessor is not visible; then our token must be accepted in the namespace.
    """
    if client.at_home:
        answer = client.http.send(
            "POST", "/v1/auth/token/lookup-accessor", json={"accessor": client.me().identifiers[0]}
        )
    else:
        answer = client.http.send("GET", "/v1/auth/token/lookup-self")
    own = text(data_of(answer, what="control: own token"), "accessor")
    if own != client.me().identifiers[0]:
        raise Unrecognised("control: the server showed another token than ours", status=answer.status)
    return Observation(
        liveness=Liveness.LIVE,
        evidence="our own token was looked up in the same place",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


def _accessors(client: Vault) -> tuple[list[str], str]:
    answer = client.http.send("GET", "/v1/auth/token/accessors", query={"list": "true"})
    if says_nothing(answer) and not client.at_home:
        return [], ""  # an empty listing; at home at least our own token is there
    keys = data_of(answer, what="token accessors").get("keys")
    if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys):
        raise Unrecognised("token accessors: not a list", status=answer.status, request_id=answer.request_id)
    if isinstance(answer.json, dict) and answer.json.get("warnings"):
        return keys, "the server warns that its list of token accessors is not whole"
    if client.at_home and client.me().identifiers[0] not in keys:
        return keys, "the list of token accessors does not show our own token, so it is not whole"
    return keys, ""


_GONE = (
    When(status=400, contains="invalid accessor", pointer="/errors"),
    When(status=403, contains="invalid accessor", pointer="/errors"),
)

KIND = Kind(
    id="vault.token",
    title="OpenBao / HashiCorp Vault token",
    provider="vault",
    actions={
        Verb.REVOKE: Act(
            call=Rest(
                method="POST",
                path="/v1/auth/token/revoke-accessor",
                body={"accessor": "{identifier}"},
                done=(204,),
                already=_GONE,
                nothing=(When(status=200, contains="No token found", pointer="/warnings"),),
            ),
            reversible=False,
            idempotent=True,
            permissions=("auth/token/revoke-accessor: update",),
            undo="none: log in again for a new token",
        )
    },
    verify=Rest(
        method="POST",
        path="/v1/auth/token/lookup-accessor",
        body={"accessor": "{identifier}"},
        live=(When(status=200, pointer="/data/accessor"),),
        dead=_GONE,
    ),
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(
        "auth/token/accessors: list, sudo",
        "auth/token/lookup-accessor: update",
        "auth/token/lookup: update",
        "identity/entity/id/*: read",
    ),
    # Performance standbys answer from a replica that lags: https://developer.hashicorp.com/vault/docs/enterprise/consistency
    death=Death(negatives=2, seconds=1.0, source="https://developer.hashicorp.com/vault/docs/enterprise/consistency"),
    reference="https://openbao.org/api-docs/auth/token/#revoke-a-token-accessor",
    since="0.1",
    tested=("OpenBao 2.7.2",),
    steps_by_hand=(
        "Revoke it by its accessor (vault token revoke -accessor ACCESSOR), or by its value from the evidence. A batch token cannot "
        "be revoked: revoke the token it was made from, or disable its entity "
        "(POST identity/entity/id/<entity_id> with disabled=true), and wait for its TTL."
    ),
)
