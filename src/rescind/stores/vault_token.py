"""The token that `vault login` and `bao login` leave in the home folder, usable until its lease ends or it is revoked.

The file holds the bare token: neither the server nor the accessor, so the token itself (its fingerprint) is the identity.
`~/.vault` may name a program that keeps the token instead: its name is told, it is never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._decoys import is_placeholder
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import kept
from rescind.stores._vault import form_of

_HELPER = re.compile(r"(?m)^[ \t]{0,20}token_helper[ \t]{0,20}=[ \t]{0,20}\"([^\"\r\n]{0,400}[^\"\s/\\\\])\"")
_WORD = re.compile(r"[!-~]{1,8192}")
_NIL = "00000000-0000-0000-0000-000000000000"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, or the empty file a logout leaves. Raises `Unparsable` for anything but one word."""
    token = decode(blob).strip()
    if helper := _HELPER.search(token):
        program = re.split(r"[/\\]", helper[1].split()[0])[-1]  # its arguments may be secret
        yield kept("vault.token", at, more={"kept_in": "token helper", "helper": program})
    elif at.path.endswith(".vault"):
        return  # a configuration that names no helper
    elif not token:
        yield sighting("vault.token", at, state=State.LOGGED_OUT)
    elif not _WORD.fullmatch(token):
        raise Unparsable("the file holds something other than one token")
    elif token == _NIL or is_placeholder(token):  # `root` and `myroot` are the tokens of throw-away dev servers
        yield sighting("vault.token", at, line=1, state=State.PLACEHOLDER)
    else:
        yield sighting("vault.token", at, line=1, secret=token, attributes={"form": form_of(token, named=True)})


STORE = Store(
    id="vault-token",
    title="Vault and OpenBao CLI token",
    where=(
        At(root=Root.HOME, glob=".vault-token", env="VAULT_TOKEN_PATH"),
        At(root=Root.HOME, glob=".bao-token", env="BAO_TOKEN_PATH"),
        At(root=Root.HOME, glob=".vault", env="VAULT_CONFIG_PATH"),
    ),
    yields=("vault.token",),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developer.hashicorp.com/vault/docs/commands/token-helper",
)
