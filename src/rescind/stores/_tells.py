"""Places in free text that say that a secret stands there: assignments, options and commands, headers, addresses with a login.

Each gives the value as it is written, unquoted; whether it is one, a stand-in or a reference is decided by whoever asks. Every
expression begins with a literal or a bounded class and repeats within bounds, so that no text takes more than linear time.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from rescind.stores._names import is_secret_name

_VALUE = r"(?:\$?'(?P<s>[^'\r\n]{1,4096})'|\"(?P<d>[^\"\r\n]{1,4096})\"|(?P<b>[^\s'\"|;&<>()]{1,4096}))"
_GAP = r"[^|;&\r\n]{0,300}?"
_WORDS = re.findall(
    r"\S+",
    """
    passw passphrase pwd secret token api_key api-key apikey access_key access-key accesskey private_key private-key
    auth_key authkey credential conn_str connection_string connectionstring _key _pat _pass _auth -key
    """,
)
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_AFTER = re.compile(
    r"(?P<rest>[\w.\-]{0,40})(?P<close>[\"'\]]{0,2})(?P<sep>[ \t]{1,8}(?:DEFAULT|OVERRIDE)=|[ \t]{0,8}(?::=|=>|=|:)[ \t]{0,8}|[ \t]{1,8}DEFAULT=|[ \t]{1,8})"
    + _VALUE
)
_HEADER = re.compile(
    r"(?i)uthorization[\"']{0,2}\s{0,3}[:=,]\s{0,3}[\"']{0,2}(?:value[\"']{0,2}:\s{0,3}[\"']{0,2})?(basic|bearer|token|apikey)\s+([\w+/=.~\-]{8,4096})"
)
_LOGIN = re.compile(r"://([^\s:/@\"'<>`]{0,128}):([^\s/@\"'<>`]{1,256})@([A-Za-z0-9_.\-\[\]:]{1,255})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}$")
_NO_VALUE = re.compile(
    r"(?:STDIN|PROMPT|FILES?|PATH|URL|URI|DIR|ENV|CMD|COMMAND|HELPER|SOURCE|STORE|COOKIE|FROM|HASH|POLICY|FORMAT|TIME|DATE|ENCRYPTION|VERSION)$"
)


@dataclass(frozen=True, slots=True)
class Tell:
    """One value: where it begins, what names it, whom it is for; `sure` says that a command or a shell gives it to a program."""

    start: int
    value: str = field(repr=False)
    name: str
    sure: bool = True
    user: str = ""
    host: str = ""
    scheme: str = ""


def _command(word: str, shape: str, *, any_case: bool = False) -> tuple[str, re.Pattern[str]]:
    """Return a command's first word, in small letters, and what follows it."""
    return word.lower(), re.compile((f"(?i:{word})" if any_case else word) + shape)


_LOGINS = "docker podman nerdctl skopeo buildah crane oras"
_REGISTRY = rf"\b(?={_GAP}(?:-u|--username)[ =](?P<user>\S{{1,128}}))?{_GAP}[ \t](?:-p|--password)[ =]?{_VALUE}(?:(?:[ \t]+-\S{{1,40}}(?:[ \t]+[^\s./:-]{{1,80}})?){{0,4}}[ \t]+(?P<host>[\w\-]{{1,80}}[.:][\w.\-:/]{{1,255}}))?"
_BASIC = rf"\b{_GAP}[ \t]-(?:u|-user|-proxy-user)[ =]?[\"']?(?P<user>[^\s:'\"]{{1,128}}):(?P<v>[^\s'\"]{{1,512}})[\"']?(?:{_GAP}https?://(?P<host>[\w.\-:]{{1,255}}))?"
_PIPED = rf"[ \t]+(?:-n[ \t]+)?{_VALUE}[ \t]*\|[^\r\n]{{0,200}}?(?:-stdin|sudo -S)"
_ACCOUNT = r"[ \t]+[\"']?(?P<user>[\w.\-]{1,64}):(?P<v>[^\s'\"|]{1,200})[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd"
_COMMANDS = (  # a first word and what follows it; groups `user` and `host` name what the value is for
    *(_command(tool, _BASIC) for tool in ("curl", "wget")),
    *(_command(tool, rf"(?:dump|admin|import|sh)?\b{_GAP}[ \t]-p(?![ \t]){_VALUE}") for tool in ("mysql", "mariadb")),
    _command("sshpass", rf"[ \t]+-p[ \t]?{_VALUE}(?:{_GAP}@(?P<host>[\w.\-]{{1,255}}))?"),
    *(_command(f"{tool} login", _REGISTRY) for tool in (*_LOGINS.split(), "helm registry")),
    _command("redis-cli", rf"\b(?:{_GAP}-h[ \t]+(?P<host>[\w.\-]{{1,255}}))?{_GAP}[ \t](?:-a|--pass)[ =]{_VALUE}"),
    _command("mongo", rf"(?:sh|dump|restore|export|import)?\b{_GAP}[ \t]-p[ \t]?{_VALUE}"),
    _command("ldap", rf"(?:search|modify|add|delete|passwd|whoami)\b{_GAP}[ \t]-w[ \t]?{_VALUE}"),
    _command("sqlcmd", rf"\b{_GAP}[ \t]-P[ \t]?{_VALUE}"),
    _command("xfreerdp", rf"\b{_GAP}[ \t]/p:{_VALUE}"),
    _command("smbclient", rf"\b{_GAP}-U[ \t]?[\"']?(?P<user>[^\s%'\"]{{1,100}})%(?P<v>[^\s'\"]{{1,200}})"),
    _command("htpasswd", rf"[ \t]+-\w{{0,6}}b\w{{0,6}}[ \t]+\S{{1,300}}[ \t]+(?P<user>\S{{1,100}})[ \t]+{_VALUE}"),
    _command("-pass", rf"(?:in|out)?[ \t]+pass:{_VALUE}"),
    _command("unzip", rf"\b{_GAP}[ \t]-P[ \t]?{_VALUE}"),
    _command("vault login", rf"[ \t]+(?![\w-]+=){_VALUE}"),
    *(_command(word, shape) for word in ("echo", "printf") for shape in (_PIPED, _ACCOUNT)),
    _command("ConvertTo-SecureString", rf"[ \t]+(?:-String[ \t]+)?{_VALUE}[ \t]+(?=[^\r\n]{{0,80}}AsPlainText)", any_case=True),
    _command("_authToken", rf"[= \t]+{_VALUE}", any_case=True),
    *(_command(word, r"[ \t]+(?:BY[ \t]+|by[ \t]+)?'(?P<v>[^'\r\n]{1,256})'", any_case=True) for word in ("password", "identified")),
    _command("accountkey", r"=(?P<v>[A-Za-z0-9+/]{86}==)", any_case=True),
    _command("sharedaccesskey", r"=(?P<v>[A-Za-z0-9+/]{43}=)", any_case=True),
    *(
        ("auth", re.compile(rf"{word}(?<![^\r\n].{{4}})[ \t]+(?:[\w\-]{{1,60}}[ \t]+)?[\"']?(?P<v>{sign}[^\s\"']{{6,200}})[\"']?[ \t]*(?=[\r\n]|\Z)"))
        for word, sign in (("AUTH", r"(?=[^\s\"']{12})"), ("(?i:auth)", r"(?=[^\s\"']{0,64}\d)"))
    ),
    _command("unseal key", r"[ \t]*\d{0,2}:[ \t]*(?P<v>[A-Za-z0-9+/=]{32,64})", any_case=True),
    _command("net use", rf"\b[^\r\n]{{0,200}}/user:(?P<user>\S{{1,100}})[ \t]+{_VALUE}", any_case=True),
)  # fmt: skip
_SQL_WORDS = frozenset({"password", "identified"})
_SQL = re.compile(r"\b(?i:create|alter|set|user|role|login|grant)\b")
_REST = re.compile(r"[^|;&\r\n]{0,300}")
_BEFORE = {  # what names the place of a value in front of it
    "_authtoken": re.compile(r"(?<![\w.\-/])([\w.\-/]{3,120}?)/?:$"),
    "accountkey": re.compile(r"(?i:AccountName)=([a-z0-9]{3,24});$"),
    "sharedaccesskey": re.compile(r"(?i:Endpoint)=sb://([\w.\-]{3,100})/?;.{0,80}$"),
}


def tells(text: str) -> Iterator[Tell]:
    """Yield every place of a text that names a secret, most telling first; a value may come up more than once."""
    lower = text.replace("\u0130", "I").lower()  # the one letter that grows
    yield from _logins(text)
    yield from _headers(text)
    for word, shape in _COMMANDS:
        yield from _given(word, shape, text, lower)
    yield from _named(text, lower)


def _given(word: str, shape: re.Pattern[str], text: str, lower: str) -> Iterator[Tell]:
    """Yield what one command is given; looked at once between two ends of commands, so that reading stays linear."""
    sql = word in _SQL_WORDS
    position = lower.find(word)
    while position >= 0:
        rest = _REST.match(text, position)
        found = shape.match(text, position, position + 2048)
        if found and not (sql and not _SQL.search(text, max(0, position - 120), position)):
            value, start = _value(found)
            groups = found.groupdict()
            host = _bare(groups.get("host"))
            before = _BEFORE.get(word)
            if before and (place := before.search(text, max(0, position - 200), position)):
                host = place[1].strip("/")
            yield Tell(start, value, "SQL" if sql else word, user=_bare(groups.get("user")), host=host)
        position = lower.find(word, max(rest.end() if rest else 0, position + len(word)))


def _bare(text: str | None) -> str:
    return (text or "").strip("\"'")


def _value(found: re.Match[str]) -> tuple[str, int]:
    for group in ("v", "s", "d", "b"):
        if group in found.re.groupindex and found[group]:
            return found[group], found.start(group)
    return "", found.start()


def _logins(text: str) -> Iterator[Tell]:
    for found in _LOGIN.finditer(text):
        scheme = _SCHEME.search(text, max(0, found.start() - 21), found.start())
        yield Tell(
            found.start(2),
            unquote(found[2]),
            "login in an address",
            user=unquote(found[1]),
            host=found[3].lower(),
            scheme=scheme[0].lower() if scheme else "",
        )


def _headers(text: str) -> Iterator[Tell]:
    for found in _HEADER.finditer(text):
        user, value = "", found[2]
        if found[1].lower() == "basic":
            try:
                user, _, value = base64.b64decode(value + "=" * (-len(value) % 4)).decode().partition(":")
            except (binascii.Error, ValueError):
                continue
        yield Tell(found.start(2), value, "Authorization", user=user)


def _named(text: str, lower: str) -> Iterator[Tell]:
    """Yield the values of names that say they are secret: `N=v`, `--option v`, `"name": "v"`, `set -gx N v`, `$env:N = 'v'`."""
    past = 0
    for position, end in sorted(_hits(lower)):
        after = _AFTER.match(text, end) if position >= past else None
        if not after:
            continue
        window = text[max(0, position - 72) : position]
        lead = window.rstrip(_NAME)
        left = window[len(lead) :].lstrip("-.0123456789")
        lead = window[: len(window) - len(left)]
        name = (left + text[position:end] + after["rest"]).removeprefix("process.").removeprefix("env.")
        value, start = _value(after)
        given = _is_given(name, lead, after)
        called = bool(after["b"]) and text[after.end() : after.end() + 1] in {"(", "["}
        upper = name.upper().replace("-", "_").replace(".", "_")
        if given is None or called or name.startswith("-") or _NO_VALUE.search(upper) or not is_secret_name(upper):
            continue
        past = after.start("sep") + 1
        yield Tell(start, value, name, sure=given)


def _hits(lower: str) -> Iterator[tuple[int, int]]:
    for word in _WORDS:
        position = lower.find(word)
        while position >= 0:
            yield position, position + len(word)
            position = lower.find(word, position + len(word))


def _is_given(name: str, lead: str, after: re.Match[str]) -> bool | None:
    """Tell whether a shell gives the value to a program (True), code or prose may (False), or a blank only follows a word (None)."""
    option = lead.endswith(("--", " -", "\t-"))
    before = lead.rstrip(" \t")
    shell = before.endswith(
        (
            "-gx",
            "-x",
            "-Ux",
            "-gxU",
            "-xU",
            "setx",
            "export",
            "config set",
            "setenv",
            "configure set",
            "set-environment -g",
            "setenv -g",
        )
    )
    if after["sep"].strip() in {"DEFAULT=", "OVERRIDE="}:  # pam_env.conf(5)
        return True
    if not after["sep"].strip():  # a blank: `--password X`, `set -gx N X`, `setx N X`
        return True if (option or shell) and not (after["b"] or "").startswith("-") else None
    if (
        after["sep"].strip() in {"=", "DEFAULT="}
        and after["sep"][-1] == "="
        and not after["close"]
        and (option or shell or name.upper() == name)
    ):
        return True
    return before.lower().endswith(("$env:", "--export", "setuvar", "export"))
