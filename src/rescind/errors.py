"""Every exception rescind raises, each with its hint and its exit code.

::

    RescindError                     1  internal
    ├── UsageError                   2  something the operator gave cannot be used
    │   ├── PlaybookError            2    a playbook (file, line, column)
    │   ├── ConfigError              2    rescind.toml
    │   └── EvidenceError            2    evidence that cannot be read at all
    ├── RefusedError                 3  a guard, an approval, a changed plan, a tenant that is not the one named
    ├── ProviderError                4  a provider did not do or did not say what was asked
    │   ├── Denied                   4    401, 403: says nothing about the credential
    │   ├── Throttled                4    429 and its relatives; carries `retry_after` seconds
    │   ├── Unreachable              4    no answer, or 5xx; `maybe_sent` tells whether it may have acted
    │   └── Rejected                 4    a definite no; carries `status` and the provider's `code`
    │       ├── NotFound             4      404 and its relatives: not yet proof of absence
    │       └── Unrecognised         4      an answer that could not be understood
    ├── EngineError                  1  the durable engine
    └── AuditError                   6  the trail does not check

Exit codes 4, 5 and 7 of a finished run are computed from its end states, not raised (see `rescind.pipeline.report`).
No message ever contains a credential: provider text goes through `redact` before it is stored here.
"""

from __future__ import annotations

import re

_TOKENISH = re.compile(r"[A-Za-z0-9+/=_.\-]{24,}")
_KEPT = re.compile(r"^(AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}$|^arn:|^[a-z][a-z0-9._-]*$|^[A-Z][A-Za-z]+$")


def redact(text: str, *, limit: int = 300) -> str:
    """Return provider or parser text with everything token-shaped replaced, control characters escaped, and cut to `limit`."""
    shown = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    shown = _TOKENISH.sub(lambda m: m.group() if _KEPT.match(m.group()) else "[redacted]", shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class RescindError(Exception):
    """What happened, and what to do next. `exit_code` is the process's answer when nobody handles it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RescindError):
    """Something the operator gave cannot be used."""

    exit_code = 2


class PlaybookError(UsageError):
    """A playbook is wrong; the message names file, line and column."""


class ConfigError(UsageError):
    """`rescind.toml` is wrong or unsafe."""


class EvidenceError(UsageError):
    """The evidence cannot be read at all (what is readable in part becomes a `Gap` instead)."""


class RefusedError(RescindError):
    """Refused on purpose: a guard, a missing approval, a changed plan, a tenant that is not the one named."""

    exit_code = 3


class ProviderError(RescindError):
    """A provider did not do, or did not say, what was asked. `request_id` is the provider's own, when it gave one.

    `attempts` and `maybe_sent` (this or an earlier attempt may have acted) are set by `rescind.wire.retry`.
    """

    exit_code = 4
    attempts: int = 1
    maybe_sent: bool = False

    def __init__(self, message: str, *, hint: str = "", request_id: str = "") -> None:
        super().__init__(redact(message), hint=hint)
        self.request_id = request_id


class Denied(ProviderError):
    """401 or 403 for the operator's identity. Says nothing about the credential in question."""


class Throttled(ProviderError):
    """The provider asked to slow down. `retry_after` is in seconds (None when it did not say)."""

    def __init__(self, message: str, *, retry_after: float | None = None, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.retry_after = retry_after


class Unreachable(ProviderError):
    """No answer, a cut connection, or a 5xx. `maybe_sent` is True when the provider may have acted."""

    def __init__(
        self, message: str, *, maybe_sent: bool, retry_after: float | None = None, request_id: str = ""
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.maybe_sent = maybe_sent
        self.retry_after = retry_after


class Rejected(ProviderError):
    """A definite refusal of this request: `status` is the HTTP status (0 when there is none), `code` the provider's word."""

    def __init__(self, message: str, *, status: int = 0, code: str = "", request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.status = status
        self.code = code


class NotFound(Rejected):
    """The provider does not show such an object. Proof of absence only beside a control read in the same scope and run."""


class Unrecognised(Rejected):
    """An answer that could not be understood (HTML, broken JSON, a status nobody documented)."""


class EngineError(RescindError):
    """The durable engine could not start, or another process holds it."""


class AuditError(RescindError):
    """The audit trail does not check, or cannot be written. Nothing is done at a provider without it."""

    exit_code = 6


class Unparsable(RescindError):
    """Raised by store parsers for bytes they do not understand; the scan turns it into a `Gap`. Never quotes the bytes."""
