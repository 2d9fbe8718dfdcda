"""The operator's own `ssh-keygen` as a second reader of revocation lists: https://man.openbsd.org/ssh-keygen#KEY_REVOCATION_LISTS.

It only ever sees copies in a folder of its own. Exit codes: 0 nothing is revoked, 1 something is, anything else an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rescind.errors import Rejected, Unreachable
from rescind.providers.ssh import _blob

_SECONDS = 30.0
_CA = re.compile(r"# CA key \S+ (SHA256:\S+)")
_SERIAL = re.compile(r"serial: (\d+)(?:-(\d+))?")


def find() -> str | None:
    """Return the path of ssh-keygen, None where there is none."""
    return shutil.which("ssh-keygen")


@dataclass(slots=True)
class Listing:
    """What ssh-keygen says a list revokes: `serials` by CA fingerprint (ranges), and all other entries as it prints them."""

    serials: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    lines: set[tuple[str, str]] = field(default_factory=set)

    def serial(self, ca: str, lo: int, hi: int) -> bool:
        """Tell whether all serial numbers from `lo` to `hi` are revoked for a CA (ssh-keygen joins what adjoins)."""
        return any(a <= lo and hi <= b for a, b in self.serials.get(ca, []))

    def holds(self, other: Listing) -> bool:
        """Tell whether everything the other list revokes is revoked by this one."""
        return self.lines >= other.lines and all(
            self.serial(ca, lo, hi) for ca, ranges in other.serials.items() for lo, hi in ranges
        )


def _run(program: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.run(
            [program, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"ssh-keygen did not end in {_SECONDS:.0f} s", maybe_sent=False) from None
    except OSError as e:
        raise Unreachable(f"ssh-keygen cannot be run: {e.strerror}", maybe_sent=False) from None


@contextmanager
def _folder() -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="rescind-") as folder:
            yield Path(folder)
    except OSError as e:
        raise Unreachable(f"no place for ssh-keygen to read from: {e.strerror}", maybe_sent=False) from None


def listing(program: str, krl: bytes) -> Listing:
    """Return what ssh-keygen reads in a list. Raises `Rejected` when it cannot read it, as sshd then could not."""
    with _folder() as folder:
        path = folder / "krl"
        path.write_bytes(krl)
        done = _run(program, "-Q", "-l", "-f", str(path))
    if done.returncode:
        raise Rejected("ssh-keygen cannot read the key revocation list", code=str(done.returncode))
    out, ca = Listing(), ""
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\n"):
        if found := _CA.fullmatch(line):
            ca = found[1]
        elif line == "# Wildcard CA":
            ca = "*"
        elif found := _SERIAL.fullmatch(line):
            out.serials.setdefault(ca, []).append((int(found[1]), int(found[2] or found[1])))
        elif line and not line.startswith(("# KRL version", "# Generated at")):
            out.lines.add((ca, line))
    return out


def revoked(program: str, krl: bytes, blob: bytes) -> bool:
    """Ask whether a list revokes a key or certificate. Raises `Rejected` when ssh-keygen cannot say."""
    with _folder() as folder:
        path, pub = folder / "krl", folder / "asked.pub"
        path.write_bytes(krl)
        pub.write_bytes(_blob.line(blob))
        done = _run(program, "-Q", "-f", str(path), str(pub))
    if done.returncode not in {0, 1}:
        raise Rejected("ssh-keygen cannot read the key or the revocation list", code=str(done.returncode))
    return done.returncode == 1


def vouches(program: str, certificate: bytes) -> bool:
    """Ask whether a certificate's signature is its CA's: ssh-keygen loads no other."""
    with _folder() as folder:
        pub = folder / "asked-cert.pub"
        pub.write_bytes(_blob.line(certificate))
        return _run(program, "-L", "-f", str(pub)).returncode == 0
