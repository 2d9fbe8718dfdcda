"""`doctor`, `catalogue`, `drill`: what can be reached, what is known, and a rehearsal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import typer

from rescind.cli.completion import playbooks
from rescind.cli.context import bold, print_json, progress, session, width

JSON = typer.Option(False, "--json", help="Machine-readable output.")


def doctor(
    ctx: typer.Context,
    person: str = typer.Option(
        "",
        "--person",
        help="Say how much of this person's could be proven dead if the laptop vanished now. Exits 4 when something would stay open.",
        metavar="EMAIL",
    ),
    target: Path | None = typer.Option(
        None, "--target", help="With --person: the home to read; default: yours.", metavar="PATH"
    ),
    as_json: bool = JSON,
) -> None:
    """Reach every tenant read-only and say which kinds could be read there. Writes nothing. Exits 7 when something cannot be seen."""
    from rescind.pipeline.doctor import examine
    from rescind.pipeline.render import entry
    from rescind.schema.config import location

    if person:
        _ready(ctx, person, (target or Path.home()).expanduser(), as_json=as_json)
    s = session(ctx)
    rows = examine(s)
    if as_json:
        print_json({"schema": "rescind.doctor/1", "tenants": rows})
    else:
        if not rows:
            sys.stdout.write(
                f"No tenant is configured: every provider credential would stay manual.\n  → name yours in {s.config.path or location()}\n"
            )
        for row in rows:
            sys.stdout.write(bold(f"{row['tenant']} ({row['provider']}): {row['verdict']}") + "\n")
            for kind in row["kinds"]:
                sys.stdout.write(entry(kind["kind"], f"{kind['readable']}: {kind['evidence']}", width=width()))
                if kind["readable"] != "yes":
                    sys.stdout.write(entry("", f"needs: {', '.join(kind['permissions'])}", width=width()))
                if kind["missing"]:
                    sys.stdout.write(
                        entry("", f"to end them it also needs: {', '.join(kind['missing'])}", width=width())
                    )
            for record in row["records"]:
                needs = "" if record["readable"] == "yes" else f"; needs: {', '.join(record['permissions'])}"
                told = f"what credentials did, in {record['title']}: {record['readable']}: {record['evidence']}{needs}"
                sys.stdout.write(entry(record["record"], told, width=width()))
    bad = [
        r
        for r in rows
        if r["verdict"] != "reached" or any(k["readable"] != "yes" for k in (*r["kinds"], *r["records"]))
    ]
    raise typer.Exit(7 if bad or not rows else 0)


def _ready(ctx: typer.Context, person: str, target: Path, *, as_json: bool) -> NoReturn:
    from rescind.pipeline import readiness
    from rescind.pipeline import session as flow
    from rescind.pipeline.case import case_of
    from rescind.pipeline.doctor import examine
    from rescind.pipeline.render import safe
    from rescind.schema.playbook import load_playbook

    s = session(ctx, evidence=target)
    case = case_of(person=person, target=target, now=s.clock.now())
    made = flow.survey(s, load_playbook("lost-laptop"), case, self_allowed=True)
    found = readiness.readiness(made, examine(s))
    if as_json:
        print_json(found)
    else:
        first, *rest = readiness.text(found).splitlines()
        sys.stdout.write("\n".join([bold(safe(first)), *map(safe, rest)]) + "\n")
    raise typer.Exit(readiness.exit_code(found))


def catalogue(
    what: str = typer.Argument("kinds", help="stores, kinds or playbooks.", metavar="WHAT"), as_json: bool = JSON
) -> None:
    """What this version knows, from its own rows."""
    from rescind.errors import UsageError
    from rescind.pipeline.listing import TABLES
    from rescind.pipeline.render import entry

    if what not in TABLES:
        raise UsageError(f"there is no catalogue of {what!r}", hint="say stores, kinds or playbooks")
    if as_json:
        print_json({"schema": "rescind.catalogue/1", what: TABLES[what]()})
        return
    for row in TABLES[what]():
        sys.stdout.write(entry(row["id"], row["title"], width=width()))


def drill(
    ctx: typer.Context,
    playbook: str = typer.Argument(
        "lost-laptop", help="The playbook to rehearse.", metavar="PLAYBOOK", autocompletion=playbooks
    ),
    keep: bool = typer.Option(False, "--keep", help="Leave the throw-away world's folder for inspection."),
    fail: list[str] = typer.Option(
        [],
        "--fail",
        help="Make trouble between rescind and a provider (aws, oauth), in this order: 429[xN], 503[xN], 403[xN], html[xN], "
        "reset-before[xN], reset-after[xN] (the provider acted, we never heard), slow=SECONDS[xN], down. May be repeated.",
        metavar="PROVIDER=FAULT,…",
    ),
    as_json: bool = JSON,
) -> None:
    """Rehearse a playbook end to end against a safe, local, throw-away world, with real refusals."""
    from rescind.drill import run as rehearsal

    code = rehearsal.rehearse(
        playbook, keep=keep, as_json=as_json, progress=progress(ctx), width=width(), out=sys.stdout, fail=fail
    )
    raise typer.Exit(code)
