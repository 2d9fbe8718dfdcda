"""Heroku accounts that were put aside under a name. The login in use is in `.netrc` or the system's keychain: stores of their own."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of the account, or its name where the keychain has it. Raises `Unparsable` for what names no user."""
    for document in maps(blob):
        user = text(document, "username") or text(document, ":username")
        value = text(document, "password") or text(document, ":password")
        if not user:
            raise Unparsable("the file names no user")
        more = {"account": at.path.rpartition("/")[2]}
        if value:
            yield from token("heroku.token", value, at, "password", issuer="heroku.com", subject=user, more=more)
        else:
            yield kept("heroku.token", at, issuer="heroku.com", subject=user, more={**more, "kept_in": "keychain"})


STORE = Store(
    id="heroku-accounts",
    title="Heroku CLI accounts",
    where=(
        At(root=Root.XDG_CONFIG, glob="heroku/accounts/*"),
        At(root=Root.HOME, glob=".heroku/accounts/*"),
    ),
    yields=("heroku.token",),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/heroku/cli/blob/main/src/lib/accounts/accounts.ts",
)
