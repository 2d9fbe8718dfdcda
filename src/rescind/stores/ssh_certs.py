"""SSH user certificates: short-lived or forgotten, each opens every server that trusts its CA, together with its private key.

The identifier is `<serial>@<CA fingerprint>`; serial 0 means "none given", then `id:<key id, percent-encoded>@…`, and without a
key id `key:<fingerprint of the key>@…`. The whole certificate, which is public, goes along so that its CA's signature can be
checked later. Hosts' certificates are left out: they let nobody in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from rescind.errors import Unparsable
from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._openssh_cert import SUFFIX, SshCertificate, read
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_LAST = 253402300799  # later means "for ever"


def _moment(seconds: int) -> str | None:
    return rfc3339(datetime.fromtimestamp(seconds, UTC)) if seconds <= _LAST else None


def _finding(found: SshCertificate, at: Location, line: int) -> Finding:
    facts = {
        "type": found.type,
        "serial": str(found.serial),
        "key_id": found.key_id.decode("utf-8", "replace"),
        "principals": ", ".join(found.principals[:20]),
        "key_fingerprint": found.key,
        "ca_fingerprint": found.ca,
        "valid_from": _moment(found.begins) or "",
        "hardware": "yes" if found.type.startswith("sk-") else "",
    }
    seen = sighting(
        "ssh.user-cert",
        at,
        line=line,
        identifier=found.identifier,
        issuer=found.ca,
        subject=facts["key_id"],
        attributes=facts,
        expires_at=_moment(found.ends),
        state=State.PUBLIC_ONLY,
    )
    return replace(seen, attributes={**seen.attributes, "certificate": found.encoded})


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every user certificate, then raise `Unparsable` if there was one that cannot be read."""
    trouble = ""
    for number, text in enumerate(lines(decode(blob)), 1):
        words = text.split(None, 2)
        if len(words) < 2 or not words[0].endswith(SUFFIX):
            continue
        try:
            found = read(words[0], words[1])
        except Unparsable as e:
            trouble = trouble or e.message
            continue
        if found.user:
            yield _finding(found, at, number)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="ssh-certs",
    title="SSH user certificates",
    where=tuple(
        At(root=Root.HOME, glob=g)
        for g in (".ssh/*-cert.pub", ".ssh/*/*-cert.pub", ".step/ssh/*-cert.pub", ".tsh/keys/**/*-cert.pub")
    ),
    yields=("ssh.user-cert",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys",
)
