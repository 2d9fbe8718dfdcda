"""What an owner has got during a rotation that the rotation did not make: whoever held the old one may have made it.

What was there when the successor was minted stands in the intent to mint it, and what this run minted in the trail beside it. Anything else
is never touched by a rotation, and never passed over: it is held for a person's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rescind.audit.log import AuditLog
from rescind.errors import ProviderError, RefusedError
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState, Relation
from rescind.models.evidence import Gap
from rescind.models.kind import Known
from rescind.models.plan import Decision, Plan
from rescind.pipeline.enumerate import Enumerated
from rescind.pipeline.identify import enrich, refusal
from rescind.pipeline.people import People
from rescind.pipeline.plan import DECIDE_WITHIN
from rescind.pipeline.rotating import ROTATION, Opened, listing
from rescind.pipeline.tenants import Connected, Tenants


def strangers(one: Opened, c: Credential, at: Connected, log: AuditLog, run: str) -> Mapping[str, Known]:
    """Return what the owner of a rotated credential has now beside it that this run did not make. Raises typed provider errors."""
    mine = [e.data for e in log.entries(run=run, type="intent") if e.data.get("credential") == c.id]
    minted = [d for d in mine if d.get("part") == "mint"]
    if not minted:
        return {}  # no successor was asked for: the plan's own look has told what is there
    made = {str(e.data.get("new")) for e in log.entries(run=run, type="rotation")}
    known = {c.identifier, *minted[0]["existing"], *made}
    return {name: k for name, k in listing(one.kind, one.row.subject, at).items() if name not in known}


def appeared(
    rows: Mapping[str, Opened], plan: Plan, tenants: Tenants, who: People, log: AuditLog, run: str, now: datetime
) -> Enumerated | None:
    """Look at the owners of all rotations of a run again; None for a run that rotates nothing. What could not be listed is a `Gap`."""
    if not rows:
        return None
    found: dict[str, Credential] = {}
    decided: dict[str, Decision] = {}
    gaps: list[Gap] = []
    for c in plan.credentials:
        one = rows.get(c.attributes.get(ROTATION, ""))
        if one is None:
            continue
        try:
            at = tenants.get(one.row.tenant)
            new = strangers(one, c, at, log, run)
        except (ProviderError, RefusedError) as error:
            why = refusal(error) if isinstance(error, ProviderError) else error.message
            gaps.append(Gap(source=f"rotation:{one.row.name}", reason=f"not looked at again: {why}"))
            continue
        for name, known in new.items():
            blank = Credential(
                kind=one.kind.id, provider=one.kind.provider, identifier=name, relation=Relation.INHERITED
            )
            seen = enrich(blank, known, at, who)
            found[seen.id] = seen
            decided[seen.id] = _held(seen, c, now)
    return Enumerated(
        credentials=tuple(sorted(found.values(), key=lambda c: (c.kind, c.id))),
        candidates=(),
        decided=decided,
        gaps=tuple(gaps),
        accounts={},
        principals={},
    )


def _held(c: Credential, old: Credential, now: datetime) -> Decision:
    return Decision(
        credential=c.id,
        end_state=EndState.HELD,
        reason=(
            f"it appeared while {old.identifier} was rotated, and this run did not make it: whoever held {old.identifier} may have made it "
            f"({c.created_at or 'at an unknown time'})"
        ),
        task="Find out who made it. If nobody says so, end it, and treat the old one as stolen.",
        owner=c.owner,
        decide_by=rfc3339(now + DECIDE_WITHIN),
        would_break="whatever its maker gave it to",
    )
