"""Whether what a run printed of a credential, and what was seen by trying it, are the same truth."""

from __future__ import annotations

from dataclasses import dataclass

from rescind.drill.world import Probe
from rescind.models.credential import EndState
from rescind.models.run import RunResult

CUT = {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED}
LIVE = {EndState.FAILED, EndState.HELD, EndState.SKIPPED}
IDENTITY = "aws.user"
"""What a person's identity can do, in a drill that cuts it and puts it back."""
OTHERS = {"bystander", "responder"}
"""What no run lists as a credential: others' access, and our own."""
COPIES = {"file.secret", "keychain.item", "aws.role-session"}
"""What has gone with something else (a copy, a session of a key) while its issuer was not asked: never to be called dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One credential of the drill: how it answered before and after, what the run says of it, and whether both agree."""

    name: str
    kind: str
    identifier: str
    must: str
    before: str
    after: str
    end_state: str
    ok: bool


def state_of(probe: Probe, result: RunResult) -> str:
    """Return the end state that the run printed for a credential, "" for one that it does not know."""
    for c in result.credentials:
        if c.kind == probe.kind and (not probe.identifier or c.identifier == probe.identifier):
            return str(c.end_state)
    return ""


def agrees(after: str, end_state: str) -> bool:
    """Tell whether a printed state is true of what was seen. A state that claims nothing is never untrue."""
    if end_state in {str(s) for s in CUT}:
        return after.startswith("refused")
    if end_state in {str(s) for s in LIVE}:
        return after == "works"
    return bool(end_state)


def judge(probe: Probe, before: str, after: str, end_state: str, *, trouble: bool = False) -> bool:
    """Tell whether what was tried, what had to be, and what the run printed are the same truth.

    With `trouble` made on purpose a step may fail: then only the agreement counts. A bystander works in any case.
    """
    if before != "works":
        return False  # a credential that never worked proves nothing
    if probe.must == "works":
        if probe.kind == IDENTITY:
            return after == "works" or (trouble and agrees(after, end_state))
        left = EndState.MANUAL if probe.kind in COPIES else EndState.HELD
        return after == "works" and (probe.kind in OTHERS or end_state == left)
    if probe.kind in COPIES:
        return end_state not in {"", EndState.DEAD} and (trouble or after.startswith("refused"))
    if trouble:
        return agrees(after, end_state)
    return after.startswith("refused") and end_state in {str(s) for s in CUT}


def row(probe: Probe, before: str, result: RunResult, *, trouble: bool) -> Row:
    """Try a credential again and compare."""
    state, after = state_of(probe, result), probe.use()
    return Row(
        name=probe.name,
        kind=probe.kind,
        identifier=probe.identifier,
        must=probe.must,
        before=before,
        after=after,
        end_state=state,
        ok=judge(probe, before, after, state, trouble=trouble),
    )
