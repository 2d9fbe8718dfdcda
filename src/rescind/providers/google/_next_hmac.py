"""How an HMAC key gets its successor: another one of the same service account, shown to sign what Cloud Storage takes.

An account may have ten keys that are not deleted (https://cloud.google.com/storage/docs/authentication/hmackeys). A new one is not known
everywhere at once, so it counts as working only after some requests that it signed. What it may read does not matter: that Cloud Storage
denies the request to the account shows that it took the signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rescind.errors import Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotation, Value
from rescind.providers.google import _hmac_keys
from rescind.providers.google._api import read, seen, shown, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_MINUTES = 300.0
_EMPTY = hashlib.sha256(b"").hexdigest()


def mint(client: Google, old: Credential, _mark: str) -> Minted:
    """Create another key for the account of the old one. Raises typed provider errors."""
    where, query = _hmac_keys.path(old.issuer), {"serviceAccountEmail": old.owner}
    row, answer = shown(client.send("storage", "POST", where, query=query), what="HMAC key creation")
    about = row.get("metadata")
    name, secret = text(about if isinstance(about, dict) else {}, "accessId"), text(row, "secret")
    if not name or not secret:
        raise Unreachable("HMAC key creation: an answer without a key", maybe_sent=True, request_id=answer.request_id)
    value = Value(identifier=name, secret=Secret(secret))
    return Minted(value=value, request_id=answer.request_id, provider_time=answer.provider_time)


def signed(url: str, project: str, value: Value, now: datetime) -> dict[str, str]:
    """Return the headers of a listing of buckets that a key signs: https://cloud.google.com/storage/docs/authentication/signatures."""
    day, stamp = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    split = urlsplit(url)
    sent = {"host": split.netloc, "x-goog-content-sha256": _EMPTY, "x-goog-date": stamp, "x-goog-project-id": project}
    names = ";".join(sent)
    asked = "\n".join(["GET", split.path, "", *(f"{k}:{v}" for k, v in sent.items()), "", names, _EMPTY])
    scope = f"{day}/auto/storage/goog4_request"
    text_ = "\n".join(["GOOG4-HMAC-SHA256", stamp, scope, hashlib.sha256(asked.encode()).hexdigest()])
    key = f"GOOG4{value.secret.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.digest(key, text_.encode(), "sha256").hex()
    del sent["host"]
    made = f"GOOG4-HMAC-SHA256 Credential={value.identifier}/{scope}, SignedHeaders={names}, Signature={proof}"
    return {**sent, "Authorization": made}


def prove(client: Google, old: Credential, value: Value) -> Observation:
    """Let the key sign a request: Cloud Storage must take the signature, and show the key as one of the old one's account. Raises typed errors."""
    where = _hmac_keys.path(old.issuer, value.identifier)
    row, answer = read(client, "storage", where, "accessId", "state", what="HMAC key")
    name = value.identifier
    if text(row, "serviceAccountEmail") != old.owner or text(row, "state") != "ACTIVE":
        return seen(
            answer, Liveness.UNKNOWN, f"Cloud Storage shows key {name} as {text(row, 'state')}, or of another account"
        )
    http, now = client.storage(), parse_rfc3339(answer.provider_time)
    answer = http.send("GET", "/", headers=signed(f"{http.base_url}/", old.issuer, value, now))
    refused = b"<Code>AccessDenied</Code>" in answer.body
    if answer.status != 200 and not (answer.status == 403 and refused):
        if answer.status >= 500:
            raise Unrecognised("a request that the key signed", status=answer.status, request_id=answer.request_id)
        return seen(answer, Liveness.UNKNOWN, f"Cloud Storage does not take what key {name} signs: {answer.status}")
    return seen(answer, Liveness.LIVE, f"Cloud Storage takes what key {name} of {old.owner} signs")


def ours(known: Known, _mark: str, intended: datetime) -> bool:
    """Tell whether a key that our listing did not show yet must be the one that we asked for: made then."""
    if not known.created_at:
        return False
    return abs((parse_rfc3339(known.created_at) - intended.astimezone(UTC)).total_seconds()) <= _MINUTES


def pack(value: Value) -> Secret:
    """Return a key as one text, by the names that Cloud Storage gives its halves."""
    return Secret(json.dumps({"accessId": value.identifier, "secret": value.secret.reveal()}))


def unpack(held: Secret) -> Value:
    """Return the key in such a text. Raises `ValueError` for anything else."""
    try:
        facts = json.loads(held.reveal())
        name, secret = facts["accessId"], facts["secret"]
    except (KeyError, TypeError, RecursionError):
        raise ValueError("no HMAC key") from None
    if not (isinstance(name, str) and isinstance(secret, str) and name and secret):
        raise ValueError("no HMAC key")
    return Value(identifier=name, secret=Secret(secret))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.DELETE,
    permissions=("storage.hmacKeys.create", "storage.hmacKeys.update", "storage.hmacKeys.delete"),
    pack=pack,
    unpack=unpack,
    limit=10,
    birth=Birth(positives=3, seconds=15.0, source=_hmac_keys.DOC),
)
