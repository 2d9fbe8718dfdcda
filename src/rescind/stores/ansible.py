"""Ansible: vaults, the password files that open them, and tokens for Galaxy. A password file beside a vault makes the vault plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._json import text
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token
from rescind.stores._yaml import load

_VAULT = re.compile(r"\$ANSIBLE_VAULT;(1\.\d);(AES256?)(?:;([^\s;]{1,100}))?")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield vaults, passwords and tokens by what the file is. Raises `Unparsable` for a token file of another shape."""
    name, plain = at.path.rpartition("/")[2], decode(blob)
    if name == "galaxy_token":
        for document in load(blob):
            if document and not isinstance(document, dict):
                raise Unparsable("the file is not a YAML map")
            yield from token("ansible.galaxy-token", text(document, "token"), at, "token")
    elif name.endswith(".cfg"):
        known = {(e.section, e.key): e.value for e in entries(plain)}
        for e in entries(plain):
            if e.section.startswith("galaxy_server.") and e.key in {"token", "password", "client_secret"}:
                url, who = known.get((e.section, "url"), ""), known.get((e.section, "username"), "")
                own, place = {"server": e.section, "url": url}, replace(at, line=e.line)
                yield from token("ansible.galaxy-token", e.value, place, e.key, issuer=url, subject=who, more=own)
    elif _VAULT.search(plain):
        yield from _vaults(plain, at)
    elif "pass" in name.lower() and plain.strip() and not plain.startswith("#!"):
        rows = [row for row in lines(plain) if row.strip()]
        if len(rows) == 1:
            yield from token("ansible.vault-password", rows[0].strip(), at, password=True)


def _vaults(plain: str, at: Location) -> Iterator[Finding]:
    for found in [*_VAULT.finditer(plain)][:200]:
        place, own = (
            replace(at, line=plain.count("\n", 0, found.start()) + 1),
            {"vault_id": found[3] or "", "form": found[1]},
        )
        sealed = locked("ansible.vault", place, "passphrase", subject=found[3] or "default", more=own)
        yield replace(sealed, state=State.PUBLIC_ONLY)  # what opens it is a credential; it is none without that


_PLACES = (
    "group_vars/**/*.yml",
    "host_vars/**/*.yml",
    "group_vars/*",
    "host_vars/*",
    "vault.yml",
    "vault.yaml",
    "secrets.yml",
)
_PASSWORDS = (
    ".vault_pass*",
    ".vault-pass*",
    ".vault_password*",
    "vault_pass*.txt",
    "vault-password*",
    ".ansible_vault_pass*",
)
STORE = Store(
    id="ansible",
    title="Ansible vaults and their passwords",
    where=(
        *(At(root=Root.HOME, glob=f".ansible/{n}") for n in ("galaxy_token", "vault_pass*", "vault-pass*")),
        At(root=Root.HOME, glob=".ansible.cfg", env="ANSIBLE_CONFIG"),
        *(At(root=Root.HOME, glob=f"**/{g}") for g in (*_PLACES, *_PASSWORDS, "ansible.cfg")),
        At(root=Root.HOME, glob=".vault_pass", env="ANSIBLE_VAULT_PASSWORD_FILE"),
    ),
    yields=("ansible.vault", "ansible.vault-password", "ansible.galaxy-token", "github.token"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html",
)
