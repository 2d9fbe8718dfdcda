"""The other end of `rescind.host.detector`: a process that holds the engine, reads texts from its input and answers with hits.

It imports nothing of this package, writes nothing but answers, contacts nobody, and leaves no core behind. A frame is a length of
four bytes, then so many bytes. A NUL would end the text for the engine, so it ends a line instead.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import BinaryIO

_MEMORY = 3 << 30


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # not every macOS knows this one
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    body = source.read(int.from_bytes(head, "big"))
    return body if len(body) == int.from_bytes(head, "big") else None


def _answer(sink: BinaryIO, value: object) -> None:
    body = json.dumps(value).encode()
    sink.write(len(body).to_bytes(4, "big") + body)
    sink.flush()


def main() -> None:
    """Answer every text with its hits: rule, value and line of each."""
    _limit()
    import betterleaks

    source, sink = sys.stdin.buffer, sys.stdout.buffer
    betterleaks.scan_string("ready")  # its rules are read now
    _answer(sink, "ready")
    while (text := _frame(source)) is not None:
        hits = betterleaks.scan_string(text.decode("utf-8", "replace").replace("\0", "\n"))
        _answer(sink, [(hit.rule_id, hit.match.value, hit.location.start_line) for hit in hits])


if __name__ == "__main__":
    main()
