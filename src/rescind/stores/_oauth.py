"""A pair of tokens in camel case or snake case, as command line tools keep the OAuth sign-in of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_placeholder
from rescind.stores._epoch import epoch
from rescind.stores._json import member, text
from rescind.stores._jwt import expiry, facts
from rescind.stores._sighting import sighting
from rescind.stores._urls import host_in

_NAMES = {"refresh": ("refreshToken", "refresh_token"), "access": ("accessToken", "access_token")}


def finding(
    kind: str, entry: object, at: Location, more: Mapping[str, str], *, issuer: str = "", subject: str = ""
) -> Iterator[Finding]:
    """Yield the sign-in that an object holds: its refresh token, or its access token with its end where there is no other.

    A client secret beside it is a `file.secret`; what is empty is a logout and yields nothing.
    """
    values = {form: next(((n, v) for n in names if (v := text(entry, n))), None) for form, names in _NAMES.items()}
    access = values["access"][1] if values["access"] else ""
    until = epoch(member(entry, "expiresAt") or member(entry, "expires_at")) or expiry(access)
    form = "refresh" if values["refresh"] else "access"
    if found := values[form]:
        name, raw = found
        dud = is_placeholder(raw)
        own = {**facts(access), "form": form, "access_expires_at": until or "", **more}
        own["client_id"] = own.get("client_id", "") or text(entry, "clientId")
        yield sighting(
            kind,
            replace(at, pointer=f"{at.pointer}/{name}"),
            issuer=issuer,
            subject=subject,
            secret="" if dud else raw,
            attributes={**own, "name": name},
            expires_at=None if form == "refresh" else until,
            state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
        )
    if secret := text(entry, "clientSecret"):
        place, own = replace(at, pointer=f"{at.pointer}/clientSecret"), {**more, "name": "clientSecret"}
        yield sighting("file.secret", place, secret=secret, attributes=own)


def server(entry: object, at: Location) -> Iterator[Finding]:
    """Yield the sign-in at an MCP server as Gemini CLI and Qwen Code list them, with the server's name and address."""
    url = text(entry, "mcpServerUrl") or text(entry, "tokenUrl")
    more = {"server": text(entry, "serverName"), "server_url": url, "client_id": text(entry, "clientId")}
    place = replace(at, pointer=f"{at.pointer}/token")
    yield from finding("mcp.oauth-token", member(entry, "token"), place, more, issuer=host_in(url))
