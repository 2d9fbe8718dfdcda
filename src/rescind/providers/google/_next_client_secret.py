"""How the secret of an OAuth client of IAM gets its successor: another one of the same client, which both work until the old one is off.

The maker chooses a secret's id, so that what a run made is known by it. Google shows a living secret to who may read it: that the value
is that one, and not switched off, is its word (https://cloud.google.com/iam/docs/workforce-manage-oauth-app).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from rescind.errors import NotFound, Unreachable
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotation, Value
from rescind.providers.google._api import LAG, by_name, flag, read, seen, shown, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret


def _mine(mark: str) -> str:
    return f"r{hashlib.sha256(mark.encode()).hexdigest()[:16]}-"


def mint(client: Google, old: Credential, mark: str) -> Minted:
    """Create another secret for the client of the old one. Raises typed provider errors."""
    parent, ident = old.identifier.partition("/credentials/")[0], _mine(mark) + secrets.token_hex(4)
    query = {"oauthClientCredentialId": ident}
    sent = client.send(
        "iam", "POST", by_name("v1", parent, "/credentials"), json={"displayName": "rotated"}, query=query
    )
    row, answer = shown(sent, what="secret creation")
    if not text(row, "name") or not text(row, "clientSecret"):
        raise Unreachable("secret creation: an answer without one", maybe_sent=True, request_id=answer.request_id)
    value = Value(identifier=text(row, "name"), secret=Secret(text(row, "clientSecret")))
    return Minted(value=value, request_id=answer.request_id, provider_time=answer.provider_time)


def prove(client: Google, old: Credential, value: Value) -> Observation:
    """Compare the value with what Google shows of the secret, which must be one of the old one's client, and on. Raises typed errors."""
    parent = old.identifier.partition("/credentials/")[0]
    if value.identifier.partition("/credentials/")[0] != parent:
        return Observation(liveness=Liveness.UNKNOWN, evidence="that is a secret of another client")
    try:
        row, answer = read(
            client, "iam", by_name("v1", value.identifier), "name", "clientSecret", what="secret of a client"
        )
    except NotFound as error:
        return Observation(liveness=Liveness.UNKNOWN, evidence=f"Google does not show the secret: {error.message}")
    if flag(row, "disabled", answer) or not Secret(text(row, "clientSecret")).same_as(value.secret):
        return seen(answer, Liveness.UNKNOWN, f"{value.identifier} is switched off, or has another value")
    return seen(answer, Liveness.LIVE, f"Google shows {value.identifier} with this value, and enabled")


def ours(known: Known, mark: str, _intended: datetime) -> bool:
    """Tell by its id whether a secret was made under a mark."""
    return known.identifier.rpartition("/")[2].startswith(_mine(mark))


def pack(value: Value) -> Secret:
    """Return the value of a secret: that is all that its user reads."""
    return value.secret


def unpack(held: Secret) -> Value:
    """Return the secret in such a text. Raises `ValueError` for one that cannot be."""
    if not held.reveal().strip():
        raise ValueError("no secret")
    return Value(identifier="", secret=Secret(held.reveal().strip()))


ROTATION = Rotation(
    mint=mint,
    prove=prove,
    ours=ours,
    discard=Verb.DELETE,
    permissions=tuple(f"iam.googleapis.com/oauthClientCredentials.{p}" for p in ("create", "update", "delete")),
    pack=pack,
    unpack=unpack,
    birth=Birth(positives=3, seconds=15.0, source=LAG),
)
