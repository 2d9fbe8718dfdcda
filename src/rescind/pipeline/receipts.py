"""Receipts as the JSON that the audit trail keeps: the outcome entries are the only record of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from rescind.models.credential import EndState
from rescind.models.kind import Liveness, Verb
from rescind.models.run import Receipt


def to_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as JSON values; empty facts are left out, an entry stays small."""
    full = {k: str(v) if isinstance(v, (EndState, Liveness, Verb)) else v for k, v in asdict(receipt).items()}
    return {k: v for k, v in full.items() if v not in ("", {}, False)}


def from_json(data: Mapping[str, Any]) -> Receipt:
    """Return the receipt that an outcome entry holds."""
    facts = {f.name for f in fields(Receipt)}
    typed = {
        "verb": Verb(data["verb"]),
        "end_state": EndState(data["end_state"]),
        "liveness": Liveness(data["liveness"]),
    }
    return Receipt(**{k: v for k, v in {**data, **typed}.items() if k in facts})
