"""Passwords that people chose: a weak one looks like a stand-in and is real all the same."""

from __future__ import annotations

from rescind.stores._decoys import is_placeholder, literal

_CUT_OUT = frozenset({"redacted", "removed", "hidden", "masked"})


def is_stand_in(password: str) -> bool:
    """Tell whether a password is a stand-in (`<password>`, `***`, `REDACTED`, `${PASSWORD}`) and not just a poor one (`admin`).

    `$word` is taken for a password: the formats that this is for expand nothing.
    """
    plain = password.strip().strip("\"'")
    chosen = plain.isalnum() and len(set(plain)) > 1 and plain.lower() not in _CUT_OUT
    elsewhere = bool(plain) and not literal(plain) and not plain[1:].isidentifier()
    return elsewhere or (is_placeholder(password) and not chosen)
