"""What a shell offers after TAB: playbooks, runs. Answers come from files alone, and nothing is said when they cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

import typer


def playbooks(incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the shipped playbooks with their titles."""
    from rescind.schema.playbook import load_playbook, shipped

    for name in shipped():
        if name.startswith(incomplete):
            yield name, load_playbook(name).title


def runs(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the runs of the state folder, newest first."""
    from rescind.cli.context import state_dir
    from rescind.engine.state import list_runs
    from rescind.errors import RescindError

    root = ctx.find_root()
    ctx.obj = ctx.obj or {k: root.params.get(k) or "" for k in ("config", "state")}
    try:
        known = list_runs(state_dir(ctx))
    except RescindError:
        return
    for record in known:
        if record.run.startswith(incomplete):
            yield record.run, f"{record.meta.get('playbook', '')}, {record.status}"
