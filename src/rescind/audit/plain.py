"""What may go into an audit entry: plain JSON values, checked on the way in, so that no raw secret can reach the trail."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from rescind.errors import AuditError, redact
from rescind.secret import Secret

JSON: TypeAlias = "bool | int | float | str | list[JSON] | tuple[JSON, ...] | Mapping[str, JSON] | None"

_SAFE_INTEGER = 2**53
_DEPTH = 32


def plain(data: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a copy of `data` in plain JSON types. Raises `AuditError` naming the place, never the value.

    Integers beyond ±(2⁵³ - 1), NaN and infinities have no canonical form (RFC 8785 §3.2.2.3, https://www.rfc-editor.org/rfc/rfc8785):
    carry such numbers as text.
    """
    copied = _plain(data, "data", 0)
    if not isinstance(copied, dict):
        raise _refused("data", "is not an object")
    return copied


def _plain(value: object, where: str, depth: int) -> JSON:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _text(str.__str__(value), where)
    if isinstance(value, int):
        if abs(value) >= _SAFE_INTEGER:
            raise _refused(where, "is an integer of 2⁵³ or more")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(where, "is not a finite number")
        return float(value)
    if depth >= _DEPTH:
        raise _refused(where, "is nested too deeply")
    if isinstance(value, Mapping):
        return {_key(k, where): _plain(v, f"{where}.{k}", depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    raise _refused(where, "is a secret" if isinstance(value, Secret) else f"is a {type(value).__name__}, not JSON")


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise _refused(where, "has a key that is not text")
    return _text(str.__str__(key), where)


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused(where, "is not valid Unicode") from None
    return text


def _refused(where: str, why: str) -> AuditError:
    return AuditError(f"refused to write an audit entry: {redact(where)} {why}")
