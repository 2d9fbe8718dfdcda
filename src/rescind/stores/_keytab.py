"""The entries of a Kerberos keytab: https://web.mit.edu/kerberos/krb5-devel/doc/formats/keytab_file_format.html."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.stores._epoch import epoch
from rescind.stores._sighting import sighting

_TYPES = {
    1: "des-cbc-crc",
    3: "des-cbc-md5",
    16: "des3",
    17: "aes128",
    18: "aes256",
    19: "aes128-sha2",
    20: "aes256-sha2",
    23: "rc4",
}
_MANY = 2000


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per principal and key version. Raises `Unparsable` for what is no keytab, or after the rest for a cut one.

    https://web.mit.edu/kerberos/krb5-devel/doc/formats/keytab_file_format.html
    """
    if blob[:2] != b"\5\2":
        raise Unparsable("the file is not a keytab of version 2")
    place = 2
    for number in range(_MANY):
        if place + 4 > len(blob):
            return
        size = int.from_bytes(blob[place : place + 4], "big", signed=True)
        entry = blob[place + 4 : place + 4 + abs(size)]
        if len(entry) < abs(size) or size == 0:
            raise Unparsable("a keytab is cut short")
        place += 4 + abs(size)
        if size > 0:
            yield _entry(entry, at, number)


def _entry(entry: bytes, at: Location, number: int) -> Finding:
    cut = _Cut(entry)
    count = cut.number(2)
    realm, *names = (cut.text() for _ in range(min(count, 20) + 1))
    cut.number(4)
    when, version, kind = cut.number(4), cut.number(1), cut.number(2)
    key = cut.bytes()
    version = int.from_bytes(cut.rest[:4], "big") or version if len(cut.rest) >= 4 else version
    principal = f"{'/'.join(names)}@{realm}"
    own = {
        "principal": principal,
        "kvno": str(version),
        "enctype": _TYPES.get(kind, str(kind)),
        "made": epoch(when) or "",
    }
    mine = f"{principal}:{version}:{own['enctype']}"
    return sighting(
        "kerberos.keytab",
        at,
        pointer=str(number),
        identifier=mine,
        issuer=realm,
        subject=principal,
        secret=key,
        attributes=own,
    )


class _Cut:
    """Takes values off the front. Raises `Unparsable` when there are not enough bytes."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def number(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        if size > len(self.rest):
            raise Unparsable("a keytab is damaged")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return int.from_bytes(taken, "big")

    def bytes(self) -> bytes:
        """Return counted bytes."""
        size = self.number(2)
        if size > len(self.rest):
            raise Unparsable("a keytab is damaged")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def text(self) -> str:
        """Return counted text."""
        return self.bytes().decode("utf-8", "replace")
