"""openssl's `index.txt`: what an openssl CA says it issued, and the line that marks one as revoked. No I/O.

Six tab-separated fields: status, expiry, revocation time and reason, serial, file, subject in one line
(https://docs.openssl.org/3.0/man1/openssl-ca/, `database`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from rescind.errors import Unrecognised
from rescind.models.clock import rfc3339
from rescind.providers.x509._authority import Issued

_ATTRIBUTE = re.compile(r"/([A-Za-z][A-Za-z0-9.]*)=")


def _moment(text: str) -> str:
    form = "%y%m%d%H%M%SZ" if len(text) == 13 else "%Y%m%d%H%M%SZ"
    return rfc3339(datetime.strptime(text, form).replace(tzinfo=UTC))


def _names(one_line: str) -> tuple[str, ...]:
    # A value may itself hold "/CN=": with two of them the owner stays unproven, as `Issued.owner` wants exactly one.
    parts = _ATTRIBUTE.split(one_line)
    return tuple(_plain(v) for k, v in zip(parts[1::2], parts[2::2], strict=False) if k == "CN" and v)


def _plain(text: str) -> str:
    raw = re.sub(r"\\x([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), text)
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def read(blob: bytes) -> Iterator[Issued]:
    """Yield every certificate of an index. Raises `Unrecognised` with the line number for a line that is not understood."""
    for at, line in enumerate(blob.decode("utf-8", "backslashreplace").split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            status, expiry, revoked, serial, _file, subject = line.rstrip("\r").split("\t")
            if status not in {"V", "R", "E"}:
                raise ValueError  # noqa: TRY301
            yield Issued(
                serial_hex=f"{int(serial, 16):x}",
                subject=subject,
                names=_names(subject),
                not_after=_moment(expiry),
                revoked_at=_moment(revoked.split(",")[0]) if status == "R" else "",
            )
        except ValueError:
            raise Unrecognised(f"line {at} of the CA's index is not understood") from None


def marked(blob: bytes, serial_hex: str, when: datetime, reason: str) -> bytes:
    """Return the index with one serial revoked; every other line stays byte for byte. Unchanged when it is so already."""
    lines = blob.split(b"\n")
    stamp = when.astimezone(UTC).strftime("%y%m%d%H%M%SZ" if when.year < 2050 else "%Y%m%d%H%M%SZ")
    note = f"{stamp},{reason}" if reason != "unspecified" else stamp
    for at, line in enumerate(lines):
        fields = line.split(b"\t")
        if len(fields) != 6 or fields[0] == b"R":
            continue
        try:
            same = int(fields[3], 16) == int(serial_hex, 16)
        except ValueError:
            continue
        if same:
            lines[at] = b"\t".join((b"R", fields[1], note.encode(), *fields[3:]))
    return b"\n".join(lines)
