"""Which homes a target holds, and what it says of itself."""

from __future__ import annotations

import plistlib
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from rescind.errors import EvidenceError
from rescind.host import opening
from rescind.host.opening import open_host
from rescind.models.store import At, Root
from rescind.pipeline.case import is_live
from tests.unit._evidence import StillClock, put, split, store
from tests.unit.test_host_view import as_nobody


def view(target: Path):
    return open_host(target, clock=StillClock(), environ={})


def test_linux_root(tmp_path: Path) -> None:
    put(
        tmp_path / "etc" / "passwd",
        "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/srv/ada:/bin/sh\ndaemon:x:2:2::/usr/sbin:/x\nbroken\n",
    )
    put(tmp_path / "etc" / "hostname", "lost-1\x1b[2J\n")
    for path in (
        "root/.profile",
        "srv/ada/.demo",
        "home/bob/.demo",
        "home/EXAMPLE.COM/cy/.profile",
        "home/EXAMPLE.COM/cy/.demo",
    ):
        put(tmp_path / path)
    with view(tmp_path) as host:
        assert host.workstation == {"hostname": "lost-1\\x1b[2J", "os": "linux", "users": "ada, bob, cy, root"}
        assert set(split(host.candidates(store(".demo")))[0]) == {
            "srv/ada/.demo",
            "home/bob/.demo",
            "home/EXAMPLE.COM/cy/.demo",
        }


def test_home_folder_that_is_a_link_counts_once(tmp_path: Path) -> None:
    put(tmp_path / "etc" / "passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n")
    put(tmp_path / "var" / "home" / "ada" / ".demo")
    (tmp_path / "home").symlink_to("var/home")
    with view(tmp_path) as host:
        assert [h.parts for h in host.homes] == [("var", "home", "ada")]
        assert len(list(host.candidates(store(".demo")))) == 1


def test_home_that_leads_nowhere_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path / "etc" / "passwd", "")
    put(tmp_path / "home" / "ada" / ".demo")
    (tmp_path / "home" / "bob").symlink_to("/data/bob")
    with view(tmp_path) as host:
        assert [(g.path, g.reason) for g in host.gaps] == [("home/bob", "home link target is not in the evidence")]


def test_mac_root(tmp_path: Path) -> None:
    put(tmp_path / "Users" / "ada" / "Library" / "Preferences" / "x.plist")
    put(tmp_path / "Users" / "ada" / ".Demo")
    put(tmp_path / "Users" / "Shared" / ".demo")
    names = {"System": {"Network": {"HostNames": {"LocalHostName": "adas-mac"}}}}
    put(tmp_path / "Library" / "Preferences" / "SystemConfiguration" / "preferences.plist", plistlib.dumps(names))
    with view(tmp_path) as host:
        assert host.workstation == {"hostname": "adas-mac", "os": "macos", "users": "ada"}
        assert list(split(host.candidates(store(".demo")))[0]) == [
            "Users/ada/.Demo"
        ]  # the machine did not tell case apart
        assert list(split(host.candidates(store("**/.DEMO")))[0]) == ["Users/ada/.Demo"]


def test_windows_root(tmp_path: Path) -> None:
    put(tmp_path / "Windows" / "System32" / "x.dll")
    put(tmp_path / "Users" / "Public" / "x")
    put(tmp_path / "Users" / "ada" / "AppData" / "Roaming" / "Demo" / "A.json")
    put(
        tmp_path
        / "Users"
        / "ada"
        / "AppData"
        / "Local"
        / "Packages"
        / "X"
        / "LocalCache"
        / "Roaming"
        / "demo"
        / "a.json"
    )
    put(tmp_path / "Users" / "ada" / "AppData" / "Local" / "Packages" / "Ubuntu" / "LocalState" / "ext4.vhdx")
    row = store(
        At(root=Root.APPDATA, glob="demo/*.json", os=("windows",)), At(root=Root.HOME, glob=".never", os=("linux",))
    )
    with view(tmp_path) as host:
        assert host.workstation["os"] == "windows"
        assert len(split(host.candidates(row))[0]) == 2
        assert [g.reason for g in host.gaps] == ["is the disk of a virtual machine and was not opened"]


def test_copied_home_of_an_unknown_system_holds_every_row(tmp_path: Path) -> None:
    put(tmp_path / ".demo")
    with view(tmp_path) as host:
        assert host.workstation == {"hostname": "", "os": "", "users": tmp_path.name}
        assert len(list(host.candidates(store(At(root=Root.HOME, glob=".demo", os=("darwin",)))))) == 1


def test_folder_of_homes_without_a_system(tmp_path: Path) -> None:
    put(tmp_path / "home" / "ada" / ".demo")
    with view(tmp_path) as host:
        assert list(split(host.candidates(store(".demo")))[0]) == ["home/ada/.demo"]


def test_home_inside_a_home_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path / ".profile")
    put(tmp_path / "home" / "bob" / ".ssh" / "id")
    with view(tmp_path) as host:
        assert [(g.path, g.reason) for g in host.gaps] == [
            ("home/bob", "another home lies in this home; scan it by itself")
        ]


def test_system_without_homes_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "etc" / "passwd", "")
    with pytest.raises(EvidenceError, match="no home"):
        view(tmp_path)


def test_own_home_is_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with view(tmp_path) as host:
        assert host.live
        assert host.workstation["hostname"]
        assert host.workstation["os"]


def test_system_and_temporary_folders_are_asked_once_and_only_of_a_system(tmp_path: Path) -> None:
    put(tmp_path / "etc/passwd", "ada:x:1000:1000::/home/ada:/bin/bash\n")
    put(tmp_path / "home/ada/.profile", "")
    put(tmp_path / "home/ada/.local/state/tool/token")
    put(tmp_path / "home/ada/Library/Application Support/tool/token")
    for path in (
        "etc/tool/a/key.pem",
        "etc/tool.conf",
        "tmp/krb5cc_1000",
        "var/tmp/krb5cc_1001",
        "home/ada/etc/tool.conf",
    ):
        put(tmp_path / path)
    row = store(
        At(root=Root.SYSTEM, glob="etc/tool.conf"),
        At(root=Root.SYSTEM, glob="etc/tool/**/*.pem"),
        At(root=Root.TEMP, glob="krb5cc_*"),
        At(root=Root.XDG_STATE, glob="tool/token"),
        At(root=Root.MAC_SUPPORT, glob="tool/token"),
        At(root=Root.SYSTEM, glob="ProgramData/tool.conf", os=("windows",)),
    )
    with open_host(tmp_path, clock=StillClock(), environ={}) as host:
        blobs, reasons = split(host.candidates(row))
    assert not reasons
    assert set(blobs) == {
        "etc/tool/a/key.pem",
        "etc/tool.conf",
        "tmp/krb5cc_1000",
        "var/tmp/krb5cc_1001",
        "home/ada/.local/state/tool/token",
        "home/ada/Library/Application Support/tool/token",
    }
    with open_host(tmp_path / "home/ada", clock=StillClock(), environ={}) as host:
        assert set(split(host.candidates(row))[0]) == {
            ".local/state/tool/token",
            "Library/Application Support/tool/token",
        }


def test_the_whole_running_machine_is_live_and_only_the_users_own_home_has_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\neve:x:1001:1001::/home/eve:/bin/sh\n")
    put(tmp_path / "etc/hostname", "not-asked\n")
    for user in ("ada", "eve"):
        put(tmp_path / f"home/{user}/moved/keys")
    monkeypatch.setattr(opening, "is_whole_machine", lambda _target: True)
    monkeypatch.setenv("HOME", "/home/ada")
    environ = {"AWS_SHARED_CREDENTIALS_FILE": "~/moved/keys"}
    row = store(At(root=Root.HOME, glob=".aws/credentials", env="AWS_SHARED_CREDENTIALS_FILE"))
    with open_host(tmp_path, clock=StillClock(), environ=environ) as host:
        assert set(split(host.candidates(row))[0]) == {"home/ada/moved/keys"}
        assert host.live == [Path("/home/ada"), Path("/home/eve")]
        assert host.workstation["hostname"] == socket.gethostname()
        assert host.workstation["users"] == "ada, eve"


def test_the_root_of_this_machine_is_the_whole_machine(tmp_path: Path) -> None:
    assert opening.is_whole_machine(Path("/"))
    assert not opening.is_whole_machine(tmp_path)
    assert is_live(Path("/"))
    assert not is_live(tmp_path)


def test_a_home_that_may_not_be_looked_into_is_one_gap(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        put(folder / "etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n")
        put(folder / "home/ada/.aws/credentials")
        put(folder / "home/eve/.aws/credentials")
        (folder / "home/eve").chmod(0)

        def look() -> object:
            with open_host(folder, clock=StillClock(), environ={}) as host:
                rows = [store(".aws/credentials", name="a"), store(".b", name="b"), store("**/.env", name="c")]
                gaps = {g for row in rows for g in split(host.candidates(row))[1].items()}
                return [h.user for h in host.homes], sorted(gaps), [[g.path, g.reason] for g in host.gaps]

        got = as_nobody(look)
        (folder / "home/eve").chmod(0o755)
        assert got == [["ada"], [], [["home/eve", "home cannot be read: permission denied"]]]
    finally:
        shutil.rmtree(folder)


def test_a_home_with_programs_of_its_own_is_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "usr/bin/tool", "")
    put(tmp_path / ".profile", "")
    with view(tmp_path) as host:
        assert [h.parts for h in host.homes] == [()]
        assert host.homes[0].volume is None
    (tmp_path / ".profile").unlink()
    put(tmp_path / "Users/somebody/.profile", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with view(tmp_path) as host:
        assert [h.parts for h in host.homes] == [()]


def test_a_link_into_the_kernel_that_only_matched_a_glob_hides_nothing(tmp_path: Path) -> None:
    put(tmp_path / "etc" / "passwd", "root:x:0:0::/root:/bin/sh\n")
    put(tmp_path / "root" / ".bashrc", "x")
    put(tmp_path / "etc" / "krb" / "a.keytab", "x")
    (tmp_path / "etc" / "mtab").symlink_to("/proc/self/mounts")
    named = store(At(root=Root.SYSTEM, glob="etc/mtab/a.keytab"))
    matched = store(At(root=Root.SYSTEM, glob="etc/*/*.keytab"))
    with view(tmp_path) as host:
        files, gaps = split(host.candidates(matched))
        assert (list(files), gaps) == (["etc/krb/a.keytab"], {})
        assert "pseudo" in str(split(host.candidates(named))[1])
