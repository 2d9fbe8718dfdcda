"""What the commands share: options to a session, progress on stderr, JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rescind.audit.log import AuditLog
    from rescind.models.plan import Plan
    from rescind.models.run import RunResult
    from rescind.pipeline.session import Session


BEGAN = time.monotonic()
"""When this command started, on the clock that a session uses."""


def state_dir(ctx: typer.Context) -> Path:
    facts = ctx.obj or {}
    if facts.get("state"):
        return Path(facts["state"]).expanduser()
    import platformdirs

    given = facts.get("config") or Path(platformdirs.user_config_dir("rescind")) / "rescind.toml"
    if not Path(given).expanduser().exists():
        return Path(platformdirs.user_state_dir("rescind"))
    from rescind.schema.config import load, state_folder

    return state_folder(load(Path(facts["config"]).expanduser() if facts.get("config") else None))


def progress(ctx: typer.Context) -> Any:
    if ctx.obj and ctx.obj.get("quiet"):
        return lambda _text: None
    began = time.monotonic()

    def show(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:5.1f}s] {text}\n")
        sys.stderr.flush()

    return show


def session(ctx: typer.Context, *, evidence: Path | None = None, identity: Path | None = None) -> Session:
    from rescind.host.keychain import get_password
    from rescind.models.clock import SystemClock
    from rescind.pipeline.session import Session
    from rescind.schema.config import load
    from rescind.schema.secretref import resolver

    given = ctx.obj.get("config") if ctx.obj else ""
    config = load(Path(given).expanduser() if given else None, evidence=evidence)
    return Session(
        config=config,
        resolve=resolver(get_password),
        clock=SystemClock(),
        state_dir=state_dir(ctx),
        progress=progress(ctx),
        identity=identity.expanduser() if identity else None,
    )


def open_log(state: Path) -> AuditLog:
    from rescind.audit.log import open_log as open_
    from rescind.audit.signer import load_signer
    from rescind.host.keychain import get_password, set_password
    from rescind.models.clock import SystemClock

    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = load_signer(state, get_password, set_password)
    if signer.warning:
        sys.stderr.write(f"rescind: {signer.warning}\n")
    return open_(state / "rescind.db", signer, SystemClock())


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def width() -> int:
    import shutil

    return max(40, min(120, shutil.get_terminal_size((80, 24)).columns))


def bold(text: str) -> str:
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb":
        return f"\x1b[1m{text}\x1b[0m"
    return text


def show_result(result: RunResult, *, as_json: bool) -> int:
    from rescind.pipeline import render, report

    if as_json:
        print_json(report.to_json(result))
    else:
        first, _, rest = render.text(result, width=width()).partition("\n")
        sys.stdout.write(bold(first) + "\n" + rest)
    return report.exit_code(result)


def playbook_of(plan: Plan) -> Any:
    from rescind.schema.playbook import parse_playbook

    return parse_playbook(json.dumps(dict(plan.playbook)), "the plan's playbook")
