"""SSH private keys: told by content, not by name, and identified by the fingerprint of their public half.

A key opens whatever lists it in `authorized_keys` or a Git host until it is taken out there; a passphrase only slows a thief.
Encrypted PEM keys hide their public half, so they are gaps. Hardware keys (`sk-`) are of no use without their token.
Keys beside a certificate, outside of `.ssh`, belong to the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._decoys import is_sample_key
from rescind.stores._openssh import Key, read_block, read_ppk
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode


def _finding(key: Key, at: Location, line: int) -> Finding:
    sample = is_sample_key(key.fingerprint)
    state, held = (State.PLACEHOLDER, b"") if sample else (State.LIVE_UNVERIFIED, key.private)
    return sighting(
        "ssh.user-key", at, line=line, identifier=key.fingerprint, secret=held, attributes=key.facts(), state=state
    )


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every key whose public half can be read, then raise `Unparsable` if there was one whose half cannot."""
    text, trouble = decode(blob), ""
    if text.startswith("SSH PRIVATE KEY FILE FORMAT 1.1"):
        raise Unparsable("a key of SSH protocol 1")
    if text.startswith("PuTTY-User-Key-File-"):
        yield _finding(read_ppk(text), at, 1)
    found = [b for b in blocks(text) if b.label.endswith(("PRIVATE KEY", "CERTIFICATE"))]
    beside = any(b.label.endswith("CERTIFICATE") for b in found) and "/.ssh/" not in f"/{at.path}"
    findings: list[Finding] = []
    for block in () if beside else (b for b in found if b.label.endswith("PRIVATE KEY")):
        try:
            findings.append(_finding(read_block(block), at, block.line))
        except Unparsable as e:
            if block.whole and block.encrypted:  # a scan looks for the public half in the `.pub` beside it
                own = {"protected": "yes", "form": block.label}
                findings.append(sighting("ssh.user-key", at, line=block.line, attributes=own))
            else:
                trouble = trouble or e.message
    yield from findings
    if trouble:
        raise Unparsable(trouble)


_LOOSE = tuple(f"{folder}*.{end}" for folder in ("", "Desktop/", "Documents/", "Downloads/") for end in ("pem", "ppk"))
_SKIP = ("node_modules", "site-packages", "vendor", "testdata", "fixtures", "tests", "test", ".cache")
STORE = Store(
    id="ssh-keys",
    title="SSH private keys",
    where=(
        *(At(root=Root.HOME, glob=g) for g in (".ssh/*", ".ssh/*/*", ".ssh/*/*/*", *_LOOSE)),
        *(
            At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP)
            for name in ("id_rsa", "id_ed25519", "id_ecdsa", "id_dsa", "*.ppk")
        ),
        At(root=Root.HOME, glob=".ssh/id_*", env="ssh:IdentityFile"),
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".ollama/id_ed25519",
                ".docker/contexts/tls/*/*/*key.pem",
                ".docker/*key.pem",
                ".docker/machine/*/*/key.pem",
            )
        ),
        At(root=Root.SYSTEM, glob="etc/ssh/ssh_host_*_key"),
        At(root=Root.SYSTEM, glob="ProgramData/ssh/ssh_host_*_key", os=("windows",)),
    ),
    yields=("ssh.user-key",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key",
)
