"""Times as tools write them, as RFC 3339 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rescind.models.clock import rfc3339

_EARLIEST, _LATEST = 1990, 2100  # outside of these it is not a time but a mistake, or a trap


def moment(text: object) -> str | None:
    """Return RFC 3339 UTC for ISO 8601 text (`Z`, an offset, the `UTC` suffix of old AWS caches, or none: UTC); else None."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    plain = text.strip()
    plain = plain[:-3].rstrip() + "+00:00" if plain.endswith("UTC") else plain
    try:
        when = datetime.fromisoformat(plain)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return rfc3339(when) if _EARLIEST <= when.year <= _LATEST else None


def rfc822(text: str) -> str | None:
    """Return RFC 3339 UTC for `02 Jan 06 15:04 MST` as Go writes it; None for another text, and for a zone that is only a name."""
    if len(text) > 40:
        return None
    try:
        when = parsedate_to_datetime(text)
        return moment(when.isoformat()) if when.tzinfo else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
