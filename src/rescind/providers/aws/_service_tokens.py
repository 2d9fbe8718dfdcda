"""Tokens that a service made of a key or session, as CloudTrail shows them being asked for. Nothing lists or ends one; each runs out.

One row for each key that asked, until the last of its tokens runs out: a build machine asks for thousands a day, and what ends them all
is the same. A service weighs a token by the rights that its principal has now, so a deny on that one stops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, Known, Liveness, Observation, Subject
from rescind.providers.aws import _trail
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._held import seen
from rescind.providers.aws._iam import principals
from rescind.providers.aws._signins import who
from rescind.secret import Secret

LONGEST = timedelta(hours=12)


def _of(event: Mapping[str, Any], client: AwsClient, service: str, source: str) -> Known | None:
    name, identity = who(event, client.account), event.get("userIdentity")
    if event.get("eventSource") != source or event.get("errorCode") or not name or not isinstance(identity, Mapping):
        return None
    asked_at, out = _trail.when(str(event.get("eventTime", ""))), event.get("responseElements")
    said = _trail.when(str(out.get("expiration", ""))) if isinstance(out, Mapping) else ""
    until = said or (rfc3339(parse_rfc3339(asked_at) + LONGEST) if asked_at else "")
    key = str(identity.get("accessKeyId", ""))
    return Known(
        identifier=f"{service}:{key or name}",
        issuer=client.account,
        subject=str(identity.get("arn", "")),
        owner=name,
        attributes={"asked_with": key},
        created_at=asked_at or None,
        expires_at=until or None,
        parent=key,
        irrevocable=f"no API ends a token of {source}: it runs out by {until}, or opens nothing once everything is denied to {name}",
    )


def lister(service: str, source: str) -> Callable[[AwsClient, Subject], Iterator[Known | Gap]]:
    """Return what lists the tokens of one service that the person's users and mapped roles asked for in the last 12 hours."""

    def enumerate_(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:
        names, latest = principals(subject.names), dict[str, Known]()
        missed: list[ProviderError] = []
        try:
            asked = _trail.events(client, "EventName", "GetAuthorizationToken", back=LONGEST, missed=missed)
            found = asked if names else ()
            for known in (_of(event, client, service, source) for event in found):
                before = latest.get(known.identifier) if known else None
                if (
                    known
                    and known.owner in names
                    and (not before or (known.expires_at or "") > (before.expires_at or ""))
                ):
                    latest[known.identifier] = known
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"tokens of {source} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
            return
        yield from _trail.unread(client, missed, f"tokens of {source}")
        yield from latest.values()

    return enumerate_


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Raise `NotFound`: a token says of itself neither whose it is nor which one, and no API does."""
    raise NotFound("no API says whose this token is; it runs out within 12 hours of being asked for", code=BY_HAND)


def control(client: AwsClient, credential: Credential) -> Observation:  # noqa: ARG001  there is nothing to look at but the history
    """Show that CloudTrail's history can be read. Raises typed provider errors."""
    return seen(_trail.readable(client), Liveness.LIVE, "LookupEvents answers")
