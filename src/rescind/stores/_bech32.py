"""Bech32, the text form of age keys: https://github.com/C2SP/C2SP/blob/main/age.md#x25519-recipient-stanza (BIP 173, any length)."""

from __future__ import annotations

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_TAPS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_LONGEST, _SUM = 4096, 6


def _checksum(prefix: str, digits: list[int]) -> int:
    check = 1
    for value in (*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *digits):
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, tap in enumerate(_TAPS):
            check ^= tap if top >> bit & 1 else 0
    return check


def _regroup(values: list[int], old: int, new: int) -> tuple[list[int], int]:
    out, held, bits = [], 0, 0
    for value in values:
        held, bits = held << old | value, bits + old
        while bits >= new:
            bits -= new
            out.append(held >> bits)
            held &= (1 << bits) - 1
    return out, held << new - bits if bits else -1


def decode(text: str, prefix: str) -> bytes:
    """Return the bytes of a text with that prefix, b"" where it is damaged or another."""
    plain = text.lower()
    if (
        len(plain) > _LONGEST
        or not plain.startswith(f"{prefix}1")
        or not set(plain[len(prefix) + 1 :]) <= set(_LETTERS)
    ):
        return b""
    digits = [_LETTERS.index(c) for c in plain[len(prefix) + 1 :]]
    return bytes(_regroup(digits[:-_SUM], 5, 8)[0]) if _checksum(prefix, digits) == 1 else b""


def encode(data: bytes, prefix: str) -> str:
    """Return the text of bytes."""
    digits, rest = _regroup(list(data), 8, 5)
    digits += [rest] if rest >= 0 else []
    check = _checksum(prefix, [*digits, *[0] * _SUM]) ^ 1
    digits += [check >> 5 * (_SUM - 1 - i) & 31 for i in range(_SUM)]
    return f"{prefix}1" + "".join(_LETTERS[d] for d in digits)
