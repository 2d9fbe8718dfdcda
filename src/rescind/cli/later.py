"""`verify` and `task done`: what is done to a run after it ended."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from rescind.cli.context import open_log, playbook_of, session, show_result, state_dir
from rescind.cli.evidence import JSON
from rescind.cli.runs import known_run

task = typer.Typer(help="Manual tasks of a run.", no_args_is_help=True, rich_markup_mode=None)


def verify(
    ctx: typer.Context,
    run: str = typer.Argument("", help="A run id; default: the latest.", metavar="RUN"),
    as_json: bool = JSON,
) -> None:
    """Look again at everything a run ended. What came back is reopened; nothing is changed at any provider."""
    from rescind.engine.runs import outcomes, plans_of, result
    from rescind.pipeline.execute import Context
    from rescind.pipeline.machine import secret_reader
    from rescind.pipeline.reverify import look_again
    from rescind.pipeline.session import people, tenants

    chosen = known_run(state_dir(ctx), run)
    plans, _ = plans_of(state_dir(ctx), chosen)
    target = plans[0].case.target
    s = session(ctx, evidence=Path(target) if target else None)
    log = open_log(s.state_dir)
    at = tenants(s, plans[0].case, write=False)
    context = Context(
        run=chosen,
        tenants=at,
        people=people(s, plans[0].case),
        log=log,
        clock=s.clock,
        read_secret=secret_reader(s, plans[0].case),
    )
    looked = look_again(plans, outcomes(log, chosen), context)
    log.sign_head()
    s.progress(f"looked again at {looked} steps of {playbook_of(plans[0]).name}")
    raise typer.Exit(show_result(result(s.state_dir, log, chosen, s.clock), as_json=as_json))


@task.command()
def done(
    ctx: typer.Context,
    run: str = typer.Argument(..., help="A run id (rescind status).", metavar="RUN"),
    credential: str = typer.Argument(..., help="The credential whose task is done.", metavar="CREDENTIAL"),
    by: str = typer.Option(..., "--by", help="Who did it.", metavar="NAME"),
    evidence: str = typer.Option(
        ..., "--evidence", help="What shows it: a ticket, a link, an observation.", metavar="TEXT"
    ),
) -> None:
    """Attest a manual task. Closes the task; the credential's state stays what can be proven."""
    from rescind.engine.runs import result
    from rescind.errors import UsageError
    from rescind.models.clock import SystemClock, rfc3339

    chosen = known_run(state_dir(ctx), run)
    log, clock = open_log(state_dir(ctx)), SystemClock()
    tasks = {c.id: c.tasks for c in result(state_dir(ctx), log, chosen, clock).credentials if c.tasks}
    if credential not in tasks:
        raise UsageError(f"run {chosen} has no task for {credential!r}", hint="tasks: " + (", ".join(tasks) or "none"))
    facts = {"credential": credential, "attested_by": by, "attested_at": rfc3339(clock.now()), "evidence": evidence}
    log.append("task-done", run=chosen, step=credential, data=facts)
    log.sign_head()
    sys.stdout.write("Recorded. The state stays as it is until something can be verified.\n")
