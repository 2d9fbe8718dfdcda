"""PlanetScale: the access token of its command line tool where no keychain answered, and a service token by its id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._yaml import maps

_KIND, _ISSUER = "planetscale.token", "planetscale.com"
_WORD = re.compile(r"[!-~]{1,4096}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of the file. Raises `Unparsable` for anything but one word, and for broken YAML."""
    if at.path.endswith(".yml"):
        for document in maps(blob):
            number, more = text(document, "service-token-id"), {"org": text(document, "org"), "form": "service"}
            value = text(document, "service-token")
            yield from token(_KIND, value, at, "service-token", identifier=number, issuer=_ISSUER, more=more)
        return
    plain = decode(blob).strip()
    if not plain:
        yield sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)
    elif not _WORD.fullmatch(plain):
        raise Unparsable("the file holds something other than one token")
    yield from token(_KIND, plain, at, issuer=_ISSUER)


STORE = Store(
    id="planetscale",
    title="PlanetScale CLI",
    where=tuple(At(root=Root.HOME, glob=f".config/planetscale/{name}") for name in ("access-token", "pscale.yml")),
    yields=(_KIND,),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/planetscale/cli/blob/main/internal/config/config.go",
)
