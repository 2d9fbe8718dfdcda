"""What a provider answered, read carefully: status, JSON, request id, the provider's clock, and the typed error it means."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from rescind.errors import Denied, NotFound, Rejected, Throttled, Unreachable, Unrecognised, redact
from rescind.models.clock import rfc3339

_REQUEST_IDS = (
    "x-request-id",
    "x-github-request-id",
    "x-okta-request-id",
    "request-id",
    "x-amzn-requestid",
    "x-ms-request-id",
    "x-correlation-id",
)
_MESSAGES = ("message", "error_description", "error", "errors", "detail", "errorSummary", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider answered. Header names are lower-case; `json` is None when the body is not JSON.

    `provider_time` is RFC 3339 UTC from `Date`; `detail` is the provider's own words, scrubbed and cut.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    json: Any | None = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str
    provider_time: str
    detail: str = ""

    @property
    def intelligible(self) -> bool:
        """Whether the body is what an API says: empty, JSON, or short plain text; never a web page or cut-off JSON."""
        kind = self.headers.get("content-type", "").lower()
        start = self.body.lstrip()[:1]
        if "html" in kind or start == b"<":
            return False
        return (
            self.json is not None
            or self.body.strip() in {b"", b"null"}
            or ("json" not in kind and start not in {b"{", b"["})
        )


def raise_for(answer: Answer, *, what: str) -> None:
    """Raise the typed error that an answer means; return for a 2xx. `what` says in words what was asked."""
    status, ident = answer.status, answer.request_id
    if 200 <= status < 300:
        return
    said = f"{what}: {status}" + (f" {answer.detail}" if answer.detail else "")
    asked = retry_after(answer)
    if status == 429 or (status == 403 and ((asked is not None and _throttling(answer)) or _over_quota(answer))):
        raise Throttled(said, retry_after=asked, request_id=ident)
    if status in {401, 403}:
        raise Denied(said, request_id=ident)
    if status in {404, 410}:
        raise NotFound(said, status=status, request_id=ident)
    if status >= 500 or status == 408:
        raise Unreachable(said, maybe_sent=True, retry_after=asked, request_id=ident)
    if status >= 400:
        raise Rejected(said, status=status, request_id=ident)
    raise Unrecognised(f"{what}: {status} (a redirect is never followed)", status=status, request_id=ident)


def retry_after(answer: Answer) -> float | None:
    """Return the seconds a provider asked us to wait, or None when it did not say.

    `Retry-After` as seconds or HTTP date, else `X-RateLimit-Reset` / `X-Rate-Limit-Reset` as seconds from now or as an epoch
    (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). Dates count from the provider's clock.
    """
    now = _http_date(answer.headers.get("date", "")) or datetime.now(UTC)
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    when = _http_date(text)
    if when is not None:
        return max(0.0, (when - now).total_seconds())
    if answer.status != 429 and answer.headers.get("x-ratelimit-remaining", "") != "0":
        return None
    reset = answer.headers.get("x-ratelimit-reset") or answer.headers.get("x-rate-limit-reset") or ""
    if not re.fullmatch(r"\d{1,12}(\.\d+)?", reset.strip()):
        return None
    number = float(reset)
    return number if number < 10_000_000 else max(0.0, number - now.timestamp())


def _throttling(answer: Answer) -> bool:
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


_SLOWER = {"userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"}


def _over_quota(answer: Answer) -> bool:
    """Tell whether a 403 is one of those by which Google asks to slow down (https://developers.google.com/admin-sdk/directory/v1/limits)."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    reasons = error.get("errors") if isinstance(error, dict) else None
    return isinstance(reasons, list) and any(isinstance(r, dict) and r.get("reason") in _SLOWER for r in reasons)


def read(response: httpx.Response, body: bytes, scrub: list[str]) -> Answer:
    """Return an answer of which `body` was read; the values in `scrub` never show up in its words or its request id."""
    headers = {k.lower(): v for k, v in response.headers.items()}
    parsed = _json(body)
    ident = next((headers[h] for h in _REQUEST_IDS if headers.get(h)), "")
    if not ident and isinstance(parsed, dict) and isinstance(parsed.get("request_id"), str):
        ident = parsed["request_id"]
    when = _http_date(headers.get("date", ""))
    return Answer(
        status=response.status_code,
        headers=headers,
        json=parsed,
        body=body,
        request_id="" if any(s and s in ident for s in scrub) else re.sub(r"[^\x21-\x7e]", "", ident)[:128],
        provider_time=rfc3339(when) if when else "",
        detail=_said(parsed, scrub),
    )


def _said(parsed: Any, scrub: list[str]) -> str:
    words = "; ".join(_strings(parsed)) if isinstance(parsed, dict) else ""
    for value in sorted(filter(None, scrub), key=len, reverse=True):
        words = words.replace(value, "[redacted]")
    return redact(words, limit=160)


def _strings(parsed: Mapping[str, Any]) -> Iterator[str]:
    for key in _MESSAGES:
        value = parsed.get(key)
        if isinstance(value, dict):
            yield from _strings(value)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item:
                yield item


def _json(body: bytes) -> Any | None:
    try:
        return jsonlib.loads(body) if body.strip() else None
    except (ValueError, RecursionError):
        return None


def _http_date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
