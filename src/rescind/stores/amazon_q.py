"""Amazon Q and Kiro on the command line: sign-ins to Builder ID or Identity Center in a database, and their client's registration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, text
from rescind.stores._moment import moment
from rescind.stores._sqlite import rows
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each sign-in and registration, then raise `Unparsable` for rows that could not be read."""
    trouble = ""
    for key, value in (rows(blob, "auth_kv", ("key", "value")) if blob else None) or ():
        try:
            yield from _row(key, load(value.encode("utf-8", "surrogateescape")), replace(at, pointer=f"auth_kv/{key}"))
        except Unparsable as e:
            trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _row(key: str, entry: object, at: Location) -> Iterator[Finding]:
    url, until = text(entry, "start_url"), moment(text(entry, "expires_at"))
    more = {"key": key, "region": text(entry, "region"), "start_url": url, "form": "refresh"}
    more["profile_arn"], more["provider"] = text(entry, "profile_arn"), text(entry, "provider")
    refresh, access = text(entry, "refresh_token"), text(entry, "access_token")
    if refresh:
        own = {**more, "access_expires_at": until or ""}
        yield from token("aws.sso-session", refresh, at, issuer=url, more=own)
    elif access:
        yield from token("aws.sso-session", access, at, issuer=url, more={**more, "form": "access"}, expires_at=until)
    secret, client = text(entry, "client_secret"), text(entry, "client_id")
    ends = moment(text(entry, "client_secret_expires_at"))
    yield from token("aws.sso-client", secret, at, identifier=client, issuer=url, more={"key": key}, expires_at=ends)


_FILES = tuple(f"{tool}/data.sqlite3" for tool in ("amazon-q", "kiro-cli"))
STORE = Store(
    id="amazon-q",
    title="Amazon Q and Kiro command line",
    where=(
        *(At(root=Root.XDG_DATA, glob=name) for name in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=name, os=("macos",)) for name in _FILES),
        *(At(root=Root.LOCALAPPDATA, glob=name, os=("windows",)) for name in _FILES),
    ),
    yields=("aws.sso-session", "aws.sso-client"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/aws/amazon-q-developer-cli/blob/main/crates/chat-cli/src/auth/builder_id.rs",
)
