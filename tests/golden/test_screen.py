"""Every command where it is hard: a disk that is full, an answer nobody takes, no terminal, a dumb one, a shell that completes."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from rescind.cli import app
from tests.counterparts import find
from tests.golden.test_cli import commands, environment, readable
from tests.unit.test_gate import a_desk

LEAVES = [
    path
    for path in commands(typer.main.get_command(app))
    if path and not any(other[: len(path)] == path and other != path for other in commands(typer.main.get_command(app)))
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A desk with one finished run, an export, and an inventory."""
    with a_desk(tmp_path_factory.mktemp("screen")) as made:
        assert made.apply().returncode != 1
        for args in (("audit", "export", "-o", "trail.jsonl"), ("scan", str(made.laptop), "-o", "inventory.json")):
            assert made.rescind(*args).returncode in {0, 7}, args
        yield made


def start(desk, *args, stdout=subprocess.PIPE, before=None, state=None, **env):
    command = [
        sys.executable,
        "-m",
        "rescind",
        "-q",
        "--config",
        str(desk.config),
        "--state",
        str(state or desk.base / "state"),
    ]
    return subprocess.run(
        [*command, *args], env=environment(desk.base / "home", **env), cwd=desk.base, stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, text=True, timeout=60, check=False, preexec_fn=before,
    )  # fmt: skip


READS = {
    "status": ("status",),
    "status --json": ("status", "--json"),
    "report": ("report",),  # Markdown, to keep: no screen
    "inventory ls": ("inventory", "ls"),
    "inventory show": ("inventory", "show"),
    "inventory diff": ("inventory", "diff", "inventory.json", "inventory.json"),
    "inventory export": ("inventory", "export", "inventory.json"),
    "audit show": ("audit", "show"),
    "audit verify": ("audit", "verify", "trail.jsonl"),
    "catalogue": ("catalogue", "stores"),
    "doctor": ("doctor",),
    "scan": ("scan", "laptop"),
}


@pytest.mark.parametrize("name", READS)
def test_an_answer_that_nobody_takes_is_no_success(desk, name):
    with Path("/dev/full").open("w") as full:
        done = start(desk, *READS[name], stdout=full)
    assert done.returncode not in {0, 5}, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    plain = start(desk, *READS[name])
    assert "internal error" not in plain.stderr
    assert plain.stdout, "the same command answers where somebody listens"


@pytest.mark.parametrize("name", [n for n in READS if "json" not in n and "export" not in n and n != "report"])
def test_eighty_columns_without_a_terminal(desk, name):
    readable(start(desk, *READS[name]))
    assert "\x1b" not in start(desk, *READS[name], TERM="dumb").stdout


def small_files(limit):
    """Let the process write files of so many bytes only: what a full disk does, without one."""

    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return before


WRITES = {
    "plan": ("plan", "lost-laptop", "--target", "laptop", "-o", "new.json"),
    "apply": ("apply", "plan.json", "--yes"),
    "run": ("run", "lost-laptop", "--target", "laptop", "--yes"),
    "contain": ("contain", "--person", "ada@example.com", "--yes"),
    "scan -o": ("scan", "laptop", "-o", "new.json"),
    "init": ("init", "-o", "new.toml"),
    "report -o": ("report", "-o", "new.html"),
    "audit export": ("audit", "export", "-o", "new.jsonl"),
    "inventory export": ("inventory", "export", "inventory.json", "-o", "new.json"),
    "verify": ("verify",),
    "undo": ("undo", "{run}", "--yes"),
    "task done": ("task", "done", "{run}", "x", "--by", "me", "--evidence", "it is done"),
}


@pytest.mark.parametrize("name", WRITES)
def test_on_a_full_disk_every_command_says_so_and_what_was_there_is_whole(desk, name, tmp_path):
    state = tmp_path / "state"
    shutil.copytree(desk.base / "state", state)
    run = re.search(r'"run": "([^"]+)"', start(desk, "status", "--json").stdout)[1]
    args = tuple(a.format(run=run) for a in WRITES[name])
    sent = len(desk.server.seen)
    done = start(desk, *args, before=small_files(512), state=state)
    told = " ".join(done.stderr.split())
    assert done.returncode not in {0, 5}, (done.stdout, told)
    assert "Traceback" not in told
    assert "internal error" not in told
    assert "→" in done.stderr or "Usage" in done.stderr, told
    assert not list(desk.base.glob("new.*"))
    assert [
        s.path for s in desk.server.seen[sent:] if s.method not in {"GET", "LIST"} and "lookup" not in s.path
    ] == [], "without a trail nothing is sent that writes"
    again = start(desk, "status", state=state)
    assert again.returncode in {0, 4, 5, 7}, again.stderr
    assert start(desk, "audit", "verify", state=state).returncode == 0


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_is_at_hand_without_anything(path, tmp_path):
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "nowhere")}
    done = subprocess.run([sys.executable, "-m", "rescind", *path, "-h"], env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.lstrip().startswith("Usage: rescind")


# --- completion


def complete(shell, words, desk, **env):
    program = str(Path(sys.executable).with_name("rescind"))
    state = {"RESCIND_STATE": str(desk.base / "state"), "RESCIND_CONFIG": str(desk.config)}
    path = f"{Path(program).parent}:{os.environ['PATH']}"
    return subprocess.run(
        shell, env={**environment(desk.base / "home", **env), **state, "PATH": path}, input=words, capture_output=True, text=True, timeout=60, check=False
    ).stdout.split()  # fmt: skip


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("rescind pl", ["plan"]),
        ("rescind plan lost", ["lost-laptop"]),
        ("rescind inventory d", ["diff"]),
        ("rescind scan --seal", ["--seal-to"]),
    ],
)
def test_bash_completes_commands_options_and_playbooks(desk, line, wanted):
    bash = find("bash")
    if bash is None:
        pytest.skip("counterpart absent: bash")
    words = line.split()
    script = f"""
eval "$(_RESCIND_COMPLETE=source_bash rescind)"
COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}
_rescind_completion rescind; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert complete([bash], script, desk) == wanted


def test_bash_completes_runs_and_nothing_where_there_are_none(desk, tmp_path):
    bash = find("bash")
    if bash is None:
        pytest.skip("counterpart absent: bash")
    script = 'COMP_WORDS="rescind resume " COMP_CWORD=2 _RESCIND_COMPLETE=complete_bash rescind'
    (run,) = complete([bash], script, desk)
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", run)
    assert complete([bash], f"RESCIND_STATE={tmp_path}/none {script}", desk) == []
    assert not (tmp_path / "none").exists()
    (desk.base / "garbage").mkdir(exist_ok=True)
    (desk.base / "garbage" / "rescind.db").write_bytes(b"no database")
    assert complete([bash], f"RESCIND_STATE={desk.base}/garbage {script}", desk) == []
