"""`contain` and `undo`: cut a person's identities first, and take a run back that was a false alarm."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from rescind.cli.completion import runs
from rescind.cli.context import BEGAN, open_log, playbook_of, session, show_result, state_dir
from rescind.cli.evidence import JSON
from rescind.cli.runs import YES, confirm, known_run

if TYPE_CHECKING:
    from rescind.models.plan import Plan
    from rescind.models.run import RunResult
    from rescind.pipeline.session import Session
    from rescind.pipeline.tenants import Tenants

PATIENCE_SECONDS = 8.0


def _carry_out(s: Session, plan: Plan, *, at: Tenants | None = None, began: float | None = None) -> RunResult:
    from rescind.engine import start
    from rescind.pipeline.session import gate

    playbook = playbook_of(plan)
    ready = gate(s, plan, playbook, at=at)
    return start.new(s, plan, playbook, ready, open_log(s.state_dir), began=began)


def contain(
    ctx: typer.Context,
    person: str = typer.Option(
        ..., "--person", help="Whose access it is (e-mail, as in rescind.toml).", metavar="EMAIL"
    ),
    self_allowed: bool = typer.Option(False, "--self", help="You are ending your own access on purpose."),
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Cut the person's identities now, reversibly, before anything is enumerated. Looks at no machine."""
    from rescind.errors import RefusedError
    from rescind.pipeline import session as flow
    from rescind.pipeline.case import case_of
    from rescind.schema.playbook import load_playbook

    # a provider that is down must not hold up the cut at the others
    s = replace(session(ctx), patience=PATIENCE_SECONDS)
    case = case_of(person=person, now=s.clock.now())
    at = flow.tenants(s, case, write=True)
    made = flow.survey(s, load_playbook("contain"), case, self_allowed=self_allowed, at=at)
    confirm(made, yes=yes)
    if not any(not step.held for step in made.steps):
        why = "; ".join(dict.fromkeys([*(g.reason for g in made.gaps), *(d.reason for d in made.decisions)]))
        raise RefusedError(
            f"there is no identity of {person} to cut: {why or 'no tenant is configured whose identities can be cut'}",
            hint="map the person's names in rescind.toml, [person]; then `rescind contain` again",
        )
    done = _carry_out(s, made, at=at, began=BEGAN)
    code = show_result(done, as_json=as_json)
    if not as_json:
        sys.stdout.write(
            f"\nNothing was enumerated yet. Next: rescind plan lost-laptop --person {person} --target PATH\n"
            f"A false alarm? rescind undo {done.run} puts back exactly what was there.\n"
        )
    raise typer.Exit(code)


def undo(
    ctx: typer.Context,
    run: str = typer.Argument(..., help="A run id (rescind status).", metavar="RUN", autocompletion=runs),
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Take a run back that was a false alarm: puts back exactly what was there, as a plan of its own."""
    from rescind.engine.runs import attested, outcomes, plans_of
    from rescind.pipeline import case_steps
    from rescind.pipeline.undo import make_undo, snapshots

    chosen = known_run(state_dir(ctx), run)
    plans, _ = plans_of(state_dir(ctx), chosen)
    s = session(ctx)
    log = open_log(s.state_dir)
    case = case_steps.results(log, chosen, plans[0].case_steps, attested(log, chosen))
    made = make_undo(s, chosen, plans, outcomes(log, chosen), snapshots(log, chosen), case)
    confirm(made, yes=yes)
    raise typer.Exit(show_result(_carry_out(s, made), as_json=as_json))
