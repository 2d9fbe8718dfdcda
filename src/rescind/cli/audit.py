"""`audit verify|show|export`: check a trail offline, read it, hand it to an auditor."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rescind.cli.context import open_log, print_json, state_dir, width

if TYPE_CHECKING:
    from rescind.audit.check import Verdict
    from rescind.audit.log import AuditLog

app = typer.Typer(help="Check, read and export the audit trail.", no_args_is_help=True, rich_markup_mode=None)
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def _own(ctx: typer.Context) -> AuditLog:
    """Open this installation's trail; one that is not there is not made, so that a wrong folder is no clean bill."""
    from rescind.errors import UsageError

    state = state_dir(ctx)
    if not (state / "rescind.db").is_file():
        raise UsageError(
            f"there is no audit trail in {state}",
            hint="nothing was ever applied from there; name another folder with --state, or give an exported file",
        )
    return open_log(state)


def _readable(file: Path) -> Path:
    from rescind.errors import UsageError

    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise UsageError(
            f"{file}: it cannot be opened: {error.strerror}",
            hint="`rescind audit export -o FILE` writes a trail that can be checked",
        ) from None


@app.command()
def verify(
    ctx: typer.Context,
    trail: Path | None = typer.Argument(
        None, help="An exported trail; default: this installation's own.", metavar="FILE"
    ),
    vkey: str = typer.Option(
        "", "--key", "--vkey", help="The log's public key (vkey) that you know from elsewhere.", metavar="VKEY"
    ),
    checkpoint: Path | None = typer.Option(
        None, "--checkpoint", help="A later signed head: detects a trail cut back.", metavar="FILE"
    ),
    as_json: bool = JSON,
) -> None:
    """Check integrity and completeness with code that shares nothing with the writer. Exit 6 if it does not check."""
    import tempfile
    from dataclasses import asdict

    from rescind.audit import check
    from rescind.audit.export import export

    note = _readable(checkpoint).read_text(encoding="utf-8", errors="replace") if checkpoint else None
    if trail is None:
        with tempfile.TemporaryDirectory() as tmp:
            out = Path(tmp) / "trail.jsonl"
            export(_own(ctx), out)
            verdict = check.check(out, vkey=vkey or None, checkpoint=note)
    else:
        verdict = check.check(_readable(trail), vkey=vkey or None, checkpoint=note)
    if as_json:
        print_json(asdict(verdict))
    else:
        sys.stdout.write(_describe(verdict))
    raise typer.Exit(0 if verdict.integrity == "ok" and verdict.completeness != "incomplete" else 6)


def _describe(verdict: Verdict) -> str:
    from rescind.pipeline.render import wrap

    lines = [f"integrity {verdict.integrity} · completeness {verdict.completeness} · {verdict.size} entries"]
    if verdict.where:
        lines.append(f"  wrong: {verdict.where}")
    lines += [f"  incomplete: {p}" for p in verdict.problems]
    lines += [f"  still open: run {r}" for r in verdict.open_runs]
    lines += [f"  note: {n}" for n in verdict.notes]
    if verdict.truncation_note:
        lines.append(f"  note: {verdict.truncation_note}")
    key = (
        "given by you"
        if verdict.key_source == "given"
        else "taken from the file itself: compare it with one you trust (--key)"
    )
    if verdict.root:
        lines.append(f"  root {verdict.root}")
    if verdict.vkey:
        lines.append(f"  key {verdict.vkey} ({key})")
    return (
        "\n".join(out for line in lines for out in wrap(line.strip(), width(), "  " if line[0] == " " else "")) + "\n"
    )


@app.command()
def show(
    ctx: typer.Context, run: str = typer.Option("", "--run", help="Only this run.", metavar="RUN"), as_json: bool = JSON
) -> None:
    """Print the entries, oldest first."""
    from rescind.audit.log import open_reader
    from rescind.pipeline.render import safe, wrap

    for entry in open_reader(state_dir(ctx) / "rescind.db").entries(run=run or None):
        if as_json:
            sys.stdout.write(entry.raw.decode() + "\n")
        else:
            facts = json.dumps(dict(entry.data), ensure_ascii=True)[:400]
            sys.stdout.write(safe(f"{entry.seq} {entry.at} {entry.type} {entry.run}".rstrip()) + "\n")
            told = f"{entry.step} {facts}".strip()
            sys.stdout.write("\n".join(wrap(told, width(), "    ")) + "\n")


@app.command("export")
def export_(
    ctx: typer.Context,
    output: Path = typer.Option(..., "-o", "--output", help="Where the trail is written.", metavar="FILE"),
    run: str = typer.Option("", "--run", help="Only this run, each entry with its inclusion proof.", metavar="RUN"),
) -> None:
    """Write the trail to one self-contained file that can be checked anywhere."""
    from rescind.audit.export import export

    export(_own(ctx), output, run=run or None)
    sys.stdout.write(f"Written to {output}. Check it with: rescind audit verify {output}\n")
