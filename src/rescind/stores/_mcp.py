"""Servers of the Model Context Protocol as their clients are told to start them: what goes along in variables, headers and arguments.

The clients differ in names only: https://modelcontextprotocol.io/docs/develop/connect-local-servers
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _forms, _owners, _urls
from rescind.stores._aws import in_variables
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._dotenv import Variable
from rescind.stores._json import member, text
from rescind.stores._names import is_secret_name
from rescind.stores._owners import of_name
from rescind.stores._sighting import sighting
from rescind.stores._urls import host_in, one

KINDS = ("aws.access-key", "aws.role-session", *_urls.KINDS, *_owners.KINDS, "url.password", "file.secret")
"""Every kind that a server's entry can hold."""

_ROOTS = ("mcpServers", "servers", "context_servers", "mcp", "mcp_servers", "extensions", "mcp.servers")
_ENV = ("env", "envs", "environment")
_HEADERS = ("headers", "http_headers", "requestInit", "request_headers")
_ADDRESS = ("url", "serverUrl", "httpUrl", "uri", "server_url")
_HEADER = re.compile(r"(?i)authorization|cookie|token|secret|(?:^|[-_])key$")
_SCHEME = re.compile(r"(?i)(?:bearer|token|basic)\s+")
_FLAG = re.compile(r"--?([A-Za-z][\w.\-]{0,60})(?:=(.*))?", re.DOTALL)
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9\-]{0,60}):\s*(.*)", re.DOTALL)
_INPUT = re.compile(r"\$\{(?:input|env|file):[^}]*\}|\{env:[^}]*\}|\{file:[^}]*\}")
_MANY = 500


def servers(document: object, at: Location, more: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Yield the secrets of every server in a document, whatever its client calls the section."""
    for root in _ROOTS:
        section = member(document, root)
        inner = member(section, "servers") or member(section, "mcpServers")
        section = inner if isinstance(inner, dict) else section
        listed = (
            section.items() if isinstance(section, dict) else enumerate(section) if isinstance(section, list) else ()
        )
        for name, entry in list(listed)[:_MANY]:
            if isinstance(entry, dict):
                title = text(entry, "name") if isinstance(name, int) else name
                yield from _server(
                    entry, replace(at, pointer=f"{at.pointer or ''}/{root}/{name}"), {**(more or {}), "server": title}
                )


def _server(entry: Mapping[str, object], at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    transport = member(entry, "transport")
    parts = [entry, transport] if isinstance(transport, dict) else [entry]
    where = next((text(p, n) for p in parts for n in _ADDRESS if text(p, n)), "")
    own = {**more, "host": host_in(where), "command": text(entry, "command").rpartition("/")[2]}
    for part in parts:
        for name in _ENV:
            yield from variables(member(part, name), replace(at, pointer=f"{at.pointer}/{name}"), own)
        for name in _HEADERS:
            sent = member(part, name)
            sent = member(sent, "headers") if name == "requestInit" else sent
            for header, value in sent.items() if isinstance(sent, dict) else ():
                if isinstance(value, str):
                    yield from _header(header, value, replace(at, pointer=f"{at.pointer}/{name}/{header}"), own)
        for name in _ADDRESS:
            yield from address(text(part, name), replace(at, pointer=f"{at.pointer}/{name}"), own)
    command = member(entry, "command")
    words = member(entry, "args") or (command if isinstance(command, list) else member(command, "args"))
    yield from arguments(words, replace(at, pointer=f"{at.pointer}/args"), own)


def variables(values: object, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the secrets among variables: AWS keys as pairs, addresses with a login, known forms, and what a name calls secret."""
    pairs = [(n, v) for n, v in values.items() if isinstance(v, str)][:_MANY] if isinstance(values, dict) else []
    keys, rest = in_variables([Variable(n, v, 1) for n, v in pairs], at)
    for key in keys:
        place = replace(key.location, line=at.line, pointer=f"{at.pointer}/{key.location.pointer}")
        told = sighting(key.kind, at, attributes=more).attributes
        yield replace(key, location=place, attributes={**told, **key.attributes})
    for v in rest:
        yield from value(v.name, v.value, replace(at, pointer=f"{at.pointer}/{v.name}"), more)


def value(name: str, raw: str, at: Location, more: Mapping[str, str], *, named: bool = False) -> Iterator[Finding]:
    """Yield the secret that one named value is, if it is one. `named`: its place says that it is."""
    if _INPUT.fullmatch(raw.strip()):
        return
    found = list(one(raw, at, "url.password", {**more, "name": name}))
    if found:
        yield from found
        return
    held = literal(raw).strip()
    form = _forms.identify(held)
    if not held or is_harmless(held) or not (form or named or is_secret_name(name.replace("-", "_"))):
        return
    if is_placeholder(held):
        yield sighting("file.secret", at, attributes={**more, "name": name}, state=State.PLACEHOLDER)
    else:
        kind, issuer = of_name(name)
        yield _forms.finding(held, at, {**more, "name": name}, other=kind, host=issuer)


def _header(name: str, raw: str, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    yield from value(name, _SCHEME.sub("", raw.strip(), count=1), at, more, named=bool(_HEADER.search(name)))


def address(url: str, at: Location, more: Mapping[str, str], *, name: str = "") -> Iterator[Finding]:
    """Yield the secret that an address is (a webhook), holds as a login, or carries in its query."""
    if name and _forms.identify(url):
        yield from value(name, url, at, more)
        return
    yield from one(url, at, "url.password", more)
    try:
        query = parse_qsl(urlsplit(url).query, max_num_fields=50)
    except ValueError:
        return
    for key, raw in query:
        yield from value(key, raw, replace(at, pointer=f"{at.pointer}?{key}"), more)


def arguments(words: object, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the secrets among the words of a command line: after a flag that says so, in headers, in addresses, by their form."""
    before = ""
    for number, word in enumerate(words[:_MANY] if isinstance(words, list) else ()):
        if not isinstance(word, str):
            continue
        place, flag, header = (
            replace(at, pointer=f"{at.pointer}/{number}"),
            _FLAG.fullmatch(word),
            _LINE.fullmatch(word),
        )
        if flag:
            before = "" if flag[2] is not None else flag[1]
            if flag[2]:
                yield from value(flag[1].replace("-", "_"), flag[2], place, more)
            continue
        if header and before in {"header", "H"}:
            yield from _header(header[1], header[2], place, more)
        elif "://" in word:
            yield from address(word, place, more)
        elif (pair := word.partition("="))[1] and before in {"e", "env", ""}:
            yield from value(pair[0], pair[2], place, more)
        else:
            yield from value(before.replace("-", "_"), word, place, more)
        before = ""
