"""Who may put back what was cut here: the system that is the master of an account. Nothing lasts until it was cut there too.

A provider names it in the attribute `source_of_authority`, or the operator does in the setting of that name of a tenant. The state is then
`contained` at best, and there is a task; only once somebody attested it does the playbook's intended state count as reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rescind.models.credential import Credential, EndState
from rescind.models.run import CredentialResult
from rescind.models.tenant import AUTHORITY

OWNER = "administrator of that system"


def named(c: Credential) -> str:
    """Return what is the master of a credential, empty when its provider is."""
    return c.attributes.get(AUTHORITY, "")


def task(where: str) -> str:
    """Say what has to be done there."""
    return f"Make the same cut at {where}: what is said there may be written over what was done here."


def lasting(r: CredentialResult, c: Credential, attested: Mapping[str, str]) -> CredentialResult:
    """Return a result as it is until its master was told, too: no death, no intended end, and a task."""
    where = named(c)
    if not where or r.end_state is EndState.SKIPPED:
        return r
    told = {"task": task(where), "owner": OWNER, "decide_by": "", "would_break": "", **attested}
    ended = r.end_state in {EndState.DEAD, EndState.CONTAINED, EndState.RESIDUAL, EndState.ACKNOWLEDGED}
    return replace(
        r,
        end_state=EndState.CONTAINED if r.end_state is EndState.DEAD else r.end_state,
        reason=f"{r.reason}; {where} is its source of authority and may put it back" if ended else r.reason,
        as_intended=r.as_intended and bool(attested),
        tasks=(*r.tasks, told),
    )
