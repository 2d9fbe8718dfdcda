"""Oracle Cloud: the profiles of the CLI, their API keys by fingerprint, and the tokens of browser sign-ins.

The key itself lies in the PEM file that the profile names; its fingerprint is what the user's key is deleted by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as form

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_FACTS = ("user", "tenancy", "region", "key_file", "security_token_file")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key of each profile by its fingerprint, a key file's own, or a session's token."""
    name = at.path.rpartition("/")[2]
    if name == "token":
        yield from token("oci.session-token", decode(blob).strip(), at)
    elif name.endswith(".pem"):
        yield from _keys(blob, at)
    else:
        yield from _profiles(blob, at)


def _keys(blob: bytes, at: Location) -> Iterator[Finding]:
    for block in blocks(decode(blob)):
        if block.label.endswith("PRIVATE KEY") and block.encrypted:
            yield locked("oci.api-key", replace(at, line=block.line), "passphrase")
        elif block.label.endswith("PRIVATE KEY"):
            body = block.body()
            own = _fingerprint(body)
            yield sighting(
                "oci.api-key", at, line=block.line, identifier=own, secret=body, attributes={"fingerprint": own}
            )


def _fingerprint(key: bytes) -> str:
    try:
        private = form.load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
        public = private.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as e:
        raise Unparsable("a private key cannot be read") from e
    return ":".join(f"{b:02x}" for b in hashlib.md5(public).digest())  # noqa: S324 - Oracle's own name for the key


def _profiles(blob: bytes, at: Location) -> Iterator[Finding]:
    for group in groups(decode(blob), ("user", "fingerprint")):
        values = {k: e.value for k, e in group.items()}
        first = next(iter(group.values()))
        own = {"profile": first.section} | {n: values.get(n, "") for n in _FACTS}
        tenancy, user, place = values.get("tenancy", ""), values.get("user", ""), replace(at, line=first.line)
        if fingerprint := values.get("fingerprint", ""):
            state = State.LIVE_UNVERIFIED if len(fingerprint) == 47 else State.PLACEHOLDER
            yield sighting(
                "oci.api-key",
                place,
                pointer=first.section,
                identifier=fingerprint.lower(),
                issuer=tenancy,
                subject=user,
                attributes=own,
                state=state,
            )
        for field in ("pass_phrase", "key_content"):
            secret, pointer = values.get(field, ""), f"{first.section}/{field}"
            more = {**own, "name": field}
            yield from token(
                "file.secret", secret, place, pointer, issuer=tenancy, subject=user, more=more, password=True
            )


_GLOBS = (".oci/*.pem", ".oci/sessions/*/*.pem", ".oci/sessions/*/token")
STORE = Store(
    id="oci-cli",
    title="Oracle Cloud CLI",
    where=(
        *(At(root=Root.HOME, glob=".oci/config", env=name) for name in ("OCI_CLI_CONFIG_FILE", "OCI_CONFIG_FILE")),
        *(At(root=Root.HOME, glob=g) for g in _GLOBS),
    ),
    yields=("oci.api-key", "oci.session-token", "file.secret", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.oracle.com/en-us/iaas/Content/API/Concepts/sdkconfig.htm#File_Entries",
)
