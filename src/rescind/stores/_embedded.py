"""Secrets in the `env` and `headers` of a configuration: what a program is started with, or sends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _github
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._names import is_secret_name, userinfo
from rescind.stores._sighting import sighting

_HEADER = re.compile(r"(?i)authorization|cookie|token|secret|(?:^|[-_])key$")
_SCHEME = re.compile(r"(?i)(?:bearer|token|basic)\s+")


def secrets(
    values: object,
    at: Location,
    pointer: str,
    *,
    headers: bool = False,
    attributes: Mapping[str, str] | None = None,
    kind_of: Callable[[str], str] = lambda _: "",
) -> Iterator[Finding]:
    """Yield a finding for each secret value of an object: a `github.token`, what `kind_of` knows by its form, or a `file.secret`.

    Names decide what else is secret; references to a secret elsewhere (`${TOKEN}`) yield nothing.
    """
    for name, value in values.items() if isinstance(values, dict) else ():
        if not isinstance(name, str) or not isinstance(value, str):
            continue
        url = userinfo(value)
        raw = literal(url.password if url else _SCHEME.sub("", value, count=1) if headers else value)
        place = replace(at, pointer=f"{pointer}/{name}")
        known = kind_of(raw)
        named = _HEADER.search(name) if headers else is_secret_name(name)
        if not raw or is_harmless(raw) or not (url or known or named or _github.form_of(raw)):
            continue
        facts = {**(attributes or {}), "name": name} | ({"host": url.host, "user": url.user} if url else {})
        if is_placeholder(raw):
            yield sighting("file.secret", place, attributes=facts, state=State.PLACEHOLDER)
        elif _github.form_of(raw):
            yield _github.finding(raw, place, host="", login="", attributes=facts)
        else:
            yield sighting(known or "file.secret", place, secret=raw, attributes=facts)
