"""How an API key gets its successor: another one in the same project with the same restrictions, found by its value before it is given out.

Google lets the maker choose a key's id, so that what a run made is known by it. A key is never used: that it is found by its value,
and shown without a time of deletion, is Google's word that it lives (https://cloud.google.com/api-keys/docs/reference/rest/v2/keys/lookupKey).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from rescind.errors import NotFound, ProviderError, Unreachable
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotation, Value
from rescind.providers.google import _api_keys
from rescind.providers.google._api import LAG, by_name, read, seen, shown, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_LOOKS = 20
"""How often an operation is looked at; the tenant's pace says how long that is."""


def _mine(mark: str) -> str:
    return f"r{hashlib.sha256(mark.encode()).hexdigest()[:16]}-"


def mint(client: Google, old: Credential, mark: str) -> Minted:
    """Create another key like the old one, and read its value. Raises typed provider errors."""
    like, _ = _api_keys.find(client, old.identifier)
    kept = {k: like[k] for k in ("displayName", "restrictions", "serviceAccountEmail", "annotations") if k in like}
    parent, ident = old.identifier.partition("/keys/")[0], _mine(mark) + secrets.token_hex(8)
    sent = client.send("apikeys", "POST", by_name("v2", parent, "/keys"), json=kept, query={"keyId": ident})
    row, answer = shown(sent, "name", what="API key creation")
    name = f"{parent}/keys/{ident}"
    try:
        for _ in range(_LOOKS):
            if row.get("done") is True:
                break
            row, _ = read(client, "apikeys", by_name("v2", text(row, "name")), "name", what="operation")
        where = _api_keys.path(name, "/keyString")
        shown_, _ = read(client, "apikeys", where, "keyString", what="value of the API key")
    except ProviderError as error:  # it may be there all the same
        raise Unreachable(f"API key creation: {error.message}", maybe_sent=True, request_id=answer.request_id) from None
    value = Value(identifier=name, secret=Secret(text(shown_, "keyString")))
    return Minted(value=value, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Google, old: Credential, value: Value) -> Observation:
    """Look the value up: it must be a living key of the old one's project. Raises typed errors but `NotFound`."""
    try:
        key, answer = _api_keys.find(client, _api_keys.by_value(client, value.secret))
    except NotFound as error:  # of the new key: it is not known everywhere yet, or not any more
        return Observation(liveness=Liveness.UNKNOWN, evidence=f"Google does not know the key: {error.message}")
    name = text(key, "name")
    same = name.partition("/keys/")[0] == old.identifier.partition("/keys/")[0] and name == (value.identifier or name)
    if not same or text(key, "deleteTime"):
        return seen(answer, Liveness.UNKNOWN, f"{name} is deleted, or another key than it should be")
    return seen(answer, Liveness.LIVE, f"Google knows the value as {name}, which is not deleted")


def ours(known: Known, mark: str, _intended: datetime) -> bool:
    """Tell by its id whether a key was made under a mark."""
    return known.identifier.rpartition("/")[2].startswith(_mine(mark))


def pack(value: Value) -> Secret:
    """Return the value of a key: that is all that its user reads."""
    return value.secret


def unpack(held: Secret) -> Value:
    """Return the key in such a text. Raises `ValueError` for anything else."""
    if not held.reveal().strip().startswith("AIza"):
        raise ValueError("no API key")
    return Value(identifier="", secret=Secret(held.reveal().strip()))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.REVOKE,
    permissions=("apikeys.keys.create", "apikeys.keys.getKeyString", "apikeys.keys.delete"),
    pack=pack,
    unpack=unpack,
    birth=Birth(positives=3, seconds=15.0, source=LAG),
)
