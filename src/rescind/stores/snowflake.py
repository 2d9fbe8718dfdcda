"""Snowflake connections: passwords, programmatic access tokens, client secrets and passphrases by account and user.

A connection with a key file names it; the key itself is found where it lies. SnowSQL has a file of its own, in an older form.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._json import member, pairs, text
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._toml import read

_SECRETS = {
    "password": "snowflake.password",
    "token": "snowflake.token",
    "oauth_client_secret": "file.secret",
    "private_key_passphrase": "file.secret",
    "private_key_raw": "file.secret",
    "private_key": "file.secret",
}
_FACTS = ("role", "warehouse", "database", "authenticator", "private_key_file", "private_key_path", "oauth_client_id")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each connection holds, then raise `Unparsable` for a file that is broken."""
    if "snowsql" in at.path:
        for group in groups(decode(blob), {"password"}):
            values = {k.removesuffix("name"): e.value for k, e in group.items()}
            yield from _connection(next(iter(group.values())).section, values, at)
        return
    document, trouble = read(blob)
    for name, entry in (*pairs(document), *pairs(document, "connections")):
        yield from _connection(name, entry, at)
    if trouble:
        raise Unparsable(trouble)


def _connection(name: str, entry: object, at: Location) -> Iterator[Finding]:
    account, user = text(entry, "account"), text(entry, "user") or text(entry, "username")
    if account == "accountname":  # the example in SnowSQL's own file
        return
    more = {"connection": name, "account": account, **{n: text(entry, n) for n in _FACTS}}
    for key, kind in _SECRETS.items():
        if isinstance(member(entry, key), str):
            own = {**more, "name": key} if kind == "file.secret" else more
            chosen, place = key in {"password", "private_key_passphrase"}, f"{name}/{key}"
            yield from token(kind, text(entry, key), at, place, issuer=account, subject=user, more=own, password=chosen)


_NAMES = ("connections.toml", "config.toml")
STORE = Store(
    id="snowflake",
    title="Snowflake connections",
    where=(
        *(At(root=Root.HOME, glob=f".snowflake/{name}", env="SNOWFLAKE_HOME") for name in _NAMES),
        *(At(root=Root.XDG_CONFIG, glob=f"snowflake/{name}") for name in _NAMES),
        *(At(root=Root.MAC_SUPPORT, glob=f"snowflake/{name}", os=("macos",)) for name in _NAMES),
        *(At(root=Root.LOCALAPPDATA, glob=f"snowflake/{name}", os=("windows",)) for name in _NAMES),
        *(At(root=Root.HOME, glob=glob) for glob in (".snowsql/config", ".snowsql.cnf")),
    ),
    yields=("snowflake.password", "snowflake.token", "file.secret"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.snowflake.com/en/developer-guide/snowflake-cli/connecting/configure-connections",
)
