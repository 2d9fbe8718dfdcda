"""What a scan finds: `Finding` (one sighting), `Gap` (something that could not be read), and where both lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rescind.secret import Secret


class State(StrEnum):
    """What the evidence alone says of a credential. Never a statement about the provider's side."""

    LIVE_UNVERIFIED = "live-unverified"
    EXPIRED = "expired"
    LOGGED_OUT = "logged-out"
    PLACEHOLDER = "placeholder"
    PUBLIC_ONLY = "public-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where something lies: `root` names the evidence root (`home`, `keychain`), `path` is relative to it, as escaped text.

    `line` counts from 1; `pointer` is a JSON pointer, section name or keychain item path; `modified` is RFC 3339 UTC.
    """

    root: str
    path: str
    line: int | None = None
    pointer: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sighting of a credential in one place.

    `identifier` is the provider's own non-secret id ("" when the file holds none, then `secret` identifies through its
    fingerprint). `issuer` (account id, CA name, server address) and `subject` are text from hostile evidence: shown, compared
    with the operator's configuration, never contacted. `candidate` marks a string that could not be identified.
    `example` marks a provider's documentation constant.
    """

    kind: str
    location: Location
    identifier: str = ""
    issuer: str = ""
    subject: str = ""
    secret: Secret | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    expires_at: str | None = None
    state: State = State.LIVE_UNVERIFIED
    candidate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that exists, or should, and could not be read or listed: it stands in the result beside the findings.

    `source` is a store id, `tenant:<name>` or a stage; `reason` is one sentence without hostile or secret text.
    """

    source: str
    reason: str
    path: str = ""
    root: str = ""
