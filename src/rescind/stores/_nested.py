"""Secrets somewhere in a tree of objects: under a name that says so, or as a pair of name and value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rescind.models.evidence import Finding, Location
from rescind.stores._names import is_secret_name, userinfo
from rescind.stores._token import token

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[.\- ]")
_HEADER = re.compile(r"(?i)authorization|(?:^|[-_ ])(?:cookie|x-api-key|apikey)$")
_SCHEME = re.compile(r"(?i)(?:bearer|token|basic|apikey)\s+")
_DEEPEST, _MOST = 40, 20_000


def is_secret(name: str) -> bool:
    """Tell whether a member's name, in camel case or any other, says that its value is secret."""
    return is_secret_name(_CAMEL.sub("_", name)) or bool(_HEADER.search(name))


def secrets(
    document: object, at: Location, pointer: str = "", more: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Yield a `file.secret` (or `github.token`) for every secret text below a document, in file order."""
    stack: list[tuple[object, str, int]] = [(document, pointer, 0)]
    for _ in range(_MOST):
        if not stack:
            return
        value, place, depth = stack.pop()
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _pair(value, at, place, more)
            yield from _members(value, at, place, more)
            stack += [(v, f"{place}/{k}", depth + 1) for k, v in reversed(value.items()) if isinstance(v, dict | list)]
        elif isinstance(value, list) and depth < _DEEPEST:
            stack += [
                (v, f"{place}/{n}", depth + 1) for n, v in reversed([*enumerate(value)]) if isinstance(v, dict | list)
            ]


def _members(value: dict[str, object], at: Location, pointer: str, more: Mapping[str, str] | None) -> Iterator[Finding]:
    for name, text in value.items():
        if name in {"key", "name"} and "value" in value:
            continue  # there it is what the value is called
        if isinstance(text, str) and (url := userinfo(text)):
            yield from _found(
                name, url.password, at, f"{pointer}/{name}", {**(more or {}), "host": url.host, "user": url.user}
            )
        elif isinstance(text, str) and is_secret(name):
            yield from _found(name, text, at, f"{pointer}/{name}", more)


def _pair(value: dict[str, object], at: Location, pointer: str, more: Mapping[str, str] | None) -> Iterator[Finding]:
    name = value.get("key") or value.get("name")
    text, marked = value.get("value"), value.get("type") == "secret" or value.get("secret") is True
    if isinstance(name, str) and isinstance(text, str) and (marked or is_secret(name)):
        yield from _found(name, text, at, f"{pointer}/value", more)


def _found(name: str, text: str, at: Location, pointer: str, more: Mapping[str, str] | None) -> Iterator[Finding]:
    plain = _SCHEME.sub("", text.strip(), count=1)
    if "{{" not in plain and "{%" not in plain:
        yield from token("file.secret", plain, at, pointer, more={**(more or {}), "name": name})
