"""Access tokens of Entra: nobody can take one back. Its user's sessions are ended, and the report says how long it still works.

A token whose client took part in continuous evaluation (`xms_cc` with `cp1`), for a resource that does, is refused there within 15
minutes of the revocation; any other one works until it expires
(https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Kind, Known, Observation, Residual, Verb
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import DEATH, TESTED, seen, text
from rescind.secret import Secret

_EVALUATING = (
    "https://graph.microsoft.com",
    "00000003-0000-0000-c000-000000000000",
    "https://outlook.office365.com",
    "https://outlook.office.com",
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0ff1-ce00-000000000000",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
)


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:
    """Ask for the user that a token names; its own claims say whether it is under continuous evaluation. Raises typed errors."""
    found = _sessions.owner_of(client, credential)
    parent = _sessions.name(text(found[0], "id"))
    name = credential.identifier or credential.attributes.get("uti", "")
    known = _sessions.known(client, credential, found, identifier=name, parent=parent)
    claims = _claims(secret.reveal()) if secret else {}
    audience = str(claims.get("aud", "")).rstrip("/")
    able = "cp1" in str(claims.get("xms_cc", "")) and (audience in _EVALUATING or audience.endswith(".sharepoint.com"))
    own = {"evaluated": "yes" if able else "no", "expires": _epoch(claims.get("exp"))} if claims else {}
    # What a cache says of a token is hostile text; what the token says of itself is signed, or the token opens nothing.
    kept = {n: credential.attributes.get(n, "") for n in ("evaluated", "expires")}
    return replace(known, attributes={**known.attributes, **(own or kept)})


def _epoch(seconds: object) -> str:
    if not isinstance(seconds, int) or not 0 < seconds < 1 << 33:
        return ""
    return rfc3339(datetime.fromtimestamp(seconds, UTC))


def _claims(token: str) -> Mapping[str, Any]:
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def verify(client: Entra, credential: Credential) -> Observation:
    """See the user's sessions cut, and count until when the token works by itself. Raises typed provider errors."""
    liveness, told, since, answer = _sessions.cut(client, credential)
    if since is None:
        return seen(answer, liveness, told)
    told_end = credential.attributes.get("expires", "")
    ends = parse_rfc3339(told_end) if told_end else since + timedelta(seconds=_sessions.EVALUATED)
    listens = credential.attributes.get("evaluated") == "yes"
    if listens:
        ends = min(ends, since + timedelta(seconds=_sessions.HEARD))
    return seen(answer, liveness, told, until=rfc3339(_sessions.whole(ends)), deaf=0 if listens else -1)


KIND = Kind(
    id="entra.access-token",
    title="Microsoft Entra access token",
    provider="entra",
    actions={Verb.REVOKE: _sessions.REVOKE_ONCE},
    verify=verify,
    control=_person.control,
    identify=identify,
    read_permissions=_person.READ,
    issuer_is_account=True,
    residual=Residual(
        seconds=_sessions.EVALUATED,
        what="the token itself, until it expires or its resource hears of the revocation",
        source="https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation",
        hears={"entra.user": _sessions.HEARD},
        deaf=-1,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens",
    since="0.1",
    tested=TESTED,
    steps_by_hand=_sessions.BY_HAND,
)
