"""GitHub tokens: told by their prefix, named by the digest that GitHub's audit log shows, checked by their last six characters."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping

from rescind.models.evidence import Finding, Location
from rescind.stores._sighting import secret_of, sighting

_FORMS = {
    "ghp_": "personal-classic",
    "gho_": "oauth",
    "ghu_": "app-user",
    "ghs_": "app-installation",
    "ghr_": "refresh",
    "github_pat_": "personal-fine-grained",
}
_TOKEN = re.compile(
    r"(gh[pousr]_)(?:[A-Za-z0-9]{36}|[A-Za-z0-9]{76})|(github_pat_)[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"
    r"|(ghs_)[A-Za-z0-9]{1,20}_[A-Za-z0-9_-]{10,8192}\.[A-Za-z0-9_-]{10,8192}\.[A-Za-z0-9_-]{10,4096}"
)
_LONG = 20  # the digest of a shorter value would give it away
_OLD = re.compile(r"[0-9a-f]{40}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def form_of(token: str, host: str = "") -> str:
    """Return what kind of GitHub token a value is by its prefix, "" for no token.

    For a GitHub `host`, 40 hex digits are a token of the form before April 2021.
    https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    if found := _TOKEN.fullmatch(token):
        return _FORMS[found[1] or found[2] or found[3]]
    return "before-2021" if is_github(host) and _OLD.fullmatch(token) else ""


def is_github(host: str) -> bool:
    """Tell whether a host is GitHub's own: github.com and its parts, or an enterprise's `ghe.com` domain."""
    name = host.lower().partition(":")[0]
    return name in {"github.com", "ghcr.io"} or name.endswith((".github.com", ".ghe.com"))


def hashed_token(token: str) -> str:
    """Return base64 of SHA-256 of the token: what `hashed_token` of an organisation's audit log holds, so that its use can be found.

    https://docs.github.com/en/enterprise-cloud@latest/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/identifying-audit-log-events-performed-by-an-access-token
    """
    return base64.b64encode(hashlib.sha256(secret_of(token).reveal_bytes()).digest()).decode()


def checksum(token: str) -> str:
    """Return `ok` or `wrong` for a token of 36 characters after its prefix, as GitHub and npm make them, "" for another form.

    The last six are CRC-32 of the thirty before them in base 62. A wrong one hints at a made-up token, no more: npm and GitHub may
    change how they make theirs.
    """
    body = token.rpartition("_")[2]
    if len(body) != 36 or not body.isascii() or token.startswith("github_pat_"):
        return ""
    number, text = zlib.crc32(body[:30].encode()), ""
    while number:
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return "ok" if body[30:] == text.rjust(6, "0") else "wrong"


def finding(token: str, at: Location, *, host: str, login: str, attributes: Mapping[str, str] | None = None) -> Finding:
    """Return the `github.token` that a value makes; `host` is "" where nothing tells which GitHub it is for.

    Its scopes and its end are known to GitHub alone.
    """
    facts = {"host": host, "login": login, "form": form_of(token, host), "checksum": checksum(token)}
    facts["hashed_token"] = hashed_token(token) if len(token) >= _LONG else ""
    own = is_github(host) and not host.lower().endswith(".ghe.com")
    return sighting(
        "github.token",
        at,
        issuer="github.com" if own else host,
        subject=login,
        secret=token,
        attributes={**(attributes or {}), **facts},
    )
