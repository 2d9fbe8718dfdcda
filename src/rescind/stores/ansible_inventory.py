"""Passwords of hosts in Ansible inventories, which should be in a vault: the host and the user that each is for are beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_PAIR = re.compile(
    r"(ansible_\w{2,40})[ \t]{0,4}[=:][ \t]{0,4}(?:\"([^\"]{1,300})\"|'([^']{1,300})'|([^\s\"'#]{1,300}))"
)
_SECRET = re.compile(r"ansible_(?:\w{1,20}_)?(?:pass|password|token|private_key_passphrase)")
_HOST = re.compile(r"([\w.\-\[\]:]{1,255})(?:[ \t]|:[ \t]{0,4}\Z)")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each password of a host, INI or YAML; references to a vault are none. Any text is an inventory: nothing is refused."""
    host, known = "", dict[str, str]()
    for number, line in enumerate(lines(decode(blob)), 1):
        pairs = {m[1]: next(filter(None, m.groups()[1:]), "") for m in _PAIR.finditer(line[:4000])}
        named = _HOST.match(line.strip()[:300])
        if named and not line.strip().startswith(("ansible_", "#", "[")):
            host, known = named[1].rstrip(":"), {}
        known |= pairs
        for name, value in pairs.items():
            if _SECRET.fullmatch(name) and not value.startswith(("{{", "!vault", "$")):
                where, who = known.get("ansible_host", host), known.get("ansible_user", "")
                own, place = {"name": name, "host": host}, replace(at, line=number)
                yield from token(
                    "server.password", value, place, name, issuer=where, subject=who, more=own, password=True
                )


_NAMES = (
    "hosts.ini",
    "inventory",
    "inventory.ini",
    "inventory.y*ml",
    "hosts.y*ml",
    "inventory/*",
    "inventories/*/hosts*",
)
STORE = Store(
    id="ansible-inventory",
    title="Passwords in Ansible inventories",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=("node_modules", "site-packages", ".cache")) for name in _NAMES),
        At(root=Root.SYSTEM, glob="etc/ansible/hosts"),
    ),
    yields=("server.password", "github.token"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#connecting-to-hosts-behavioral-inventory-parameters",
)
