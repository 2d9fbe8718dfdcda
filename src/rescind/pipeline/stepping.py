"""What a step is made of, whichever way it goes: what it shares with its run, its receipt, and what the trail is told before a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rescind.audit.log import AuditLog
from rescind.errors import ProviderError
from rescind.models.clock import Clock, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, Liveness
from rescind.models.plan import Step
from rescind.models.run import Receipt
from rescind.pipeline.people import People
from rescind.pipeline.rotating import Opened
from rescind.pipeline.tenants import Connected, Tenants
from rescind.secret import Secret
from rescind.wire.retry import Retry

SNAPSHOT_SECONDS = 3.0


@dataclass(slots=True)
class Context:
    """What the steps of one run share. `rechecked` remembers for `RECHECK_SECONDS` whose a credential is at its provider.

    `read_secret` reads a value from the evidence again, for kinds that need it; None when it is not there any more.
    `on_call` hears of each call that a provider answered with success, right after it. `hold`: a legal hold is on the case. `answered` holds, by step, what `cut` was
    answered, until `act` makes a receipt of it. `rotations` are the configured ones, by name.
    """

    run: str
    tenants: Tenants
    people: People
    log: AuditLog
    clock: Clock
    read_secret: Callable[[Credential], Secret | None] | None = None
    on_call: Callable[[], None] | None = None
    hold: bool = False
    rotations: Mapping[str, Opened] = field(default_factory=dict)
    answered: dict[str, tuple[CallResult | None, ProviderError | None, int]] = field(default_factory=dict)
    rechecked: dict[str, tuple[float, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def receipt(step: Step, state: EndState, ctx: Context, *, evidence: str, **facts: Any) -> Receipt:
    """Return the receipt of a step as of now."""
    liveness = facts.pop("liveness", Liveness.UNKNOWN)
    return Receipt(
        step=step.id,
        credential=step.credential,
        verb=step.verb,
        reverse=step.reverse,
        end_state=state,
        liveness=liveness,
        evidence=evidence,
        at=rfc3339(ctx.clock.now()),
        **facts,
    )


def intent(step: Step, c: Credential, at: Connected) -> Mapping[str, Any]:
    """Return what the trail is told before a call is made."""
    return {
        "credential": c.id,
        "kind": c.kind,
        "identifier": c.identifier,
        "verb": str(step.verb),
        "tenant": step.tenant,
        "account": at.identity.account,
        "as": at.identity.principal,
        "phase": step.phase,
        **({"reverse": True} if step.reverse else {}),
    }


def snapshot(step: Step, c: Credential, row: Act, at: Connected, ctx: Context) -> None:
    """Record once what is there before the action. A look that fails is recorded too and holds nothing up: the cut comes first.

    It is repeated for a few seconds only. Without it nothing can be put back exactly, so one lost answer must not be the end of it.
    """
    snapshot = row.snapshot
    if snapshot is None or ctx.log.last("snapshot", ctx.run, step.id) is not None:
        return
    look = Retry(ctx.clock, attempts=3, deadline=SNAPSHOT_SECONDS)
    try:
        seen, _ = look.call(lambda: snapshot(at.client, c), repeatable=True)
        facts: Mapping[str, str] = {"before": "known", **seen}
    except ProviderError as error:
        facts = {"before": "unknown", "error": error.message}
    ctx.log.append("snapshot", run=ctx.run, step=step.id, data={"credential": c.id, **facts})
