"""What the record and the trail say of a run: its plans, its receipts, its attestations, and what they add up to now."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rescind.audit.log import AuditLog
from rescind.engine import state
from rescind.models.clock import Clock
from rescind.models.plan import Plan
from rescind.models.run import Receipt, RunResult
from rescind.pipeline import case_steps, preserve, receipts, report, use
from rescind.pipeline.plan import release
from rescind.schema import plan as plan_file

LATER = 1_000
"""The number of the first look that was taken after a run, counted like its sweeps; no playbook has so many of these."""


def plans_of(state_dir: Path, run: str) -> tuple[list[Plan], Mapping[str, Any]]:
    """Return a run's plan and its addenda in order, and the run's own facts. Raises `KeyError` for an unknown run."""
    record = state.load_run(state_dir, run)
    if record is None:
        raise KeyError(run)
    text, meta = record
    plans = [plan_file.from_stored(text)]
    sweeps = (state.load_addendum(state_dir, run, n) for n in range(1, plans[0].sweep_rounds + 1))
    later = itertools.takewhile(bool, (state.load_addendum(state_dir, run, n) for n in itertools.count(LATER)))
    plans += [plan_file.from_stored(extra) for extra in sweeps if extra]
    looks = [plan_file.from_stored(extra) for extra in later if extra]
    plans += [
        *(replace(look, gaps=()) for look in looks[:-1]),
        *looks[-1:],
    ]  # the last look says all that is not seen now
    released = frozenset(meta.get("released", ()))
    # an approval binds the plan that was approved: what a sweep added is held until somebody releases that
    return [release(plans[0], released), *(release(p, frozenset()) for p in plans[1:])], meta


def outcomes(log: AuditLog, run: str) -> dict[str, Receipt]:
    """Return every receipt of a run by step id, from the audit trail; a later look at the provider replaces an earlier one."""
    done = (e for e in log.entries(run=run, type="outcome") if not case_steps.is_case(e.step))
    found = {e.step: receipts.from_json(e.data) for e in done}
    return found | {e.step: receipts.from_json(e.data) for e in log.entries(run=run, type="verification")}


def _told(log: AuditLog, run: str) -> list[Receipt]:
    """Return every receipt of a run, also of later looks, in the order in which they were written."""
    kinds = ("outcome", "verification")
    entries = sorted((e for kind in kinds for e in log.entries(run=run, type=kind)), key=lambda e: e.seq)
    return [receipts.from_json(e.data) for e in entries if not case_steps.is_case(e.step)]


def attested(log: AuditLog, run: str) -> dict[str, dict[str, str]]:
    """Return who attested the manual task of which credential, when, and with what evidence."""
    kept = ("attested_by", "attested_at", "evidence")
    return {e.step: {k: str(e.data.get(k, "")) for k in kept} for e in log.entries(run=run, type="task-done")}


def result(state_dir: Path, log: AuditLog, run: str, clock: Clock) -> RunResult:
    """Return a run as it stands now. Raises `KeyError` for an unknown run."""
    plans, meta = plans_of(state_dir, run)
    size, root = log.head()
    measured = str(meta.get("first_cut", ""))
    told = attested(log, run)
    done = report.add_up(
        run,
        plans,
        outcomes(log, run),
        now=clock.now(),
        status=str(meta.get("status", "running")),
        started_at=str(meta.get("started_at", "")),
        ended_at=str(meta.get("ended_at", "")),
        audit=(size, root),
        attested=told,
        readings=preserve.readings(log, run),
        dead_since=use.proven_since(_told(log, run)),
    )
    done = replace(
        done,
        waiting_until=str(meta.get("waiting_until", "")),
        waiting_for=str(meta.get("waiting_for", "")),
        case_steps=case_steps.results(log, run, plans[0].case_steps, told),
        not_isolated=plans[0].case.not_isolated,
    )
    return replace(done, time_to_first_cut=float(measured)) if measured else done
