"""The command line: parses, calls, renders. No decision is taken here; heavy modules are imported inside the commands."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys

import typer
from typer.core import TyperGroup

from rescind.cli import audit, begin, checkin, cut, evidence, info, inventories, later, rotation, runs

# design.md §4 fixes the order in which --help lists the commands; typer would put groups last
ORDER = [
    "init",
    "scan",
    "checkin",
    "inventory",
    "contain",
    "plan",
    "approve",
    "apply",
    "run",
    "status",
    "resume",
    "verify",
    "undo",
    "task",
    "rotate",
    "due",
    "audit",
    "report",
    "doctor",
    "catalogue",
    "drill",
]


class InOrder(TyperGroup):
    """The commands in the order of the design."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002  the framework's signature
        """Return every command's name."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="rescind",
    cls=InOrder,
    help="End every credential that lived on a lost machine or in a leaver's hands, and prove that each is dead.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from rescind import __version__

        typer.echo(f"rescind {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    config: str = typer.Option("", "--config", envvar="RESCIND_CONFIG", help="rescind.toml to use.", metavar="FILE"),
    state: str = typer.Option(
        "", "--state", envvar="RESCIND_STATE", help="Folder for runs, audit trail and journal.", metavar="DIR"
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress on stderr."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: ARG001  answered by its callback
) -> None:
    ctx.obj = {"config": config, "state": state, "quiet": quiet}


app.command("init")(begin.init)
app.command("scan")(evidence.scan)
app.add_typer(checkin.app, name="checkin")
app.add_typer(inventories.app, name="inventory")
app.command("contain")(cut.contain)
app.command("plan")(evidence.plan)
app.command("approve")(runs.approve)
app.command("apply")(runs.apply)
app.command("run")(runs.run)
app.command("status")(runs.status)
app.command("resume")(runs.resume)
app.command("verify")(later.verify)
app.command("undo")(cut.undo)
app.add_typer(later.task, name="task")
app.command("rotate")(rotation.rotate)
app.command("due")(rotation.due)
app.add_typer(audit.app, name="audit")
app.command("report")(runs.report)
app.command("doctor")(info.doctor)
app.command("catalogue")(info.catalogue)
app.command("drill")(info.drill)


def main() -> None:
    """Run the command line; every `RescindError` is rendered once, here."""
    from rescind.errors import RescindError

    _in_utf8()
    gc.set_threshold(50_000, 50, 50)  # loading the catalogue makes many objects and no garbage
    try:
        answer = app(prog_name="rescind", standalone_mode=False)
        code = answer if isinstance(answer, int) else 0
    except RescindError as error:
        from rescind.pipeline.render import safe

        sys.stderr.write(f"rescind: {safe(error.message)}\n")
        hint = error.hint or ("nothing was done: mend it and repeat" if error.exit_code == 2 else "")
        if hint:
            sys.stderr.write(f"  → {safe(hint)}\n")
        code = error.exit_code
    except typer.Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write(
            "rescind: interrupted; no further step was begun\n"
            "  → `rescind status` shows what was done and names the run; `rescind resume RUN` goes on with it\n"
        )
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        sys.stderr.write(
            f"rescind: {error.strerror or type(error).__name__}{': ' + str(error.filename) if error.filename else ''}\n"
        )
        sys.stderr.write("  → nothing is lost: what was done is in the audit trail; `rescind status` shows it\n")
        code = 1
    except Exception as error:  # noqa: BLE001  the message of an unforeseen error could quote anything, so only its type is shown
        code = _usage_or_internal(error)
    code = _flushed(code)
    if code == 130:
        os._exit(code)  # a thread may still wait for a provider; nothing is lost, the run goes on with `resume`
    gc.freeze()  # the interpreter's last look through all objects takes longer than ending them
    sys.exit(code)


def _in_utf8() -> None:
    """Write UTF-8 also where the system's own code page is another (Windows, into a pipe or a file): it lacks what we print."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _flushed(code: int) -> int:
    """Hand over what was printed. Where nobody takes it (a full disk, a closed pipe) the answer cannot be 0."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), stream.fileno()
            )  # else the interpreter tries once more, and complains
            code = code or (141 if isinstance(error, BrokenPipeError) else 1)
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                with contextlib.suppress(OSError):
                    sys.stderr.write(f"rescind: what was printed is not complete: {error.strerror}\n")
    return code


def _usage_or_internal(error: Exception) -> int:
    show = getattr(error, "show", None)
    if show is not None and hasattr(error, "exit_code"):  # click's own usage errors
        show()
        return int(error.exit_code)
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f" at {where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where else ""
    sys.stderr.write(f"rescind: internal error ({type(error).__name__}{place}); this is a bug\n")
    sys.stderr.write(
        "  → no step is lost: `rescind status` shows what was done, `rescind resume` goes on; please report it\n"
    )
    return 1
