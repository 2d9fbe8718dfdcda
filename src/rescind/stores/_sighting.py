"""One way to write down what a parser saw, so that no store can put a secret, or raw hostile text, into a finding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.secret import Secret
from rescind.stores._text import shown

_USERINFO = re.compile(r"(://[^\s/:@]{0,200}:)[^\s/@]{1,1000}@")  # an address may hold a secret of its own
_SHORT = 6  # a shorter secret occurs in ordinary text by chance


def secret_of(value: str | bytes) -> Secret:
    """Wrap a value; text that no encoding can carry (a lone surrogate out of JSON) is kept in escaped form."""
    try:
        return Secret(value)
    except UnicodeEncodeError:
        return Secret(str(value).encode("utf-8", "backslashreplace"))


def sighting(
    kind: str,
    at: Location,
    *,
    line: int | None = None,
    pointer: str = "",
    identifier: str = "",
    issuer: str = "",
    subject: str = "",
    secret: str | bytes = "",
    attributes: Mapping[str, str] | None = None,
    expires_at: str | None = None,
    state: State = State.LIVE_UNVERIFIED,
) -> Finding:
    """Return a finding whose texts are escaped and bounded, and are withheld where they contain the secret itself; an address keeps no password.

    Empty attributes are left out. `line` (from 1) and `pointer` (section, variable,
    JSON member) may also come with `at`.
    """
    held = secret_of(secret) if secret else None
    value = held.reveal() if held else ""

    def safe(text: str, limit: int = 512) -> str:
        return "[withheld]" if len(value) >= _SHORT and value in text else shown(_USERINFO.sub(r"\1…@", text), limit)

    return Finding(
        kind=kind,
        location=replace(at, line=line or at.line, pointer=safe(pointer or at.pointer or "") or None),
        identifier=safe(identifier),
        issuer=safe(issuer, 1024),
        subject=safe(subject, 1024),
        secret=held,
        attributes={k: safe(v) for k, v in (attributes or {}).items() if v},
        expires_at=expires_at,
        state=state,
    )
