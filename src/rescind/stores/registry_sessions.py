"""Sessions and passwords in a Windows registry: WinSCP, PuTTY, HeidiSQL, keys of OpenSSH's agent, VNC, TeamViewer, and the password of an automatic logon.

A scan hands over what a registry file says as lines; `.reg` exports are read as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from rescind.models.evidence import Finding, Location
from rescind.models.store import SESSION_MARK, At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_KEY = re.compile(
    r"\[(?:HKEY_CURRENT_USER|HKEY_LOCAL_MACHINE\\SOFTWARE|HKEY_USERS\\[^\\\]]{1,100})\\([^\]]{1,500})\]", re.IGNORECASE
)
_VALUE = re.compile(r"\"([^\"]{1,200})\"=(?:\"((?:[^\"\\]|\\.){0,4000})\"|hex(?:\(\d\))?:([0-9a-fA-F,]{0,12000}))")
_VNC = ("Password", "ControlPassword", "PasswordViewOnly")
_VIEWER = ("SecurityPasswordAES", "PermanentPassword", "OptionsPasswordAES", "SecurityPasswordExported")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each session with a secret of its own. Lines of anything else hold none."""
    text = decode(blob)
    rows = _exported(text) if at.path.lower().endswith(".reg") else _handed(text)
    for number, path, values in rows:
        yield from _one(path, values, replace(at, line=number))


def _handed(text: str) -> Iterator[tuple[int | None, str, Mapping[str, str]]]:
    for line in lines(text):
        if line.startswith(SESSION_MARK):
            try:
                path, values = json.loads(line[len(SESSION_MARK) :])
                yield None, str(path), {str(k): str(v) for k, v in values.items()}
            except (ValueError, AttributeError, TypeError, RecursionError):
                continue


def _exported(text: str) -> Iterator[tuple[int, str, Mapping[str, str]]]:
    """https://learn.microsoft.com/en-us/troubleshoot/windows-server/performance/windows-registry-advanced-users."""
    path, start, values = "", 0, dict[str, str]()
    joined = re.sub(r"\\\r?\n[ \t]*", "", text)
    for number, line in enumerate((*lines(joined), "[]"), 1):
        if line.startswith("["):
            if path and values:
                yield start, path, values
            found = _KEY.match(line)
            path, start, values = found[1] if found else "", number, {}
        elif path and (entry := _VALUE.match(line[:20000])):
            values[entry[1]] = entry[3].replace(",", "") if entry[3] is not None else re.sub(r"\\(.)", r"\1", entry[2])


def _one(path: str, v: Mapping[str, str], at: Location) -> Iterator[Finding]:
    low, name = path.lower(), unquote(path.rpartition("\\")[2])
    host, who = v.get("HostName", "") or v.get("Host", ""), v.get("UserName", "") or v.get("User", "")
    more = {"name": name, "host": host, "user": who}
    if "winscp 2\\sessions" in low and v.get("Password"):
        yield locked("server.password", at, "app", name, issuer=host, subject=who, more=more)
    elif "tty\\sessions" in low and v.get("ProxyPassword"):
        where, proxy = v.get("ProxyHost", ""), v.get("ProxyUsername", "")
        yield from token(
            "server.password",
            v["ProxyPassword"],
            at,
            name,
            issuer=where,
            subject=proxy,
            more={**more, "form": "proxy"},
            password=True,
        )
    elif "heidisql\\servers" in low and v.get("Password"):
        yield locked("database.password", at, "app", name, issuer=host, subject=who, more=more)
    elif "openssh\\agent\\keys" in low:
        public = bytes.fromhex(v["pub"]) if re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,}", v.get("pub", "")) else b""
        own = {
            "comment": bytes.fromhex(c).decode("utf-8", "replace")
            if re.fullmatch(r"(?:[0-9a-f]{2})+", c := v.get("comment", ""))
            else c
        }
        yield locked("ssh.user-key", at, "dpapi", name, identifier=_fingerprint(public), more=own)
    elif low.endswith("winlogon") and v.get("DefaultPassword"):
        own = {"domain": v.get("DefaultDomainName", ""), "name": "DefaultPassword"}
        yield from token(
            "os.password", v["DefaultPassword"], at, subject=v.get("DefaultUserName", ""), more=own, password=True
        )
    elif "vnc" in low and any(v.get(n) for n in _VNC):
        yield locked("vnc.password", at, "app", more={"program": path.rpartition("\\")[2]})
    elif "teamviewer" in low and any(v.get(n) for n in _VIEWER):
        yield locked(
            "remote-control.password", at, "app", more={"program": "TeamViewer", "client_id": v.get("ClientID", "")}
        )


def _fingerprint(public: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=") if public else ""


STORE = Store(
    id="registry-sessions",
    title="Sessions in a Windows registry",
    where=(
        At(root=Root.HOME, glob="NTUSER.DAT", os=("windows",)),
        At(root=Root.SYSTEM, glob="Windows/System32/config/SOFTWARE", os=("windows",)),
        At(root=Root.HOME, glob="**/*.reg", skip=("node_modules", "vendor", "site-packages")),
    ),
    yields=(
        "server.password",
        "database.password",
        "ssh.user-key",
        "os.password",
        "vnc.password",
        "remote-control.password",
        "github.token",
    ),
    max_bytes=32 * MiB,
    parse=parse,
    since="0.1",
    reference="https://winscp.net/eng/docs/ui_pref_storage",
)
