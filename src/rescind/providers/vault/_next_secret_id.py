"""How a secret id gets its successor: another one of the same role, bound to the same networks, with the run's mark in its metadata.

The value is looked up, never used, so that it works for its user however few uses it has.
https://openbao.org/api-docs/auth/approle/#generate-new-secret-id
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from rescind.errors import Unreachable
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import MARK, Birth, Minted, Rotation, Value
from rescind.providers.vault._connect import Vault, data_of, text
from rescind.providers.vault._secret_ids import by_value, path_of_role, seen
from rescind.secret import Secret

ROLE = "auth/approle/role/+"
LAG = "https://developer.hashicorp.com/vault/docs/enterprise/consistency"  # a standby answers from a replica that lags


def _bounds(client: Vault, old: Credential) -> dict[str, Any]:
    """Return what narrows the old one beyond its role, so that its successor is not the wider."""
    body = {"secret_id_accessor": old.identifier}
    answer = client.http.send("POST", f"{path_of_role(old.owner)}/secret-id-accessor/lookup", json=body)
    data = data_of(answer, what="secret id lookup")
    kept = {key: data.get(key) for key in ("cidr_list", "token_bound_cidrs")}
    ttl = data.get("secret_id_ttl")
    return {k: v for k, v in {**kept, "ttl": f"{ttl}s" if ttl else None}.items() if v}


def mint(client: Vault, old: Credential, mark: str) -> Minted:
    """Make another secret id for the role, bound as the old one is, with the run's mark in its metadata. Raises typed provider errors."""
    body = {**_bounds(client, old), "metadata": json.dumps({MARK: mark})}
    answer = client.http.send("POST", f"{path_of_role(old.owner)}/secret-id", json=body)
    data = data_of(answer, what="new secret id")
    accessor, value = text(data, "secret_id_accessor"), text(data, "secret_id")
    if not accessor or not value:
        raise Unreachable("new secret id: an answer without one", maybe_sent=True, request_id=answer.request_id)
    made = Value(identifier=accessor, secret=Secret(value))
    return Minted(value=made, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Vault, old: Credential, value: Value) -> Observation:
    """Look a value up in the role that the old one belongs to; it is not used. Raises typed provider errors."""
    found, answer = by_value(client, value.secret, old.owner)
    if found is None or (value.identifier and found.identifier != value.identifier):
        return seen(answer, Liveness.UNKNOWN, f"the role {old.owner} does not know the new secret id")
    return seen(answer, Liveness.LIVE, f"the role {old.owner} accepts the value: secret id {found.identifier}")


def ours(known: Known, mark: str, _intended: datetime) -> bool:
    """Tell by its metadata whether a run of ours minted it."""
    return known.attributes.get(MARK) == mark


def unpack(held: Secret) -> Value:
    """Return the value in one text. Raises `ValueError`."""
    shown = held.reveal().strip()
    if not shown.isprintable() or not shown or " " in shown:
        raise ValueError("no secret id")
    return Value(identifier="", secret=Secret(shown))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.REVOKE,
    permissions=(f"{ROLE}/secret-id: update",),
    pack=lambda value: value.secret,
    unpack=unpack,
    birth=Birth(positives=2, seconds=1.0, source=LAG),
)
