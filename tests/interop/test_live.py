"""Real agents: what ssh-agent and gpg-agent hold is found by the fingerprints and keygrips that their own tools print."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.host import live as lives
from rescind.host.live import Live
from rescind.models.clock import SystemClock
from rescind.pipeline.scan import scan
from tests.counterparts import require


@pytest.fixture
def short():
    """A folder with a short name: a socket's path has 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        yield Path(folder)


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, timeout=60, **more).stdout


def test_ssh_agent(short):
    agent, add, keygen = require("ssh-agent"), require("ssh-add"), require("ssh-keygen")
    place = short / "s"
    process = subprocess.Popen([agent, "-D", "-a", str(place)], stdout=subprocess.DEVNULL)
    try:
        while not place.exists():
            time.sleep(0.02)
        env = {**os.environ, "SSH_AUTH_SOCK": str(place)}
        for name in ("user", "ca"):
            run(keygen, "-q", "-t", "ed25519", "-N", "", "-C", f"{name} key", "-f", short / name)
        run(keygen, "-q", "-s", short / "ca", "-I", "ada", "-n", "ada", "-z", "7", short / "user.pub")
        run(add, short / "user", env=env)
        ((at, blob),) = lives.ssh_agents(Live(short, {"SSH_AUTH_SOCK": str(place)}))
        found = list(catalogue.stores()["ssh-agent"].parse(blob, at))
        want = run(keygen, "-lf", short / "user.pub").split()[1]
        by_kind = {f.kind: f for f in found}
        assert by_kind["ssh.user-key"].identifier == want
        assert by_kind["ssh.user-key"].attributes["comment"] == "user key"
        assert by_kind["ssh.user-cert"].attributes["serial"] == "7"
        assert all(f.secret is None for f in found)
    finally:
        process.terminate()
        process.wait(10)


def test_gpg_agent(short):
    gpg, connect = require("gpg"), require("gpgconf")
    home = short / ".gnupg"
    home.mkdir(mode=0o700)
    env = {**os.environ, "GNUPGHOME": str(home), "HOME": str(short)}
    try:
        options = ("--batch", "--pinentry-mode", "loopback", "--passphrase", "")
        run(gpg, *options, "--quick-generate-key", "Ada <ada@example.com>", "ed25519", "sign", "never", env=env)
        grips = [
            line.split(":")[9]
            for line in run(gpg, "--list-secret-keys", "--with-keygrip", "--with-colons", env=env).splitlines()
            if line.startswith("grp")
        ]
        found = [
            catalogue.stores()["gpg-agent"].parse(blob, at)
            for at, blob in lives.gpg_agents(Live(short, {"GNUPGHOME": str(home)}))
        ]
        assert {f.identifier for some in found for f in some} == set(grips)
    finally:
        run(connect, "--kill", "all", env=env)


def test_a_scan_of_a_running_home_sees_its_processes_and_no_others(short, monkeypatch):
    monkeypatch.setenv("HOME", str(short))
    env = {"HOME": str(short), "APP_TOKEN": "fake-running-4711-battery", "PATH": os.environ["PATH"]}
    other = {**env, "HOME": "/nowhere", "APP_TOKEN": "fake-other-4711-battery"}
    program = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    running = [subprocess.Popen(program, env=e, stdout=subprocess.PIPE) for e in (env, other)]
    try:
        for p in running:
            p.stdout.readline()
        seen = scan(short, clock=SystemClock(), environ={})
        held = [f for store, f in seen.findings if store == "process-environment"]
        assert [f.secret.reveal() for f in held] == ["fake-running-4711-battery"]
        assert held[0].location.path.startswith(f"process/{running[0].pid}:")
    finally:
        for p in running:
            p.kill()
            p.wait(10)
