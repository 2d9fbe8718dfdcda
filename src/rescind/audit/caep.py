"""Proven ends of credentials as CAEP events, so that other systems drop what they still trust.

Each outcome that proved a credential dead becomes a Security Event Token (RFC 8417, https://www.rfc-editor.org/rfc/rfc8417) with one event of
https://openid.net/specs/openid-caep-1_0-final.html: `session-revoked` where the credential was a session, else `credential-change`.
Nothing is sent: delivery is the operator's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rescind.audit.log import Entry
from rescind.audit.signer import Signer

EVENTS = "https://schemas.openid.net/secevent/caep/event-type/"


def to_caep(entries: Iterable[Entry], *, issuer: str, audience: str) -> Iterator[dict[str, Any]]:
    """Yield the claims of one token per outcome whose `end_state` is `dead`, in order. `issuer` and `audience` are what the receiver expects.

    The subject is the credential, by its id, as an opaque identifier (RFC 9493, https://www.rfc-editor.org/rfc/rfc9493). What an outcome
    leaves out (`credential`, `kind`, `verb`) is taken from the intent of the same step.
    """
    intents: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in entries:
        if entry.type == "intent":
            intents[entry.run, entry.step] = entry.data
        elif entry.type == "outcome" and entry.data.get("end_state") == "dead":
            data = {**intents.get((entry.run, entry.step), {}), **entry.data}
            yield _claims(entry, data, issuer, audience)


def sign_set(claims: Mapping[str, Any], signer: Signer) -> str:
    """Return the claims as a compact JWT of type `secevent+jwt`, signed with the log's key (EdDSA, RFC 8037 §3.1).

    A JWT's signing input holds no newline and every note ends in one, so neither can be passed off as the other.
    """
    header = {"alg": "EdDSA", "kid": signer.vkey.split("+")[1], "typ": "secevent+jwt"}
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_base64url(signer.sign_bytes(signed.encode()))}"


def _claims(entry: Entry, data: Mapping[str, Any], issuer: str, audience: str) -> dict[str, Any]:
    seconds = int(datetime.fromisoformat(entry.at).timestamp())
    kind = str(data.get("kind") or "credential")
    event: dict[str, Any] = {
        "event_timestamp": seconds,
        "initiating_entity": "admin",
        "reason_admin": {"en": f"rescind run {entry.run}"},
    }
    name = "session-revoked"
    if "session" not in kind:
        # credential_type may be any word that both sides know beyond the listed ones: ours are the kinds' ids.
        name = "credential-change"
        event |= {"change_type": "delete" if data.get("verb") == "delete" else "revoke", "credential_type": kind}
    return {
        "iss": issuer,
        "aud": audience,
        "iat": seconds,
        "jti": f"{entry.run}/{entry.seq}",
        "txn": entry.run,
        "sub_id": {"format": "opaque", "id": str(data.get("credential") or entry.step)},
        "events": {EVENTS + name: event},
    }


def _part(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
