"""`doctor`, `catalogue`, `drill`: what can be reached, what is known, and a rehearsal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

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
            _tell(row)
    bad = [
        r
        for r in rows
        if r["verdict"] != "reached" or any(k["readable"] != "yes" for k in (*r["kinds"], *r["records"]))
    ]
    raise typer.Exit(7 if bad or not rows else 0)


def _tell(row: dict[str, Any]) -> None:
    """Print what a tenant answered: how it stands in one line, what is missing kind by kind, and what is in order by name."""
    from rescind.pipeline.render import entry

    def tell(head: str, told: str) -> None:
        sys.stdout.write(entry(head, told, width=width()))

    kinds, well = row["kinds"], [k for k in row["kinds"] if k["readable"] == "yes" and not k["missing"]]
    read, short = sum(k["readable"] == "yes" for k in kinds), sum(bool(k["missing"]) for k in kinds)
    counts = f"; {read} of {len(kinds)} kinds can be read, {short} lack rights to be ended" if kinds else ""
    sys.stdout.write(bold(f"{row['tenant']} ({row['provider']}): {row['verdict']}{counts}") + "\n")
    for kind in kinds:
        if kind in well:
            continue
        tell(kind["kind"], f"{kind['readable']}: {kind['evidence']}")
        if kind["readable"] != "yes":
            tell("", f"needs: {', '.join(kind['permissions'])}")
        if kind["missing"]:
            tell("", f"to end them it also needs: {', '.join(kind['missing'])}")
    for record in row["records"]:
        needs = "" if record["readable"] == "yes" else f"; needs: {', '.join(record['permissions'])}"
        told = f"what credentials did, in {record['title']}: {record['readable']}: {record['evidence']}{needs}"
        tell(record["record"], told)
    sure = [k["kind"] for k in well if k["writable"] == "yes"]
    unsure = [k["kind"] for k in well if k["writable"] != "yes"]
    if sure:
        tell("may be ended", ", ".join(sure))
    if unsure:
        tell("can be read", f"{', '.join(unsure)}; whether they could be ended nobody says before it is done")


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
