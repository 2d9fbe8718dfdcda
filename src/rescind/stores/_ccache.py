"""MIT Kerberos credential cache files, versions 3 and 4: https://web.mit.edu/kerberos/krb5-latest/doc/formats/ccache_file_format.html."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rescind.errors import Unparsable

_MOST = 2000
_CONFIG = "X-CACHECONF:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket. Times are seconds since 1970; `renew_until` is 0 where it cannot be renewed."""

    client: str
    server: str
    realm: str
    begins: int
    ends: int
    renew_until: int
    ticket: bytes = field(repr=False)


class _Cut:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise Unparsable("a credential cache is cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")

    def counted(self) -> bytes:
        return self.take(self.number())

    def principal(self) -> tuple[str, str]:
        self.number()  # name type
        count = self.number()
        if count > 16:
            raise Unparsable("a principal of absurdly many parts")
        realm = self.counted().decode("utf-8", "replace")
        return "/".join(self.counted().decode("utf-8", "replace") for _ in range(count)), realm

    def skip_list(self) -> None:
        for _ in range(self.number()):
            self.number(2)
            self.counted()


def tickets(blob: bytes) -> Iterator[Ticket]:
    """Yield the tickets of a cache, without the configuration entries that stand between them. Raises `Unparsable`."""
    cut = _Cut(blob)
    version = cut.number(2)
    if version not in {0x0503, 0x0504}:
        raise Unparsable("not a credential cache of version 3 or 4")
    if version == 0x0504:
        cut.take(cut.number(2))
    cut.principal()
    for _ in range(_MOST):
        if cut.at == len(blob):
            return
        (client, realm), (server, home) = cut.principal(), cut.principal()
        cut.number(2)  # key type; version 3 has it twice
        if version == 0x0503:
            cut.number(2)
        cut.counted()
        _, begins, ends, renew = cut.number(), cut.number(), cut.number(), cut.number()
        cut.number(1)
        cut.number()
        cut.skip_list()
        cut.skip_list()
        ticket = cut.counted()
        cut.counted()
        if home != _CONFIG:
            yield Ticket(
                client=f"{client}@{realm}", server=server, realm=home, begins=begins, ends=ends, renew_until=renew, ticket=ticket
            )  # fmt: skip
    raise Unparsable("a credential cache of absurdly many tickets")
