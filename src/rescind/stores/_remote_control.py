"""Configurations of programs for remote control: what lets somebody in, and by which id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.stores import _json
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token
from rescind.stores._toml import read

_ANYDESK = re.compile(
    r"(ad\.anynet\.(?:id|alias|pwd_hash|pwd_salt|token_salt|pkey)|ad\.security\.[\w.]{1,60}pwd[\w.]{0,20})=(.{1,8000})"
)


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what lets somebody in. Raises `Unparsable` for a damaged file."""
    name = at.path.rpartition("/")[2]
    if name.endswith(".toml"):
        yield from _rustdesk(blob, at)
    elif name.endswith(".json"):
        document = _json.load(blob)
        if not isinstance(document, dict):
            raise Unparsable("the file is not a JSON object")
        host, who = (
            _json.text(document, "host_id"),
            _json.text(document, "xmpp_login") or _json.text(document, "host_owner"),
        )
        own = {"host_id": host, "name": _json.text(document, "host_name"), "owner": _json.text(document, "host_owner")}
        for field, kind in (("private_key", "chrome-remote.host-key"), ("oauth_refresh_token", "oauth.refresh-token")):
            issuer = "https://accounts.google.com" if kind.startswith("oauth") else ""
            mine = "" if kind.startswith("oauth") else host
            yield from token(
                kind,
                _json.text(document, field),
                at,
                f"/{field}",
                identifier=mine,
                issuer=issuer,
                subject=who,
                more=own,
            )
    else:
        found = [
            (n, m[1], m[2].strip())
            for n, line in enumerate(lines(decode(blob)), 1)
            if (m := _ANYDESK.match(line[:9000]))
        ]
        known = {key: value for _, key, value in found}
        mine = known.get("ad.anynet.id", "")
        for number, key, _ in (
            f for f in found if f[1].endswith(("pwd_hash", "pkey")) or f[1].startswith("ad.security")
        ):
            own = {"id": mine, "alias": known.get("ad.anynet.alias", ""), "name": key}
            yield locked(
                "anydesk.device",
                replace(at, line=number),
                "passphrase" if "pwd" in key else "app",
                key,
                identifier=mine,
                more=own,
            )


def _rustdesk(blob: bytes, at: Location) -> Iterator[Finding]:
    document, trouble = read(blob)
    own = {"id": _json.text(document, "id"), "server": _json.text(document, "options", "custom-rendezvous-server")}
    sealed = _json.text(document, "enc_id")
    own["name"] = at.path.rpartition("/")[2]
    if _json.text(document, "password"):
        yield locked(
            "rustdesk.device",
            at,
            "app",
            "/password",
            identifier=own["id"],
            more={**own, "sealed_id": "yes" if sealed else ""},
        )
    elif isinstance(document.get("key_pair"), list):
        yield locked("rustdesk.device", at, "", "/key_pair", identifier=own["id"], more=own)
    if trouble:
        raise Unparsable(trouble)
