"""Collections of Velociraptor, KAPE and UAC, shadow copies and backups: homes are found below whatever was put in front."""

from __future__ import annotations

from pathlib import Path

import pytest

from rescind.host.opening import open_host
from rescind.models.store import At, Root
from rescind.pipeline.scan import scan
from tests.unit._evidence import StillClock, put, split, store

ROW = store(
    ".aws/credentials",
    At(root=Root.APPDATA, glob="gcloud/credentials.db", os=("windows",)),
    At(root=Root.HOME, glob="**/.env"),
)


def view(target: Path):
    return open_host(target, clock=StillClock(), environ={})


@pytest.mark.parametrize(
    ("prefix", "system"),
    [
        ("uploads/auto/C%3A/Users/ada", "windows"),
        ("uploads/ntfs/%5C%5C.%5CC%3A/Users/ada", "windows"),
        ("host-1/2026-01-02/C/Users/ada", "windows"),
        ("C:/USERS/ada", "windows"),
        ("[root]/home/ada", ""),
        ("results/[root]/Users/ada", ""),
        ("case 7/evidence/rootfs/var/home/ada", ""),
    ],
)
def test_homes_below_the_prefixes_of_collectors(tmp_path: Path, prefix: str, system: str) -> None:
    put(tmp_path / prefix / ".aws/credentials")
    put(tmp_path / prefix / "work/.env")
    put(tmp_path / "uploads.json", "{}")
    with view(tmp_path) as host:
        blobs, reasons = split(host.candidates(ROW))
        assert [h.user for h in host.homes] == ["ada"]
        assert host.workstation["os"] == system
    assert set(blobs) == {f"{prefix}/.aws/credentials", f"{prefix}/work/.env"}
    assert not reasons


def test_names_of_windows_count_in_any_case_and_escaped(tmp_path: Path) -> None:
    user = tmp_path / "uploads/auto/C%3A/Users/ada"
    put(user / "APPDATA/roaming/GCloud/Credentials.DB")
    put(user / "%2Eaws/credentials")
    with view(tmp_path) as host:
        assert host.homes[0].os == "windows"
        assert set(split(host.candidates(ROW))[0]) == {
            "uploads/auto/C%3A/Users/ada/APPDATA/roaming/GCloud/Credentials.DB",
            "uploads/auto/C%3A/Users/ada/%2Eaws/credentials",
        }


@pytest.mark.parametrize(
    ("one", "two", "name"),
    [
        ("HarddiskVolumeShadowCopy1/Users", "HarddiskVolumeShadowCopy12/Users", "HarddiskVolumeShadowCopy1"),
        (
            "uploads/ntfs/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy7/Users",
            "uploads/auto/C%3A/Users",
            "HarddiskVolumeShadowCopy7",
        ),
        (
            "Backups.backupdb/mac/2026-01-02-030405/Macintosh HD - Data/Users",
            "Backups.backupdb/mac/2026-02-02-030405.backup/Macintosh HD - Data/Users",
            "2026-01-02-030405",
        ),
    ],
)
def test_each_snapshot_is_told_apart(tmp_path: Path, one: str, two: str, name: str) -> None:
    put(tmp_path / one / "ada/.aws/credentials", "made-up-token-1")
    put(tmp_path / two / "ada/.aws/credentials", "made-up-token-2")
    result = scan(tmp_path, clock=StillClock(), stores=[ROW], environ={})
    seen = [f.attributes.get("snapshot", "") for _, f in result.findings]
    assert len(seen) == len(set(seen)) == 2
    assert name in seen


def test_links_of_each_volume_start_at_its_own_root(tmp_path: Path) -> None:
    for drive in ("uploads/a/rootfs", "uploads/b/rootfs"):
        put(tmp_path / drive / "etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n")
        put(tmp_path / drive / "srv/creds", drive)
        (tmp_path / drive / "home/ada/.aws").mkdir(parents=True)
        (tmp_path / drive / "home/ada/.aws/credentials").symlink_to("/srv/creds")
        put(tmp_path / drive / "home/ada/.profile", "export CREDS=/../../srv/creds\n")
    row = store(".aws/credentials", At(root=Root.HOME, glob="x/creds", env="CREDS"))
    with view(tmp_path) as host:
        blobs, reasons = split(host.candidates(row))
    assert not reasons
    assert sorted(blobs.values()) == [b"uploads/a/rootfs"] * 2 + [b"uploads/b/rootfs"] * 2


def test_homes_beside_each_other_and_a_home_that_shows_nothing(tmp_path: Path) -> None:
    put(tmp_path / "copies/ada/.ssh/config", "")
    put(tmp_path / "copies/ada/.aws/credentials")
    put(tmp_path / "work/.env")
    with view(tmp_path) as host:
        blobs, _ = split(host.candidates(ROW))
        assert [h.parts for h in host.homes] == [("copies", "ada"), ()]
    assert set(blobs) == {"copies/ada/.aws/credentials", "work/.env"}


def test_what_was_not_searched_for_homes_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rescind.host import volumes

    monkeypatch.setattr(volumes, "_MOST_FOLDERS", 3)
    for n in range(5):
        (tmp_path / f"a{n}/b").mkdir(parents=True)
    with view(tmp_path) as host:
        assert any("homes were not searched for" in g.reason for g in host.gaps)
