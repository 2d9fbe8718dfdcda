"""Keygrips: the name that GnuPG's agent gives a key, and its file in `private-keys-v1.d`, computed from the public half alone.

https://github.com/gpg/libgcrypt/blob/master/cipher/ecc.c (`compute_keygrip`, and its like in `rsa.c`, `dsa.c`, `elgamal.c`)
"""

from __future__ import annotations

import hashlib

_P25519 = 2**255 - 19
_N25519 = 2**252 + 27742317777372353535851937790883648493
_NIST = {
    "2a8648ce3d030107": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "2b81040022": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    "2b81040023": (
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
        0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
        0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    ),
}
_ED25519, _CV25519 = "2b06010401da470f01", "2b060104019755010501"
CURVES = {
    _ED25519: "ed25519",
    _CV25519: "cv25519",
    "2a8648ce3d030107": "nistp256",
    "2b81040022": "nistp384",
    "2b81040023": "nistp521",
    "2b8104000a": "secp256k1",
    "2b2403030208010107": "brainpoolP256r1",
    "2b240303020801010b": "brainpoolP384r1",
    "2b240303020801010d": "brainpoolP512r1",
    "2b6571": "ed448",
    "2b656f": "cv448",
}
"""The names that gpg shows, by the OID's content in hex."""


def of_numbers(names: str, values: list[bytes]) -> str:
    """Return the keygrip of an RSA (`names` "n"), DSA ("pqgy") or ElGamal ("pgy") key from its big-endian numbers."""
    plain = [_signed(v) for v in values]
    if names == "n":
        return hashlib.sha1(plain[0]).hexdigest().upper()  # noqa: S324 - a name, no protection
    return _digest(list(zip(names, plain, strict=True)))


def of_point(curve: str, point: bytes) -> str:
    """Return the keygrip of an elliptic-curve key, "" for a curve whose constants are not kept here. `curve` is its OID in hex."""
    if curve in _NIST:
        prime, b, x, y, order = _NIST[curve]
        numbers = [prime, prime - 3, b]
    elif curve == _ED25519:
        x = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
        y, order = 0x6666666666666666666666666666666666666666666666666666666666666658, _N25519
        numbers = [_P25519, 1, 0x2DFC9311D490018C7338BF8688861767FF8FF5B2BEBE27548A14B235ECA6874A]
    elif curve == _CV25519:
        x, y, order = 9, 0x20AE19A1B8A086B4E01EDD2C7748D14C923D4D7E6D7C61B229E9C5A27ECED3D9, _N25519
        numbers = [_P25519, 0x01DB41, 1]
    else:
        return ""
    size = (numbers[0].bit_length() + 7) // 8
    base = b"\x04" + x.to_bytes(size, "big") + y.to_bytes(size, "big")
    own = point[1:] if curve in {_ED25519, _CV25519} and point[:1] == b"\x40" else point
    parts = [_bytes(n) for n in numbers]
    return _digest(list(zip("pabgnq", [*parts, base, _bytes(order), own], strict=True)))


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _signed(number: bytes) -> bytes:
    plain = number.lstrip(b"\0")
    return b"\0" + plain if plain[:1] >= b"\x80" else plain


def _digest(parts: list[tuple[str, bytes]]) -> str:
    whole = b"".join(f"(1:{name}{len(value)}:".encode() + value + b")" for name, value in parts)
    return hashlib.sha1(whole).hexdigest().upper()  # noqa: S324 - a name, no protection
