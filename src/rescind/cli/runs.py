"""`apply`, `run`, `status`, `resume`, `report`: carry a plan out, follow it, take it up again, keep the result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rescind.cli.completion import playbooks
from rescind.cli.completion import runs as run_ids
from rescind.cli.context import open_log, playbook_of, session, show_result, state_dir, width
from rescind.cli.evidence import (
    AT,
    HOLD,
    IDENTITY,
    INVENTORY,
    JSON,
    LOST_AT,
    NOT_ISOLATED,
    PERSON,
    SELF,
    TARGET,
    WORKSTATION,
)

if TYPE_CHECKING:
    from rescind.models.plan import Plan
    from rescind.pipeline.session import Session

YES = typer.Option(False, "--yes", help="Do not ask. Releases nothing that is held.")
WAIT = typer.Option(False, "--wait", help="Sleep until a phase may begin, instead of resting.")
RUN = typer.Argument("", help="A run id; default: the latest.", metavar="RUN", autocompletion=run_ids)


def confirm(plan: Plan, *, yes: bool) -> None:
    from rescind.errors import RefusedError
    from rescind.pipeline import preview

    sys.stderr.write(preview.text(plan, width=width()))
    steps = sum(not s.held for s in plan.steps) + sum(
        bool(s.hook or s.machine) and not s.held and not s.left_out for s in plan.case_steps
    )
    if yes or not steps:
        return
    if not sys.stdin.isatty():
        raise RefusedError("there is no terminal to confirm on", hint="review the plan, then repeat with --yes")
    if input(f"Carry out these {steps} steps? Type yes: ").strip() != "yes":
        raise RefusedError("not confirmed; nothing was changed", hint="the plan stays as it is")


def start_run(
    s: Session, plan: Plan, *, as_json: bool, self_allowed: bool, wait: bool, approvals: list[Path] | None = None
) -> None:
    from rescind.engine import start
    from rescind.pipeline import approvals as approving
    from rescind.pipeline.session import gate, signers, subjects

    playbook = playbook_of(plan)
    tenants = gate(s, plan, playbook, self_allowed=self_allowed)
    log = open_log(s.state_dir)
    given: list[approving.Approval] = []
    for path in approvals or []:
        used = [str(e.data["nonce"]) for e in log.entries(type="approval")] + [a.nonce for a in given]
        text = approving.read(path)
        given.append(
            approving.check(
                text, plan, allowed_signers=signers(s), subjects=subjects(s, plan), used=used, now=s.clock.now()
            )
        )
    result = start.new(s, plan, playbook, tenants, log, approvals=tuple(given), wait=wait)
    raise typer.Exit(show_result(result, as_json=as_json))


def apply(
    ctx: typer.Context,
    plan: Path = typer.Argument(..., help="A file that `rescind plan` wrote.", metavar="PLAN"),
    approval: list[Path] = typer.Option([], "--approval", help="A file that `rescind approve` wrote.", metavar="FILE"),
    identity: Path | None = IDENTITY,
    self_allowed: bool = SELF,
    yes: bool = YES,
    wait: bool = WAIT,
    as_json: bool = JSON,
) -> None:
    """Execute exactly that plan. Refused if the plan, the evidence, the configuration or a tenant changed since."""
    from rescind.schema.plan import read_plan

    made = read_plan(plan)
    s = session(ctx, evidence=Path(made.case.target) if made.case.target else None, identity=identity)
    confirm(made, yes=yes)
    start_run(s, made, as_json=as_json, self_allowed=self_allowed, wait=wait, approvals=approval)


def approve(
    plan: Path = typer.Argument(..., help="A file that `rescind plan` wrote.", metavar="PLAN"),
    key: Path = typer.Option(
        ..., "--key", help="Your SSH key (private, agent's public half, or FIDO handle).", metavar="FILE"
    ),
    by: str = typer.Option(..., "--as", help="Your name in the file of allowed signers.", metavar="NAME"),
    credential: list[str] = typer.Option(
        [], "--credential", help="Release this held credential or case step (repeatable).", metavar="ID"
    ),
    hours: float = typer.Option(
        4.0, "--hours", min=0.01, max=168.0, help="How long the approval is good.", metavar="N"
    ),
    output: Path = typer.Option(Path("approval.json"), "-o", "--output", help="Where it is written.", metavar="FILE"),
) -> None:
    """Sign a plan's digest with an SSH key. With --credential it releases a held one; used once, for that plan only."""
    from datetime import timedelta

    from rescind.cli.output import write_output
    from rescind.models.clock import SystemClock
    from rescind.pipeline import approvals
    from rescind.schema.plan import read_plan

    made, now = read_plan(plan), SystemClock().now()
    text = approvals.make(made, credential, by=by, lifetime=timedelta(hours=hours), now=now, key=key.expanduser())
    write_output(output, text.encode())
    sys.stdout.write(f"Written to {output}. Next: rescind apply {plan} --approval {output}\n")


def run(
    ctx: typer.Context,
    playbook: str = typer.Argument(
        ..., help="A shipped playbook's name or a file.", metavar="PLAYBOOK", autocompletion=playbooks
    ),
    target: Path | None = TARGET,
    person: str = PERSON,
    workstation: str = WORKSTATION,
    inventory: Path | None = INVENTORY,
    lost_at: str = LOST_AT,
    identity: Path | None = IDENTITY,
    hold: bool = HOLD,
    at: str = AT,
    not_isolated: str = NOT_ISOLATED,
    self_allowed: bool = SELF,
    yes: bool = YES,
    wait: bool = WAIT,
    as_json: bool = JSON,
) -> None:
    """Scan, plan, confirm and apply in one."""
    from rescind.pipeline import session as flow
    from rescind.pipeline.case import case_of
    from rescind.schema.playbook import load_playbook

    s = session(ctx, evidence=target, identity=identity)
    case = case_of(
        person=person,
        workstation=workstation,
        target=target,
        inventory=inventory,
        lost_at=lost_at,
        now=s.clock.now(),
        hold=hold,
        at=at,
        not_isolated=not_isolated,
    )
    made = flow.survey(s, load_playbook(playbook), case, self_allowed=self_allowed)
    confirm(made, yes=yes)
    start_run(s, made, as_json=as_json, self_allowed=self_allowed, wait=wait)


def known_run(state: Path, run: str) -> str:
    from rescind.engine import state as runs
    from rescind.errors import UsageError

    chosen = run or runs.latest_run(state)
    if not chosen or runs.load_run(state, chosen) is None:
        known = [r.run for r in runs.list_runs(state)]
        raise UsageError(
            f"there is no run {run!r}" if run else "there is no run yet",
            hint=("known runs: " + ", ".join(known[:5]))
            if known
            else f"nothing was applied from {state}: `rescind apply` begins a run; --state names another folder",
        )
    return chosen


def status(ctx: typer.Context, run: str = RUN, as_json: bool = JSON) -> None:
    """Show a run as it stands now; residual clocks count on."""
    from rescind.audit.log import open_reader
    from rescind.engine.runs import result
    from rescind.models.clock import SystemClock

    state = state_dir(ctx)
    chosen = known_run(state, run)
    raise typer.Exit(
        show_result(result(state, open_reader(state / "rescind.db"), chosen, SystemClock()), as_json=as_json)
    )


def resume(
    ctx: typer.Context,
    run: str = typer.Argument(..., help="A run id (rescind status).", metavar="RUN", autocompletion=run_ids),
    identity: Path | None = IDENTITY,
    wait: bool = WAIT,
    as_json: bool = JSON,
) -> None:
    """Go on with a run after a rest, a crash or an interruption. No call of unknown outcome is repeated blindly."""
    from rescind.engine import start
    from rescind.engine.runs import plans_of

    chosen = known_run(state_dir(ctx), run)
    plans, _ = plans_of(state_dir(ctx), chosen)
    s = session(ctx, evidence=Path(plans[0].case.target) if plans[0].case.target else None, identity=identity)
    result = start.again(s, chosen, plans[0], playbook_of(plans[0]), open_log(s.state_dir), wait=wait)
    raise typer.Exit(show_result(result, as_json=as_json))


def report(
    ctx: typer.Context,
    run: str = RUN,
    output: Path | None = typer.Option(
        None, "-o", "--output", help="Write it here: .html, .json, or anything else for Markdown.", metavar="FILE"
    ),
    as_json: bool = JSON,
) -> None:
    """The whole run to read or keep: one HTML file that loads nothing, Markdown, or JSON."""
    import json

    from rescind.audit.log import open_reader
    from rescind.cli.output import write_output
    from rescind.engine.runs import plans_of, result
    from rescind.models.clock import SystemClock
    from rescind.pipeline import render
    from rescind.pipeline import report as adding

    state, clock = state_dir(ctx), SystemClock()
    chosen = known_run(state, run)
    done = result(state, open_reader(state / "rescind.db"), chosen, clock)
    suffix = ".json" if as_json else output.suffix.lower() if output else ".md"
    if suffix in {".html", ".htm"}:
        from rescind.pipeline.html import html

        text = html(done, plans=plans_of(state, chosen)[0], now=clock.now())
    else:
        text = json.dumps(adding.to_json(done), indent=2) + "\n" if suffix == ".json" else render.markdown(done)
    if output is None:
        sys.stdout.write(text)
        return
    write_output(output, text.encode())
    sys.stdout.write(f"Written to {output}.\n")
