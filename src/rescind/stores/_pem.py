"""PEM blocks in any text: prose around them, several in one file, CRLF, all on one line, or with escaped line ends."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rescind.errors import Unparsable

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9][A-Z0-9 .]{0,60})-----")
_HEADER = re.compile(r"^[ \t]*+([A-Za-z0-9-]{1,40}+): (.*)$", re.MULTILINE)
_MANY = 1000
_LONG = 512 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its label, its line (from 1), the text between its marks; `whole` is False where the end mark is missing."""

    label: str
    line: int
    whole: bool
    text: str = field(repr=False)

    @property
    def encrypted(self) -> bool:
        """Tell whether the block says that its content is encrypted (RFC 1421 header, or PKCS#8 `ENCRYPTED PRIVATE KEY`)."""
        return self.label.startswith("ENCRYPTED ") or "ENCRYPTED" in dict(_HEADER.findall(self.text)).get(
            "Proc-Type", ""
        )

    def body(self) -> bytes:
        """Return the decoded content. Raises `Unparsable` for a cut, huge or malformed block."""
        if not self.whole:
            raise Unparsable(f"a {self.label} block has no end")
        if len(self.text) > _LONG:
            raise Unparsable(f"a {self.label} block is too large to be one")
        try:
            return base64.b64decode("".join(_HEADER.sub("", self.text).split()), validate=True)
        except (binascii.Error, ValueError) as e:
            raise Unparsable(f"a {self.label} block is not base64") from e


def blocks(text: str) -> Iterator[Block]:
    """Yield every block in file order. Raises `Unparsable` after 1000 of them (no key file has as many)."""
    if "-----\\n" in text:
        text = text.replace("\\r", "").replace("\\n", "\n")
    marks = _BEGIN.finditer(text)
    line, counted = 1, 0
    mark = next(marks, None)
    for _ in range(_MANY):
        if mark is None:
            return
        following = next(marks, None)
        limit = following.start() if following else len(text)
        end = text.find(f"-----END {mark[1]}-----", mark.end(), limit)
        line, counted = line + text.count("\n", counted, mark.start()), mark.start()
        yield Block(mark[1], line, end >= 0, text[mark.end() : end if end >= 0 else limit])
        mark = following
    if mark is not None:
        raise Unparsable("more PEM blocks than a key file has")
