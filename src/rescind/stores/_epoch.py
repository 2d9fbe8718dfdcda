"""Times that tools write as numbers: seconds or milliseconds since 1970, also as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from rescind.models.clock import rfc3339

_NUMBER = re.compile(r"\d{9,13}(?:\.\d{1,9})?")
_START = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1990 and 2100 in seconds: outside it is no time, or another unit


def epoch(value: object) -> str | None:
    """Return RFC 3339 UTC for seconds or milliseconds since 1970 (told apart by their size), None for anything else."""
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if len(text) > 30 or not _NUMBER.fullmatch(text):
        return None
    seconds = float(text)
    seconds = seconds / 1000 if seconds > _LATEST else seconds
    return rfc3339(_START + timedelta(seconds=int(seconds))) if _EARLIEST <= seconds <= _LATEST else None
