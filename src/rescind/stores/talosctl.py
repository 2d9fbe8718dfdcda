"""Talos Linux: the client certificate and key by which `talosctl` rules a cluster, for each context."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import contents, finding
from rescind.stores._json import member, pairs, text
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the certificate of each context, then raise `Unparsable` for those that could not be read."""
    trouble = ""
    for document in maps(blob):
        for name, entry in pairs(document, "contexts"):
            try:
                yield from _context(name, entry, replace(at, pointer=f"contexts/{name}"))
            except Unparsable as e:
                trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _context(name: str, entry: object, at: Location) -> Iterator[Finding]:
    parts = [text(entry, part) for part in ("crt", "key") if text(entry, part)]
    if not parts:
        return
    try:
        pem = b"\n".join(base64.b64decode(part, validate=True) for part in parts)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("an embedded certificate or key is not base64") from e
    held, trouble = contents(pem, container=False)
    places = member(entry, "endpoints")
    more = {
        "context": name,
        "endpoints": " ".join(p for p in places[:10] if isinstance(p, str)) if isinstance(places, list) else "",
    }
    for one in held:
        made = finding(one, at)
        yield replace(
            made,
            location=replace(made.location, line=None),
            attributes={**made.attributes, **{k: v for k, v in more.items() if v.isprintable()}},
        )
    if trouble or not held:
        raise Unparsable(trouble or "a context holds no certificate")


STORE = Store(
    id="talosctl",
    title="Talos Linux clusters",
    where=(At(root=Root.HOME, glob=".talos/config", env="TALOSCONFIG"),),
    yields=("x509.client-cert",),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.talos.dev/v1.11/talos-guides/howto/cert-management/",
)
