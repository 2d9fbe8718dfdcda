"""The real command line killed in the middle of a write, again and again: no raw value is left anywhere, and resume finishes."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time

from tests.contract.faults import Rule
from tests.golden.test_cli import environment
from tests.unit.test_gate import WRITE, a_desk


def test_a_killed_run_leaves_no_secret_behind_and_is_resumed(tmp_path):
    with a_desk(tmp_path) as desk:
        state = desk.base / "state"
        raw = [desk.held.secret.reveal(), (tmp_path / "op.token").read_text()]
        base = [sys.executable, "-m", "rescind", "--config", str(desk.config), "--state", str(state)]
        commands = [["apply", str(desk.plan), "--yes"], None, None]
        told = b""
        with desk.server.faults(Rule(fault="429", path=WRITE, retry_after="60")):
            for command in commands:
                if command is None:
                    run = json.loads(desk.rescind("status", "--json").stdout)["run"]
                    command = ["resume", run]
                before = len(desk.writes())
                process = subprocess.Popen(
                    [*base, *command], env=environment(tmp_path / "home"), cwd=tmp_path, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )  # fmt: skip
                end = time.monotonic() + 60
                while len(desk.writes()) == before and time.monotonic() < end:
                    time.sleep(0.02)
                assert len(desk.writes()) > before, "the write was never tried"
                process.send_signal(signal.SIGKILL)
                told += process.communicate()[0]
        files = [f for f in state.rglob("*") if f.is_file()]
        assert {"rescind.db", "journal.db"} <= {f.name for f in files}
        blobs = [told, desk.plan.read_bytes(), *(f.read_bytes() for f in files)]
        for value in raw:
            for form in (value, base64.b64encode(value.encode()).decode().rstrip("=")[:-2], value[::-1]):
                assert not any(form.encode() in blob for blob in blobs), f"a value of {len(value)} characters is left"
        done = desk.rescind("resume", run, "--json")
        assert [c["end_state"] for c in json.loads(done.stdout)["credentials"]] == ["dead"], done.stderr
        assert not desk.held.lives()
        assert desk.rescind("audit", "verify").returncode == 0
