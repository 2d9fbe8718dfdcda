"""CEL selections of credentials: `credential.kind == "aws.access-key" && !credential.expired`.

The language is https://github.com/google/cel-spec, the engine its C++ implementation (https://github.com/cel-expr/cel-python), and
this module its only importer. Every variable has a declared type, so a misspelt name fails when the playbook is read. A result
counts only when its type is BOOL: a missing map key gives an ERROR value whose Python truth is True, and would select everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from cel_expr_python import cel

from rescind import catalogue
from rescind.errors import PlaybookError, redact
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import State
from rescind.schema.faults import nearest

MAX_CHARACTERS = 4096
_SECONDS_A_DAY = 86400
_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n|\Z)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_JOINING = b"_+_"

VARIABLES: Mapping[str, Any] = {
    "credential.kind": cel.Type.STRING,
    "credential.identity": cel.Type.BOOL,
    "credential.provider": cel.Type.STRING,
    "credential.tenant": cel.Type.STRING,
    "credential.owner": cel.Type.STRING,
    "credential.ownership": cel.Type.STRING,
    "credential.relation": cel.Type.STRING,
    "credential.state": cel.Type.STRING,
    "credential.identifier": cel.Type.STRING,
    "credential.issuer": cel.Type.STRING,
    "credential.subject": cel.Type.STRING,
    "credential.expired": cel.Type.BOOL,
    "credential.used_days_ago": cel.Type.INT,
    "credential.attributes": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
"""What an expression may name, with its type. `identity`: it is whom credentials belong to, not one of them. `used_days_ago` is -1
when nobody said when it was last used."""

Locate = Callable[[int, int], str]


@cache
def _environment() -> Any:
    return cel.NewEnv(variables=dict(VARIABLES))


def _text(value: str) -> str:
    """Return text that the engine can take: it refuses lone surrogates, which undecodable names from evidence may hold."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_rfc3339(text) if text else None
    except (ValueError, OverflowError):
        return None


def facts(credential: Credential, now: datetime) -> Mapping[str, Any]:
    """Return the value of every variable for one credential. A time that cannot be read counts as not given."""
    kind = catalogue.kinds().get(credential.kind)
    ends, used = _moment(credential.expires_at), _moment(credential.last_used)
    words = ("kind", "provider", "tenant", "owner", "ownership", "relation", "state", "identifier", "issuer", "subject")
    return {
        **{f"credential.{word}": _text(str(getattr(credential, word))) for word in words},
        "credential.identity": kind is not None and kind.identity,
        "credential.expired": credential.state is State.EXPIRED or (ends is not None and ends <= now),
        "credential.used_days_ago": -1 if used is None else max(0, int((now - used).total_seconds() // _SECONDS_A_DAY)),
        "credential.attributes": {_text(str(k)): _text(str(v)) for k, v in credential.attributes.items()},
    }


@dataclass(frozen=True, slots=True)
class CelSelector:
    """A compiled expression. Two selectors are equal when their texts are."""

    text: str
    place: str = field(compare=False, default="")
    _program: Any = field(compare=False, repr=False, default=None)

    def matches(self, credential: Credential, now: datetime) -> bool:
        """Tell whether a credential is selected. Raises `PlaybookError` unless the engine says BOOL: doubt selects nothing."""
        problem = ""
        try:
            result = self._program.eval(data=dict(facts(credential, now)))
            if result.type() == cel.Type.BOOL:
                return result.value() is True
            problem = (
                str(result.value())
                if result.type() == cel.Type.ERROR
                else f"the answer is {result.type().name()}, not BOOL"
            )
        except (RuntimeError, TypeError, ValueError, MemoryError) as error:
            problem = str(error)
        raise PlaybookError(
            f"{self.place}: the selection {self.text!r} has no answer for {credential.id} ({credential.kind}): {redact(problem)}",
            hint='Guard an attribute that may be absent: has(credential.attributes.name) && credential.attributes.name == "…"',
        )


def _explain(problem: str, locate: Locate) -> PlaybookError:
    """Return the engine's first complaint with its place in the file and the nearest valid name."""
    hit = _FAULT.search(problem)
    line, column, words = (
        (int(hit[1]), int(hit[2]), hit[3]) if hit else (1, 1, problem.splitlines()[0] if problem else "")
    )
    text = f"{locate(max(line, 1), max(column, 1))}: this selection is not valid: {redact(words, limit=400)}"
    unknown = _UNDECLARED.search(words)
    if unknown:
        near = nearest(unknown[1], VARIABLES) or nearest(f"credential.{unknown[1]}", VARIABLES)
        text = f"{locate(line, column)}: found the unknown name {unknown[1]!r}; allowed: {', '.join(VARIABLES)}"
        text += f"; did you mean {near!r}?" if near else ""
    return PlaybookError(text)


def compile(select: str, *, locate: Locate | None = None) -> CelSelector:  # noqa: A001  (the word of the trade)
    """Return the selector for an expression; `locate(line, column)` names a place in it. Raises `PlaybookError`.

    Joining with `+` is refused: it is the one way by which a short expression grows without bound, and no selection needs it.
    """
    where = locate or (lambda line, column: f"selection:{line}:{column}")
    if len(select) > MAX_CHARACTERS:
        raise PlaybookError(f"{where(1, 1)}: found a selection of {len(select)} characters; allowed: {MAX_CHARACTERS}")
    try:
        program = _environment().compile(_text(select))
        kind = program.return_type()
        joins = _JOINING in program.serialize()
    except (RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise _explain(str(error), where) from None
    if kind != cel.Type.BOOL:
        raise PlaybookError(
            f"{where(1, 1)}: found a selection that gives {kind.name()}; allowed: one that is true or false (BOOL)"
        )
    if joins:
        raise PlaybookError(
            f"{where(1, 1)}: found `+` in a selection; allowed: comparisons, `in`, startsWith, matches, exists, all"
        )
    return CelSelector(select, where(1, 1), program)
