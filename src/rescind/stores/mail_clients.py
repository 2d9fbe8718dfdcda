"""Mail programs of the command line: passwords in `.msmtprc`, `.mbsyncrc`, `.muttrc`, `.offlineimaprc`, `.getmail` and `.fetchmailrc`.

A command that would print the password is named, and never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_WORD = re.compile(
    r"[ \t]*+(?:set[ \t]++)?([A-Za-z_]{2,40})[ \t]*+(?:[=:]|(?<=[ \t]))[ \t]*+(?:\"([^\"]{0,500})\"|'([^']{0,500})'|([^#\r\n]{1,500}))"
)
_POLL = re.compile(
    r"(?:poll|skip|server|via)\s++(\S{1,255})|(?:user(?:name)?)\s++[\"']?([^\s\"']{1,255})|(?:pass(?:word)?)\s++[\"']?([^\s\"']{1,255})"
)
_HOSTS = {"host", "remotehost", "server", "smtp_url", "imap_host"}
_USERS = {"user", "username", "remoteuser", "imap_user", "smtp_user", "from"}
_SECRETS = {"password", "pass", "remotepass", "imap_pass", "smtp_pass", "pop_pass", "pgp_passphrase"}
_URL = re.compile(r"(?:smtps?|imaps?)://(?:([^:@/\s]{1,255})(?::([^@/\s]{1,255}))?@)?([^/\s:]{1,255})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per password. Anything is such a file: what has no password in it yields nothing."""
    plain = decode(blob)
    if at.path.rpartition("/")[2] == ".fetchmailrc":
        yield from _polls(plain, at)
        return
    hosts, users, held = dict[str, str](), dict[str, str](), list[tuple[int, str, str]]()
    for number, line in enumerate((*lines(plain), "account end"), 1):
        found = _WORD.match(line[:2000])
        if line.strip().lower().startswith(("account", "imapaccount", "[")):
            yield from _found(held, hosts, users, at)
            hosts, users, held = {}, {}, []
        if not found or line.lstrip().startswith(("#", ";")):
            continue
        name, value = found[1].lower(), (found[2] or found[3] or found[4] or "").strip()
        url, part = _URL.match(value), _part(name)
        if url or name in _HOSTS:
            hosts[part] = url[3] if url else value
        if (url and url[1]) or name in _USERS:
            users[part] = url[1] if url and url[1] else users.get(part, value) if name == "from" else value
        held += [(number, name, url[2])] if url and url[2] else [(number, name, value)] if name in _SECRETS else []
    yield from _found(held, hosts, users, at)


def _part(name: str) -> str:
    """Return which of mutt's two logins a name belongs to: its mailbox's or its mail server's."""
    return "smtp" if name.startswith("smtp") else "imap" if name.startswith(("imap", "folder", "spoolfile")) else ""


def _found(
    held: list[tuple[int, str, str]], hosts: dict[str, str], users: dict[str, str], at: Location
) -> Iterator[Finding]:
    for number, name, value in held:
        host, who = hosts.get(_part(name), ""), users.get(_part(name), "")
        place, own = replace(at, line=number), {"host": host, "user": who, "name": name}
        if not value.startswith("`"):
            yield from token("mail.password", value, place, issuer=host, subject=who, more=own, password=True)


def _polls(plain: str, at: Location) -> Iterator[Finding]:
    host, who = "", ""
    for number, line in enumerate(lines(plain), 1):
        for found in () if line.lstrip().startswith("#") else _POLL.finditer(line[:4000]):
            host, who = found[1] or host, found[2] or who
            if found[3]:
                own = {"host": host, "user": who}
                place = replace(at, line=number)
                yield from token("mail.password", found[3], place, issuer=host, subject=who, more=own, password=True)


_HOME = (".msmtprc", ".mbsyncrc", ".muttrc", ".mutt/*rc", ".offlineimaprc", ".fetchmailrc", ".getmail/*rc")
_CONFIG = ("msmtp/config", "isyncrc", "mutt/*rc", "neomutt/*rc", "offlineimap/config", "getmail/*rc")
STORE = Store(
    id="mail-clients",
    title="Mail programs of the command line",
    where=(
        *(At(root=Root.HOME, glob=g, env="OFFLINEIMAPRC" if "offlineimap" in g else "") for g in _HOME),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _CONFIG),
        At(root=Root.SYSTEM, glob="etc/msmtprc"),
    ),
    yields=("mail.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://marlam.de/msmtp/msmtp.html#Configuration-files",
)
