"""What is wrong with a document, in words: where, what was found, what is allowed, and the nearest valid word.

Shared by every reader in this folder, so that a playbook, a configuration and a plan are refused in the same voice.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, EnumType
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

KeyPath = tuple[str | int, ...]
Model = typing.TypeVar("Model", bound=BaseModel)


class Edge(BaseModel):
    """The base of every shape at the edge: no unknown keys, no conversions, frozen, and silent about what it was given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `on_key` is True when the key itself is at fault, not its value."""

    path: KeyPath
    found: str
    allowed: str
    near: str = ""
    on_key: bool = False
    kind: str = ""
    value: Any = None

    def __str__(self) -> str:
        text = f"at {pointer(self.path)}: found {self.found}; allowed: {self.allowed}"
        return f"{text}; did you mean {self.near!r}?" if self.near else text


def pointer(path: KeyPath) -> str:
    """Return a key path as people write it: `phases[0].steps[1].verbs`."""
    text = ""
    for part in path:
        word = part if not isinstance(part, str) or part.replace("-", "").replace("_", "").isalnum() else f'"{part}"'
        text += f"[{part}]" if isinstance(part, int) else f".{word}"
    return text.lstrip(".") or "the top level"


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the valid word that is most like what was written, or nothing."""
    return next(iter(difflib.get_close_matches(word[:80], list(words), n=1, cutoff=0.6)), "")


def shown(value: Any) -> str:
    """Return a value as a message may quote it: short, on one line. For documents that hold no secrets."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def typed(value: Any) -> str:
    """Return only what sort of value it is. For documents in which somebody may have pasted a secret."""
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    return shown(value) if value is None or isinstance(value, bool | Mapping | list | tuple) else "a number or date"


def _models(hint: Any) -> Iterable[Any]:
    if typing.get_origin(hint) in {typing.Union, types.UnionType, typing.Annotated}:
        for part in typing.get_args(hint):
            yield from _models(part)
    else:
        yield hint


def _shape_at(shape: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model that describes what lies at a path."""
    hint: Any = shape
    for part in path:
        for option in _models(hint):
            if isinstance(option, type) and issubclass(option, BaseModel) and isinstance(part, str):
                fields = {f.alias or n: f.annotation for n, f in option.model_fields.items()}
                hint = fields.get(part)
                break
            if typing.get_origin(option) in {tuple, list, dict, Mapping} and typing.get_args(option):
                args = typing.get_args(option)
                hint = args[0] if typing.get_origin(option) in {tuple, list} else args[1]
                break
    return next((h for h in _models(hint) if isinstance(h, type) and issubclass(h, BaseModel)), None)


_PLAIN: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
    "string_too_short": "text that is not empty",
}
_BOUNDS: Mapping[str, str] = {
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entry",
}


def _words(shape: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    owner = _shape_at(shape, path[:-1])
    return tuple(f.alias or n for n, f in owner.model_fields.items()) if owner else ()


def _choices(shape: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """Return the words of the closed list at a path (a literal or an enumeration)."""
    parts = [p for p in path if isinstance(p, str)]
    owner = _shape_at(shape, path[: path.index(parts[-1])]) if parts else None
    pending = [f.annotation for n, f in owner.model_fields.items() if (f.alias or n) == parts[-1]] if owner else []
    found: list[str] = []
    while pending:
        hint: Any = pending.pop(0)
        if isinstance(hint, EnumType):
            found.extend(str(m.value) for m in typing.cast("type[Enum]", hint))
        elif typing.get_origin(hint) is typing.Literal:
            found.extend(str(a) for a in typing.get_args(hint))
        else:
            pending.extend(typing.get_args(hint))
    return tuple(found)


def checked(read: Callable[[], Model], shape: type[BaseModel], *, quote: Callable[[Any], str] = shown) -> Model | Fault:
    """Return what `read` gives, or what is wrong first. The refusal itself, which holds the input, goes no further."""
    try:
        return read()
    except ValidationError as error:
        return faults(error, shape, quote=quote)[0]


def faults(error: ValidationError, shape: type[BaseModel], *, quote: Callable[[Any], str] = shown) -> list[Fault]:
    """Return what a pydantic refusal means, unknown keys first (a misspelt key also misses); `quote` shows a found value."""
    out: list[Fault] = []
    for item in error.errors(include_url=False):
        path, kind, value = tuple(item["loc"]), item["type"], item.get("input")
        if kind == "extra_forbidden":
            words = _words(shape, path)
            word = str(path[-1])
            out.append(
                Fault(
                    path,
                    f"the unknown key {word[:80]!r}",
                    ", ".join(words),
                    nearest(word, words),
                    on_key=True,
                    kind=kind,
                )
            )
        elif kind == "missing":
            out.append(Fault(path[:-1], f"no `{path[-1]}`", f"`{path[-1]}` is required", kind=kind))
        elif kind in {"enum", "literal_error"}:
            words = _choices(shape, path)
            near = nearest(str(value), words) if isinstance(value, str) else ""
            out.append(
                Fault(
                    path,
                    quote(value),
                    ", ".join(words) or str(item.get("ctx", {}).get("expected", "")),
                    near,
                    kind=kind,
                    value=value,
                )
            )
        else:
            ctx = {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in item.get("ctx", {}).items()}
            allowed = _PLAIN.get(kind) or (_BOUNDS[kind].format(**ctx) if kind in _BOUNDS else "")
            allowed = allowed or str(ctx.get("error") or item["msg"])
            if kind == "string_pattern_mismatch":
                allowed = f"text like {ctx['pattern']}"
            out.append(Fault(path, quote(value), allowed, kind=kind, value=value))
    return sorted(out, key=lambda fault: not fault.on_key)
