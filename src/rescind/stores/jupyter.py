"""Jupyter: tokens of servers that run or ran, keys of kernels, and the server's own configuration. A token runs any program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_SECTIONS = ("IdentityProvider", "PasswordIdentityProvider", "ServerApp", "NotebookApp", "GatewayClient")
_ASSIGNED = re.compile(r"[ \t]*c\.(\w{1,60})\.(\w{1,60})[ \t]*=[ \t]*[ub]?[\"']([^\"']{1,500})[\"']")
_FIELDS = ("token", "auth_token", "password", "hashed_password", "cookie_secret")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, key or password that a file holds. Raises `Unparsable` for what is no JSON object."""
    if at.path.endswith("cookie_secret"):
        yield from token("jupyter.cookie-secret", decode(blob).strip(), at)
        return
    if at.path.endswith(".py"):
        yield from _program(decode(blob), at)
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    url = text(document, "url") or (f"{text(document, 'ip')}" if "shell_port" in document else "")
    own = {"url": url, "root": text(document, "root_dir") or text(document, "notebook_dir")}
    own |= {"pid": str(member(document, "pid") or ""), "port": str(member(document, "port") or "")}
    yield from token("jupyter.token", text(document, "token"), at, "/token", issuer=url, more=own)
    if "shell_port" in document:
        yield from token("jupyter.kernel-key", text(document, "key"), at, "/key", issuer=url, more=own)
    for section in _SECTIONS:
        for field in _FIELDS:
            yield from _setting(text(document, section, field), section, field, at)


def _program(plain: str, at: Location) -> Iterator[Finding]:
    """Yield what a configuration written as a program assigns in plain text: `c.ServerApp.token = '…'`."""
    for number, line in enumerate(lines(plain), 1):
        found = _ASSIGNED.match(line[:4096])
        if found and found[2] in _FIELDS:
            yield from _setting(found[3], found[1], found[2], replace(at, line=number))


def _setting(value: str, section: str, field: str, at: Location) -> Iterator[Finding]:
    pointer, more = f"/{section}/{field}", {"section": section, "name": field}
    if value.startswith(("argon2:", "sha1:", "sha256:", "sha512:")):
        yield locked("jupyter.password", at, "passphrase", pointer, more=more)
    else:
        kind = "jupyter.token" if "token" in field else "jupyter.password"
        yield from token(kind, value, at, pointer, more=more)


_RUNTIME = ("jpserver-*.json", "nbserver-*.json", "kernel-*.json", "jupyter_cookie_secret", "notebook_cookie_secret")
_CONFIG = tuple(f".jupyter/jupyter_{n}_config.{end}" for n in ("server", "notebook", "lab") for end in ("json", "py"))
STORE = Store(
    id="jupyter",
    title="Jupyter servers",
    where=(
        *(At(root=Root.HOME, glob=g, env="JUPYTER_CONFIG_DIR") for g in _CONFIG),
        *(At(root=Root.XDG_DATA, glob=f"jupyter/runtime/{n}", env="JUPYTER_RUNTIME_DIR") for n in _RUNTIME),
        *(At(root=Root.MAC_LIBRARY, glob=f"Jupyter/runtime/{n}", os=("macos",)) for n in _RUNTIME),
        *(At(root=Root.APPDATA, glob=f"jupyter/runtime/{n}", os=("windows",)) for n in _RUNTIME),
    ),
    yields=("jupyter.token", "jupyter.kernel-key", "jupyter.password", "jupyter.cookie-secret", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://jupyter-server.readthedocs.io/en/latest/operators/security.html",
)
