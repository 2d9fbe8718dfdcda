"""Reach every tenant read-only, and say for each kind whether its control read works, and whether it could be ended. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rescind import catalogue
from rescind.errors import ProviderError, RescindError
from rescind.models.credential import Credential
from rescind.models.kind import Kind, Liveness
from rescind.models.use import Source
from rescind.pipeline import orders
from rescind.pipeline.case import case_of
from rescind.pipeline.preserve import load, sources
from rescind.pipeline.session import Session, tenants
from rescind.pipeline.tenants import Connected


def examine(session: Session) -> list[dict[str, Any]]:
    """Return one row per configured tenant: who we are there, and which kinds could be read with what we are."""
    at = tenants(session, case_of(now=session.clock.now()), write=False)
    rows: list[dict[str, Any]] = []
    for tenant in session.config.tenants:
        row: dict[str, Any] = {
            "tenant": tenant.name,
            "provider": tenant.provider,
            "account": "",
            "as": "",
            "verdict": "reached",
            "kinds": [],
            "records": [],
        }
        rows.append(row)
        try:
            connected = at.get(tenant.name)
        except RescindError as error:
            row["verdict"] = error.message
            continue
        row["account"], row["as"] = connected.identity.account, connected.identity.principal
        row["records"] = [_record(source, connected) for source in sources(tenant)]
        row["kinds"] = [_kind(k, connected) for k in catalogue.kinds().values() if k.provider == tenant.provider]
        row["kinds"] += _machines(connected)
    return rows


def _kind(kind: Kind, at: Connected) -> dict[str, Any]:
    row = {
        "kind": kind.id,
        "readable": "unknown",
        "evidence": "no control read",
        "permissions": list(kind.read_permissions),
        **_may(kind, at),
    }
    control = kind.control
    if control is None:
        return row
    probe = Credential(
        kind=kind.id, provider=kind.provider, tenant=at.tenant.name, owner=at.identity.principal.rsplit("/", 1)[-1]
    )
    try:
        seen, _ = at.ask(lambda: at.run(control, probe, look=True))
    except ProviderError as error:
        return {**row, "readable": "no", "evidence": error.message}
    return {**row, "readable": "yes" if seen.liveness is Liveness.LIVE else "unknown", "evidence": seen.evidence}


def _record(source: Source, at: Connected) -> dict[str, Any]:
    """Say whether a record of what credentials did could be read: without it nobody can tell whether one was used."""
    row = {"record": source.id, "title": source.title, "permissions": list(source.permissions)}
    try:
        at.ask(lambda: load(source.check)(at.client))
    except ProviderError as error:
        return {**row, "readable": "no", "evidence": error.message}
    return {**row, "readable": "yes", "evidence": f"it answers; it is kept for {source.retention_days} days"}


def _may(kind: Kind, at: Connected) -> dict[str, Any]:
    """Say whether what acts would be allowed to, where the provider answers that without anything being done."""
    return _allowed({p for verb in kind.actions for p in kind.permissions(verb)}, at)


def _machines(at: Connected) -> list[dict[str, Any]]:
    """Say of the machines that a tenant offers to lock, retire or wipe what is said of its kinds: they are asked for one that is not there."""
    row = orders.row_of(at.tenant.provider)
    if row is None or at.tenant.settings.get(row.setting) is not True:
        return []
    told: dict[str, Any] = {"kind": f"{at.tenant.provider} machines ({row.title})", "readable": "yes"}
    try:
        orders.shown(at, row, "none", ("00000000-0000-0000-0000-000000000000",))
    except ProviderError as error:
        told["readable"] = "no"
        told["evidence"] = error.message
    wanted = {p for permissions in row.verbs.values() for p in permissions}
    shown = {"evidence": "the listing of managed machines was read", **told}
    return [{**shown, "permissions": list(row.read_permissions), **_allowed(wanted, at)}]


def _allowed(permissions: Iterable[str], at: Connected) -> dict[str, Any]:
    may, wanted = getattr(at.client, "may", None), sorted(set(permissions))
    try:
        told = dict(at.ask(lambda: may(wanted))[0]) if may else {}
    except ProviderError:
        told = {}
    missing = [p for p in wanted if told.get(p) is False]
    sure = bool(wanted) and all(told.get(p) for p in wanted)
    return {"writable": "no" if missing else "yes" if sure else "unknown", "missing": missing}
