"""If this laptop vanished now: how much could be proven dead, and what stands in the way. Made from a plan; nothing is written anywhere."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rescind import catalogue
from rescind.models.credential import WORST_FIRST, Credential, EndState
from rescind.models.plan import Decision, Plan
from rescind.pipeline import upstream
from rescind.pipeline.report import worst


def _best(kind_id: str, verbs: list[Any]) -> EndState:
    """Return the best end state that a kind's verbs can prove: what only shortens something else ends nothing."""
    kind = catalogue.kinds()[kind_id]
    rows = [kind.actions[v] for v in verbs]
    ending = [r for r in rows if not r.supports] or rows
    if any(r.verify is None and kind.verify is None for r in ending):
        return EndState.ACKNOWLEDGED
    state = worst(r.ends for r in ending)
    return EndState.RESIDUAL if state is EndState.DEAD and kind.residual.seconds else state


def expected(plan: Plan) -> dict[str, EndState]:
    """Return the best end state of every credential of a plan, if every step of it is carried out and proven."""
    found: dict[str, EndState] = {}
    for c in plan.credentials:
        verbs = [s.verb for s in plan.steps if s.credential == c.id and not s.held]
        states = [d.end_state for d in plan.decisions if d.credential == c.id]
        states += [_best(c.kind, verbs)] if verbs else []
        states += [EndState.CONTAINED] if states and upstream.named(c) else []
        found[c.id] = worst(states) if states else EndState.UNKNOWN
    return found


def _why(c: Credential, decision: Decision) -> str:
    kind = catalogue.kinds().get(c.kind)
    if kind is None:
        return f"no way to end {c.kind} is known to this version"
    return decision.reason


def readiness(plan: Plan, tenants: list[dict[str, Any]]) -> dict[str, Any]:
    """Return counts per best end state, and the obstacles: why each of the rest would stay open, gaps, and reads that are refused."""
    best = expected(plan)
    by_id = {c.id: c for c in plan.credentials}
    counts = Counter(best.values())
    obstacles: Counter[str] = Counter()
    for d in plan.decisions:
        obstacles[_why(by_id[d.credential], d)] += 1
    for where in filter(None, map(upstream.named, plan.credentials)):
        obstacles[f"{where} is its source of authority and may put it back"] += 1
    blocked = [f"{' '.join(filter(None, (g.source, g.path)))}: {g.reason}" for g in plan.gaps]
    for row in tenants:
        if row["verdict"] != "reached":
            blocked.append(f"tenant {row['tenant']}: {row['verdict']}")
        used = {c.kind for c in plan.credentials if c.tenant == row["tenant"]}
        blocked += [
            f"tenant {row['tenant']}: {k['kind']} cannot be read: {k['evidence']}; needs {', '.join(k['permissions'])}"
            for k in row["kinds"]
            if k["readable"] == "no" and k["kind"] in used
        ]
        blocked += [
            f"tenant {row['tenant']}: nobody could tell what was used after a loss, {r['title']} cannot be read: {r['evidence']}; "
            f"needs {', '.join(r['permissions'])}"
            for r in row.get("records", ())
            if r["readable"] == "no" and used
        ]
    return {
        "schema": "rescind.readiness/1",
        "person": plan.case.person,
        "target": plan.case.target,
        "credentials": len(plan.credentials),
        "provable": counts[EndState.DEAD],
        "expected": {str(s): counts[s] for s in WORST_FIRST},
        "obstacles": [{"reason": why, "credentials": n} for why, n in obstacles.most_common()],
        "unseen": list(dict.fromkeys(blocked)),
    }


def exit_code(found: dict[str, Any]) -> int:
    """Return 4 when something would stay live or presumed live, 7 when something could not be seen, else 0."""
    stays = ("failed", "held", "unknown", "manual", "irrevocable", "skipped")
    if any(found["expected"][s] for s in stays):
        return 4
    return 7 if found["unseen"] else 0


def text(found: dict[str, Any]) -> str:
    """Return the answer for people, its first line the answer in one line."""
    n, shown = found["credentials"], found["expected"]
    rest = " · ".join(f"{v} {k}" for k, v in shown.items() if v and k != "dead")
    first = f"If it vanished now: {found['provable']} of {n} could be proven dead" + (f" · {rest}" if rest else "")
    out = [first + (f" · {len(found['unseen'])} unseen" if found["unseen"] else "")]
    if found["obstacles"]:
        out += ["", "In the way:", *(f"  {o['credentials']}: {o['reason']}" for o in found["obstacles"])]
    if found["unseen"]:
        out += ["", "Not seen:", *(f"  {line}" for line in found["unseen"])]
    return "\n".join(out) + "\n"
