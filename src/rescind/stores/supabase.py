"""Supabase CLI: its access token where no keychain answered. Else the keychain has it, as `Supabase CLI`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_KIND, _ISSUER = "supabase.token", "supabase.com"
_WORD = re.compile(r"[!-~]{1,4096}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, or a logout for an empty file. Raises `Unparsable` for anything but one word."""
    plain = decode(blob).strip()
    if not plain:
        yield sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)
    elif not _WORD.fullmatch(plain):
        raise Unparsable("the file holds something other than one token")
    more = {"form": "oauth" if plain.startswith("sbp_oauth_") else "personal" if plain.startswith("sbp_") else ""}
    yield from token(_KIND, plain, at, issuer=_ISSUER, more=more)


STORE = Store(
    id="supabase",
    title="Supabase CLI",
    where=(At(root=Root.HOME, glob=".supabase/access-token"),),
    yields=(_KIND,),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.1",
    reference="https://supabase.com/docs/reference/cli/supabase-login",
)
