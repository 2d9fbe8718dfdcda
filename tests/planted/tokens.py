"""Secrets of the shapes that providers give them, made up afresh for every home."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid as _uuid
import zlib
from datetime import UTC, datetime, timedelta

ALNUM = string.ascii_letters + string.digits
_B62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
source = random.Random()
NOW = datetime.now(UTC).replace(microsecond=0)


def seed(value: int) -> None:
    """Begin again, so that a run can be repeated."""
    source.seed(value)


def pick(n: int, alphabet: str = ALNUM) -> str:
    """Return n characters, of which many differ."""
    while True:
        out = "".join(source.choice(alphabet) for _ in range(n))
        if len(set(out)) >= min(6, n, len(alphabet)):
            return out


def hexs(n: int) -> str:
    return pick(n, "0123456789abcdef")


def lower(n: int) -> str:
    return pick(n, string.ascii_lowercase + string.digits)


def letters(n: int) -> str:
    return pick(n, string.ascii_letters)


def upper(n: int) -> str:
    return pick(n, string.ascii_uppercase + string.digits)


def digits(n: int) -> str:
    return source.choice("123456789") + pick(n - 1, string.digits)


def raw(n: int) -> bytes:
    return source.randbytes(n)


def b64(n: int) -> str:
    return base64.b64encode(raw(n)).decode()


def b64u(n: int) -> str:
    return base64.urlsafe_b64encode(raw(n)).decode().rstrip("=")


def uuid() -> str:
    return str(_uuid.UUID(bytes=raw(16), version=4))


def password() -> str:
    return pick(6) + "-" + pick(6) + "." + pick(4, string.digits)


def later(**delta: float) -> datetime:
    return NOW + timedelta(**delta)


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


AHEAD = later(days=30)
PAST = later(days=-30)


def base62(n: int, width: int) -> str:
    out = ""
    while n:
        n, digit = divmod(n, 62)
        out = _B62[digit] + out
    return out.rjust(width, "0")


def checked(prefix: str) -> str:
    """Return a token whose last six characters are a checksum: GitHub's and npm's."""
    body = pick(30)
    return f"{prefix}_{body}{base62(zlib.crc32(body.encode()), 6)}"


def aws_key(prefix: str = "AKIA") -> tuple[str, str]:
    alphabet = string.ascii_uppercase + "234567"
    return prefix + pick(1, "QRSTUVWXYZ") + pick(15, alphabet), pick(40, ALNUM + "+/")


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def jwt(**claims: object) -> tuple[str, str]:
    """Return a signed token, and of it the part that is secret."""
    signature = b64u(256)
    return f"{segment({'alg': 'RS256', 'kid': hexs(16), 'typ': 'JWT'})}.{segment(claims)}.{signature}", signature


def epoch(at: datetime) -> int:
    return int(at.timestamp())


def macaroon(project: str = "") -> tuple[str, str, str]:
    """Return a PyPI token, the UUID that PyPI knows it by, and its secret end."""
    name = uuid()
    caveats = [f'{{"version":1,"permissions":{{"projects":["{project}"]}}}}'.encode()] if project else []
    body = b"\x02\x01\x08pypi.org\x02\x24" + name.encode() + b"\x00"
    for caveat in caveats:
        body += b"\x02" + bytes([len(caveat)]) + caveat + b"\x00"
    body += b"\x00\x06\x20" + raw(32)
    token = "pypi-" + base64.urlsafe_b64encode(body).decode().rstrip("=")
    return token, name, token[-40:]


def google_refresh() -> str:
    return "1//0" + pick(2, string.digits) + pick(60, ALNUM + "-_") + "wF" + pick(30)


def google_access() -> str:
    return "ya29.a0" + pick(180, ALNUM + "-_")


def anthropic(kind: str = "api03") -> str:
    return f"sk-ant-{kind}-{pick(93, ALNUM + '-_')}AA"


def openai() -> str:
    return f"sk-proj-{pick(74, ALNUM + '-_')}T3BlbkFJ{pick(74, ALNUM + '-_')}"


def slack_user() -> str:
    return f"xoxp-{digits(12)}-{digits(12)}-{digits(13)}-{hexs(32)}"


def slack_bot() -> str:
    return f"xoxb-{digits(12)}-{digits(12)}-{pick(24)}"


def github() -> str:
    return checked("ghp")


def gitlab() -> str:
    return "glpat-" + pick(20)


def hf() -> str:
    return "hf_" + letters(34)
