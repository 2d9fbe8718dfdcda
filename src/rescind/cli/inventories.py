"""`inventory ls|show|diff|export`: what is known of each workstation, from the runs that began with it or from files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rescind.cli.context import print_json, state_dir, width
from rescind.cli.evidence import JSON

if TYPE_CHECKING:
    from rescind.models.credential import Inventory

app = typer.Typer(help="What is known of each workstation.", no_args_is_help=True, rich_markup_mode=None)
WHICH = "A workstation, a run id, or a file that `rescind scan -o` wrote"


def _load(state: Path, which: str) -> Inventory:
    from rescind.engine.state import list_inventories
    from rescind.errors import UsageError
    from rescind.pipeline.inventory_json import from_json
    from rescind.schema.inventory import read_inventory

    kept = list_inventories(state)
    for record in kept:  # newest first
        if not which or which in {record.run, record.workstation}:
            return from_json(json.loads(record.inventory))
    if which and Path(which).is_file():
        return read_inventory(Path(which))
    known = ", ".join(dict.fromkeys(r.workstation or r.run for r in kept))
    raise UsageError(
        f"there is no inventory of {which!r}" if which else "no inventory was saved yet",
        hint=f"known: {known}; or name a file"
        if known
        else "`rescind apply` and `rescind run` save one; or name a file",
    )


@app.command()
def ls(ctx: typer.Context, as_json: bool = JSON) -> None:
    """List the saved inventories, newest first."""
    from rescind.engine.state import list_inventories
    from rescind.pipeline.render import entry

    rows = []
    for record in list_inventories(state_dir(ctx)):
        held = json.loads(record.inventory)
        facts = {"run": record.run, "workstation": record.workstation, "at": record.at}
        rows.append({**facts, **{k: len(held[k]) for k in ("credentials", "candidates", "gaps")}})
    if as_json:
        print_json({"schema": "rescind.inventories/1", "inventories": rows})
        return
    if not rows:
        sys.stdout.write("No inventory was saved yet: `rescind apply` and `rescind run` save one.\n")
    for row in rows:
        counts = f"{row['credentials']} credentials, {row['candidates']} candidates, {row['gaps']} unseen"
        sys.stdout.write(f"{row['at']}  {row['run']}\n")
        sys.stdout.write(entry(str(row["workstation"]) or "(no name)", counts, width=width()))


@app.command()
def show(
    ctx: typer.Context,
    which: str = typer.Argument("", help=f"{WHICH}; default: the latest.", metavar="[WORKSTATION|FILE]"),
    as_json: bool = JSON,
) -> None:
    """Show one inventory. Values are never in it. Exits 7 when it has gaps."""
    from rescind.pipeline.inventory_json import to_json
    from rescind.pipeline.render import entry

    found = _load(state_dir(ctx), which)
    if as_json:
        print_json(to_json(found))
    else:
        many = f"{len(found.credentials)} credentials · {len(found.gaps)} unseen · {len(found.candidates)} candidates"
        sys.stdout.write(many + "\n\n")
        for c in found.credentials:
            sys.stdout.write(entry(c.kind, f"{c.state}  {c.identifier or c.fingerprint}", width=width()))
    raise typer.Exit(7 if found.gaps else 0)


@app.command()
def diff(
    ctx: typer.Context,
    old: str = typer.Argument(..., help=f"{WHICH}.", metavar="A"),
    new: str = typer.Argument(..., help=f"{WHICH}.", metavar="B"),
    as_json: bool = JSON,
) -> None:
    """Say what was added, removed, or changed its state from A to B."""
    from rescind.pipeline.compare import diff as compare
    from rescind.pipeline.render import safe

    found = compare(_load(state_dir(ctx), old), _load(state_dir(ctx), new))
    if as_json:
        print_json(found)
        return
    for word, mark in (("added", "+"), ("removed", "-"), ("changed", "~")):
        for row in found[word]:
            was = f" (was {row['was']})" if word == "changed" else ""
            sys.stdout.write(f"{mark} {row['kind']:20} {safe(row['identifier'])}  {row['state']}{was}\n")
    counts = ", ".join(f"{len(found[word])} {word}" for word in ("added", "removed", "changed"))
    sys.stdout.write(f"{counts}, {found['same']} the same\n")


@app.command()
def export(
    ctx: typer.Context,
    which: str = typer.Argument("", help=f"{WHICH}; default: the latest.", metavar="[WORKSTATION|FILE]"),
    form: str = typer.Option("cyclonedx", "--format", help="cyclonedx: CycloneDX 1.6 as JSON.", metavar="FORMAT"),
    output: Path | None = typer.Option(None, "-o", "--output", help="Write it here.", metavar="FILE"),
) -> None:
    """Export one inventory for other tools: credentials as cryptographic assets with their states, never a value."""
    from rescind.cli.output import write_output
    from rescind.errors import UsageError
    from rescind.models.clock import SystemClock
    from rescind.pipeline.cyclonedx import to_cyclonedx

    if form != "cyclonedx":
        raise UsageError(
            f"found the format {form!r}; allowed: cyclonedx", hint="`rescind scan --json` is our own format"
        )
    text = to_cyclonedx(_load(state_dir(ctx), which), at=SystemClock().now())
    if output is None:
        sys.stdout.write(text)
        return
    write_output(output, text.encode())
    sys.stdout.write(f"Written to {output}.\n")
