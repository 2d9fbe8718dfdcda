"""Sessions that `aws` and botocore cache after assuming a role or signing in: alive until they expire, whatever happens to the key.

Other JSON in these folders (client registrations, indexes) holds no `Credentials` and yields nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._aws import is_key_id, key_finding
from rescind.stores._json import load, member, text
from rescind.stores._moment import moment


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the one session of a cache file. Raises `Unparsable` for broken JSON and for `Credentials` of an unknown shape."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("a cache file is a JSON object")
    if member(document, "Credentials") is None:
        return
    key_id = text(document, "Credentials", "AccessKeyId")
    if not is_key_id(key_id):
        raise Unparsable("the cached credentials hold no access key id")
    yield key_finding(
        key_id,
        text(document, "Credentials", "SecretAccessKey"),
        replace(at, pointer="/Credentials"),
        account=text(document, "Credentials", "AccountId"),
        arn=text(document, "AssumedRoleUser", "Arn"),
        expires_at=moment(member(document, "Credentials", "Expiration")),
        attributes={
            "role_id": text(document, "AssumedRoleUser", "AssumedRoleId"),
            "provider_type": text(document, "ProviderType"),
        },
    )


STORE = Store(
    id="aws-cli-cache",
    title="AWS CLI and botocore session cache",
    where=(At(root=Root.HOME, glob=".aws/cli/cache/*.json"), At(root=Root.HOME, glob=".aws/boto/cache/*.json")),
    yields=("aws.role-session", "aws.access-key"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/boto/botocore/blob/develop/botocore/credentials.py",
)
