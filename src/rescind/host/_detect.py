"""The other end of `rescind.host.detector`: a process that holds the engine, reads texts from its input and answers with hits.

It imports nothing of this package, writes nothing but answers (and the engine's compiled rules, where it is given a folder for
them), contacts nobody, and leaves no core behind. A frame is a length of four bytes, then so many bytes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO

_MEMORY = 3 << 30


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
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
    from kingfisher_sdk import Rules, Scanner

    folder = sys.argv[1] if len(sys.argv) > 1 else ""
    kept = "KF_RULE_CACHE_DIR" in os.environ
    scanner = Scanner(Rules(cache_dir=Path(folder)) if folder and not kept else Rules(cache=kept))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _answer(sink, "ready")
    while (text := _frame(source)) is not None:
        hits = [(f.rule_id, f.secret, f.location["line"]) for f in scanner.scan(text, timeout=8.0) if f.visible]
        _answer(sink, hits)


if __name__ == "__main__":
    main()
