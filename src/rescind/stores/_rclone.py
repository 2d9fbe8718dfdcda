"""What a remote of rclone keeps: OAuth tokens, access keys, obscured passwords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.stores import _google
from rescind.stores._aws import account_of
from rescind.stores._ini import Entry, groups
from rescind.stores._json import load, text
from rescind.stores._locked import locked
from rescind.stores._moment import moment
from rescind.stores._text import decode
from rescind.stores._token import token

_ISSUERS = {
    "drive": "https://accounts.google.com",
    "gcs": "https://accounts.google.com",
    "google photos": "https://accounts.google.com",
}
_ISSUERS |= {
    "onedrive": "https://login.microsoftonline.com",
    "dropbox": "https://api.dropboxapi.com",
    "box": "https://api.box.com",
}
_OBSCURED = {"pass", "password", "password2", "key_file_pass", "api_password", "library_key", "mailbox_password"}
_NAMES = (
    "user",
    "username",
    "account",
    "client_id",
    "team_drive",
    "host",
    "url",
    "endpoint",
    "access_key_id",
    "region",
    "provider",
)
_PLAIN = {
    "client_secret",
    "secret_access_key",
    "key",
    "api_key",
    "bearer_token",
    "sas_url",
    "service_principal_file",
    "access_token",
}
_PLAIN |= {"token_secret", "application_credential_secret", "private_key", "key_pem", "auth_token", "app_password"}


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret of a remote, then raise `Unparsable` for a token that cannot be read."""
    plain, trouble = decode(blob), ""
    if "RCLONE_ENCRYPT_V0:" in plain[:4096]:
        yield locked("rclone.remote", at, "passphrase")
        return
    for group in groups(plain, ("type",)):
        first = next(iter(group.values()))
        values = {k: e.value for k, e in group.items()}
        own = {"remote": first.section, "type": values.get("type", "")} | {n: values.get(n, "") for n in _NAMES}
        if "token" in group:
            try:
                yield from _oauth(group["token"], own, at)
            except Unparsable:
                trouble = "the token of a remote is not JSON"
        for name, entry in group.items():
            place, pointer = replace(at, line=entry.line), f"{first.section}/{name}"
            yield from _other(name, entry, own, place, pointer)
    if trouble:
        raise Unparsable(trouble)


def _other(name: str, entry: Entry, own: Mapping[str, str], place: Location, pointer: str) -> Iterator[Finding]:
    who, where = (
        own["user"] or own["username"] or own["account"],
        own["host"] or own["url"] or own["endpoint"] or own["type"],
    )
    more = {**own, "name": name, "commented": "yes" if entry.commented else ""}
    if name in _OBSCURED and entry.value:
        yield locked("rclone.remote", place, "app", pointer, issuer=where, subject=who, more=more)
    elif name == "secret_access_key" and (account := account_of(own["access_key_id"])):
        key = own["access_key_id"]
        yield from token("aws.access-key", entry.value, place, pointer, identifier=key, issuer=account, more=more)
    elif name == "secret_access_key":
        key = own["access_key_id"]
        yield from token(
            "rclone.remote", entry.value, place, pointer, identifier=key, issuer=where, subject=who, more=more
        )
    elif name == "key" and own["type"] in {"azureblob", "azurefiles"}:
        yield from token("azure.storage-key", entry.value, place, pointer, issuer=own["account"], more=more)
    elif name == "service_account_credentials":
        yield from _account(entry, more, replace(place, pointer=pointer))
    elif name in _PLAIN:
        yield from token("rclone.remote", entry.value, place, pointer, issuer=where, subject=who, more=more)


def _account(entry: Entry, more: Mapping[str, str], at: Location) -> Iterator[Finding]:
    """Yield the key of a service account that was written into the file whole; as a secret of the file where it is no such key."""
    try:
        yield from _google.findings(
            load(entry.value.encode("utf-8", "surrogateescape")), at, more={"remote": more["remote"]}
        )
    except Unparsable:
        yield from token("file.secret", entry.value, at, more=more)


def _oauth(entry: Entry, own: Mapping[str, str], at: Location) -> Iterator[Finding]:
    document = load(entry.value.encode("utf-8", "surrogateescape"))
    until, place = moment(text(document, "expiry")), replace(at, line=entry.line)
    refresh, access = text(document, "refresh_token"), text(document, "access_token")
    kind, value = ("oauth.refresh-token", refresh) if refresh else ("oauth.access-token", access)
    more, end = {**own, "access_expires_at": until or ""}, None if refresh else until
    issuer, pointer = _ISSUERS.get(own["type"], own["url"] or own["type"]), f"{own['remote']}/token"
    yield from token(kind, value, place, pointer, issuer=issuer, subject=own["user"], more=more, expires_at=end)
