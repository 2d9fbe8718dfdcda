"""The command line on a system that has nothing of POSIX: what imports, what a scan sees, a check-in to a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from rescind.host.seal import open_sealed
from rescind.pipeline import envelope
from tests.unit._evidence import put

ROBBED = Path(__file__).with_name("without_posix.py")
TOP = ROBBED.parents[2]


def rescind(home: Path, *args: str, system: str = "windows") -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(TOP), "XDG_STATE_HOME": str(home.parent / "state")}
    env |= {"XDG_RUNTIME_DIR": str(home.parent), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    command = [sys.executable, ROBBED, system, *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


def held(home: Path) -> dict[Path, tuple[bytes, int]]:
    """Return what every file holds, and when it was last written: the access time is not kept on such a system."""
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in home.rglob("*") if p.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "ada"
    put(
        home / ".aws/credentials",
        "[default]\naws_access_key_id = AKIA2OGYBAH6QLTN3Z5E\naws_secret_access_key = made-up\n",
    )
    put(home / "work/app/notes.txt", "nothing\n")
    put(tmp_path / "outside/.npmrc", "//registry.example.test/:_authToken=not-theirs\n")
    (home / ".npmrc").symlink_to(tmp_path / "outside/.npmrc")
    return home


def test_everything_imports(tmp_path: Path) -> None:
    done = rescind(tmp_path, "import everything")
    assert done.returncode == 0, done.stderr


def test_a_home_is_scanned_and_left_as_it_was(home: Path) -> None:
    before = held(home)
    done = rescind(home, "scan", str(home), "--json")
    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout)
    assert [c["identifier"] for c in seen["credentials"]] == ["AKIA2OGYBAH6QLTN3Z5E"]
    assert "not-theirs" not in done.stdout
    reasons = {(g["source"], g["reason"]) for g in seen["gaps"]}
    assert ("npmrc", "link leaves the evidence") in reasons
    assert ("ssh-agent", "agents on this system are asked through named pipes, which is not done") in reasons
    assert held(home) == before


def test_a_home_is_scanned_as_on_macos(home: Path) -> None:
    before = held(home)
    done = rescind(home, "scan", str(home), "--json", system="macos")
    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout)
    assert [c["identifier"] for c in seen["credentials"]] == ["AKIA2OGYBAH6QLTN3Z5E"]
    assert seen["workstation"]["os"] == "macos"
    reasons = {(g["source"], g["reason"]) for g in seen["gaps"]}
    assert ("process-environment", "this system shows no program the environment of another") in reasons
    assert held(home) == before


def test_a_machine_checks_in_to_a_folder(home: Path, tmp_path: Path) -> None:
    team = pyrage.x25519.Identity.generate()
    (tmp_path / "team.key").write_text(f"{team}\n")
    (tmp_path / "sink").mkdir()
    conf = put(
        tmp_path / "rescind.toml",
        f'[org]\nrecipients = ["{team.to_public()}"]\n[checkin]\nworkstation = "ada-laptop"\n'
        f'folder = {{ path = "{tmp_path / "sink"}" }}\n',
    )
    told = ["--config", str(conf), "--state", str(tmp_path / "state")]
    key = rescind(home, *told, "checkin", "key").stdout.rpartition('key = "')[2].strip().strip('"')
    for number, what in ((1, "sealed inventory"), (2, "heartbeat")):
        done = rescind(home, *told, "checkin")
        assert done.stdout.startswith(f"Check-in {number} of ada-laptop"), done.stderr
        assert what in done.stdout
    first, second = (envelope.read(p.read_bytes(), key) for p in sorted((tmp_path / "sink/ada-laptop").iterdir()))
    assert second.previous == first.digest
    assert b"AKIA2OGYBAH6QLTN3Z5E" in open_sealed(first.payload, tmp_path / "team.key")
