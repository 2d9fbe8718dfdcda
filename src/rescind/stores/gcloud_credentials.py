"""gcloud's own databases: refresh tokens of people, keys of service accounts, and access tokens that live on for up to an hour.

Each file is read in memory. A write-ahead log beside it is already in the bytes that a scan hands in, so that a login of the last
minutes, which gcloud may keep in the log only, is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _google
from rescind.stores._json import load
from rescind.stores._moment import moment
from rescind.stores._sqlite import rows


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each account, then raise `Unparsable` for rows that could not be read; an empty file is a logout."""
    if not blob:
        return
    trouble = ""
    logins = rows(blob, "credentials", ("account_id", "value"))
    tokens = rows(blob, "access_tokens", ("account_id", "access_token", "token_expiry", "id_token"))
    for account, value in logins or ():
        place = replace(at, pointer=f"credentials/{account}")
        try:
            document = load(value.encode("utf-8", "surrogateescape"))
            yield from _google.findings(document, place, account=account.partition("#")[0])
        except Unparsable as e:
            trouble = e.message
    for account, token, expiry, id_token in tokens or ():
        if token:
            place = replace(at, pointer=f"access_tokens/{account}")
            yield _google.access(token, place, account.partition("#")[0], moment(expiry), id_token, {})
    if trouble or logins is tokens is None:
        raise Unparsable(trouble or "the database has no table that gcloud makes")


_FILES = ("credentials.db", "access_tokens.db")
STORE = Store(
    id="gcloud-credentials",
    title="gcloud credential databases",
    where=(
        *(At(root=Root.HOME, glob=f".config/gcloud/{name}", env="CLOUDSDK_CONFIG") for name in _FILES),
        *(At(root=Root.APPDATA, glob=f"gcloud/{name}", os=("windows",), env="CLOUDSDK_CONFIG") for name in _FILES),
    ),
    yields=("oauth.refresh-token", "google.service-account-key", "oauth.access-token"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://cloud.google.com/docs/authentication/gcloud",
)
