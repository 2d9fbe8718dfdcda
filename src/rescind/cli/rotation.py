"""`rotate` and `due`: replace configured credentials before they are old, and say which ones are."""

from __future__ import annotations

import sys

import typer

from rescind.cli.context import bold, print_json, session, state_dir, width
from rescind.cli.evidence import JSON
from rescind.cli.runs import WAIT, YES, confirm, start_run


def rotate(
    ctx: typer.Context,
    names: list[str] = typer.Argument(None, help="Rotations of rescind.toml; default: all.", metavar="NAME"),
    only_due: bool = typer.Option(False, "--due", help="Only those that are past their max_age."),
    yes: bool = YES,
    wait: bool = WAIT,
    as_json: bool = JSON,
) -> None:
    """Replace configured credentials: mint, prove, deliver; then end the old ones, and delete them after their grace."""
    from rescind.models.plan import Case
    from rescind.pipeline import rotations
    from rescind.pipeline import session as flow
    from rescind.pipeline.render import safe
    from rescind.schema.playbook import load_playbook

    s = session(ctx)
    chosen = [r.name for r in rotations.chosen(s, names or ())]
    unread: list[str] = []
    if only_due:
        ages = {a.row.name: a for a in rotations.ages(s)}
        unread = [name for name in chosen if ages[name].seconds is None]
        for name in unread:
            sys.stderr.write(f"rescind: {name} was left alone, its age is not known: {safe(ages[name].why)}\n")
        chosen = [name for name in chosen if ages[name].due]
        if not chosen:
            sys.stderr.write(f"rescind: no rotation is {'known to be ' if unread else ''}due; nothing was done\n")
            raise typer.Exit(7 if unread else 0)
    made = flow.survey(s, load_playbook("rotate-tokens"), Case(rotations=tuple(chosen)))
    confirm(made, yes=yes)
    try:
        start_run(s, made, as_json=as_json, self_allowed=False, wait=wait)
    except typer.Exit as done:
        raise typer.Exit(7 if unread and done.exit_code in {0, 5} else done.exit_code) from None


def due(ctx: typer.Context, as_json: bool = JSON) -> None:
    """List rotations past their age, and runs that rest for a grace period. Reads only."""
    from rescind.engine import state
    from rescind.pipeline import due as told
    from rescind.pipeline import rotations
    from rescind.pipeline.report import WAITING

    s = session(ctx)
    rests = [
        told.Resting(
            run=r.run,
            playbook=str(r.meta.get("playbook", "")),
            until=str(r.meta.get("waiting_until", "")),
            reason=str(r.meta.get("waiting_for", "")),
        )
        for r in state.list_runs(state_dir(ctx))
        if r.status == WAITING
    ]
    ages, now = rotations.ages(s), s.clock.now()
    if as_json:
        print_json(told.to_json(ages, rests, now))
    else:
        first, _, rest = told.text(ages, rests, now, width=width()).partition("\n")
        sys.stdout.write(bold(first) + "\n" + rest)
    raise typer.Exit(told.exit_code(ages, rests, now))
