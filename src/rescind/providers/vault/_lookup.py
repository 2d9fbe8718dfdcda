"""What OpenBao or HashiCorp Vault shows of a token, and whose its identity store says it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rescind.errors import Denied, NotFound, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.kind import Known, Liveness
from rescind.providers.vault._connect import Vault, data_of, says, says_nothing, text

# Methods whose login path ends in the authenticated name: https://openbao.org/api-docs/auth/userpass/#login
_LOGIN = re.compile(r"^auth/(?:[^/]+/)*(?:userpass|ldap|okta|radius)[^/]*/login/([^/]+)$")
_MADE_UP = re.compile(r"^entity_[0-9a-f]{8}(\.|$)")
_IRREVOCABLE = "batch tokens cannot be revoked; it ends with its TTL or its parent"


def look_up(client: Vault, accessor: str) -> Mapping[str, Any]:
    """Return what the server shows of an accessor. Raises `NotFound` for one it does not know, other typed errors else."""
    answer = client.http.send("POST", "/v1/auth/token/lookup-accessor", json={"accessor": accessor})
    if answer.status in {400, 403} and says(answer, "invalid accessor"):
        raise NotFound("the server does not know this accessor", status=answer.status, request_id=answer.request_id)
    data = data_of(answer, what="accessor lookup")
    if text(data, "accessor") != accessor:
        raise Unrecognised(
            "accessor lookup: another token was shown", status=answer.status, request_id=answer.request_id
        )
    return data


def known(client: Vault, data: Mapping[str, Any], fingerprint: str, entities: dict[str, Mapping[str, Any]]) -> Known:
    """Return what a lookup's answer says of a token; `entities` remembers the entities asked for. Raises a `ProviderError`."""
    batch = text(data, "type") == "batch"
    if not batch and not text(data, "accessor"):
        raise Unrecognised("token lookup: neither an accessor nor a batch token", status=200)
    owner, facts = _owner(client, data, entities)
    policies = data.get("policies")
    facts |= {key: text(data, key) for key in ("path", "display_name", "type", "entity_id")}
    facts["policies"] = ",".join(map(str, policies)) if isinstance(policies, list) else ""
    facts["orphan"] = str(data.get("orphan") is True).lower()
    created, expires = data.get("creation_time"), text(data, "expire_time")
    mark = fingerprint.removeprefix("hmac-sha256:")[:12]
    return Known(
        identifier=f"batch:{text(data, 'issue_time')}:{text(data, 'path')}:{mark}" if batch else text(data, "accessor"),
        owner=owner,
        attributes={k: v for k, v in facts.items() if v},
        expires_at=_moment(expires) if expires else None,
        created_at=rfc3339(datetime.fromtimestamp(created, UTC)) if isinstance(created, int) else None,
        liveness=Liveness.LIVE,
        irrevocable=_IRREVOCABLE if batch else "",
    )


def _moment(value: str) -> str:
    try:
        return rfc3339(parse_rfc3339(value))
    except ValueError:
        raise Unrecognised("token lookup: an expiry that is not a time", status=200) from None


def _owner(
    client: Vault, data: Mapping[str, Any], entities: dict[str, Mapping[str, Any]]
) -> tuple[str, dict[str, str]]:
    """Name the owner as the server's identity store does; a display name or metadata never counts, creators choose them."""
    login = _LOGIN.match(text(data, "path"))
    by_path = login.group(1) if login else ""
    ident = text(data, "entity_id")
    if not ident:
        return by_path, {}
    if ident not in entities:
        try:
            entities[ident] = read_entity(client, ident)
        except Denied:
            entities[ident] = {}  # not ours to read: the login path and the id still name it
    return owner_of(entities[ident], by_path or ident, ident)


def owner_of(entity: Mapping[str, Any], otherwise: str, ident: str) -> tuple[str, dict[str, str]]:
    """Return the owner's name as an entity gives it, and its names as facts.

    A name that the server made up itself gives way to the only alias; several aliases leave the id, none leaves `otherwise`.
    """
    name, aliases = text(entity, "name"), entity.get("aliases")
    others = sorted({text(a, "name") for a in aliases} - {""}) if isinstance(aliases, list) else []
    facts = {"entity_name": name, "aliases": ",".join(others)}
    if name and not _MADE_UP.match(name):
        return name, facts
    return (others[0] if len(others) == 1 else ident if others else otherwise) or ident, facts


def read_entity(client: Vault, ident: str) -> Mapping[str, Any]:
    """Return an entity by its id, empty when the server has none. Raises a `ProviderError`."""
    if not re.fullmatch(r"[0-9A-Za-z-]+", ident):
        raise Unrecognised("token lookup: an entity id that is none", status=200)
    answer = client.http.send("GET", f"/v1/identity/entity/id/{ident}")
    return {} if says_nothing(answer) else data_of(answer, what="entity")


def marks(known: Known) -> set[str]:
    """Return every name that the identity store has for a token's owner."""
    facts = known.attributes
    return {
        known.owner,
        facts.get("entity_id", ""),
        facts.get("entity_name", ""),
        *facts.get("aliases", "").split(","),
    } - {""}
