"""Maven's settings: logins of repositories, in clear or encrypted.

What is encrypted is so with a master password that lies beside it, and that one with a constant that everybody knows: as good as plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _settings
from rescind.stores._locked import locked
from rescind.stores._settings import Setting
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_FIELDS = {"server": ("password", "passphrase"), "proxy": ("password",)}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per login of a server or a proxy. Raises `Unparsable` for another file."""
    root = load(blob)
    if root.tag == "settingsSecurity":
        if root.child("master"):
            yield locked("maven.master-password", at, "app", "master")
        return
    if root.tag != "settings":
        raise Unparsable("the file holds no settings of Maven")
    for element in root.walk():
        for field in _FIELDS.get(element.tag, ()):
            yield from _one(element, field, at)
        if element.tag == "properties":
            said = {c.tag.lower(): c.text.strip() for c in element.children}
            held = [Setting((c.tag,), c.text.strip(), said) for c in element.children]
            yield from _settings.findings(held, replace(at, pointer="properties"))
        if element.tag == "server":
            for inner in element.walk():
                if inner.tag == "property" and inner.child("name").lower() in {
                    "authorization",
                    "private-token",
                    "job-token",
                }:
                    value, own = inner.child("value"), {"server": element.child("id"), "name": inner.child("name")}
                    value = value.removeprefix("Bearer ").removeprefix("Basic ")
                    yield from token(
                        "maven.password", value, at, f"{element.child('id')}/header", issuer=own["server"], more=own
                    )


def _one(element: Element, field: str, at: Location) -> Iterator[Finding]:
    value, who, name = element.child(field), element.child("username"), element.child("id") or element.child("host")
    own = {"server": name, "name": field, "host": element.child("host"), "key_file": element.child("privateKey")}
    pointer = f"{element.tag}/{name}/{field}"
    if value.startswith("{") and value.endswith("}"):
        yield locked("maven.password", at, "app", pointer, issuer=name, subject=who, more=own)
    else:
        yield from token("maven.password", value, at, pointer, issuer=name, subject=who, more=own, password=True)


STORE = Store(
    id="maven",
    title="Maven settings",
    where=tuple(
        At(root=Root.HOME, glob=f".m2/{name}") for name in ("settings.xml", "settings-security.xml", "settings.xml.bak")
    ),
    yields=tuple(dict.fromkeys(("maven.password", "maven.master-password", *_settings.KINDS))),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://maven.apache.org/guides/mini/guide-encryption.html",
)
