"""Plan files, `rescind.plan/1`: what will be done, bound by a digest over every field, so that what was read is what is applied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import rfc8785
from pydantic import BaseModel, Field, create_model

from rescind.errors import ProviderError, RefusedError, UsageError
from rescind.models.plan import Plan
from rescind.schema.faults import Fault, checked
from rescind.schema.json_file import read_object
from rescind.schema.mirror import complete, freeze, mirror, thaw
from rescind.wire.files import write_atomic

SCHEMA = "rescind.plan/1"
MAX_BYTES = 64 * 1024 * 1024
_AGAIN = "make the plan again: rescind plan"


@cache
def plan_shape() -> type[BaseModel]:
    """Return the strict shape of a plan file."""
    word: Any = (Literal["rescind.plan/1"], Field(alias="schema"))
    shape: type[BaseModel] = create_model("PlanFile", __base__=mirror(Plan), __doc__=Plan.__doc__, schema_=word)
    return shape


def _digest(data: Mapping[str, Any]) -> str:
    """Return the digest over the canonical JSON (https://www.rfc-editor.org/rfc/rfc8785) of everything but the digest itself."""
    content = {k: v for k, v in data.items() if k != "digest"}
    try:
        return "sha256:" + hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise UsageError(
            f"the plan cannot be written as canonical JSON ({type(error).__name__}): text that is not Unicode, or too long a number"
        ) from None


def digest_of(plan: Plan) -> str:
    """Return `sha256:` and 64 hex digits over everything in a plan but its own digest. Raises `UsageError`."""
    return _digest(to_json(plan))


def to_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as it stands in its file; its `digest` is written as it is."""
    return {"schema": SCHEMA, **thaw(plan)}


def from_json(data: Mapping[str, Any], *, name: str = "the plan") -> Plan:
    """Return the plan in JSON values. Unknown, missing and mistyped fields raise `UsageError`. The digest is not checked here."""
    if data.get("schema") != SCHEMA:
        raise UsageError(f"{name}: at schema: found {str(data.get('schema'))[:60]!r}; allowed: {SCHEMA}", hint=_AGAIN)
    shape = plan_shape()
    try:
        text = json.dumps(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{name}: it holds something that is not JSON ({type(error).__name__})") from None
    found = checked(lambda: shape.model_validate_json(text), shape)
    if isinstance(found, Fault):
        raise UsageError(f"{name}: {found}", hint=_AGAIN)
    try:
        plan: Plan = freeze(Plan, found)
    except ValueError as error:
        raise UsageError(f"{name}: {error}", hint=_AGAIN) from None
    return plan


def from_stored(text: str) -> Plan:
    """Return the plan that a run record holds. An older version may have written it: fields added since have their defaults."""
    return from_json(complete(Plan, json.loads(text)), name="the stored plan")


def write_plan(plan: Plan, path: Path) -> str:
    """Write a plan with its digest, whole or not at all, for its owner alone (0600). Returns the digest. Raises `UsageError`."""
    data = to_json(plan)
    data["digest"] = _digest(data)
    try:
        write_atomic(path, json.dumps(data, indent=2, ensure_ascii=True).encode() + b"\n", mode=0o600)
    except ProviderError as error:
        raise UsageError(f"{path}: the plan could not be written: {error.message}") from None
    return str(data["digest"])


def read_plan(path: Path) -> Plan:
    """Return the plan in a file. Raises `RefusedError` when any field was edited, `UsageError` when it is not a plan at all."""
    data = read_object(path, MAX_BYTES, UsageError)
    stored = data.get("digest")
    if not isinstance(stored, str) or not stored:
        raise UsageError(f"{path}: found no `digest`; allowed: a plan made by `rescind plan`", hint=_AGAIN)
    if stored != _digest(data):
        raise RefusedError(f"{path}: the plan was edited after it was made: make it again", hint=_AGAIN)
    return from_json(data, name=str(path))
