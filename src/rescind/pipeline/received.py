"""The responder's side of check-ins: which one counts, which are refused, and what is not known since.

Everything in a sink may have been written by whoever has the machine, or by others: only what the enrolled key signed counts, in the
order of its numbers, and a number that was seen once may not be taken back. What is refused, missing or older than before is a gap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from rescind.errors import EvidenceError, NotFound, ProviderError
from rescind.models.checkin import Enrolled, Envelope, Sink
from rescind.models.clock import Clock, parse_rfc3339, rfc3339
from rescind.models.credential import Credential, Inventory, Relation
from rescind.models.evidence import Gap, State
from rescind.pipeline import envelope as envelopes
from rescind.pipeline.arrivals import SKEW, arrivals, before, doubts
from rescind.wire.files import write_atomic

SOURCE = "checkin"
SEEN = "checkins-seen.json"
MOST, MOST_TRIED, MOST_TOLD = 200, 2000, 20
"""The newest so many that count are read; a whole inventory is sent at least every week. Who floods the sink is told of, not believed."""
MOST_EARLIER = 8
_THERE = b"-"
_NAME = re.compile(r"(\d{15})-[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The check-in to work from: the whole inventory, the newest sign that it still held, and what is not known.

    `earlier` names whole inventories before it, newest first: what they held and this one does not was removed, or is being hidden.
    """

    full: Envelope
    newest: Envelope
    gaps: tuple[Gap, ...]
    earlier: tuple[str, ...] = ()


def _gap(reason: str) -> Gap:
    return Gap(source=SOURCE, reason=reason)


def fetch(sink: Sink, workstation: str, name: str, enrolled: Enrolled) -> Envelope:
    """Return one stored check-in if the enrolled key signed it under that name. Raises `EvidenceError` or a `ProviderError`."""
    found = envelopes.read(sink.get(workstation, name, envelopes.MAX_BYTES), enrolled.key)
    if found.workstation != workstation:
        raise EvidenceError("it is of another machine")
    if envelopes.file_name(found) != name:
        raise EvidenceError(f"it is number {found.number} under the name of another")
    return found


def _newest(sink: Sink, workstation: str, enrolled: Enrolled, gaps: list[Gap], lost_at: str) -> list[Envelope]:
    """Return the acceptable check-ins, newest first, down to where a whole inventory can be found; without their payloads."""
    try:
        names = sorted(sink.names(workstation), reverse=True)
    except NotFound:
        names = []
    named = [n for n in names if _NAME.fullmatch(n)]
    if strange := len(names) - len(named):
        gaps.append(_gap(f"{strange} in the sink are not named like a check-in"))
    good: list[Envelope] = []
    refused: list[Gap] = []
    tried = 0
    for name in named[:MOST_TRIED]:
        if sum(not lost_at or e.at <= lost_at for e in good) >= MOST:
            break
        tried += 1
        try:
            found = fetch(sink, workstation, name, enrolled)
            good.append(
                replace(found, payload=_THERE if found.payload else b"")
            )  # all of them at once may be gigabytes
        except EvidenceError as error:
            refused.append(_gap(f"a check-in of {workstation} was refused ({name}): {error.message}"))
        except ProviderError as error:
            refused.append(_gap(f"a check-in of {workstation} could not be read ({name}): {error.message}"))
    if tried == MOST_TRIED < len(named):
        gaps.append(
            _gap(f"only the newest {tried} of {len(named)} were looked at: move away what is not of {workstation}")
        )
    gaps += refused[:MOST_TOLD]
    if more := len(refused) - MOST_TOLD:
        gaps += [_gap(f"{more} more check-ins of {workstation} were refused or could not be read")] if more > 0 else []
    return sorted(good, key=lambda e: e.number, reverse=True)


def _chain(good: list[Envelope], gaps: list[Gap]) -> None:
    """Report numbers that are missing, that stand for two contents, and links that do not hold."""
    for later, earlier in pairwise(good):
        if later.number == earlier.number:
            gaps.append(_gap(f"number {later.number} was signed twice: another copy of the machine may be at work"))
        elif later.number != earlier.number + 1:
            gaps.append(_gap(f"check-ins {earlier.number + 1} to {later.number - 1} are missing"))
        elif later.previous != earlier.digest:
            gaps.append(
                _gap(f"check-in {later.number} does not follow {earlier.number}: one of them is not what was sent")
            )
        elif later.at < earlier.at:
            gaps.append(
                _gap(f"check-in {later.number} says an earlier time than {earlier.number}: a clock was set back")
            )


def choose(
    sink: Sink, workstation: str, enrolled: Enrolled, *, state_dir: Path, clock: Clock, lost_at: str = ""
) -> Received:
    """Return the last check-in before the loss (the very last one, where that is not known). Raises `EvidenceError` if none counts."""
    gaps: list[Gap] = []
    good = _newest(sink, workstation, enrolled, gaps, lost_at)
    _chain(good, gaps)
    highest = _seen(state_dir).get(workstation, 0)
    if highest and (not good or good[0].number < highest):
        gaps.append(_gap(f"check-in {highest} was accepted here before and is not in the sink any more"))
    told = arrivals(sink, workstation)
    usable, said = before(good, lost_at, rfc3339(clock.now() + SKEW), told)
    gaps += [_gap(reason) for reason in said]
    if after := len(good) - len(usable):
        gaps.append(_gap(f"{after} made after the loss were not used: whoever has the machine could have shaped them"))
    newest = usable[0] if usable else None
    full = next((e for e in usable if e.payload and newest and e.inventory == newest.inventory), None)
    if full is None and newest is not None:
        gaps.append(
            _gap(f"the inventory that check-in {newest.number} speaks of is not in the sink; an older one is used")
        )
        full = newest = next((e for e in usable if e.payload), None)
    if newest is None or full is None:
        why = "; ".join(g.reason for g in gaps[:3]) or "the sink holds nothing of it"
        raise EvidenceError(f"no check-in of {workstation} can be used: {why}", hint="give --target or --inventory")
    gaps.append(_gap(_age(newest, clock, lost_at)))
    gaps += [_gap(reason) for reason in doubts(told, {newest.number: newest, full.number: full}.values())]
    if not lost_at:
        gaps.append(_gap("when the machine was lost is not known (--lost-at): who has it may have shaped what it says"))
    full = fetch(sink, workstation, envelopes.file_name(full), enrolled)
    earlier = [envelopes.file_name(e) for e in usable if e.payload and e.number < full.number][:MOST_EARLIER]
    return Received(full=full, newest=newest, gaps=tuple(dict.fromkeys(gaps)), earlier=tuple(earlier))


def _age(newest: Envelope, clock: Clock, lost_at: str) -> str:
    made, now = parse_rfc3339(newest.at), clock.now()
    if made > now + SKEW:
        return f"check-in {newest.number} says {newest.at}, which is in the future: that machine's clock is wrong"
    until = parse_rfc3339(lost_at) if lost_at else now
    hours = max((until - made).total_seconds(), 0) / 3600
    when = "before the loss" if lost_at else "ago"
    age = f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"
    return f"the last check-in ({newest.number}, {newest.at}) was {age} {when}: what came to the machine since is not known"


def since(credentials: Iterable[Credential], newest: Envelope) -> Gap | None:
    """Return what the providers show as made after the check-in and the machine therefore could not report, None for nothing."""
    later = [
        f"{c.kind} {c.identifier}"
        for c in credentials
        if c.relation is Relation.INHERITED and c.created_at and c.created_at > newest.at
    ]
    if not later:
        return None
    shown = ", ".join(later[:5]) + (f" and {len(later) - 5} more" if len(later) > 5 else "")
    return _gap(f"made after the check-in, by the providers' word: {shown}; other things may have been added unseen")


def gone(shown: Inventory, earlier: Iterable[Inventory]) -> Gap | None:
    """Return what a machine held in earlier check-ins and did not show as living any more in the last, None for nothing."""
    over = {State.EXPIRED, State.LOGGED_OUT}
    now = {c.id for c in (*shown.credentials, *shown.candidates) if c.state is not State.LOGGED_OUT}
    known = {c.id: c for held in earlier for c in held.credentials if c.state not in over and c.id not in now}
    if not known:
        return None
    names = [f"{c.kind} {c.identifier or c.fingerprint}" for c in known.values()]
    told = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return _gap(
        f"earlier check-ins held what the last one does not show: {told}; removed there, or hidden by who has it"
    )


def _seen(state_dir: Path) -> dict[str, int]:
    try:
        found = json.loads((state_dir / SEEN).read_bytes())
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, int)} if isinstance(found, dict) else {}


def remember(state_dir: Path, workstation: str, number: int) -> None:
    """Keep the highest number that was worked from: a sink that shows less later has lost something."""
    seen = _seen(state_dir)
    if number > seen.get(workstation, 0):
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(state_dir / SEEN, json.dumps({**seen, workstation: number}).encode())
