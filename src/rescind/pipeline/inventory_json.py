"""`rescind.inventory/1`: an inventory as JSON, and back. No secret is in it, and none can be read out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from rescind.errors import EvidenceError
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, Inventory, Sighted
from rescind.models.evidence import Gap, Location, State

SCHEMA = "rescind.inventory/1"
_TEXTS = ("kind", "provider", "issuer", "subject", "identifier", "fingerprint")


def to_json(inventory: Inventory) -> dict[str, object]:
    """Return an inventory as plain JSON values (schema `rescind.inventory/1`)."""
    return {
        "schema": SCHEMA,
        "workstation": dict(inventory.workstation),
        "credentials": [_credential(c) for c in inventory.credentials],
        "candidates": [_credential(c) for c in inventory.candidates],
        "decoys": [_credential(c) for c in inventory.decoys],
        **({"scope": dict(inventory.scope)} if inventory.scope else {}),
        **({"private": dict(inventory.private)} if inventory.private else {}),
        "gaps": [{"source": g.source, "reason": g.reason, "root": g.root, "path": g.path} for g in inventory.gaps],
    }


def _credential(c: Credential) -> dict[str, object]:
    texts: dict[str, object] = {name: getattr(c, name) for name in _TEXTS}
    return {
        "id": c.id,
        **texts,
        "attributes": dict(c.attributes),
        "expires_at": c.expires_at,
        "state": c.state.value,
        "findings": [_sighted(s) for s in c.findings],
    }


def _sighted(s: Sighted) -> dict[str, object]:
    at = s.location
    return {
        "store": s.store,
        "root": at.root,
        "path": at.path,
        "line": at.line,
        "pointer": at.pointer,
        "modified": at.modified,
    }


def from_json(value: object) -> Inventory:
    """Return the inventory that `to_json` wrote. Raises `EvidenceError`, naming the place, for anything else."""
    top = _object(value, "the inventory")
    if top.get("schema") != SCHEMA:
        raise EvidenceError(
            f"the inventory is not of schema {SCHEMA}", hint="Make it again with `rescind scan --json`."
        )
    return Inventory(
        workstation=_texts(top.get("workstation"), "workstation"),
        credentials=tuple(
            _read_credential(v, f"credentials/{i}") for i, v in enumerate(_list(top.get("credentials"), "credentials"))
        ),
        candidates=tuple(
            _read_credential(v, f"candidates/{i}") for i, v in enumerate(_list(top.get("candidates"), "candidates"))
        ),
        decoys=tuple(_read_credential(v, f"decoys/{i}") for i, v in enumerate(_list(top.get("decoys", []), "decoys"))),
        scope=_texts(top.get("scope", {}), "scope"),
        private={k: _count(v, f"private/{k}") for k, v in _object(top.get("private", {}), "private").items()},
        gaps=tuple(_read_gap(v, f"gaps/{i}") for i, v in enumerate(_list(top.get("gaps"), "gaps"))),
    )


def _read_credential(value: object, where: str) -> Credential:
    row = _object(value, where)
    states = {s.value: s for s in State}
    state = states.get(_text(row.get("state"), f"{where}/state")) or _wrong(
        f"{where}/state", f"one of {', '.join(states)}"
    )
    texts = {name: _text(row.get(name), f"{where}/{name}") for name in _TEXTS}
    credential = Credential(
        kind=texts["kind"],
        provider=texts["provider"],
        issuer=texts["issuer"],
        subject=texts["subject"],
        identifier=texts["identifier"],
        fingerprint=texts["fingerprint"],
        attributes=_texts(row.get("attributes"), f"{where}/attributes"),
        expires_at=_time(row.get("expires_at"), f"{where}/expires_at"),
        state=state,
        findings=tuple(
            _read_sighted(v, f"{where}/findings/{i}")
            for i, v in enumerate(_list(row.get("findings"), f"{where}/findings"))
        ),
    )
    if not credential.kind or not (credential.identifier or credential.fingerprint):
        _wrong(where, "a kind, and an identifier or a fingerprint")
    if row.get("id") != credential.id:
        _wrong(f"{where}/id", "the id that follows from kind, provider and identifier or fingerprint")
    return credential


def _read_sighted(value: object, where: str) -> Sighted:
    row = _object(value, where)
    line, pointer = row.get("line"), row.get("pointer")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool) or line < 1):
        _wrong(f"{where}/line", "a line number from 1, or null")
    location = Location(
        root=_text(row.get("root"), f"{where}/root"),
        path=_text(row.get("path"), f"{where}/path"),
        line=line,
        pointer=None if pointer is None else _text(pointer, f"{where}/pointer"),
        modified=_time(row.get("modified"), f"{where}/modified"),
    )
    return Sighted(store=_text(row.get("store"), f"{where}/store"), location=location)


def _read_gap(value: object, where: str) -> Gap:
    row = _object(value, where)
    texts = {name: _text(row.get(name, ""), f"{where}/{name}") for name in ("source", "reason", "path", "root")}
    return Gap(**texts)


def _wrong(where: str, expected: str) -> NoReturn:
    raise EvidenceError(
        f"the inventory is wrong at {where}: expected {expected}", hint="Make it again with `rescind scan --json`."
    )


def _object(value: object, where: str) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _wrong(where, "an object")


def _list(value: object, where: str) -> list[object]:
    return value if isinstance(value, list) else _wrong(where, "a list")


def _text(value: object, where: str) -> str:
    return value if isinstance(value, str) else _wrong(where, "text")


def _texts(value: object, where: str) -> dict[str, str]:
    return {k: _text(v, f"{where}/{i}") for i, (k, v) in enumerate(_object(value, where).items())}


def _count(value: object, where: str) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else _wrong(where, "a count")


def _time(value: object, where: str) -> str | None:
    if value is None:
        return None
    try:
        parse_rfc3339(_text(value, where))
    except ValueError:
        _wrong(where, "a time as RFC 3339, or null")
    return str(value)
