"""Strict pydantic shapes made from the frozen models themselves, so that a file format cannot drift from the code.

Every field is required and nothing else is allowed; a property called `id` is written too and has to be the right one when read.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from rescind.schema.faults import Edge


def _hint(hint: Any) -> Any:
    """Return the pydantic counterpart of a field's type."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return mirror(hint)
    if origin is tuple:
        return tuple[_hint(args[0]), ...]  # type: ignore[misc]
    if origin is Mapping:
        return dict[args[0], _hint(args[1])]  # type: ignore[valid-type,misc]
    if origin in {typing.Union, types.UnionType}:
        return typing.Union[tuple(_hint(a) for a in args)]  # noqa: UP007  (made at run time)
    return hint


@cache
def _hints(cls: type) -> dict[str, Any]:
    """Return a class's hints; worked out once, for a plan holds thousands of one class."""
    return typing.get_type_hints(cls)


@cache
def mirror(cls: type) -> type[BaseModel]:
    """Return the strict shape of a frozen dataclass."""
    hints = _hints(cls)
    fields: dict[str, Any] = {f.name: (_hint(hints[f.name]), ...) for f in dataclasses.fields(cls)}
    if isinstance(getattr(cls, "id", None), property):
        fields = {"id": (str, ...), **fields}
    return create_model(cls.__name__, __base__=Edge, __doc__=cls.__doc__, **fields)


def thaw(value: Any) -> Any:
    """Return a frozen model as JSON-able values, with the `id` of what has one."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {"id": value.id} if isinstance(getattr(type(value), "id", None), property) else {}  # type: ignore[attr-defined]
        return own | {f.name: thaw(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): thaw(v) for k, v in value.items()}
    return [thaw(v) for v in value] if isinstance(value, list | tuple) else value


def complete(cls: Any, value: Any) -> Any:
    """Return JSON values of a model with every absent field that has a default filled in: what an older version wrote."""
    if isinstance(cls, type) and dataclasses.is_dataclass(cls) and isinstance(value, Mapping):
        hints = _hints(cls)
        filled = {k: complete(hints.get(k), v) for k, v in value.items()}
        for f in dataclasses.fields(cls):
            if f.name in filled:
                continue
            if f.default is not dataclasses.MISSING:
                filled[f.name] = thaw(f.default)
            elif f.default_factory is not dataclasses.MISSING:
                filled[f.name] = thaw(f.default_factory())
        return filled
    if isinstance(value, list) and typing.get_origin(cls) is tuple:
        return [complete(typing.get_args(cls)[0], v) for v in value]
    return value


def freeze(cls: Any, value: Any) -> Any:
    """Return the frozen model that a validated shape describes. Raises `ValueError` when an `id` is not the right one."""
    if isinstance(value, BaseModel):
        hints = _hints(cls)
        made = cls(**{f.name: freeze(hints[f.name], getattr(value, f.name)) for f in dataclasses.fields(cls)})
        if "id" in type(value).model_fields and value.id != made.id:  # type: ignore[attr-defined]
            raise ValueError(f"{cls.__name__} {value.id} is not what its own fields say ({made.id})")  # type: ignore[attr-defined]
        return made
    if isinstance(value, tuple):
        (inner, *_) = typing.get_args(cls)
        return tuple(freeze(inner, v) for v in value)
    return value
