"""AWS shared credentials and config files: access keys as people paste them, sessions as tools such as saml2aws write them.

An access key here works until somebody deletes it in IAM; a session works until it expires, also after its parent key is gone.
`credential_process` is a command line: it is not a credential and is never run. Keys in comments are on the disk all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, Root, Store
from rescind.stores._aws import arn_of, is_key_id, key_finding
from rescind.stores._decoys import is_placeholder
from rescind.stores._ini import groups
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
_EXPIRY = ("x_security_token_expires", "expiration", "aws_expiration", "aws_session_expiration")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per key id; a secret without an AWS key id becomes `file.secret` (S3-compatible services)."""
    for group in groups(decode(blob), {_ID, _SECRET}):
        values = {k: e.value for k, e in group.items()}
        anchor, key_id, secret = group.get(_ID) or group.get(_SECRET), values.get(_ID, ""), values.get(_SECRET, "")
        if anchor is None:
            continue
        place = replace(at, line=anchor.line, pointer=anchor.section)
        facts = {"profile": anchor.section.removeprefix("profile "), "commented": "yes" if anchor.commented else ""}
        mfa, nth = arn_of(values.get("mfa_serial", ""))[0], str(anchor.nth) if anchor.nth > 1 else ""
        facts |= {"mfa_serial": mfa, "nth": nth}
        if is_key_id(key_id) and (is_placeholder(secret) or not is_placeholder(key_id)):
            expires = next((t for k in _EXPIRY if (t := moment(values.get(k)))), None)
            account = values.get("aws_account_id", "")
            yield key_finding(key_id, secret, place, account=account, expires_at=expires, attributes=facts)
        elif is_placeholder(secret):
            yield sighting("aws.access-key", place, state=State.PLACEHOLDER, attributes=facts)
        else:
            yield sighting("file.secret", place, secret=secret, attributes={**facts, "name": _SECRET})


_ENDS = ("~", ".bak", ".backup", ".old", ".orig", ".save")
STORE = Store(
    id="aws-credentials",
    title="AWS shared credentials and config",
    where=(
        At(root=Root.HOME, glob=".aws/credentials", env="AWS_SHARED_CREDENTIALS_FILE"),
        At(root=Root.HOME, glob=".aws/config", env="AWS_CONFIG_FILE"),
        *(At(root=Root.HOME, glob=f".aws/{name}{end}") for name in ("credentials", "config") for end in _ENDS),
        At(root=Root.HOME, glob=".boto", env="BOTO_CONFIG"),
        At(root=Root.HOME, glob=".aws_credentials", env="AWS_CREDENTIAL_FILE"),
        At(root=Root.SYSTEM, glob="etc/boto.cfg"),
    ),
    yields=("aws.access-key", "aws.role-session", "file.secret"),
    parse=parse,
    since="0.1",
    reference="https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
)
