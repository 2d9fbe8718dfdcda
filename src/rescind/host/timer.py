"""A recurring `rescind checkin` for this user: a systemd timer, a launchd agent, or a Windows scheduled task.

Formats: https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html, launchd.plist(5),
https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema. Nothing runs with more rights than the user's own.
"""

from __future__ import annotations

import plistlib
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

NAME = "rescind-checkin"
LABEL = "org.rescind.checkin"
SPREAD_SECONDS = 600
"""Machines start at different moments within this, so that a fleet does not arrive at its sink at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """What has to be written, what switches it on, and what switches it off again."""

    files: dict[Path, bytes]
    enable: tuple[tuple[str, ...], ...]
    disable: tuple[tuple[str, ...], ...]


def timer(system: str, argv: Sequence[str], *, hours: int, home: Path, config_home: Path) -> Timer:
    """Return the timer for `linux`, `darwin` or `win32` that runs `argv` every so many hours, also soon after a missed time."""
    made = {"darwin": _launchd, "win32": _task}.get(system, _systemd)
    return made(argv, hours, config_home if made is _systemd else home)


def _systemd(argv: Sequence[str], hours: int, config_home: Path) -> Timer:
    command = " ".join(
        '"' + a.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"' for a in argv
    )
    service = f"[Unit]\nDescription=rescind check-in\n\n[Service]\nType=oneshot\nNice=10\nIOSchedulingClass=idle\nExecStart={command}\n"
    unit = (
        f"[Unit]\nDescription=rescind check-in every {hours} h\n\n[Timer]\nOnCalendar=*-*-* 00/{hours}:00:00\n"
        f"RandomizedDelaySec={SPREAD_SECONDS}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
    folder = config_home / "systemd" / "user"
    return Timer(
        files={folder / f"{NAME}.service": service.encode(), folder / f"{NAME}.timer": unit.encode()},
        enable=(("systemctl", "--user", "daemon-reload"), ("systemctl", "--user", "enable", "--now", f"{NAME}.timer")),
        disable=(("systemctl", "--user", "disable", "--now", f"{NAME}.timer"),),
    )


def _launchd(argv: Sequence[str], hours: int, home: Path) -> Timer:
    path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    held = {"Label": LABEL, "ProgramArguments": list(argv), "StartInterval": hours * 3600, "RunAtLoad": True}
    held |= {"ProcessType": "Background", "LowPriorityIO": True}
    return Timer(
        files={path: plistlib.dumps(held)},
        enable=(("launchctl", "load", "-w", str(path)),),
        disable=(("launchctl", "unload", "-w", str(path)),),
    )


def _task(argv: Sequence[str], hours: int, home: Path) -> Timer:
    program, *rest = argv
    arguments = subprocess.list2cmdline(rest)
    text = (
        '<?xml version="1.0" encoding="UTF-16"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        "  <Triggers><TimeTrigger><StartBoundary>2026-01-01T00:00:00</StartBoundary>"
        f"<RandomDelay>PT{SPREAD_SECONDS}S</RandomDelay><Repetition><Interval>PT{hours}H</Interval></Repetition></TimeTrigger></Triggers>\n"
        "  <Settings><StartWhenAvailable>true</StartWhenAvailable><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy></Settings>\n"
        f"  <Actions><Exec><Command>{escape(program)}</Command><Arguments>{escape(arguments)}</Arguments></Exec></Actions>\n"
        "</Task>\n"
    )
    path = home / "AppData" / "Local" / "rescind" / f"{NAME}.xml"
    return Timer(
        files={path: text.encode("utf-16")},
        enable=(("schtasks", "/Create", "/F", "/TN", NAME, "/XML", str(path)),),
        disable=(("schtasks", "/Delete", "/F", "/TN", NAME),),
    )


def shown(command: Sequence[str]) -> str:
    """Return a command as one would type it."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
