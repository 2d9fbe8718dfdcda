"""How a service account's key gets its successor: another key of the same account, shown to be taken before anybody is given it.

An account may have ten keys (https://cloud.google.com/iam/quotas). A new one is not taken everywhere at once, and is then refused with the
words that a deleted one is refused with, so it counts as working only after some exchanges. IAM keeps no mark on a key: it counts as
ours when it appeared since our listing, within minutes of our intent.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime

from rescind.errors import ConfigError, Denied, Unreachable
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotation, Value
from rescind.providers.google import _accounts
from rescind.providers.google._api import LAG, shown, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_MINUTES = 300.0


def mint(client: Google, old: Credential, _mark: str) -> Minted:
    """Create another key for the account of the old one. Raises typed provider errors."""
    where = _accounts.path(*_accounts.place(old), "/keys")
    wanted = {"privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE", "keyAlgorithm": "KEY_ALG_RSA_2048"}
    row, answer = shown(client.send("iam", "POST", where, json=wanted), what="key creation")
    try:
        value = unpack(Secret(base64.b64decode(text(row, "privateKeyData"), validate=True).decode()))
    except ValueError:
        raise Unreachable(
            "key creation: an answer without a key", maybe_sent=True, request_id=answer.request_id
        ) from None
    return Minted(value=value, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Google, old: Credential, value: Value) -> Observation:
    """Exchange what the key signs for an access token: the key must be of the old one's account. Raises typed errors but `Denied`."""
    try:
        mail = str(json.loads(value.secret.reveal())["client_email"])
        client.signs_in(value.secret)
    except Denied as error:  # of the new key, not of ours: it is not known everywhere yet, or not any more
        why = f"Google does not take key {value.identifier}: {error.message}"
        return Observation(liveness=Liveness.UNKNOWN, evidence=why)
    except (ConfigError, KeyError, TypeError, ValueError):
        return Observation(liveness=Liveness.UNKNOWN, evidence="what is there is no key of a service account")
    same = mail == (old.owner or old.subject)
    told = f"Google takes key {value.identifier} of {mail}" + ("" if same else ", which is another account")
    return Observation(liveness=Liveness.LIVE if same else Liveness.UNKNOWN, evidence=told)


def ours(known: Known, _mark: str, intended: datetime) -> bool:
    """Tell whether a key that our listing did not show yet must be the one that we asked for: made then, and used by nobody."""
    if not known.created_at or known.last_used:
        return False
    return abs((parse_rfc3339(known.created_at) - intended).total_seconds()) <= _MINUTES


def pack(value: Value) -> Secret:
    """Return a key as the JSON file that Google's libraries read."""
    return value.secret


def unpack(held: Secret) -> Value:
    """Return the key in such a file. Raises `ValueError` for anything else."""
    try:
        facts = json.loads(held.reveal())
        kid, usable = facts["private_key_id"], facts["type"] == "service_account" and facts["private_key"]
    except (KeyError, TypeError, RecursionError):
        raise ValueError("no key of a service account") from None
    if not isinstance(kid, str) or not kid or not usable:
        raise ValueError("no key of a service account")
    return Value(identifier=kid, secret=held)


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.DELETE,
    permissions=("iam.serviceAccountKeys.create", "iam.serviceAccountKeys.delete"),
    pack=pack,
    unpack=unpack,
    limit=10,
    birth=Birth(positives=3, seconds=15.0, source=LAG),
)
