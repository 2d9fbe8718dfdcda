"""JSON Web Tokens: their claims, read without verifying anything and without keeping the signature.

The claims are hostile text like everything else in evidence; they say whom to ask the provider about, never that a token is valid.
https://www.rfc-editor.org/rfc/rfc7519#section-4.1
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from rescind.stores._epoch import epoch

_TOKEN = re.compile(r"([A-Za-z0-9_-]{4,16384})\.([A-Za-z0-9_-]{4,65536})\.[A-Za-z0-9_-]{0,4096}")
_SEALED = re.compile(r"(eyJ[A-Za-z0-9_+/-]{20,8192}={0,2})(?:(?:\.[A-Za-z0-9_-]{0,16384}){4})?")
_URLSAFE = str.maketrans("+/", "-_")
_NAMES = ("jti", "uti", "iss", "sub", "aud", "oid", "tid", "appid", "azp", "client_id", "email", "hd")
_MORE = ("preferred_username", "upn", "scp", "cid", "uid")


def claims(token: str) -> Mapping[str, object]:
    """Return the claims of a token, an empty mapping for text that is no JWT (an encrypted one, of five parts, is none either)."""
    found = _TOKEN.fullmatch(token)
    if not found or not isinstance(_part(found[1]), dict):
        return {}
    payload = _part(found[2])
    return payload if isinstance(payload, dict) else {}


def facts(token: str) -> dict[str, str]:
    """Return the claims that name a token, its issuer, its subject and its client, as text; numbers become text."""
    known = claims(token)
    return {n: _shown(known[n]) for n in (*_NAMES, *_MORE) if n in known}


def expiry(token: str) -> str | None:
    """Return when a token expires (RFC 3339 UTC), None where it does not say.

    AWS says it in the clear head of an encrypted token (CodeArtifact), or beside the payload of one that is no JWT (ECR).
    """
    if sealed := _SEALED.fullmatch(token):
        head = _part(sealed[1])
        return epoch(head.get("exp") or head.get("expiration")) if isinstance(head, dict) else None
    return epoch(claims(token).get("exp"))


def is_sample(token: str) -> bool:
    """Tell whether a token is the one that the debugger at https://jwt.io/ shows to everybody."""
    known = claims(token)
    return known.get("sub") == "1234567890" and known.get("name") == "John Doe"


def _part(text: str) -> object:
    try:
        return json.loads(
            base64.urlsafe_b64decode(text.translate(_URLSAFE).rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
        )
    except (binascii.Error, ValueError, RecursionError):
        return None


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_shown(v) for v in value[:10] if not isinstance(v, list))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
