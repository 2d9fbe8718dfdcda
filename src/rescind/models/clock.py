"""Time as a value that tests can replace: wall clock in UTC, a monotonic clock, and sleeping."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What needs time takes one of these."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        if seconds > 0:
            time.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 UTC with whole seconds and `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> datetime:
    """Return the moment that RFC 3339 text names, timezone-aware UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a time needs a zone"
        raise ValueError(msg)
    return moment.astimezone(UTC)
