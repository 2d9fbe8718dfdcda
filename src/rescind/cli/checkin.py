"""`checkin`: what this machine holds, sealed to the response team and sent while the machine is still there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rescind.cli.context import print_json, session, state_dir
from rescind.cli.evidence import JSON

if TYPE_CHECKING:
    from rescind.host.timer import Timer
    from rescind.models.checkin import CheckinConf
    from rescind.pipeline.session import Session

app = typer.Typer(
    help="Scan this machine, seal the inventory to the response team and send it to the configured sink.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
HOURS = typer.Option(6, "--every", min=1, max=24, help="Hours between check-ins.", metavar="HOURS")
PRINT = typer.Option(False, "--print", help="Show what would be written and run; change nothing.")


def _conf(s: Session) -> CheckinConf:
    from rescind.errors import ConfigError

    conf = s.config.checkin
    if conf is None or not conf.workstation:
        raise ConfigError(
            "check-ins are not configured on this machine",
            hint="set [checkin] with a sink and this machine's workstation name, and [org] recipients",
        )
    return conf


@app.callback()
def checkin(ctx: typer.Context, as_json: bool = JSON) -> None:
    """Scan this machine, seal the inventory to the response team and send it to the configured sink."""
    if ctx.invoked_subcommand:
        return
    from dataclasses import asdict

    from rescind.pipeline import checkin as checking
    from rescind.pipeline.machine import fingerprint_key, held_at
    from rescind.sinks import open_sink

    home = Path.home()
    s = session(ctx)  # a machine that checks in is its own operator: the configuration in its home is the one meant
    sink = open_sink(_conf(s).sink, s.resolve)
    fingerprint_key(s, keep=True)  # the same credential has the same fingerprint in every check-in
    sent = checking.send(s.config, sink, lambda: held_at(s, home), state_dir=s.state_dir, now=s.clock.now)
    if as_json:
        print_json({"schema": "rescind.sent/1", **asdict(sent)})
        return
    what = "heartbeat, nothing changed" if sent.heartbeat else "sealed inventory"
    again = f"; {sent.resent} from before was sent first" if sent.resent else ""
    sys.stdout.write(f"Check-in {sent.number} of {sent.workstation} sent at {sent.at}: {what}{again}.\n")


@app.command()
def key(ctx: typer.Context) -> None:
    """Make this machine's key if there is none, and print what the response team's configuration needs."""
    from rescind.pipeline.checkin import device_signer

    s = session(ctx)
    conf = _conf(s)
    signer = device_signer(s.state_dir, conf.workstation)
    sys.stdout.write(f'[workstation."{conf.workstation}"]\nkey = "{signer.vkey}"\n')


@app.command()
def install(ctx: typer.Context, every: int = HOURS, only_print: bool = PRINT) -> None:
    """Check in regularly: a systemd user timer, a launchd agent, or a Windows scheduled task."""
    from rescind.pipeline.checkin import device_signer

    s = session(ctx)
    made = _timer(ctx, every)
    if not only_print:
        device_signer(s.state_dir, _conf(s).workstation)
        for path, data in made.files.items():
            from rescind.cli.output import write_output

            path.parent.mkdir(parents=True, exist_ok=True)
            write_output(path, data)
    for path, data in made.files.items():
        text = data.decode("utf-16" if path.suffix == ".xml" else "utf-8")
        sys.stdout.write(f"# {path}\n{text}\n" if only_print else f"Written: {path}\n")
    _run(made.enable, only_print=only_print, then="Check-ins are scheduled. Enrol this machine: rescind checkin key\n")


@app.command()
def uninstall(ctx: typer.Context, only_print: bool = PRINT) -> None:
    """Stop checking in regularly; the key and the numbering stay."""
    made = _timer(ctx, 6)
    _run(made.disable, only_print=only_print, then="")
    for path in made.files:
        if not only_print:
            path.unlink(missing_ok=True)
        sys.stdout.write(f"{'Would remove' if only_print else 'Removed'}: {path}\n")


def _timer(ctx: typer.Context, hours: int) -> Timer:
    import platformdirs

    from rescind.host.timer import timer

    facts = ctx.obj or {}
    argv = [sys.executable, "-m", "rescind"]
    argv += ["--config", str(Path(facts["config"]).expanduser().absolute())] if facts.get("config") else []
    argv += ["--state", str(state_dir(ctx).absolute())] if facts.get("state") else []
    folder = Path(platformdirs.user_config_dir())
    return timer(sys.platform, [*argv, "--quiet", "checkin"], hours=hours, home=Path.home(), config_home=folder)


def _run(commands: tuple[tuple[str, ...], ...], *, only_print: bool, then: str) -> None:
    """Run the system's own scheduler; where it does not answer, say what is left to do and exit 4."""
    import subprocess

    from rescind.host.timer import shown

    for command in commands:
        if only_print:
            sys.stdout.write(f"$ {shown(command)}\n")
            continue
        try:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            ).returncode
        except (OSError, subprocess.TimeoutExpired):
            code = -1
        if code:
            sys.stderr.write(f"rescind: the scheduler did not take it\n  → by hand, as this user: {shown(command)}\n")
            raise typer.Exit(4)
    if then and not only_print:
        sys.stdout.write(then)
