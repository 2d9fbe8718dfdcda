"""Until when something goes on that was derived from a credential, where another cut reaches it as well.

A kind says in `Residual.hears` which cuts those are: what listens ends so soon after one, what does not (`Residual.deaf`) ends by itself, counted
from the last moment in which it could be made. That is the credential's own cut, or earlier the moment from which its owner's identity,
or the credential itself, was switched off. A cut that came before counts only when nothing could be made any more by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rescind import catalogue
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import EndState
from rescind.models.kind import Kind, Liveness
from rescind.models.run import CredentialResult, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A proven cut: when, within how many seconds it is heard of (None: by nobody), and whether nothing new is made after it."""

    at: datetime
    within: int | None
    stops: bool


def heard(results: dict[str, CredentialResult], now: datetime) -> dict[str, CredentialResult]:
    """Count again what listens to the cuts of its owner's other credentials; what has run out by `now` is dead."""
    before = list(results.values())
    for r in before:
        kind = catalogue.kinds().get(r.kind)
        if kind is None or not kind.residual.hears or r.end_state is not EndState.RESIDUAL:
            continue
        ending = [s for s in _proven(r) if not kind.supports(s.verb) and s.end_state is EndState.RESIDUAL]
        if ending and ending[-1].deaf_until:
            results[r.id] = _counted(r, ending[-1], list(_cuts(r, kind, before)), now)
    return results


def _proven(r: CredentialResult) -> list[Receipt]:
    latest = {s.verb: s for s in r.steps}.values()
    return [s for s in latest if s.liveness is Liveness.DEAD and s.cut_at and not s.reverse]


def _cuts(r: CredentialResult, kind: Kind, results: Iterable[CredentialResult]) -> Iterator[_Cut]:
    hears = kind.residual.hears
    for s in _proven(r):
        if kind.supports(s.verb) and str(s.verb) in hears:
            yield _Cut(at=parse_rfc3339(s.cut_at), within=hears[str(s.verb)], stops=True)
    for other in results:
        theirs = catalogue.kinds().get(other.kind)
        same = (other.provider, other.tenant, other.owner) == (r.provider, r.tenant, r.owner) and other.owner
        if theirs is None or not same or other.id == r.id or not (theirs.identity or other.kind in hears):
            continue
        for s in _proven(other):
            if not theirs.supports(s.verb) or theirs.identity:
                yield _Cut(at=parse_rfc3339(s.cut_at), within=hears.get(other.kind), stops=theirs.identity)


def _counted(r: CredentialResult, ending: Receipt, cuts: list[_Cut], now: datetime) -> CredentialResult:
    own = parse_rfc3339(ending.cut_at)
    life = parse_rfc3339(ending.deaf_until) - own
    stopped = min((c.at for c in cuts if c.stops), default=None)
    ends: list[datetime] = []
    for c in cuts:
        if c.within is None or not (c.at >= own or (stopped is not None and stopped <= c.at)):
            continue
        # what has no end of its own goes on making more until that cut
        made_until = own if r.residual_until else c.at
        last = min(made_until, stopped) if stopped is not None else made_until
        ends.append(max(last + life, c.at + timedelta(seconds=c.within)))
    if not ends:
        return r
    until = min([*ends, *([parse_rfc3339(r.residual_until)] if r.residual_until else [])])
    if until <= now:
        return replace(r, end_state=EndState.DEAD, residual_until="", residual_what="")
    return replace(r, residual_until=rfc3339(until))
