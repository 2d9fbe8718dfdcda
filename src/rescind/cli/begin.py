"""`init`: a starter configuration from what the operator's own environment suggests."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def init(
    output: Path | None = typer.Option(
        None, "-o", "--output", help="Where it is written; default: where rescind looks for it.", metavar="FILE"
    ),
    ask_aws: bool = typer.Option(
        False, "--ask-aws", help="Ask STS, with each AWS profile found, which account it is of."
    ),
) -> None:
    """Write a starter rescind.toml: suggests tenants as comments, you confirm which are yours. Refuses to overwrite."""
    from rescind.cli.output import write_output
    from rescind.errors import UsageError
    from rescind.host.surroundings import aws_profiles, vault_address
    from rescind.pipeline.starter import starter
    from rescind.schema.config import load, location

    place = (output or location()).expanduser()
    if place.exists() or place.is_symlink():
        raise UsageError(f"{place} is there already", hint="edit it, or name another file with -o")
    profiles = dict.fromkeys(aws_profiles(Path.home()), "")
    if ask_aws:
        from rescind.providers.aws._whoami import account

        profiles = {name: account(name) for name in profiles}
    text = starter(profiles, vault_address())
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_output(place, text.encode())
    load(place.absolute())
    sys.stdout.write(
        f"Written to {place}. Every suggestion is a comment: uncomment the tenants that are yours, then rescind doctor.\n"
    )
