"""Sign-ins of VS Code and its relatives: extensions' secrets by name (encrypted), and the tokens that some editors keep in clear.

Cursor, Windsurf and Antigravity write their own sign-in as plain rows. Whose GitHub account is signed in stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _forms
from rescind.stores._editors import EDITORS, SERVERS
from rescind.stores._json import load, text
from rescind.stores._jwt import facts
from rescind.stores._locked import locked
from rescind.stores._sqlite import rows
from rescind.stores._token import token

_LIKE = ("secret://%", "cursorAuth/%", "%AuthStatus", "github-%-usages", "codeium.%")
_KINDS = {"vscode.github-authentication": "github.token", "github.vscode-pull-request-github": "github.token", "vscode.microsoft-authentication": "entra.refresh-token", "gitlab.gitlab-workflow": "gitlab.token"}  # fmt: skip
_LOGIN = re.compile(r"github-(.{1,100})-usages")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each secret. Raises `Unparsable` for what is no state database."""
    if not blob:
        return
    found = rows(blob, "ItemTable", ("key", "value"), _LIKE)
    if found is None:
        raise Unparsable("the database has no table that VS Code makes")
    state = {row[0]: row[1] for row in found}
    login = next((m[1] for key in state if (m := _LOGIN.fullmatch(key))), "")
    for key, value in state.items():
        if key.startswith("secret://") and value:
            yield _secret(key, at, login)
        elif key in {"cursorAuth/accessToken", "cursorAuth/refreshToken"}:
            who, raw = state.get("cursorAuth/cachedEmail", ""), value.strip('"')
            more = {
                "email": who,
                "form": key.partition("/")[2],
                "plan": state.get("cursorAuth/stripeMembershipType", ""),
            }
            subject = who or facts(raw).get("sub", "")
            yield from token("cursor.session-token", raw, at, key, issuer="cursor.com", subject=subject, more=more)
        elif key.endswith("AuthStatus"):
            yield from _status(key, value, at)


def _secret(key: str, at: Location, login: str) -> Finding:
    try:
        document = load(key.removeprefix("secret://").encode("utf-8", "surrogateescape"))
    except Unparsable:
        document = {}
    extension, name = text(document, "extensionId"), text(document, "key")
    kind = _KINDS.get(extension, "vscode.secret")
    who = login if kind == "github.token" else ""
    issuer = "github.com" if kind == "github.token" else ""
    more = {"extension": extension, "name": name, "login": who}
    return locked(
        kind, at, "app", f"{extension}/{name}" if extension else key[:200], issuer=issuer, subject=who, more=more
    )


def _status(key: str, value: str, at: Location) -> Iterator[Finding]:
    try:
        document = load(value.encode("utf-8", "surrogateescape"))
    except Unparsable:
        return
    if raw := text(document, "apiKey"):
        editor, who = key.removesuffix("AuthStatus"), text(document, "email") or text(document, "name")
        kind = f"{editor}.api-key" if editor in {"windsurf", "antigravity"} else "file.secret"
        seen = _forms.finding(raw, replace(at, pointer=f"{key}/apiKey"), {"editor": editor, "user": who}, other=kind)
        yield replace(seen, subject=seen.subject or who)


_SYSTEMS = ((Root.XDG_CONFIG, ("linux",)), (Root.MAC_SUPPORT, ("macos",)), (Root.APPDATA, ("windows",)))
STORE = Store(
    id="vscode-state",
    title="Sign-ins of VS Code, Cursor, Windsurf and relatives",
    where=tuple(
        At(root=r, glob=f"{e}/{g}/state.vscdb{end}", os=system)
        for r, system, editors in (*((r, s, EDITORS) for r, s in _SYSTEMS), (Root.HOME, (), SERVERS))
        for e in editors
        for g in (("data/User/globalStorage",) if r is Root.HOME else ("User/globalStorage", "User/profiles/*/globalStorage"))
        for end in ("", ".backup")
    ),
    yields=("vscode.secret", "cursor.session-token", "windsurf.api-key", "antigravity.api-key", "entra.refresh-token", *_forms.KINDS, "file.secret"),
    max_bytes=128 * MiB,
    parse=parse,
    since="0.1",
    reference="https://code.visualstudio.com/api/references/vscode-api#SecretStorage",
)  # fmt: skip
