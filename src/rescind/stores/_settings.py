"""Settings of applications as names and values, whatever the file's form: what a name calls secret, with its neighbours' host and user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _connection, _forms, _mcp, _urls
from rescind.stores._aws import in_variables
from rescind.stores._connection import HOSTS, USERS
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._dotenv import Variable
from rescind.stores._names import is_sample_file, is_secret_name
from rescind.stores._sighting import sighting
from rescind.stores._token import token

KINDS = ("azure.storage-key", "azure.cosmos-key", "azure.shared-access-key", "azure.sas-token", *_mcp.KINDS)
"""Every kind that a setting can hold."""

_ELSEWHERE = re.compile(r"(?i)(?:secret|config_?map)_?key_?ref|secret_?(?:ref|selector)\b|remote_?ref|value_?from")
_CONSTANT = re.compile(r"[A-Z]{2,}(?:_[A-Z]{2,})+")
_RANDOM = re.compile(r"(?=.*\d)[A-Za-z0-9+=_\-]{16,}")
_STEM = re.compile(r"(?:password|passwd|passphrase|pwd|pass|token|secret|api_?key|key)$")
_NAME = re.compile(r"[\w.\-]{1,253}(?:[:,]\d{1,5})?")
_DATABASE = re.compile(r"(?i)database|datasource|postgres|mysql|jdbc|mongo|redis|db")
_DEEPEST, _MANY = 32, 20_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One value with its path of names, its neighbours by lower-case name, and the line it stands on where that is known."""

    path: tuple[str, ...]
    value: str = field(repr=False)
    beside: Mapping[str, str] = field(repr=False)
    line: int | None = None


def flat(document: object, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Yield every text of a document of maps and lists."""
    stack, count = [(path, document)], iter(range(_MANY))
    while stack and next(count, None) is not None:
        here, value = stack.pop()
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        listed = [(str(k), v) for k, v in pairs]
        beside = {k.lower(): v for k, v in listed if isinstance(v, str)} if isinstance(value, dict) else {}
        for name, inner in listed:
            if isinstance(inner, str):
                yield Setting((*here, name), inner, beside)
        stack += [((*here, k), v) for k, v in reversed(listed) if isinstance(v, dict | list) and len(here) < _DEEPEST]


def findings(
    settings: Iterator[Setting] | list[Setting], at: Location, more: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Yield the secrets among settings: AWS keys as pairs, connection strings, addresses, known forms, secret-looking names."""
    held, sample = list(settings), is_sample_file(at.path)
    keys, _ = in_variables([Variable("_".join(s.path[-2:]), s.value, s.line or n) for n, s in enumerate(held)], at)
    for key in keys:
        yield key if any(s.line for s in held) else replace(key, location=replace(key.location, line=None))
    paired = {k.identifier for k in keys} | {k.secret.reveal() for k in keys if k.secret}
    for s in held:
        if s.value not in paired:
            place = replace(at, pointer="/".join(s.path), line=s.line)
            for found in _one(s, place, more or {}):
                if not (sample and found.kind in {"file.secret", "database.password", "url.password"}):
                    yield found


def _one(s: Setting, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    name = s.path[-1]
    own = {**more, "name": name}
    if parts := _connection.parts_of(s.value):
        yield from _connection.findings(parts, at, own)
        return
    if seen := _connection.signed(s.value.strip(), at, own):
        yield seen
        return
    if "://" in s.value:
        yield from _mcp.address(s.value.strip().removeprefix("jdbc:"), at, own, name=name)
        return
    plain = name.replace("-", "_").replace(".", "_")
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    named = is_secret_name(spelled) or (
        len(s.path) > 1 and spelled.lower() in {"key", "value"} and is_secret_name(s.path[-2])
    )
    raw = literal(s.value).strip()
    if _ELSEWHERE.search("/".join(s.path[:-1])):
        return  # the name of a secret that is kept elsewhere
    if raw.lower() == name.lower() or (_CONSTANT.fullmatch(raw) and not _forms.identify(raw)):
        return  # a list of names, as programs keep them
    if name.lower() == "key" and not (_RANDOM.fullmatch(raw) or _forms.identify(raw)):
        return
    if not (named or _forms.identify(raw)) or not raw or (is_harmless(raw) and "PASSW" not in spelled.upper()):
        return
    stem = _STEM.sub("", name.lower())  # `smtp_password` goes with `smtp_user` before it goes with any `user`
    host = next((s.beside[h] for h in (f"{stem}host", f"{stem}server", f"{stem}url", *HOSTS) if s.beside.get(h)), "")
    user = next((s.beside[u] for u in (f"{stem}username", f"{stem}user", *USERS) if s.beside.get(u)), "")
    own |= {"host": _host(host), "user": user}
    password = bool(re.search(r"(?i)passw|pwd|^pass$|_pass$", spelled))
    if password and not _forms.identify(raw):
        where = "/".join((at.path.rpartition("/")[2], *s.path))
        kind = "database.password" if _DATABASE.search(where) else "file.secret"
        if _urls.is_trivial(raw):
            yield sighting(kind, at, issuer=own["host"], subject=user, attributes=own, state=State.PLACEHOLDER)
            return
        yield from token(kind, raw, at, issuer=own["host"], subject=user, more=own, password=True)
    elif is_placeholder(raw):
        yield sighting("file.secret", at, attributes=own, state=State.PLACEHOLDER)
    else:
        for found in _mcp.value(spelled, raw, at, own, named=named):
            yield replace(
                found, attributes=sighting(found.kind, at, attributes={**found.attributes, "name": name}).attributes
            )


def _host(value: str) -> str:
    """Return the host that a neighbour names, "" for text that is no name: it may hold a login of its own."""
    plain = value.strip().removeprefix("jdbc:")
    return _urls.host_in(plain) or (plain if _NAME.fullmatch(plain) else "")
