"""Logins of npm registries: tokens by their form, passwords out of their base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder, literal
from rescind.stores._jwt import expiry, facts
from rescind.stores._password import is_stand_in
from rescind.stores._registry import unpack
from rescind.stores._sighting import sighting

_FORMS = {
    "npm": re.compile(r"npm_[A-Za-z0-9]{36}"),
    "npm-before-2021": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "gitlab": re.compile(r"gl[a-z]{2,6}-[A-Za-z0-9_.\-]{20,300}"),
}
_EMPTY = re.compile(r"\$\{[^{}]*\}")


def finding(key: str, value: str, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the finding for one entry: `npm.token` for `_authToken`, `npm.password` for the two others, none for a reference.

    https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#auth-related-configuration
    """
    value = literal(value)
    if not value or (_EMPTY.search(value) and not _EMPTY.sub("", value).strip()):
        return
    registry = more["registry"]
    if key == "_authToken":
        if _github.form_of(value):
            host = registry.partition("/")[0] if _github.is_github(registry.partition("/")[0]) else ""
            yield _github.finding(value, at, host=host, login="", attributes=more)
            return
        form = next((name for name, shape in _FORMS.items() if shape.fullmatch(value)), "")
        check = _github.checksum(value) if form == "npm" else ""
        own = {**facts(value), **more, "form": form, "checksum": check}
        yield _sighting("npm.token", value, at, own, "", expiry(value))
        return
    pair = unpack(value) if key == "_auth" else (more["user"], _plain(value))
    user, secret = pair or ("", value)
    yield _sighting("npm.password", secret, at, {**more, "user": user, "form": key}, user, None)


def _sighting(
    kind: str, secret: str, at: Location, more: Mapping[str, str], user: str, expires_at: str | None
) -> Finding:
    dud = is_stand_in(secret) if kind == "npm.password" else is_placeholder(secret)
    state, held = (State.PLACEHOLDER, "") if dud else (State.LIVE_UNVERIFIED, secret)
    return sighting(
        kind,
        at,
        issuer=more["registry"],
        subject=user,
        secret=held,
        attributes=more,
        expires_at=expires_at,
        state=state,
    )


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape") or encoded
    except (binascii.Error, ValueError):
        return encoded
