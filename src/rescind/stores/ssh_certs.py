"""SSH user certificates: short-lived or forgotten, each opens every server that trusts its CA, together with its private key.

The identifier is `<serial>@<CA fingerprint>`; serial 0 means "none given", then `id:<key id, percent-encoded>@…`, and without a
key id `key:<fingerprint of the key>@…`. The whole certificate, which is public, goes along so that its CA's signature can be
checked later. Hosts' certificates are left out: they let nobody in.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._openssh_cert import SUFFIX, finding, read
from rescind.stores._text import decode, lines


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
            yield finding(found, at, number)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="ssh-certs",
    title="SSH user certificates",
    where=(
        *(
            At(root=Root.HOME, glob=g)
            for g in (".ssh/*-cert.pub", ".ssh/*/*-cert.pub", ".step/ssh/*-cert.pub", ".tsh/keys/**/*-cert.pub")
        ),
        At(root=Root.HOME, glob=".ssh/id_*-cert.pub", env="ssh:CertificateFile"),
    ),
    yields=("ssh.user-cert",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys",
)
