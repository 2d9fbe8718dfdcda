"""GNOME keyring files: what is kept in them, by the hashes of its attributes; a keyring without a password lies there in clear.

An encrypted one is only as strong as the login password. Known names are told from their hashes; nothing is decrypted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _forms, _gnome_keyring, _vault_items
from rescind.stores._ini import groups
from rescind.stores._locked import locked
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each item. Raises `Unparsable` for what is no keyring, and after the rest for a cut one."""
    if not blob:
        return
    if blob.startswith(_gnome_keyring.MAGIC):
        name, items, trouble = _gnome_keyring.read(blob)
        for number, attributes in items:
            told = {key: _vault_items.unhashed(value) for key, value in attributes.items()}
            service = next((told[k] for k in ("service", "server", "application") if told.get(k)), "")
            kind, issuer = _vault_items.kind_of(service)
            more = {"keyring": name, "service": service, "schema": told.get("xdg:schema", "")}
            more["attributes"] = " ".join(sorted(attributes))
            yield locked(kind, at, "passphrase", str(number), issuer=issuer, more=more)
        if trouble:
            raise Unparsable(trouble)
        return
    if b"[keyring]" not in blob[:4096]:
        raise Unparsable("the file is no keyring")
    yield from _plain(decode(blob), at)


def _plain(text: str, at: Location) -> Iterator[Finding]:
    """Yield the items of a keyring without a password: `[1]` with name and secret, `[1:attribute0]` with what it is for."""
    sections = {next(iter(g.values())).section: g for g in groups(text, ())}
    for section, group in sections.items():
        secret = group.get("secret")
        if secret is None or not secret.value:
            continue
        pairs = [
            g for s, g in sections.items() if s.startswith(f"{section}:attribute") and "name" in g and "value" in g
        ]
        told = {g["name"].value: g["value"].value for g in pairs}
        service = next((told[k] for k in ("service", "server", "application") if told.get(k)), "")
        kind, issuer = _vault_items.kind_of(service)
        label = group["display-name"].value if "display-name" in group else ""
        user = next((told[k] for k in ("username", "user", "account") if told.get(k)), "")
        more = {"label": label, "service": service, "user": user}
        found = _forms.finding(
            secret.value, replace(at, line=secret.line, pointer=section), more, other=kind, host=issuer
        )
        yield replace(found, subject=found.subject or user)


STORE = Store(
    id="gnome-keyring",
    title="GNOME keyring files",
    where=(
        *(At(root=Root.XDG_DATA, glob=f"keyrings/{n}") for n in ("*.keyring", "login", "default_keyring")),
        *(At(root=Root.HOME, glob=f".gnome2/keyrings/{n}") for n in ("*.keyring", "login")),
    ),
    yields=tuple(dict.fromkeys((*_vault_items.KINDS, *_forms.KINDS))),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://gitlab.gnome.org/GNOME/gnome-keyring/-/blob/master/docs/file-format.txt",
)
