"""Until when something goes on that was derived from a credential, where another cut reaches it as well.

A kind says in `Residual.hears` which cuts those are: what listens ends so soon after one, what does not (`Residual.deaf`) ends by itself, counted
from the last moment in which it could be made. That is the credential's own cut, or earlier the moment from which its owner's identity,
or the credential itself, was switched off. A cut that came before counts only when nothing could be made any more by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rescind import catalogue
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Kind, Liveness, Verb
from rescind.models.run import CredentialResult, Receipt


def shortened(c: Credential, ending: Receipt, helping: Sequence[Receipt]) -> Receipt:
    """Apply a proven supporting step to the residual clock of the step that ended the credential."""
    kind = catalogue.kinds().get(c.kind)
    if kind is None or ending.end_state is not EndState.RESIDUAL or not ending.cut_at:
        return ending
    # Until the helping step took hold, what was derived could still derive more: the smaller bound counts from the later cut. Only a
    # deny stops the credential itself as well, so that nothing is derived after it whenever the credential is ended.
    shorter = [
        parse_rfc3339(h.residual_until)
        if h.residual_until  # the look at the helping step says what this tenant makes of the bound
        else max(map(parse_rfc3339, [h.cut_at or h.at, *([] if h.verb is Verb.DENY else [ending.cut_at])]))
        + timedelta(seconds=kind.residual.shortened_by[h.verb])
        for h in helping
        if h.liveness == "dead" and h.verb in kind.residual.shortened_by
    ]
    return replace(ending, residual_until=min([ending.residual_until, *map(rfc3339, shorter)]))


def alone(c: Credential, help_: Receipt) -> Receipt:
    """Give a helping step that nothing followed the clock of what it leaves: the credential itself is not ended by it."""
    kind = catalogue.kinds().get(c.kind)
    seconds = kind.residual.shortened_by.get(help_.verb, 0) if kind and help_.liveness == "dead" else 0
    if not kind or not seconds or help_.residual_until:
        return help_
    until = parse_rfc3339(help_.cut_at or help_.at) + timedelta(seconds=seconds)
    return replace(help_, residual_until=rfc3339(until), residual_what=kind.residual.what)


def until_when(c: Credential, state: EndState, receipt: Receipt | None, now: datetime) -> tuple[str, str]:
    """Return until when something of it works, and what: an irrevocable one itself, of a cut one what was derived from it."""
    if state is EndState.IRREVOCABLE:
        return c.expires_at or "", "the credential itself"
    until = receipt.residual_until if receipt and state in {EndState.RESIDUAL, EndState.CONTAINED} else ""
    if receipt is None or (until and parse_rfc3339(until) <= now):
        return "", ""
    return until, receipt.residual_what if until or state is EndState.RESIDUAL else ""


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
