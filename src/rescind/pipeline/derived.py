"""What was derived from a credential keeps it from being over: a parent is at best as dead as what still works below it."""

from __future__ import annotations

from dataclasses import replace

from rescind import catalogue
from rescind.models.credential import EndState
from rescind.models.run import CredentialResult

CUT_NOT_PROVEN = {EndState.ACKNOWLEDGED, EndState.RESIDUAL, EndState.CONTAINED}
_STILL_WORKS = {
    EndState.FAILED,
    EndState.HELD,
    EndState.UNKNOWN,
    EndState.MANUAL,
    EndState.IRREVOCABLE,
    EndState.RESIDUAL,
    EndState.SKIPPED,
}


_LOOKS_ENDED = {EndState.DEAD, *CUT_NOT_PROVEN}


def children(results: dict[str, CredentialResult]) -> dict[str, CredentialResult]:
    """What its provider ends together with its parent, and nobody could end by itself, is in the state of that parent."""
    for child in list(results.values()):
        parent = results.get(child.parent)
        kind = catalogue.kinds().get(parent.kind) if parent else None
        nobody = child.end_state in {EndState.MANUAL, EndState.UNKNOWN} and not child.steps
        if parent is None or kind is None or not kind.covers or not nobody:
            continue
        if parent.end_state in {EndState.DEAD, EndState.RESIDUAL}:
            results[child.id] = replace(
                child,
                end_state=parent.end_state,
                residual_until=parent.residual_until,
                residual_what=parent.residual_what,
                reason=f"it ended with {parent.kind} {parent.identifier}: {parent.reason}",
                verify_method=parent.verify_method,
                tasks=(),
            )
    return results


def parents(results: dict[str, CredentialResult]) -> dict[str, CredentialResult]:
    """A child that may still work makes its parent at best residual, and so on upwards; what is worse stays as it is."""
    waiting = [r.id for r in results.values() if r.end_state in _STILL_WORKS or r.residual_until]
    while waiting:
        child = results[waiting.pop()]
        parent = results.get(child.parent)
        if parent is None or parent.end_state not in _LOOKS_ENDED:
            continue
        until = _last(parent, child)
        if child.end_state not in _STILL_WORKS and parent.end_state is not EndState.DEAD:
            if until != parent.residual_until:  # of a child that is cut, only what it left behind counts
                waiting.append(parent.id)
                results[parent.id] = replace(parent, residual_until=until)
            continue
        if parent.end_state is not EndState.RESIDUAL or until != parent.residual_until:
            waiting.append(parent.id)  # its own parents learn of it too
        elif child.end_state is EndState.RESIDUAL:
            continue
        why = f"{child.kind} {child.identifier} derived from it is {child.end_state}"
        results[parent.id] = replace(
            parent, end_state=EndState.RESIDUAL, residual_until=until, residual_what=why, reason=why, as_intended=False
        )
    return results


def _last(parent: CredentialResult, child: CredentialResult) -> str:
    """Return until when something of both may work, "" where either has no end that is known: then no clock may run down for them."""
    endless = [
        r
        for r, works in ((parent, parent.end_state is EndState.RESIDUAL), (child, child.end_state in _STILL_WORKS))
        if works and not r.residual_until
    ]
    return "" if endless else max(parent.residual_until, child.residual_until)
