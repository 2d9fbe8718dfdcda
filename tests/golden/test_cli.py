"""What a person reads, word for word: each command as a process without a terminal, 80 columns wide, beside a golden file.

Written anew with `RESCIND_GOLDEN=write`; read the difference before it is kept. `[…]` stands for what differs from run to run.
"""

from __future__ import annotations

import difflib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from rescind import catalogue
from rescind.cli import app
from rescind.schema.playbook import shipped
from tests.contract.faults import Rule
from tests.unit.test_gate import WRITE, a_desk

HERE = Path(__file__).resolve().parent
SHAPES = (
    (r"sha256:[0-9a-f]{64}", "[DIGEST]"),
    (r"sha256:[0-9a-f]{12}\b", "[DIGEST]"),
    (r"hmac-sha256:[0-9a-f]{32}", "[FINGERPRINT]"),
    (r"\d{8}-\d{6}-[0-9a-f]{6}", "[RUN]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
    (r"\b[0-9a-f]{64}\b", "[HASH]"),
    (r"root [0-9a-f]{16}\b", "root [HASH]"),
    (r"(?m)^\[ *\d+\.\ds\] .*\n", ""),
)


def environment(home: Path, **more: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


def rescind(where: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run one command in `where`, whose `home` is HOME, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "rescind", *args], env=environment(where / "home"), cwd=where, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def plain(text: str, where: Path) -> str:
    text = text.replace(str(where), "[DIR]").replace(", ".join(catalogue.providers()), "[PROVIDERS]")
    text = text.replace("allowed: " + ", ".join(shipped()), "allowed: [PLAYBOOKS]")
    for shape, word in SHAPES:
        text = re.sub(shape, word, text)
    return text


def compare(name: str, where: Path, *runs: tuple[tuple[str, ...], subprocess.CompletedProcess[str]]) -> None:
    """Compare what commands printed with a golden file."""
    told = ""
    for args, done in runs:
        out, err = plain(done.stdout, where), plain(done.stderr, where)
        told += (
            f"$ rescind {plain(' '.join(args), where)}\n{out}"
            + ("--- stderr\n" + err if err else "")
            + f"--- exit {done.returncode}\n"
        )
        readable(done)
    file = HERE / f"{name}.txt"
    if os.environ.get("RESCIND_GOLDEN") == "write":
        file.write_text(told)
    wanted = file.read_text()
    assert told == wanted, "\n".join(
        difflib.unified_diff(wanted.splitlines(), told.splitlines(), "golden", "now", lineterm="")
    )


def readable(done: subprocess.CompletedProcess[str]) -> None:
    """No escape, no trace of the program's inside, and no line wider than the screen but for a word that cannot be broken."""
    both = done.stdout + done.stderr
    assert "\x1b" not in both
    assert "Traceback" not in both
    assert "internal error" not in both
    for line in done.stdout.splitlines():
        before, _, last = line.rpartition(" ")
        assert len(line) <= 80 or (len(before) <= 80 and len(last) > 30), line


@pytest.fixture
def where(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path


def commands(group: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(typer.main.get_command(app)), ids=lambda p: "-".join(p) or "rescind")
def test_help(where, path):
    args = (*path, "--help")
    done = rescind(where, *args)
    assert done.returncode == 0
    compare("-".join(("help", *path)), where, (args, done))


# --- what goes wrong before anything is done


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


STEPS = "phases:\n  - name: a\n    steps:\n      - {select: 'true', verbs: [revok]}\n"
PLAN = ("plan", "lost-laptop", "--target", "home")
WRONG: dict[str, tuple[Callable[[Path], object], tuple[str, ...], int]] = {
    "playbook-malformed": (lambda d: write(d / "bad.yaml", "name: x\n version: [1\n"), ("plan", "bad.yaml", "--target", "home"), 2),
    "playbook-unknown-verb": (
        lambda d: write(d / "bad.yaml", f"name: x\nversion: 1\ntitle: t\n{STEPS}"), ("plan", "bad.yaml", "--target", "home"), 2,
    ),
    "playbook-unknown": (lambda d: None, ("plan", "lost-labtop", "--target", "home"), 2),
    "config-unknown-provider": (
        lambda d: write(d / "r.toml", '[tenant.x]\nprovider = "awz"\n'), ("--config", "{dir}/r.toml", *PLAN), 2,
    ),
    "config-open-to-others": (lambda d: write(d / "r.toml", "[org]\n", 0o666), ("--config", "{dir}/r.toml", *PLAN), 2),
    "config-missing": (lambda d: None, ("--config", "{dir}/none.toml", "doctor"), 2),
    "home-missing": (lambda d: None, ("scan", "nowhere"), 2),
    "home-is-a-file": (lambda d: write(d / "afile", "x"), ("scan", "afile"), 2),
    "aws-half-written": (
        lambda d: write(d / "home/.aws/credentials", "[default]\naws_access_key_id = AKIA234567ABCDEFGHIJ\naws_secret_acc"), ("scan", "home"), 7,
    ),
    "store-is-a-folder": (lambda d: (d / "home/.vault-token").mkdir(), ("scan", "home"), 7),
    "apply-missing": (lambda d: None, ("apply", "none.json"), 2),
    "apply-not-json": (lambda d: write(d / "p.json", "{"), ("apply", "p.json"), 2),
    "apply-not-a-plan": (lambda d: write(d / "p.json", '{"a": 1}'), ("apply", "p.json"), 2),
    "status-no-runs": (lambda d: None, ("status",), 2),
    "resume-unknown": (lambda d: None, ("resume", "nothing"), 2),
    "audit-garbage": (lambda d: write(d / "t.jsonl", "garbage\n"), ("audit", "verify", "t.jsonl"), 6),
    "audit-missing-file": (lambda d: None, ("audit", "verify", "none.jsonl"), 2),
    "audit-no-trail": (lambda d: None, ("audit", "verify"), 2),
    "option-typo": (lambda d: None, ("plan", "lost-laptop", "--taget", "home"), 2),
    "nothing-given": (lambda d: None, ("plan", "lost-laptop"), 2),
    "lost-at-words": (lambda d: None, (*PLAN, "--lost-at", "yesterday"), 2),
    "seal-without-file": (lambda d: None, ("scan", "--seal-to", "age1x", "home"), 2),
    "doctor-nothing": (lambda d: None, ("doctor",), 7),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_what_to_do(where, name):
    prepare, args, code = WRONG[name]
    prepare(where)
    args = tuple(a.format(dir=where) for a in args)
    done = rescind(where, *args)
    assert done.returncode == code, done.stderr
    compare(name, where, (args, done))
    if code == 2:
        assert "→" in done.stderr or "Try 'rescind" in done.stderr
        assert not (where / "plan.json").exists()


# --- without a configuration


def a_home(where: Path) -> None:
    write(
        where / "home/.aws/credentials",
        "[default]\naws_access_key_id = AKIA234567ABCDEFGHIJ\naws_secret_access_key = " + "f4Ke" * 10 + "\n",
    )
    write(where / "home/.vault-token", "s.fAkEfAkEfAkEfAkEfAkEfAkE")


def test_without_a_configuration_every_provider_credential_is_a_task_and_the_plan_exits_4(where):
    a_home(where)
    done = rescind(where, *PLAN)
    assert done.returncode == 4
    compare("plan-without-configuration", where, (PLAN, done))
    made = json.loads((where / "plan.json").read_text())
    assert made["steps"] == []
    assert {d["end_state"] for d in made["decisions"]} == {"manual"}
    assert all("tenant is configured: run `rescind init`" in d["reason"] for d in made["decisions"])
    assert len(made["decisions"]) == len(made["credentials"]) == 2
    assert (where / "plan.json").stat().st_mode & 0o777 == 0o600


def test_a_plan_without_steps_is_applied_and_says_what_stays_open(where):
    a_home(where)
    rescind(where, *PLAN)
    args = ("apply", "plan.json", "--self", "--json")
    done = rescind(where, *args)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == 4
    status = rescind(where, "status")
    assert status.returncode == 4
    compare("status-open", where, (("status",), status))


# --- a terminal


def on_a_terminal(where: Path, *args: str, **env: str) -> str:
    main, end = pty.openpty()
    full = {
        k: v
        for k, v in environment(where / "home", TERM="xterm-256color", **env).items()
        if env.get("NO_COLOR") or k != "NO_COLOR"
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "rescind", *args], env=full, cwd=where, stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    told = b""
    while True:
        try:
            if select.select([main], [], [], 60)[0]:
                told += os.read(main, 65536)
                continue
            process.kill()
        except OSError:  # how Linux says that the other end was closed
            break
    os.close(main)
    process.wait(10)
    return told.decode("utf-8", "replace")


def test_a_terminal_gets_bold_and_no_other_escape(where):
    a_home(where)
    for args in (("scan", "home"), PLAN):
        told = on_a_terminal(where, *args)
        assert set(re.findall(r"\x1b[^m]*m|\x1b.", told)) == {"\x1b[1m", "\x1b[0m"}, args
        assert "\x1b" not in on_a_terminal(where, *args, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(where, "plan", "nothing", "--target", "home")


# --- interrupted


def test_interrupted_it_says_how_to_go_on_and_resume_finishes(tmp_path):
    with a_desk(tmp_path) as desk:
        args = ["--config", str(desk.config), "--state", str(desk.base / "state"), "apply", str(desk.plan), "--yes"]
        slow = Rule(fault="429", path=WRITE, retry_after="60")
        with desk.server.faults(slow):
            process = subprocess.Popen(
                [sys.executable, "-m", "rescind", *args], env=environment(tmp_path / "home"), cwd=tmp_path, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            end = time.monotonic() + 60
            while not desk.writes() and time.monotonic() < end:
                time.sleep(0.05)
            assert desk.writes(), "the slow call was never made"
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=30)
        assert process.returncode == 130, told
        assert "is kept" in told
        assert "Traceback" not in told
        assert desk.held.lives()
        run = re.search(r"→ go on with: rescind resume (\d{8}-\d{6}-[0-9a-f]{6})", told)
        assert run, told
        waiting = desk.rescind("status", "--json")
        assert json.loads(waiting.stdout)["run"] == run.group(1)
        assert waiting.returncode == 4
        done = desk.rescind("resume", run.group(1), "--json")
        assert [c["end_state"] for c in json.loads(done.stdout)["credentials"]] == ["dead"], done.stderr
        assert done.returncode == json.loads(done.stdout)["exit_code"]
        assert not desk.held.lives()
        assert desk.rescind("audit", "verify").returncode == 0
