"""Show that a successor opens what the old one opens: a token is asked for with it, as its user will, and is dropped.

Which refusals say that it is not known (yet): https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes. They are told by
their numbers, never by their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rescind.errors import Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation
from rescind.models.rotation import Birth
from rescind.providers.entra._connect import Entra, endpoints
from rescind.providers.entra._graph import seen
from rescind.wire.http import Answer, raise_for

NOT_KNOWN = {7000215: "the secret", 7000222: "an expired one", 700027: "the certificate", 7000112: "the application"}
BIRTH = Birth(
    positives=3,
    seconds=30.0,
    source="https://learn.microsoft.com/en-us/entra/architecture/architecture",
)
_DEFAULT = timedelta(days=180)


def path_of(client: Entra) -> str:
    """Return where the tenant's applications ask for tokens."""
    return f"/{client.tenant_id}/oauth2/v2.0/token"


def taken(client: Entra, old: Credential, name: str, proof: Mapping[str, Any]) -> Observation:
    """Ask for a token as the application, with what `proof` holds. Raises typed provider errors but those that concern the proof."""
    graph, _ = endpoints(client.tenant)
    form = {
        "client_id": old.attributes.get("app_id", ""),
        "grant_type": "client_credentials",
        "scope": f"{graph}/.default",
        **proof,
    }
    answer = client.login().send("POST", path_of(client), form=form)
    if why := _refused(answer):
        return seen(answer, Liveness.UNKNOWN, f"Entra does not take {name}: {why}")
    raise_for(answer, what="token request")
    if not (isinstance(answer.json, dict) and isinstance(answer.json.get("access_token"), str)):
        raise Unrecognised("token request: an answer without a token", status=answer.status)
    return seen(answer, Liveness.LIVE, f"Entra gives the application {form['client_id']} a token for {name}")


def _refused(answer: Answer) -> str:
    told = answer.json.get("error_codes") if isinstance(answer.json, dict) else None
    codes = [c for c in told if c in NOT_KNOWN] if isinstance(told, list) and answer.status in {400, 401} else []
    return f"AADSTS{codes[0]}, {NOT_KNOWN[codes[0]]} is not accepted" if codes else ""


def label(mark: str) -> str:
    """Return the name under which a successor lies on its application: the run and the step."""
    return f"rescind {mark}"


def ours(known: Known, mark: str, _intended: datetime) -> bool:
    """Tell by its name whether a run of ours added it."""
    return known.attributes.get("label") == label(mark)


def until(old: Credential, answer: Answer) -> tuple[datetime, datetime]:
    """Return from when until when a successor lives, by the provider's clock: as long as the old one was to. Raises `Unrecognised`."""
    told = answer.provider_time
    if not told:
        raise Unrecognised("an answer without a date, so no end can be told", status=answer.status)
    now, life = parse_rfc3339(told), _DEFAULT
    if old.created_at and old.expires_at:
        life = max(parse_rfc3339(old.expires_at) - parse_rfc3339(old.created_at), timedelta(days=1))
    return now, now + life
