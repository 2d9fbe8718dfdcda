"""AppRole logins of Vault and OpenBao that were put into files for an agent: the role's id, and the secret id that goes with it.

A secret id is destroyed by its accessor, which only the server knows; the role's id says for which role to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_WORD = re.compile(r"[A-Za-z0-9_\-.]{8,200}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the id of the file. Anything is such a file: what holds more than one word yields nothing."""
    value = decode(blob).strip()
    if not _WORD.fullmatch(value):
        return
    if "role" in at.path.rpartition("/")[2]:
        yield sighting("vault.approle-secret-id", at, attributes={"role_id": value}, state=State.PUBLIC_ONLY)
    else:
        yield from token("vault.approle-secret-id", value, at, more={"file": at.path.rpartition("/")[2]})


_NAMES = tuple(f"{dot}{prefix}{n}{end}" for dot in ("", ".") for prefix in ("", "vault-", "vault_") for n in ("secret_id", "secret-id", "role_id", "role-id") for end in ("", ".txt"))  # fmt: skip
STORE = Store(
    id="vault-approle",
    title="Vault AppRole logins",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=("node_modules", "site-packages", "vendor")) for name in _NAMES),
        *(
            At(root=Root.SYSTEM, glob=f"etc/{d}/{n}")
            for d in ("vault.d", "vault", "vault-agent", "vault-agent.d", "openbao")
            for n in _NAMES
        ),
    ),
    yields=("vault.approle-secret-id",),
    max_bytes=4 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developer.hashicorp.com/vault/docs/agent-and-proxy/autoauth/methods/approle",
)
