"""Where `-o` goes: one way to write a file for the operator, and one answer when it cannot be written."""

from __future__ import annotations

from pathlib import Path


def write_output(place: Path, data: bytes) -> None:
    """Replace a file as a whole, for its owner's eyes only. Raises `UsageError`; what was there before is untouched then."""
    from rescind.errors import ProviderError, UsageError
    from rescind.wire.files import write_atomic

    try:
        write_atomic(place, data, mode=0o600)
    except ProviderError as error:
        raise UsageError(
            f"{place}: nothing was written: {error.message}", hint="name another file with -o; nothing else is lost"
        ) from None
