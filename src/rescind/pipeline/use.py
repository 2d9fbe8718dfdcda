"""Was it used after the loss: `yes` where a record shows it, `no` only where a record would have shown it, else `unknown`. Pure.

`no` needs all of these: the record holds every use of such a credential, it was read whole, from the loss until after the credential was
proven dead, and nothing in it is doubtful. That no event was seen proves nothing by itself. docs/concepts/used-after-loss.md says what each
record holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from rescind import catalogue
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Liveness
from rescind.models.run import Receipt
from rescind.models.use import Event, Reading, Source, Trace, Use, Used

MARGIN = timedelta(minutes=5)
"""How far a person's word of when it was lost, and the clocks of provider and operator, may lie apart."""
OURS = "rescind/"
"""How every request of ours calls itself (User-Agent)."""
ENTRY = "activity"
"""The type of a reading's entry in the trail."""
_FIELD = re.compile(r"\{([a-z_]+)(?:\.([a-z_]+))?\}")
_PROVEN = {EndState.DEAD, EndState.RESIDUAL}


def marks(templates: Iterable[str], c: Credential) -> frozenset[str]:
    """Return the marks that events of a credential carry. A template whose field is empty gives none."""
    found = set()
    for template in templates:
        values = [str(_value(c, m[1], m[2] or "")) for m in _FIELD.finditer(template)]
        if all(values):
            given = iter(values)
            found.add(_FIELD.sub(lambda _: next(given), template).casefold())  # noqa: B023  used at once
    return frozenset(found)


def _value(c: Credential, name: str, key: str) -> str:
    if name == "last":  # the last part of an identifier that is a path
        return c.identifier.rpartition("/")[2]
    return c.attributes.get(key, "") if name == "attributes" else str(getattr(c, name, "") or "")


def printable(text: str) -> str:
    """Return text of a record, which an attacker may have chosen, without controls and cut to a length."""
    short = text[:256]
    return short if short.isprintable() else "".join(c if c.isprintable() else " " for c in short)


def ours(event: Event) -> bool:
    """Tell whether an event calls itself a request of ours. Anybody can: it never makes a `no`."""
    return OURS in event.agent


@dataclass(slots=True)
class _Alike:
    """Events that name the same things: how many, and the first and the last of them."""

    count: int
    first: Event
    last: Event


class Tally:
    """Counts, for each credential of one source, what its events say. The caller gives each event once."""

    def __init__(self, source: Source, credentials: Iterable[Credential], lost_at: str) -> None:
        lost = parse_rfc3339(lost_at)
        self._lost, self._from = rfc3339(lost), rfc3339(lost - MARGIN)
        self._by: dict[
            str, dict[str, bool]
        ] = {}  # mark -> credential -> whether it is a use, and not just its holder's
        self._alike: dict[tuple[frozenset[str], frozenset[str], str], _Alike] = {}
        for c in credentials:
            trace = source.traces.get(c.kind, Trace())
            for mark in marks(trace.holder, c):
                self._by.setdefault(mark, {}).setdefault(c.id, False)
            for mark in marks(trace.marks, c):
                self._by.setdefault(mark, {})[c.id] = True

    def take(self, event: Event) -> None:
        """Count one event; its time is RFC 3339 in whole seconds of UTC."""
        if event.at < self._from:
            return
        sort = "ours" if ours(event) else "near" if event.at < self._lost else ""
        key = (event.marks, event.doubts, sort)
        seen = self._alike.get(key)
        if seen is None:
            self._alike[key] = _Alike(1, event, event)
            return
        seen.count += 1
        seen.first = event if event.at < seen.first.at else seen.first
        seen.last = event if event.at >= seen.last.at else seen.last

    def uses(self) -> dict[str, Use]:
        """Return what the events say of each credential that any of them names."""
        found: dict[str, Use] = {}
        for (named, doubtful, sort), alike in self._alike.items():
            sure = self._hit(named)
            for name, exact in sure.items():
                found[name] = _added(found.get(name, Use()), alike, sort or ("" if exact else "holder"))
            for name in self._hit(doubtful):
                if not sure.get(name):  # that its holder did it takes no doubt away
                    found[name] = _added(found.get(name, Use()), alike, "doubts")
        return found

    def _hit(self, seen: Iterable[str]) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for mark in seen:
            for name, exact in self._by.get(mark.casefold(), {}).items():
                found[name] = exact or found.get(name, False)
        return found


def _added(was: Use, alike: _Alike, sort: str) -> Use:
    """Return a use with these events added: uses, or one of the sorts that are counted only."""
    if sort:
        return replace(was, **{sort: getattr(was, sort) + alike.count})
    later = not was.last or alike.last.at >= was.last
    return replace(
        was,
        events=was.events + alike.count,
        first=min(was.first or alike.first.at, alike.first.at),
        last=max(was.last, alike.last.at),
        action=printable(alike.last.action) if later else was.action,
        ip=printable(alike.last.ip) if later else was.ip,
    )


def to_json(reading: Reading) -> dict[str, Any]:
    """Return a reading as the trail keeps it; empty facts are left out."""
    full: dict[str, Any] = asdict(reading)
    full["uses"] = {name: {k: v for k, v in use.items() if v} for name, use in full["uses"].items()}
    full |= {"parts": list(reading.parts), "proves": list(reading.proves)}
    return {k: v for k, v in full.items() if v not in ("", 0, [], {})}


def from_json(data: Mapping[str, Any], at: str) -> Reading:
    """Return the reading that an entry of the trail holds."""
    named = {
        k: str(data.get(k, "")) for k in ("tenant", "provider", "source", "since", "until", "problem", "file", "sha256")
    }
    return Reading(
        **named,
        at=at,
        events=int(data.get("events", 0)),
        ours=int(data.get("ours", 0)),
        parts=tuple(map(str, data.get("parts", ()))),
        proves=tuple(map(str, data.get("proves", ()))),
        uses={str(name): Use(**use) for name, use in data.get("uses", {}).items()},
    )


def source_of(reading: Reading) -> Source | None:
    """Return the row that a reading was made with, None where this version has none such."""
    row = catalogue.providers().get(reading.provider)
    return next((s for s in row.activity if s.id == reading.source), None) if row else None


def proves(source: Source, c: Credential) -> bool:
    """Tell whether every use of a credential would be in a record, and would be known there as one of it."""
    trace = source.traces.get(c.kind)
    return trace is not None and not trace.unseen and bool(marks(trace.marks, c))


def judge(
    c: Credential,
    readings: Sequence[Reading],
    receipts: Sequence[Receipt],
    state: EndState,
    lost_at: str,
    dead_since: Mapping[str, str] | None = None,
) -> Used:
    """Return whether a credential was used after the loss. `dead_since` tells, by step, when death was first proven, for good."""
    if not lost_at:
        return Used(answer="unknown", source="the time of the loss is not stated (--lost-at)")
    lost = parse_rfc3339(lost_at)
    mine = [r for r in readings if r.tenant == c.tenant and c.tenant]
    seen = [(r, r.uses[c.id]) for r in mine if r.uses.get(c.id, Use()).events]
    stamp = c.last_used if c.last_used and parse_rfc3339(c.last_used) > lost else ""
    if seen or stamp:
        told = [_shown(r, u) for r, u in seen] + (
            [f"the provider's own stamp of its last use, {stamp}"] if stamp else []
        )
        firsts = [u.first for _, u in seen] or [stamp]
        return Used(
            answer="yes",
            source="; ".join(dict.fromkeys(told)),
            first=min(firsts),
            last=max([stamp, *(u.last for _, u in seen)]),
        )
    dead = _dead_since(receipts, state, dead_since or {})
    reasons = []
    for r in reversed(mine):  # the latest reading reaches furthest
        why = _no_proof(c, r, lost_at, dead)
        if why == "":
            name = _name(r)
            return Used(
                answer="no",
                source=f"{name} holds every use of it, was read whole from {r.since} to {r.until}, and shows none",
            )
        reasons += [why] if why else []
    return Used(answer="unknown", source="; ".join(dict.fromkeys(reasons)) or _nobody_looked(c))


def _name(r: Reading) -> str:
    source = source_of(r)
    return f"{source.title if source else r.source} ({r.tenant})"


def _shown(r: Reading, u: Use) -> str:
    times = f"at {u.first}" if u.first == u.last else f"from {u.first} to {u.last}"
    how = f", last {u.action}" + (f" from {u.ip}" if u.ip else "") if u.action else ""
    return f"{_name(r)}: {u.events} event{'s' if u.events != 1 else ''} {times}{how}"


def _dead_since(receipts: Sequence[Receipt], state: EndState, first: Mapping[str, str]) -> str:
    """Return when the credential was proven dead, "" where it is not. A later look has a later time, which hides the first one."""
    if state not in _PROVEN:
        return ""
    proven = [r for r in receipts if r.liveness is Liveness.DEAD and r.end_state in _PROVEN]
    return max((first.get(r.step, r.at) for r in proven), default="")


def proven_since(told: Iterable[Receipt]) -> dict[str, str]:
    """Return, by step, since when every look showed death. `told`: all receipts of a run, also of later looks, oldest first."""
    since: dict[str, str] = {}
    for r in told:
        if r.liveness is Liveness.DEAD and r.end_state in _PROVEN:
            since.setdefault(r.step, r.at)
        else:
            since.pop(r.step, None)
    return since


def _no_proof(c: Credential, r: Reading, lost_at: str, dead: str) -> str | None:
    """Say why a reading without a use of it proves nothing: "" where it does prove, None where it has nothing to say of it."""
    source = source_of(r)
    trace = source.traces.get(c.kind) if source else None
    if source is None or trace is None:
        return None
    u, name = r.uses.get(c.id, Use()), _name(r)
    until = f"{name} shows no use of it until {r.until}" if r.until else f"{name} was not read"
    if r.until and r.until < lost_at:
        until = f"{name} shows no use of it so far, and is complete until {r.until} only, before the loss"
    if doubtful := _doubtful(u):
        until = f"{name} shows no sure use of it, but events in doubt: {doubtful}"
    held = f" ({u.holder} of its holder, by whatever means)" if u.holder else ""
    if r.problem:
        return f"{until}{held}, but it was not read whole: {r.problem}"
    if trace.unseen:
        return f"{until}{held}, which proves nothing: {trace.unseen}"
    if c.id not in r.proves:
        return f"{name} was not asked about it"
    if doubtful:
        return until
    if r.since > lost_at:
        return f"{until}, but reaches back to {r.since} only"
    if not dead:
        return f"{until}; it is not proven dead, so more may come"
    if r.until < dead:
        return f"{until}; it was proven dead at {dead} only, which the record shows later: rescind verify, then"
    return ""


def _doubtful(u: Use) -> str:
    """Say which events of a reading may be uses of a credential, and are not counted as such."""
    near = f"{u.near} in the {int(MARGIN.total_seconds() // 60)} minutes before the stated time of the loss"
    said = [f"{u.doubts} that may or may not be a use of it"] * bool(u.doubts) + [near] * bool(u.near)
    return ", ".join(said + [f"{u.ours} that call themselves rescind's own, as anybody may"] * bool(u.ours))


def _nobody_looked(c: Credential) -> str:
    row = catalogue.providers().get(c.provider)
    if row is None or not row.activity:
        return f"rescind reads no record of what {row.title if row else c.provider} saw"
    if not any(c.kind in s.traces for s in row.activity):
        return f"no record that rescind reads of {row.title} names what a {c.kind} did"
    return "the provider's records were not read in this run"


def latest(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Return the last reading of each record of each tenant."""
    return tuple({(r.tenant, r.source): r for r in readings}.values())


def gaps(readings: Iterable[Reading]) -> list[Gap]:
    """Return what of the records could not be read the last time."""
    return [
        Gap(source=f"tenant:{r.tenant}", reason=f"what credentials did was not read whole: {_name(r)}: {r.problem}")
        for r in latest(readings)
        if r.problem
    ]
