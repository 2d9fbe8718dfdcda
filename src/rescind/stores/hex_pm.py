"""Keys that `mix hex.user auth` keeps for hex.pm and for private repositories: an Erlang term, read as text.

Since Hex 2 the write key is encrypted with a password; the read key and what opens private packages are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._text import decode
from rescind.stores._token import token

_TERM = re.compile(
    r"(?:<<\"([^\"]{0,200})\">>|'?\$?([a-z_]{1,60})'?)[ \t\n]*+(?:=>|,)[ \t\n]*+(?:<<\"([^\"]{1,4096})\">>|(\{|#\{))"
)
_FIRST = re.compile(r"\s*+(?:%[^\n]*+\s++)*+(?:\{['<a-z$]|#\{|\[\s*+[\]{])")
_KINDS = {"auth_key": "hex.key", "read_key": "hex.key", "key": "hex.key", "write_key": "hex.key"}
_KINDS |= {"access_token": "hex.oauth-token", "refresh_token": "hex.oauth-token"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per key. Raises `Unparsable` for what is no Erlang term."""
    plain = decode(blob)
    if plain.strip() and not _FIRST.match(plain):
        raise Unparsable("the file is not an Erlang term")
    where = ""
    for found in _TERM.finditer(plain):
        name, value = (found[1] or found[2] or "").lstrip("$"), found[3] or ""
        place = replace(at, line=plain.count("\n", 0, found.start()) + 1)
        if found[1] and found[4]:
            where = found[1]
        elif name == "username":
            where = where or value
        elif name == "encrypted_key" or (name == "write_key" and found[4]):
            yield locked(
                "hex.key", place, "passphrase", name, issuer="hex.pm", more={"name": name, "repository": where}
            )
        elif name in _KINDS:
            own = {"name": name, "repository": where}
            yield from token(_KINDS[name], value, place, name, issuer="hex.pm", more=own)


STORE = Store(
    id="hex",
    title="Hex packages (Elixir, Erlang)",
    where=(
        At(root=Root.HOME, glob=".hex/hex.config", env="HEX_HOME"),
        At(root=Root.XDG_CONFIG, glob="hex/hex.config"),
        At(root=Root.XDG_CONFIG, glob="rebar3/hex.config"),
    ),
    yields=("hex.key", "hex.oauth-token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://hexdocs.pm/hex/Mix.Tasks.Hex.User.html",
)
