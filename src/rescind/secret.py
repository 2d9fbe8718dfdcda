"""A raw credential value, held in memory only while it is needed.

`Secret` has no readable repr or str, cannot be pickled, copied into JSON, hashed or compared by value. The only ways out are
`reveal()` (for the call that must present it) and `fingerprint()` (a keyed digest that joins sightings without telling the value).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn


class Secret:
    """One raw value. Two secrets are compared through `same_as`, in constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)

    def reveal(self) -> str:
        """Return the value as text, for the one call that needs it. Never log, store or raise what this returns."""
        return self._value.decode("utf-8", "surrogateescape")

    def reveal_bytes(self) -> bytes:
        """Return the value as bytes, for the one call that needs it."""
        return self._value

    def same_as(self, other: Secret) -> bool:
        """Tell in constant time whether two secrets hold the same bytes."""
        return hmac.compare_digest(self._value, other._value)

    def fingerprint(self, key: bytes) -> str:
        """Return `hmac-sha256:` and 32 hex digits of HMAC-SHA256(key, value): joins sightings, tells nothing without the key."""
        return "hmac-sha256:" + hmac.new(key, self._value, hashlib.sha256).hexdigest()[:32]

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        msg = "a Secret may not be pickled or copied"
        raise TypeError(msg)

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other
