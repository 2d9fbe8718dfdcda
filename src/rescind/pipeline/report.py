"""Add a run up: one end state per credential, line one, exit codes, JSON, Markdown and the one-screen text.

Everything is computed from the plan and the audit trail's outcome entries; nothing is remembered elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from rescind import catalogue
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import WORST_FIRST, Credential, EndState, Relation
from rescind.models.evidence import Gap
from rescind.models.plan import Decision, Plan
from rescind.models.run import CredentialResult, Receipt, RunResult
from rescind.models.use import Reading
from rescind.pipeline import use
from rescind.pipeline.derived import CUT_NOT_PROVEN, children, parents
from rescind.pipeline.residuals import alone, heard, shortened, until_when
from rescind.pipeline.upstream import lasting

LIVE_OR_PRESUMED = {
    EndState.FAILED,
    EndState.HELD,
    EndState.UNKNOWN,
    EndState.MANUAL,
    EndState.IRREVOCABLE,
    EndState.SKIPPED,
}
ENDED, WAITING = "ended", "waiting"
NEEDS_YOU = (EndState.FAILED, EndState.HELD, EndState.UNKNOWN, EndState.MANUAL, EndState.IRREVOCABLE)


def worst(states: Iterable[EndState]) -> EndState:
    """Return the worst of several states in the order of decisions.md. At least one is needed."""
    return min(states, key=WORST_FIRST.index)


_HELP = {EndState.SKIPPED: "", EndState.FAILED: " failed"}


def _supports(receipt: Receipt, c: Credential) -> bool:
    kind = catalogue.kinds().get(c.kind)
    return bool(kind and kind.supports(receipt.verb) and not receipt.reverse)


def _ran_out(c: Credential, d: Decision, now: datetime) -> tuple[EndState, str]:
    """Return what a decision makes of a credential: what nothing ends is dead when it has run out, by its provider's own word of it."""
    theirs = c.relation is Relation.INHERITED and c.expires_at  # what a machine says of an end may be planted
    if d.end_state is EndState.IRREVOCABLE and theirs and parse_rfc3339(theirs) <= now:
        return EndState.DEAD, f"it ran out at {theirs}, by its provider's word"
    return d.end_state, d.reason


def result_of(
    c: Credential,
    receipts: Sequence[Receipt],
    decisions: Sequence[Decision],
    plan: Plan,
    pending: int,
    now: datetime,
    readings: Sequence[Reading] = (),
    dead_since: Mapping[str, str] | None = None,
) -> CredentialResult:
    """Return the one end state of a credential, and whether it was used. A planned step without an outcome yet makes it `unknown`."""
    helping = [r for r in receipts if _supports(r, c)]
    ending = [shortened(c, r, helping) for r in receipts if not _supports(r, c)]
    states: list[tuple[EndState, str, Receipt | None]] = [(*_ran_out(c, d, now), None) for d in decisions]
    for r in ending:
        over = r.residual_until and parse_rfc3339(r.residual_until) <= now
        states.append(
            (EndState.DEAD if over and r.end_state is EndState.RESIDUAL else r.end_state, r.error or r.evidence, r)
        )
    if helping and not ending:
        states += [(r.end_state, r.error or r.evidence, alone(c, r)) for r in helping]
    if pending and not any(s is EndState.FAILED for s, _, _ in states):
        states.append((EndState.UNKNOWN, f"{pending} planned step(s) have no outcome yet", None))
    if not states:
        states.append((EndState.UNKNOWN, "nothing was decided about it", None))
    state, why, receipt = min(states, key=lambda s: WORST_FIRST.index(s[0]))
    until, what = until_when(c, state, receipt, now)
    failed_help = [
        f"{h.verb}{_HELP.get(h.end_state, ' not proven')}: {h.error or h.evidence}"
        for h in helping
        if h.liveness != "dead" and (h.error or h.evidence) != why
    ]
    tasks = tuple(
        {"task": d.task or d.reason, "owner": d.owner, "decide_by": d.decide_by, "would_break": d.would_break}
        for d in decisions
        if d.task or d.end_state in {EndState.HELD, EndState.MANUAL}
    )
    used = use.judge(c, readings, ending, state, plan.case.lost_at, dead_since)
    return CredentialResult(
        id=c.id,
        kind=c.kind,
        provider=c.provider,
        identifier=c.identifier,
        fingerprint=c.fingerprint,
        tenant=c.tenant,
        owner=c.owner,
        relation=str(c.relation),
        parent=c.parent,
        end_state=state,
        reason="; ".join([why, *failed_help]),
        residual_until=until,
        residual_what=what,
        reversible=bool(receipt and receipt.reversible),
        as_intended=any(a.credential == c.id and a.end_state is state for a in plan.accepted),
        verify_method=receipt.verify_method if receipt else "",
        used_after_loss=used.answer,
        used_after_loss_source=used.source,
        first_use_after_loss=used.first,
        last_use_after_loss=used.last,
        last_used=max(c.last_used or "", used.last),
        steps=tuple(receipts),
        tasks=tasks,
        places=tuple(
            f"{s.location.root}:{s.location.path}" + (f":{s.location.line}" if s.location.line else "")
            for s in c.findings
        ),
    )


def add_up(
    run: str,
    plans: Sequence[Plan],
    receipts: Mapping[str, Receipt],
    *,
    now: datetime,
    status: str,
    started_at: str,
    ended_at: str = "",
    audit: tuple[int, str] = (0, ""),
    attested: Mapping[str, Mapping[str, str]] | None = None,
    readings: tuple[Reading, ...] = (),
    dead_since: Mapping[str, str] | None = None,
) -> RunResult:
    """Return the whole run as it stands: the plan and its addenda, each credential once, in `plans` order (later ones add)."""
    merged: dict[str, Credential] = {}
    decisions: dict[str, list[Decision]] = {}
    steps: dict[str, list[str]] = {}
    gaps: list[Gap] = []
    for plan in plans:
        for c in plan.credentials:
            merged[c.id] = c
        for d in plan.decisions:
            decisions.setdefault(d.credential, []).append(d)
        for s in plan.steps:
            steps.setdefault(s.credential, []).append(s.id)
        gaps += [g for g in plan.gaps if g not in gaps]
    results: dict[str, CredentialResult] = {}
    for c in merged.values():
        ids = steps.get(c.id, [])
        mine = [receipts[i] for i in ids if i in receipts]
        current = _latest_per_verb(mine)
        shown = result_of(
            c, current, decisions.get(c.id, []), plans[0], len(ids) - len(mine), now, readings, dead_since
        )
        # attesting closes the task, not the truth: the state stays what it is
        tasks = tuple({**t, **(attested or {}).get(c.id, {})} for t in shown.tasks)
        results[c.id] = replace(shown, steps=tuple(mine), tasks=tasks)
    results = parents(heard(children(results), now))
    results = {i: lasting(r, merged[i], (attested or {}).get(i, {})) for i, r in results.items()}
    gaps += [g for g in use.gaps(readings) if g not in gaps]
    counts = {str(s): sum(r.end_state is s for r in results.values()) for s in WORST_FIRST}
    cuts = [r.cut_at for r in receipts.values() if r.cut_at]
    first = (parse_rfc3339(min(cuts)) - parse_rfc3339(started_at)).total_seconds() if cuts and started_at else None
    return RunResult(
        run=run,
        playbook=str(plans[0].playbook.get("name", "")),
        plan_digest=plans[0].digest,
        status=status,
        started_at=started_at,
        ended_at=ended_at,
        credentials=tuple(sorted(results.values(), key=lambda r: (WORST_FIRST.index(r.end_state), r.kind, r.id))),
        gaps=tuple(gaps),
        candidates=len(plans[0].candidates),
        counts=counts,
        audit_size=audit[0],
        audit_root=audit[1],
        time_to_first_cut=max(0.0, first) if first is not None else None,
        activity=use.latest(readings),
    )


def _latest_per_verb(receipts: Sequence[Receipt]) -> list[Receipt]:
    """A sweep may repeat a verb on a credential that came back: the later receipt is what holds now."""
    return list({r.verb: r for r in receipts}.values())


def exit_reasons(result: RunResult) -> list[int]:
    """Return every exit code that holds, the one to use first (design.md §4: 6, 3, 4, 7, 5)."""
    open_ = [c for c in result.credentials if not c.as_intended]
    codes: list[int] = []
    to_do = result.status == WAITING or any(not s.closed for s in result.case_steps)
    if to_do or any(c.end_state in LIVE_OR_PRESUMED for c in open_):
        codes.append(4)
    if result.gaps or result.status != ENDED:  # the last look at the providers is part of a run
        codes.append(7)
    if any(c.end_state in CUT_NOT_PROVEN for c in open_):
        codes.append(5)
    return codes


def exit_code(result: RunResult) -> int:
    """Return 0 when everything ended and is proven (or as intended) without gaps, otherwise the first of `exit_reasons`."""
    return (exit_reasons(result) or [0])[0]


def open_tasks(result: RunResult) -> int:
    """Return how many tasks for people are not attested yet; a case is closed when none is."""
    return sum(not t.get("attested_by") for c in result.credentials for t in c.tasks) + sum(
        not s.closed for s in result.case_steps
    )


def line_one(result: RunResult) -> str:
    """Return the truth in one line, e.g. `38 dead · 4 until 14:20 · 3 need you · 2 unseen · last known use 13:02`."""
    n = result.counts
    parts = [_unfinished(result)] if result.status != ENDED else []
    parts.append(f"{n['dead']} dead")
    if n["residual"]:
        clocks = [c.residual_until for c in result.credentials if c.end_state is EndState.RESIDUAL]
        if timed := [c for c in clocks if c]:
            parts.append(f"{len(timed)} until {_clock(max(timed), result)}")
        if len(timed) < len(clocks):
            parts.append(f"{len(clocks) - len(timed)} residual without an end of its own")
    parts += [f"{n[s]} {s}" for s in ("contained", "acknowledged") if n[s]]
    needing = sum(n[str(s)] for s in NEEDS_YOU)
    if needing:
        parts.append(f"{needing} need{'s' if needing == 1 else ''} you")
    case = sum(not s.closed for s in result.case_steps)
    if case:
        parts.append(f"{case} case task{'s' if case != 1 else ''}")
    if n["skipped"]:
        parts.append(f"{n['skipped']} skipped")
    if result.gaps:
        parts.append(f"{len(result.gaps)} unseen")
    if result.candidates:
        parts.append(f"{result.candidates} candidate{'s' if result.candidates != 1 else ''}")
    used = max((c.last_used for c in result.credentials if c.last_used), default="")
    parts.append(f"last known use {_clock(used, result)}" if used else "last use unknown")
    return " · ".join(parts)


def _unfinished(result: RunResult) -> str:
    if result.status != WAITING:
        return "not finished"
    return f"waiting until {_clock(result.waiting_until, result)}" if result.waiting_until else "waiting for isolation"


def _clock(text: str, result: RunResult) -> str:
    """Show a time without its date only when it is of the day the run began (UTC)."""
    if not text:
        return "unknown"
    moment = parse_rfc3339(text)
    same_day = result.started_at[:10] == moment.strftime("%Y-%m-%d")
    return moment.strftime("%H:%MZ") if same_day else moment.strftime("%Y-%m-%d %H:%MZ")


def to_json(result: RunResult) -> dict[str, Any]:
    """Return the run as `rescind.run/1` (design.md §4)."""
    credentials = [_plain(asdict(c)) for c in result.credentials]
    return {
        "schema": "rescind.run/1",
        "run": result.run,
        "playbook": result.playbook,
        "plan_digest": result.plan_digest,
        "status": result.status,
        "waiting_until": result.waiting_until,
        "waiting_for": result.waiting_for,
        "first_line": line_one(result),
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "time_to_first_cut_seconds": result.time_to_first_cut,
        "credentials": credentials,
        "counts": dict(result.counts),
        "candidates": result.candidates,
        "open_tasks": open_tasks(result),
        "case_steps": [_plain(asdict(s)) for s in result.case_steps],
        "not_isolated": result.not_isolated,
        "activity": [use.to_json(r) | {"at": r.at} for r in result.activity],
        "gaps": [asdict(g) for g in result.gaps],
        "audit": {"size": result.audit_size, "root": result.audit_root},
        "exit_code": exit_code(result),
        "exit_reasons": exit_reasons(result),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, StrEnum) else value
