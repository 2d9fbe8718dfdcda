"""Gemini CLI and Antigravity: Google sign-ins, and those of their MCP servers and remote agents.

`gemini-credentials.json` and `mcp-oauth-tokens-v2.json` are encrypted with a key that anybody on the machine can work out (host name
and user), so whoever has the disk has them. Servers and keys in `settings.json` are for `mcp-config`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _google, _oauth
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._jwt import facts
from rescind.stores._locked import locked
from rescind.stores._moment import moment
from rescind.stores._text import decode
from rescind.stores._token import token

_CLIENT = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com"  # the CLI's own, and the same for everybody
_ANTIGRAVITY = "1071006060591-tmhssin2h21lcre235vtolojh4g403ep.apps.googleusercontent.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-ins of one file. Raises `Unparsable` for what is neither JSON nor the encrypted form."""
    name, plain = at.path.rpartition("/")[2], decode(blob).strip()
    if not plain:
        return
    if name in _SEALED and not plain.startswith(("{", "[")):
        yield locked(
            _SEALED[name], at, "app", issuer=_google.ISSUER if "gemini" in name else "", more={"client": "gemini-cli"}
        )
        return
    if name == "antigravity-oauth-token" and not plain.startswith("{"):
        yield from token("oauth.refresh-token", plain, at, issuer=_google.ISSUER, more={"client": "antigravity"})
        return
    document = load(blob)
    if isinstance(document, list):
        for number, entry in enumerate(document):
            yield from _oauth.server(entry, replace(at, pointer=f"/{number}"))
    elif isinstance(document, dict):
        inner = member(document, "token")
        yield from _google_login(inner if isinstance(inner, dict) else document, at)
    else:
        raise Unparsable("the file is neither an object nor a list")


def _google_login(document: Mapping[str, object], at: Location) -> Iterator[Finding]:
    mine = {n: v for n, v in facts(text(document, "id_token")).items() if n in {"email", "sub", "hd", "azp", "aud"}}
    own = {**mine, "scope": text(document, "scope"), "client_id": mine.get("azp", "") or mine.get("aud", "")}
    own["client_id"] = own["client_id"] or (_ANTIGRAVITY if "antigravity" in at.path else _CLIENT)
    until = epoch(member(document, "expiry_date")) or moment(text(document, "expiry")) or ""
    who = mine.get("email", "")
    access, refresh = text(document, "access_token"), text(document, "refresh_token")
    if refresh:
        more = {**own, "access_expires_at": until}
        yield from token(
            "oauth.refresh-token", refresh, at, "/refresh_token", issuer=_google.ISSUER, subject=who, more=more
        )
    elif access:
        yield _google.access(
            access, replace(at, pointer="/access_token"), who, until or None, text(document, "id_token"), own
        )


_SEALED = {"gemini-credentials.json": "oauth.refresh-token", "mcp-oauth-tokens-v2.json": "mcp.oauth-token"}
_NAMES = ("oauth_creds.json", "mcp-oauth-tokens.json", "a2a-oauth-tokens.json", *_SEALED)
STORE = Store(
    id="gemini",
    title="Gemini CLI and Antigravity sign-ins",
    where=(
        *(At(root=Root.HOME, glob=f".gemini/{name}") for name in _NAMES),
        *(At(root=Root.HOME, glob=f"*/.gemini/{name}", env="GEMINI_CLI_HOME") for name in _NAMES),
        At(root=Root.HOME, glob=".gemini/antigravity-cli/antigravity-oauth-token"),
    ),
    yields=("oauth.refresh-token", "oauth.access-token", "mcp.oauth-token", "file.secret", "github.token"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/google-gemini/gemini-cli/blob/main/docs/get-started/authentication.md",
)
