"""Akeyless: the access key of each profile, named by its access id."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key or password of each profile, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    for profile, entry in pairs(document):
        number, host = text(entry, "access_id"), text(entry, "gateway_url").partition("://")[2]
        more = {"profile": profile, "access_type": text(entry, "access_type")}
        issuer, who = host or "akeyless.io", text(entry, "admin_email")
        value, secret = text(entry, "access_key"), text(entry, "admin_password")
        yield from token(
            "akeyless.access-key", value, at, f"{profile}/access_key", identifier=number, issuer=issuer, more=more
        )
        place = f"{profile}/admin_password"
        yield from token("akeyless.password", secret, at, place, issuer=issuer, subject=who, more=more, password=True)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="akeyless",
    title="Akeyless CLI",
    where=(At(root=Root.HOME, glob=".akeyless/profiles/*.toml"),),
    yields=("akeyless.access-key", "akeyless.password"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.akeyless.io/docs/cli-reference",
)
