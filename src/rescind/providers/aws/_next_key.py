"""How an access key gets its successor: CreateAccessKey for the same user, shown to work by STS before anybody is given it.

IAM lets a user have two keys, inactive ones included (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), and
a new key is not accepted everywhere at once
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency). GetCallerIdentity needs
no permission, so what the key may do does not matter. IAM keeps no mark on a key: it counts as ours when it appeared since our listing,
within minutes of our intent, and was never used.
"""

from __future__ import annotations

import json
from datetime import datetime

from rescind.errors import Denied, Unreachable
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotation, Value
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._iam import user_of
from rescind.secret import Secret

_MINUTES = 300.0


def mint(client: AwsClient, old: Credential, _mark: str) -> Minted:
    """Create another key for the user of the old one. Raises typed provider errors."""
    answer = call(client.service("iam").create_access_key, UserName=user_of(client, old))
    made = answer.body.get("AccessKey")
    key, secret = (str(made.get(part) or "") for part in ("AccessKeyId", "SecretAccessKey")) if made else ("", "")
    if not key or not secret:
        raise Unreachable("CreateAccessKey: an answer without a key", maybe_sent=True, request_id=answer.request_id)
    value = Value(identifier=key, secret=Secret(secret))
    return Minted(value=value, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: AwsClient, old: Credential, value: Value) -> Observation:
    """Ask STS who the key is, with the key itself: it must be the user of the old one. Raises typed provider errors but `Denied`."""
    try:
        answer = call(client.as_key("sts", value.identifier, value.secret).get_caller_identity)
    except Denied as error:  # of the new key, not of ours: it is not known everywhere yet, or not any more
        why = f"STS does not accept key {value.identifier}: {error.message}"
        return Observation(liveness=Liveness.UNKNOWN, evidence=why, request_id=error.request_id)
    who = str(answer.body.get("Arn", ""))
    same = who == old.subject if old.subject else who.endswith(f"/{old.owner}")
    return Observation(
        liveness=Liveness.LIVE if same else Liveness.UNKNOWN,
        evidence=f"STS accepts key {value.identifier} as {who}" + ("" if same else ", which is somebody else"),
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


def ours(known: Known, _mark: str, intended: datetime) -> bool:
    """Tell whether a key that our listing did not show yet must be the one that we asked for: made then, and used by nobody."""
    if not known.created_at or known.last_used:
        return False
    return abs((parse_rfc3339(known.created_at) - intended).total_seconds()) <= _MINUTES


def pack(value: Value) -> Secret:
    """Return a key as the one text that `credential_process` prints."""
    facts = {"Version": 1, "AccessKeyId": value.identifier, "SecretAccessKey": value.secret.reveal()}
    return Secret(json.dumps(facts))


def unpack(held: Secret) -> Value:
    """Return the key in such a text. Raises `ValueError` for anything else, and for a session."""
    try:
        facts = json.loads(held.reveal())
        key, secret = facts["AccessKeyId"], facts["SecretAccessKey"]
    except (KeyError, TypeError, RecursionError):
        raise ValueError("no access key") from None
    if not (isinstance(key, str) and isinstance(secret, str) and key and secret) or facts.get("SessionToken"):
        raise ValueError("no long-term access key")
    return Value(identifier=key, secret=Secret(secret))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.DELETE,
    permissions=("iam:CreateAccessKey", "iam:DeleteAccessKey"),
    pack=pack,
    unpack=unpack,
    limit=2,
    birth=Birth(
        positives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
    ),
)
