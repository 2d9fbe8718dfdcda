"""What AWS answers when it does not do what was asked, as rescind's typed errors. Pure: works on names, codes and statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClient",
           "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "MissingAuthenticationToken"}  # fmt: skip
# The codes botocore itself treats as throttling, and IAM's two that say "the same request a little later":
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
_THROTTLED = {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "TooManyRequests",
              "TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded",
              "ConcurrentModification", "EntityTemporarilyUnmodifiable"}  # fmt: skip
_GONE = {"NoSuchEntity", "ResourceNotFound", "ResourceNotFoundException"}
_FAILED = {"ServiceFailure", "InternalFailure", "InternalError", "ServiceUnavailable"}
_NO_IDENTITY = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError", "NoAuthTokenError",
                "MetadataRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "LoginRefreshRequired",
                "LoginInsufficientPermissions", "LoginTokenLoadError", "RefreshWithMFAUnsupportedError"}  # fmt: skip
_NOT_SENT = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
_CUT = {"HTTPClientError", "HTTPError", "OSError", "IncompleteReadError"}


def meta(response: Mapping[str, Any]) -> tuple[int, str, dict[str, str]]:
    """Return HTTP status, request id and lower-case headers of a parsed answer."""
    meta = response.get("ResponseMetadata", {})
    headers = {str(k).lower(): str(v) for k, v in meta.get("HTTPHeaders", {}).items()}
    return (
        int(meta.get("HTTPStatusCode", 0)),
        str(meta.get("RequestId", "") or headers.get("x-amzn-requestid", "")),
        headers,
    )


def moment(text: str) -> datetime | None:
    """Return the moment that an HTTP date names, or None."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    until = moment(text)
    if until is None:
        return None
    return max(0.0, (until - (moment(headers.get("date", "")) or datetime.now(UTC))).total_seconds())


def refusal(operation: str, response: Mapping[str, Any]) -> ProviderError:
    """Return the typed error for an answer that AWS (or something in between) marked as an error."""
    status, rid, headers = meta(response)
    error = response.get("Error", {})
    code = str(error.get("Code", "")).removesuffix("Fault")
    # Only the code: messages of a signature mismatch quote the request, session token included.
    named = re.fullmatch(r"[A-Za-z][A-Za-z.]*", code) is not None and code != "Unknown"
    what = f"{operation} answered {status}" + (f" {code}" if named else " without an AWS error code")
    if code in _THROTTLED or status == 429:
        return Throttled(what, retry_after=_retry_after(headers), request_id=rid)
    if code in _FAILED or status >= 500:
        return Unreachable(what, maybe_sent=True, retry_after=_retry_after(headers), request_id=rid)
    if code in _DENIED or status in {401, 403}:
        return Denied(
            what,
            hint=f"this says nothing of the credential; grant the operator {operation} or renew its own login",
            request_id=rid,
        )
    if code in _GONE or (named and status in {404, 410}):
        return NotFound(what, status=status, code=code, request_id=rid)
    if not named:  # a proxy's or a portal's page, also with status 404: no statement of AWS
        return Unrecognised(what, status=status, request_id=rid)
    return Rejected(what, status=status, code=code, request_id=rid)


def no_answer(error: Exception, operation: str) -> ProviderError:
    """Return the typed error for a call that brought no answer at all. Never quotes the library's text, which quotes requests."""
    name, names = type(error).__name__, {c.__name__ for c in type(error).__mro__}
    if "ParamValidationError" in names:
        return Rejected(f"{operation} was not sent: a value does not fit the API's model", code="ParamValidation")
    if names & _NO_IDENTITY:
        return Denied(
            f"{operation} was not sent: no usable AWS login of the operator ({name})",
            hint="log in, or set profile, role_arn or a key reference",
        )
    if names & _NOT_SENT:
        return Unreachable(f"{operation}: no connection ({name})", maybe_sent=False)
    if "SSLError" in names:
        return Unreachable(
            f"{operation}: no trusted TLS connection; is ca_bundle right?",
            maybe_sent="CERTIFICATE_VERIFY" not in str(error),
        )
    if names & _CUT:
        return Unreachable(f"{operation}: the answer never came ({name})", maybe_sent=True)
    return Unrecognised(f"{operation}: the answer could not be read ({name})")
