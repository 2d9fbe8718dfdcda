"""Chat programs that keep passwords in clear or with a passphrase: Pidgin, irssi, WeeChat, and Matrix from the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _json, _xml
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_IRSSI = re.compile(
    r"(?:^|[\s;{,(])(password|sasl_password|autosendcmd|address|sasl_username|chatnet)[ \t]*=[ \t]*\"([^\"]{1,500})\""
)
_WEECHAT = re.compile(r"([\w.\-]{1,200})[ \t]*=[ \t]*\"([^\"]{1,2000})\"")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per password or token. Raises `Unparsable` for a damaged file."""
    name = at.path.rpartition("/")[2]
    if name == "accounts.xml":
        for account in _xml.load(blob).walk():
            who, own = account.child("name"), {"protocol": account.child("protocol")}
            host = who.partition("@")[2].partition("/")[0] or own["protocol"]
            if account.tag == "account":
                secret = account.child("password")
                yield from token("chat.password", secret, at, who, issuer=host, subject=who, more=own, password=True)
    elif name.endswith(".json"):
        document = _json.load(blob)
        if not isinstance(document, dict):
            raise Unparsable("the file is not a JSON object")
        server, who = _json.text(document, "homeserver"), _json.text(document, "user_id")
        own = {"device": _json.text(document, "device_id")}
        secret = _json.text(document, "access_token")
        yield from token(
            "matrix.token", secret, at, "/access_token", identifier=own["device"], issuer=server, subject=who, more=own
        )
    else:
        yield from _text(decode(blob), at, sealed=name == "sec.conf")


def _text(plain: str, at: Location, *, sealed: bool) -> Iterator[Finding]:
    known: dict[str, str] = {}
    encrypted = sealed and "__passphrase__" in plain
    for number, line in enumerate(lines(plain), 1):
        if sealed or at.path.endswith("irc.conf"):
            yield from _weechat(line[:4000], at, number, sealed=sealed, encrypted=encrypted)
            continue
        for found in _IRSSI.finditer(line[:4000]):
            if found[1] in {"password", "sasl_password"}:
                place = replace(at, line=number)
                host, who = known.get("address", known.get("chatnet", "")), known.get("sasl_username", "")
                yield from token(
                    "chat.password", found[2], place, issuer=host, subject=who, more={"name": found[1]}, password=True
                )
            known[found[1]] = found[2]


def _weechat(line: str, at: Location, number: int, *, sealed: bool, encrypted: bool) -> Iterator[Finding]:
    found = _WEECHAT.match(line)
    named = (
        found and (sealed or found[1].endswith(("password", "sasl_key"))) and not found[1].startswith(("crypt", "__"))
    )
    if not found or not named or "${sec." in found[2]:
        return
    place = replace(at, line=number)
    if encrypted:
        yield locked("chat.password", place, "passphrase", found[1], more={"name": found[1]})
    else:
        yield from token("chat.password", found[2], place, found[1], more={"name": found[1]}, password=True)


STORE = Store(
    id="chat-clients",
    title="Pidgin, irssi, WeeChat and Matrix clients",
    where=(
        At(root=Root.HOME, glob=".purple/accounts.xml"),
        At(root=Root.APPDATA, glob=".purple/accounts.xml", os=("windows",)),
        At(root=Root.HOME, glob=".irssi/config"),
        *(At(root=Root.HOME, glob=f".weechat/{n}", env="WEECHAT_HOME") for n in ("sec.conf", "irc.conf")),
        *(At(root=Root.XDG_CONFIG, glob=f"weechat/{n}") for n in ("sec.conf", "irc.conf")),
        At(root=Root.XDG_CONFIG, glob="matrix-commander/credentials.json"),
        At(root=Root.XDG_DATA, glob="matrix-commander/credentials.json"),
    ),
    yields=("chat.password", "matrix.token", "github.token"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://weechat.org/files/doc/stable/weechat_user.en.html#secured_data",
)
