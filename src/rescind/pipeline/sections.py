"""The sections of the HTML report. Nothing is decided here: every number is counted from the run's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rescind.models.credential import WORST_FIRST, EndState
from rescind.models.plan import Plan
from rescind.models.run import CredentialResult, Receipt, RunResult
from rescind.pipeline import chart
from rescind.pipeline.derived import CUT_NOT_PROVEN
from rescind.pipeline.markup import Html, count, el, foreign, join, table, until, when
from rescind.pipeline.render import title
from rescind.pipeline.report import exit_reasons

_CHECK = ("rescind audit export -o trail.jsonl", "rescind audit verify trail.jsonl --key VKEY")
DECIDE = (EndState.HELD, EndState.FAILED, EndState.UNKNOWN, EndState.IRREVOCABLE)
_MEANING = {
    4: "something is live or presumed live",
    5: "something is cut and not yet proven dead",
    7: "something was not seen",
}


def section(anchor: str, heading: str, *inside: str) -> Html:
    """Return one section under its heading; `anchor` is its id."""
    return el("section", el("h2", heading, id=f"h-{anchor}"), *inside, id=anchor, aria_labelledby=f"h-{anchor}")


def badge(state: EndState) -> Html:
    """Return a state as a mark that does not depend on its colour."""
    return el("span", title(state), class_=f"state s-{state}")


def _name(c: CredentialResult) -> str:
    return c.identifier or c.fingerprint or c.id


def _named(c: CredentialResult) -> Html:
    return el("span", el("span", c.kind, class_="kind"), " ", el("a", foreign(_name(c)), href=f"#{c.id}"), class_="who")


def gaps(result: RunResult) -> Html:
    """Return what was not seen."""
    if not result.gaps:
        return section("unseen", "Not seen", el("p", "Nothing is known to be missing."))
    rows = [(foreign(g.source), foreign(g.path), foreign(g.reason)) for g in result.gaps]
    note = el("p", "Nothing on this page covers these. Each is a place where a working credential may still lie.")
    return section("unseen", "Not seen", note, table(count(len(rows), "gap"), ("Source", "Where", "Why"), rows))


def decide(result: RunResult) -> Html:
    """Return what waits for a decision, held credentials first."""
    mine = sorted((c for c in result.credentials if c.end_state in DECIDE), key=lambda c: DECIDE.index(c.end_state))
    if not mine:
        return section("decide", "You must decide", el("p", "Nothing waits for a decision."))
    rows = []
    for c in mine:
        task: Mapping[str, str] = c.tasks[0] if c.tasks else {}
        why = join([foreign(c.reason), _then(task.get("task", ""), c.reason)])
        owner, breaks = task.get("owner") or c.owner, task.get("would_break", "")
        rows.append(
            (
                join([badge(c.end_state), " ", _named(c)]),
                why,
                _or(owner, "nobody named"),
                _by(task),
                _or(breaks, "not known"),
            )
        )
    head = ("Credential", "Why, and what to do", "Owner", "Decide by", "Would break")
    return section("decide", "You must decide", table(count(len(rows), "decision") + ", held ones first", head, rows))


def _then(task: str, reason: str) -> Html:
    return el("p", "→ ", foreign(task), class_="task") if task and task != reason else Html("")


def _or(value: str, otherwise: str) -> Html:
    return foreign(value) if value else el("span", otherwise, class_="none")


def _by(task: Mapping[str, str]) -> Html:
    by = task.get("decide_by", "")
    return when(by) if by else el("span", "no date set", class_="none")


def by_hand(result: RunResult) -> Html:
    """Return the tasks that only a person can carry out."""
    tasks = [(c, t) for c in result.credentials if c.end_state not in DECIDE for t in c.tasks]
    if not tasks:
        return section("tasks", "To do by hand", el("p", "No task is left to a person."))
    rows = [
        (
            join([el("span", "☐", class_="box", aria_hidden="true"), " ", _named(c)]),
            foreign(t["task"]),
            _or(t.get("owner") or c.owner, "nobody named"),
            _by(t),
            _or(t.get("would_break", ""), "not known"),
        )
        for c, t in tasks
    ]
    head = ("Credential", "Task", "Owner", "By", "Would break")
    return section("tasks", "To do by hand", table(count(len(rows), "task"), head, rows))


def residual(result: RunResult, now: datetime) -> Html:
    """Return what still works although its source was cut, with the time left as of `now`, the longest first."""
    left = (c for c in result.credentials if c.residual_until or c.end_state is EndState.RESIDUAL)
    cut = (c for c in left if c.end_state is not EndState.IRREVOCABLE)
    mine = sorted(cut, key=lambda c: (not c.residual_until, c.residual_until), reverse=True)
    if not mine:
        return section("residual", "Cut, but something derived still works", el("p", "No residual exposure is known."))
    rows = [
        (
            _named(c),
            join([until(c.residual_until, now), chart.remaining(c, now)]),
            when(c.residual_until) if c.residual_until else "until that is ended",
            foreign(c.residual_what),
        )
        for c in mine
    ]
    note = el("p", "The times left are as of the time above; a browser that runs the page's script counts them down.")
    head = ("Credential", "Time left", "Until", "What may still work")
    return section(
        "residual",
        "Cut, but something derived still works",
        note,
        table(count(len(rows), "residual exposure"), head, rows),
    )


def timeline(result: RunResult) -> Html:
    """Return every step in the order of the cuts."""
    by_id = {c.id: c for c in result.credentials}
    steps = sorted((r for c in result.credentials for r in c.steps), key=lambda r: (r.cut_at or r.at, r.at))
    if not steps:
        return section("timeline", "Timeline of every cut", el("p", "No step was carried out."))
    rows = [
        (
            when(r.cut_at) if r.cut_at else el("span", "no cut", class_="none"),
            el("span", r.verb, class_="verb"),
            _named(by_id[r.credential]),
            badge(r.end_state),
            when(r.at),
            foreign(r.error or r.evidence),
        )
        for r in steps
    ]
    head = ("Cut at", "Step", "Credential", "Outcome", "Known at", "Evidence")
    return section(
        "timeline", "Timeline of every cut", chart.timeline(result, steps), table(count(len(rows), "step"), head, rows)
    )


def coverage(result: RunResult) -> Html:
    """Return how many were found, ended, proven and left open, by provider, and the sum of every end state."""
    ended = CUT_NOT_PROVEN | {EndState.DEAD}

    def numbers(of: Sequence[CredentialResult]) -> list[str]:
        cut, dead = sum(c.end_state in ended for c in of), sum(c.end_state is EndState.DEAD for c in of)
        return [str(n) for n in (len(of), cut, dead, len(of) - cut, sum(c.as_intended for c in of))]

    by = {
        p: [c for c in result.credentials if c.provider == p] for p in sorted({c.provider for c in result.credentials})
    }
    rows = [(foreign(p), *numbers(of)) for p, of in by.items()]
    head = ("Provider", "Found", "Ended", "Proven dead", "Open", "As intended")
    first = table("By provider: found = ended + open", head, rows, foot=("All", *numbers(result.credentials)))
    states = [(badge(s), str(result.counts.get(str(s), 0))) for s in WORST_FIRST]
    total = ("All", str(len(result.credentials)))
    second = table("By end state, worst first", ("State", "Credentials"), states, foot=total)
    return section("coverage", "Coverage", el("div", first, second, class_="pair numbers"))


def credentials(result: RunResult) -> Html:
    """Return every credential once, worst state first, with its evidence."""
    groups = []
    for state in WORST_FIRST:
        mine = [c for c in result.credentials if c.end_state is state]
        if mine:
            label = el("th", badge(state), f" {len(mine)}", colspan="4", scope="rowgroup")
            groups.append(el("tbody", el("tr", label, class_="group"), *(_credential(c) for c in mine)))
    head = el(
        "thead",
        el(
            "tr",
            *(
                el("th", h, scope="col")
                for h in ("Credential", "Whose", "What happened, with the evidence", "Found in")
            ),
        ),
    )
    caption = el("caption", count(len(result.credentials), "credential") + ", each in exactly one state")
    whole = el("table", caption, head, *groups, class_="all")
    return section("credentials", "Every credential", whole)


def _credential(c: CredentialResult) -> Html:
    marks = [
        m
        for m, holds in (
            ("as the playbook intends", c.as_intended),
            ("can be undone", c.reversible),
            ("used after the loss", c.used_after_loss == "yes"),
            ("not used after the loss", c.used_after_loss == "no"),
        )
        if holds
    ]
    who = [el("span", c.kind, class_="kind"), " ", el("strong", foreign(_name(c)))]
    who += [el("p", c.fingerprint, class_="fine")] if c.fingerprint and c.fingerprint != _name(c) else []
    who += [el("p", " · ".join(marks), class_="mark")] if marks else []
    whose = [
        el("p", _or(c.owner, "owner not known")),
        el("p", f"{c.relation}, ", foreign(c.tenant or "no tenant"), class_="fine"),
    ]
    whose += [el("p", "last used ", when(c.last_used), class_="fine")] if c.last_used else []
    why = c.used_after_loss_source
    whose += [el("p", f"Used after the loss: {c.used_after_loss}. ", foreign(why), class_="fine")] if why else []
    steps = el("ul", *(el("li", _step(r)) for r in c.steps)) if c.steps else Html("")
    where = (
        el("ul", *(el("li", foreign(p)) for p in c.places))
        if c.places
        else el("span", "at the provider only", class_="none")
    )
    shown = any(c.reason == (r.error or r.evidence) for r in c.steps)
    what = steps if shown else join([el("p", foreign(c.reason)), steps])
    cells = (("Whose", join(whose)), ("What happened", what), ("Found in", where))
    return el("tr", el("th", *who, scope="row"), *(el("td", v, data_label=k) for k, v in cells), id=c.id)


def _step(r: Receipt) -> Html:
    facts = [
        f"{k} {v}"
        for k, v in (
            ("call", r.call_status),
            ("verified by", r.verify_method),
            ("request", r.request_id),
            ("provider's clock", r.provider_time),
        )
        if v
    ]
    facts += [f"{k} {v}" for k, v in sorted(r.notes.items())] + ([f"{r.attempts} attempts"] if r.attempts > 1 else [])
    told = [el("strong", str(r.verb)), " ", when(r.at), " ", badge(r.end_state), " ", foreign(r.error or r.evidence)]
    return join([*told, el("p", foreign(" · ".join(facts)), class_="fine") if facts else ""])


def audit(result: RunResult, plans: Sequence[Plan]) -> Html:
    """Return what this page was made from and how to check it without trusting the page."""
    reasons = exit_reasons(result)
    facts: list[tuple[str, str]] = [
        ("Entries in the trail", str(result.audit_size)),
        ("Merkle root", el("code", result.audit_root or "none")),
        ("Plan digest", el("code", result.plan_digest)),
        *(("Addendum of a sweep", el("code", p.digest)) for p in plans[1:]),
        (
            "Tenants, as they answered",
            join(
                [foreign(f"{k}: {v} as {plans[0].principals.get(k, 'unknown')}") for k, v in plans[0].tenants.items()],
                "<br>",
            ),
        ),
        ("Started, ended", join([when(result.started_at), " to ", when(result.ended_at) or "not yet"])),
        (
            "Exit code",
            ", ".join(f"{r}: {_MEANING[r]}" for r in reasons) or "0: everything ended and is proven, or is as intended",
        ),
        ("Made by", f"rescind {plans[0].tool_version}, {plans[0].catalogue_version}"),
    ]
    rows = [pair for pair in facts if pair[1]]
    how = el("pre", join((el("code", line) for line in _CHECK), "\n"))
    note = el(
        "p",
        "This page is a view. The proof is the audit trail: export it, and check it anywhere, offline, with the key that you kept. "
        "The root below must be among the signed heads of that export.",
    )
    return section(
        "audit", "Audit, and how to check it", note, how, table("The record behind this page", ("Fact", "Value"), rows)
    )
