"""`verify` and `task done`: what is done to a run after it ended."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from rescind.cli.completion import runs
from rescind.cli.context import open_log, playbook_of, session, show_result, state_dir
from rescind.cli.evidence import IDENTITY, JSON
from rescind.cli.runs import known_run

task = typer.Typer(help="Manual tasks of a run.", no_args_is_help=True, rich_markup_mode=None)


def verify(
    ctx: typer.Context,
    run: str = typer.Argument("", help="A run id; default: the latest.", metavar="RUN", autocompletion=runs),
    identity: Path | None = IDENTITY,
    as_json: bool = JSON,
) -> None:
    """Look again at everything a run ended. What came back is reopened, what its credentials did is read again; nothing is changed at any provider."""
    from rescind.engine.afterwards import look_for_more
    from rescind.engine.runs import outcomes, plans_of, result
    from rescind.pipeline.execute import Context
    from rescind.pipeline.machine import secret_reader
    from rescind.pipeline.orders import again as orders_again
    from rescind.pipeline.preserve import Reader, folder_of
    from rescind.pipeline.preserve import again as read_again
    from rescind.pipeline.render import many
    from rescind.pipeline.reverify import look_again
    from rescind.pipeline.session import in_scope, people, tenants

    chosen = known_run(state_dir(ctx), run)
    plans, _ = plans_of(state_dir(ctx), chosen)
    target = plans[0].case.target
    s = session(ctx, evidence=Path(target) if target else None, identity=identity)
    log = open_log(s.state_dir)
    accounts = plans[0].tenants  # what is absent in another account is not dead in this one
    at = tenants(s, plans[0].case, write=False, expected=accounts)
    context = Context(
        run=chosen,
        tenants=at,
        people=people(s, plans[0].case),
        log=log,
        clock=s.clock,
        read_secret=secret_reader(s, plans[0].case),
    )
    looked = look_again(plans, outcomes(log, chosen), context)
    reader = Reader(
        run=chosen,
        # apart from the looks: what slows one must not slow the other
        tenants=tenants(s, plans[0].case, write=False, expected=accounts),
        log=log,
        clock=s.clock,
        folder=folder_of(s.state_dir, chosen),
        names=lambda provider: context.people.subject(provider).names,
    )
    held = [c for plan in plans for c in plan.credentials]
    read = read_again(reader, plans[0].case_steps, held, plans[0].case.lost_at)
    looked += orders_again(reader, plans[0].case_steps)
    playbook, who = playbook_of(plans[0]), context.people
    new = look_for_more(s.state_dir, chosen, plans, playbook, in_scope(s, playbook), at, who, log, s.clock)
    log.sign_head()
    records = f", read {many(read, 'record')} of what credentials did" if read else ""
    more = f", found {new} that appeared since" if new else ""
    s.progress(f"looked again at {many(looked, 'step')} of {playbook.name}{records}{more}")
    raise typer.Exit(show_result(result(s.state_dir, log, chosen, s.clock), as_json=as_json))


@task.command()
def done(
    ctx: typer.Context,
    run: str = typer.Argument(..., help="A run id (rescind status).", metavar="RUN", autocompletion=runs),
    task: str = typer.Argument(..., help="The case step, or the credential, whose task is done.", metavar="TASK"),
    by: str = typer.Option(..., "--by", help="Who did it.", metavar="NAME"),
    evidence: str = typer.Option(
        ..., "--evidence", help="What shows it: a ticket, a link, an observation.", metavar="TEXT"
    ),
) -> None:
    """Attest a manual task. Closes the task; the state stays what can be proven. A run that waits for it goes on with `resume`."""
    from rescind.engine.runs import result
    from rescind.errors import RefusedError, UsageError
    from rescind.models.clock import SystemClock, rfc3339
    from rescind.models.credential import EndState
    from rescind.pipeline.report import WAITING

    chosen = known_run(state_dir(ctx), run)
    log, clock = open_log(state_dir(ctx)), SystemClock()
    shown = result(state_dir(ctx), log, chosen, clock)
    case = {s.id: s for s in shown.case_steps}
    known = [*case, *(c.id for c in shown.credentials if c.tasks)]
    if task not in known:
        raise UsageError(f"run {chosen} has no task {task!r}", hint="tasks: " + (", ".join(known) or "none"))
    if task in case and case[task].end_state in {EndState.HELD, EndState.SKIPPED}:
        raise RefusedError(
            f"{task} is not to be done in this run: {case[task].reason}", hint="make and approve a plan that does it"
        )
    facts = {"attested_by": by, "attested_at": rfc3339(clock.now()), "evidence": evidence}
    about = {"case_step": task} if task in case else {"credential": task}
    log.append("task-done", run=chosen, step=task, data={**about, **facts})
    log.sign_head()
    goes_on = f"The run rests. Next: rescind resume {chosen}\n" if shown.status == WAITING else ""
    sys.stdout.write(f"Recorded. The state stays as it is until something can be verified.\n{goes_on}")
