"""Sun's keystore format (JKS and JCEKS): aliases, dates and certificate chains are in clear; keys are not.

https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/provider/JavaKeyStore.java
"""

from __future__ import annotations

from dataclasses import dataclass

from rescind.errors import Unparsable
from rescind.stores._epoch import epoch

_JKS, _JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_KEY, _CERTIFICATE, _SECRET = 1, 2, 3
_MANY, _LONG = 2000, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a private key with its chain (DER), a trusted certificate, or a secret key."""

    container: str
    alias: str
    created: str
    key: bool = False
    secret: bool = False
    chain: tuple[bytes, ...] = ()


class _Cut(Exception):
    """The file ends before what it announces."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 4

    def take(self, size: int) -> bytes:
        self.at += size
        if size > _LONG or self.at > len(self.data):
            raise _Cut
        return self.data[self.at - size : self.at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "replace")

    def certificate(self, version: int) -> bytes:
        if version == 2:
            self.text()
        return self.take(self.number())


def read(blob: bytes) -> tuple[list[Entry], str]:
    """Return the entries and what is wrong ("" for nothing). Raises `Unparsable` for what is no such keystore.

    A secret key in JCEKS is a serialised Java object of unknown length: it is named, never read, and what follows it is not seen.
    """
    if blob[:4] not in {_JKS, _JCEKS}:
        raise Unparsable("the file is no keystore")
    container, reader, out = "jks" if blob[:4] == _JKS else "jceks", _Reader(blob), []
    try:
        version, count = reader.number(), reader.number()
        if version not in {1, 2} or count > _MANY:
            raise Unparsable("a keystore of an unknown version")
        for _ in range(count):
            sort, alias = reader.number(), reader.text()
            created = epoch(str(reader.number(8))) or ""
            if sort == _KEY:
                reader.take(reader.number())
                chain = tuple(reader.certificate(version) for _ in range(min(reader.number(), 50)))
                out.append(Entry(container, alias, created, key=True, chain=chain))
            elif sort == _CERTIFICATE:
                out.append(Entry(container, alias, created, chain=(reader.certificate(version),)))
            else:
                out.append(Entry(container, alias, created, secret=sort == _SECRET))
                return out, "" if len(out) == count else "a secret key hides the entries behind it"
    except _Cut:
        return out, "the keystore is cut short"
    return out, ""
