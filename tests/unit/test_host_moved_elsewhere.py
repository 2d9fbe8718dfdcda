"""Variables that are kept as data: launchd agents of macOS and the registry of Windows."""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path

import pytest

from rescind.host.opening import open_host
from rescind.models.store import At, Root
from tests.unit._evidence import StillClock, put, split, store
from tests.unit._hive import hive

ROW = store(At(root=Root.HOME, glob=".aws/credentials", env="AWS_SHARED_CREDENTIALS_FILE"))


def look(target: Path):
    with open_host(target, clock=StillClock(), environ={}) as host:
        blobs, reasons = split(host.candidates(ROW))
        return set(blobs), reasons, {g.path: g.reason for g in host.gaps}


def test_launchd_agent_moves_a_file(tmp_path: Path) -> None:
    put(tmp_path / "Library/Preferences/x.plist", "")
    put(tmp_path / "elsewhere/keys")
    for name, fmt in (("a", plistlib.FMT_XML), ("b", plistlib.FMT_BINARY)):
        body = {"Label": name, "EnvironmentVariables": {"AWS_SHARED_CREDENTIALS_FILE": "~/elsewhere/keys", "X": 3}}
        put(tmp_path / f"Library/LaunchAgents/{name}.plist", plistlib.dumps(body, fmt=fmt))
    put(tmp_path / "Library/LaunchAgents/c.plist", b"bplist00garbage")
    assert look(tmp_path) == (
        {"elsewhere/keys"},
        {},
        {"Library/LaunchAgents/c.plist": "start-up file is not understood"},
    )


@pytest.mark.parametrize("folder", ["C%3A", "C", "mount"])
def test_registry_of_a_user_and_of_the_system_move_files(tmp_path: Path, folder: str) -> None:
    pytest.importorskip("regipy")
    base = tmp_path / folder
    user = {"Environment": {"AWS_SHARED_CREDENTIALS_FILE": r"%USERPROFILE%\elsewhere\keys", "PATH": "C:\\x"}}
    system = {
        "ControlSet001": {
            "Control": {"Session Manager": {"Environment": {"AWS_SHARED_CREDENTIALS_FILE": r"C:\all\keys"}}}
        }
    }
    put(base / "Users/ada/ntuser.dat", hive(user))
    put(base / "Windows/System32/config/SYSTEM", hive(system))
    put(base / "Users/ada/elsewhere/keys")
    put(base / "all/keys")
    blobs, reasons, gaps = look(tmp_path)
    assert blobs == {f"{folder}/Users/ada/elsewhere/keys", f"{folder}/all/keys"}
    assert not reasons
    assert not gaps


def test_a_registry_file_that_cannot_be_read_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    put(tmp_path / "AppData/x", "")
    put(tmp_path / "NTUSER.DAT", b"regf" + bytes(8000))
    _, _, gaps = look(tmp_path)
    assert gaps["NTUSER.DAT"].startswith("start-up file relocation_unresolved")
    monkeypatch.setitem(sys.modules, "regipy", None)
    monkeypatch.setitem(sys.modules, "regipy.registry", None)
    assert "pip install 'rescind[registry]'" in look(tmp_path)[2]["NTUSER.DAT"]
    assert capfd.readouterr() == ("", "")


def test_any_damage_to_a_registry_file_is_survived(tmp_path: Path) -> None:
    pytest.importorskip("regipy")
    put(tmp_path / "AppData/x", "")
    whole = hive({"Environment": {"AWS_SHARED_CREDENTIALS_FILE": r"%USERPROFILE%\keys"}})
    put(tmp_path / "keys")
    put(tmp_path / "NTUSER.DAT", whole)
    assert look(tmp_path)[0] == {"keys"}
    for at in range(4096, 4096 + 480, 4):
        for value in (0, 0xFFFFFFFF, 0x7FFFFFFF):
            bad = whole[:at] + value.to_bytes(4, "little") + whole[at + 4 :]
            put(tmp_path / "NTUSER.DAT", bad)
            look(tmp_path)


def test_what_lies_beside_a_moved_file_is_found_with_it(tmp_path: Path) -> None:
    put(tmp_path / ".bashrc", "export DEMO_FILE=~/vault/mine\n")
    put(tmp_path / "vault/mine")
    put(tmp_path / "vault/others")
    row = store(
        At(root=Root.HOME, glob=".demo/file", env="DEMO_FILE"),
        At(root=Root.HOME, glob=".demo/others", env="beside:DEMO_FILE"),
    )
    with open_host(tmp_path, clock=StillClock(), environ={}) as host:
        assert set(split(host.candidates(row))[0]) == {"vault/mine", "vault/others"}


def test_keys_are_found_that_included_ssh_settings_name(tmp_path: Path) -> None:
    lines = 'Include conf.d/*.conf "more" ~/work/ssh.conf\r\nInclude ../../etc/passwd /etc/ssh/x **\r\n'
    put(tmp_path / ".ssh/config", f"{lines}Host a\n  IdentityFile ~/keys/a\n")
    for name, key in ((".ssh/conf.d/b.conf", "b"), (".ssh/more", "c"), ("work/ssh.conf", "d"), (".ssh/other", "e")):
        put(tmp_path / name, f"IdentityFile=~/keys/{key}\r\n")
    for key in "abcde":
        put(tmp_path / f"keys/{key}")
    row = store(At(root=Root.HOME, glob=".ssh/id_*", env="ssh:IdentityFile"))
    with open_host(tmp_path, clock=StillClock(), environ={}) as host:
        assert set(split(host.candidates(row))[0]) == {f"keys/{key}" for key in "abcd"}
