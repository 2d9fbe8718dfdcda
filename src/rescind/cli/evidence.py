"""`scan` and `plan`: read-only, they change nothing on the machine and nothing at any provider."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from rescind.cli.completion import playbooks
from rescind.cli.context import bold, print_json, session, width

TARGET = typer.Option(None, "--target", help="Home, mounted root, tree, archive or image to read.", metavar="PATH")
PERSON = typer.Option("", "--person", help="Whose access it is (e-mail, as in rescind.toml).", metavar="EMAIL")
WORKSTATION = typer.Option("", "--workstation", help="The machine's name.", metavar="NAME")
INVENTORY = typer.Option(None, "--inventory", help="An inventory that `rescind scan -o` wrote.", metavar="FILE")
LOST_AT = typer.Option("", "--lost-at", help="When control was lost (RFC 3339).", metavar="TIME")
HOLD = typer.Option(False, "--hold", help="Legal hold: nothing is deleted or erased.")
AT = typer.Option("", "--at", help="Begin at this moment (RFC 3339), not before.", metavar="TIME")
NOT_ISOLATED = typer.Option(
    "", "--not-isolated", help="Do not wait for the machine's isolation, for this reason.", metavar="REASON"
)
SELF = typer.Option(False, "--self", help="You are ending your own access on purpose.")
IDENTITY = typer.Option(None, "--identity", help="age key that opens a sealed inventory or check-in.", metavar="FILE")
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def scan(
    ctx: typer.Context,
    target: Path | None = typer.Argument(
        None, help="Home, mounted root, tree, archive or image; default: your home.", metavar="TARGET"
    ),
    all_users: bool = typer.Option(False, "--all-users", help="The whole running machine: every home on it."),
    root: Path | None = typer.Option(None, "--root", help="The same as TARGET.", metavar="PATH"),
    output: Path | None = typer.Option(None, "-o", "--output", help="Write the inventory here.", metavar="FILE"),
    seal_to: list[str] = typer.Option(
        [], "--seal-to", help="Encrypt it to this age recipient (repeatable).", metavar="RECIPIENT"
    ),
    with_values: bool = typer.Option(
        False, "--with-values", help="Seal the raw values too, of kinds that only their value can end."
    ),
    as_of: str = typer.Option("", "--as-of", help="Judge expiry at this moment (RFC 3339).", metavar="TIME"),
    as_json: bool = JSON,
) -> None:
    """Enumerate the credentials a machine holds. Reads only; values are never shown."""
    import json

    from rescind.cli.output import write_output
    from rescind.errors import EvidenceError
    from rescind.models.clock import parse_rfc3339
    from rescind.pipeline import inventory, render, sealed
    from rescind.pipeline.machine import held_at

    if seal_to and output is None:
        raise EvidenceError("--seal-to needs a file to write", hint="add -o FILE")
    if with_values and not seal_to:
        raise EvidenceError("raw values leave this machine only in a seal", hint="add --seal-to RECIPIENT and -o FILE")
    if (target is not None) + (root is not None) + all_users > 1:
        raise EvidenceError("more than one target was given", hint="give TARGET, or --root, or --all-users")
    place = Path(Path.home().anchor) if all_users else (target or root or Path.home()).expanduser()
    s = session(ctx, evidence=place)
    moment = None
    if as_of:
        try:
            moment = parse_rfc3339(as_of)
        except ValueError as error:
            raise EvidenceError(
                f"{as_of!r} is not an RFC 3339 time with a zone", hint="write it like 2026-11-23T13:02:00Z"
            ) from error
    found, raw = held_at(s, place, as_of=moment)
    data = inventory.to_json(found)
    if output is not None:
        values = sealed.needed(found, raw) if with_values else {}
        blob = sealed.sealed(found, seal_to, values) if seal_to else json.dumps(data, indent=2).encode()
        write_output(output, blob)
    if as_json:
        print_json(data)
    else:
        n, g, k = len(found.credentials), len(found.gaps), len(found.candidates)
        first = f"{render.many(n, 'credential')} · {g} unseen · {render.many(k, 'candidate')}"
        sys.stdout.write(bold(first) + "\n\n")
        for gap in found.gaps:
            told = f"unseen  {' '.join(filter(None, (gap.source, gap.path)))}: {gap.reason}"
            sys.stdout.write("\n".join(render.wrap(told, width(), "  ")) + "\n")
        for c in found.credentials:
            places = [
                render.safe(f.location.path) + (f":{f.location.line}" if f.location.line else "") for f in c.findings
            ]
            more = f" and {len(places) - 3} more" if len(places) > 3 else ""
            sys.stdout.write(render.entry(c.kind, f"{c.state}  {c.identifier or c.fingerprint}", width=width()))
            sys.stdout.write(render.entry("", ", ".join(places[:3]) + more, width=width()))
        if found.private:
            told = ", ".join(f"{n} {kind}" for kind, n in found.private.items())
            sys.stdout.write("\n".join(render.wrap(f"private, counted only: {told}", width(), "  ")) + "\n")
        if found.decoys:
            told = f"{render.many(len(found.decoys), 'look-alike')} not counted: placeholders, documented examples"
            sys.stdout.write(f"  {told}\n")
    raise typer.Exit(7 if found.gaps else 0)


def plan(
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
    output: Path = typer.Option(Path("plan.json"), "-o", "--output", help="Where the plan is written.", metavar="FILE"),
    as_json: bool = JSON,
) -> None:
    """Decide what would be done to every credential, and write it down. Touches nothing."""
    from rescind.pipeline import preview
    from rescind.pipeline import session as flow
    from rescind.pipeline.case import case_of, is_live
    from rescind.schema import plan as plan_file
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
    plan_file.write_plan(made, output)
    if as_json:
        print_json(plan_file.to_json(made))
    else:
        first, _, rest = preview.text(made, width=width()).partition("\n")
        sys.stdout.write(bold(first) + "\n" + rest)
        own = " --self" if target is not None and is_live(target.expanduser()) else ""
        sys.stdout.write(f"\nWritten to {output}. Nothing was changed. Next: rescind apply {output}{own}\n")
    raise typer.Exit(preview.exit_code(made))
