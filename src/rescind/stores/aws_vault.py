"""aws-vault without a system keychain: access keys, sessions and sign-ins by the names of their profiles, behind one passphrase.

The id of a key is inside of its item, so it is the profile that tells which IAM user to look at.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._filering import item
from rescind.stores._locked import locked

_SESSION = re.compile(r"([^,]{1,60}),([^,]{1,500}),([^,]{0,500}),(\d{9,12})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the item that the file is. Raises `Unparsable` for a file that is none."""
    name, more = item(blob, at)
    if name.startswith("oidc:"):
        yield locked("aws.sso-session", at, "passphrase", issuer=name.removeprefix("oidc:"), more=more)
    elif session := _SESSION.fullmatch(name):
        own = {**more, "call": session[1], "profile": _plain(session[2]), "mfa_serial": _plain(session[3])}
        yield locked(
            "aws.role-session", at, "passphrase", subject=own["profile"], more=own, expires_at=epoch(session[4])
        )
    else:
        yield locked("aws.access-key", at, "passphrase", subject=name, more={**more, "profile": name})


def _plain(encoded: str) -> str:
    """Return what a part of a session's name means; older versions wrote it as it is."""
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return encoded


STORE = Store(
    id="aws-vault",
    title="aws-vault encrypted files",
    where=(At(root=Root.HOME, glob=".awsvault/keys/*", env="AWS_VAULT_FILE_DIR"),),
    yields=("aws.access-key", "aws.role-session", "aws.sso-session"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/99designs/aws-vault/blob/master/USAGE.md#backends",
)
