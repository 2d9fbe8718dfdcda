"""Disk images as the tools of others make them (e2fsprogs, xfsprogs, btrfs-progs, dosfstools, ntfs-3g, qemu-img, ewfacquire, sfdisk, cryptsetup)."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rescind.cli import app
from rescind.errors import EvidenceError
from rescind.host.opening import open_host
from rescind.models.config import Config
from rescind.models.plan import Case
from rescind.pipeline import machine, session
from rescind.pipeline.scan import scan
from rescind.secret import Secret
from tests.counterparts import require
from tests.unit._evidence import StillClock, put, split, store
from tests.unit.made_up import FakeClock

VALUE = "hvs.CAESIJfakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefake"
KEY = "[default]\naws_access_key_id = AKIARZPUZDIKFAKEFAKE\naws_secret_access_key = fake/horse\n"
LVM = Path(__file__).parents[1] / "vectors/images/lvm2-2.03.16-head.gz"
MiB = 1 << 20
ROW = store(".aws/credentials", ".vault-token", "linked", "gone", "work/**/.env")


def run(*words: object, stdin: bytes | None = None) -> None:
    require(str(words[0]))
    done = subprocess.run([str(w) for w in words], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-500:]


def blank(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def paste(target: Path, source: Path, at: int) -> None:
    with target.open("r+b") as file:
        file.seek(at)
        file.write(source.read_bytes())


def home(where: Path) -> Path:
    put(where / ".aws/credentials", KEY)
    put(where / ".vault-token", VALUE)
    put(where / "work/app/.env", "TOKEN=made-up-token-3\n")
    (where / "linked").symlink_to(".aws/credentials")
    (where / "gone").symlink_to("../../../../../../etc/shadow")
    for path in (where / ".aws/credentials", where / ".vault-token", where / "work/app/.env"):
        os.utime(path, (1_760_000_000, 1_760_000_000))
    return where


def ext4(target: Path, tree: Path, size: int = 8 * MiB) -> Path:
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, blank(target, size))
    return target


def xfs(target: Path, tree: Path) -> Path:
    proto = target.with_suffix(".proto")
    files = f"credentials ---600 0 0 {tree}/.aws/credentials\n$\n.vault-token ---600 0 0 {tree}/.vault-token\n"
    links = "linked l--777 0 0 .aws/credentials\ngone l--777 0 0 ../../../../../../etc/shadow\n"
    env = f"work d--755 0 0\napp d--755 0 0\n.env ---600 0 0 {tree}/work/app/.env\n$\n$\n"
    proto.write_text(f"/\n0 0\nd--755 0 0\n.aws d--755 0 0\n{files}{links}{env}$\n")
    run("mkfs.xfs", "-q", "-p", proto, blank(target, 310 * MiB))
    return target


def btrfs(target: Path, tree: Path) -> Path:
    run("mkfs.btrfs", "-q", "-r", tree, blank(target, 120 * MiB))
    return target


def fat(target: Path, tree: Path, size: int = 4 * MiB) -> Path:
    require("mcopy")
    run("mkfs.vfat", blank(target, size))
    run("mcopy", "-s", "-i", target, tree / ".aws", tree / ".vault-token", tree / "work", "::")
    return target


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, the root of a system with that home, and an ext4 image of each."""
    base = tmp_path_factory.mktemp("images")
    home(base / "home")
    put(base / "root/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/bash\n")
    put(base / "root/etc/hostname", "mill\n")
    put(base / "root/usr/bin/true", "")
    home(base / "root/home/ada")
    (base / "root/home/ada/absolute").symlink_to("/home/ada/.aws/credentials")
    ext4(base / "home.raw", base / "home")
    ext4(base / "root.raw", base / "root")
    return base


def seen(target: Path, row=ROW):
    with open_host(target, clock=StillClock(), environ={}, stores=[row]) as host:
        blobs, reasons = split(host.candidates(row))
        return blobs, reasons, {(g.path, g.reason) for g in host.gaps}


def found(target: Path) -> tuple[set, set]:
    result = scan(target, clock=StillClock(), environ={})
    rows = {(s, f.kind, f.identifier, f.location.path, f.location.modified) for s, f in result.findings}
    return rows, {(g.path, g.reason) for g in result.gaps}


CONTAINERS = (
    *(
        "raw",
        "qcow2",
        "qcow2:compat=0.10",
        "vmdk",
        "vmdk:subformat=monolithicFlat",
        "vmdk:subformat=twoGbMaxExtentSparse",
    ),
    *("vmdk:subformat=streamOptimized", "vhdx", "vpc", "vdi", "E01", "E01 in segments"),
)


@pytest.mark.parametrize("form", CONTAINERS)
def test_a_home_in_every_container_shows_what_its_folder_shows(made: Path, tmp_path: Path, form: str) -> None:
    if form == "raw":
        target = made / "home.raw"
    elif form.startswith("E01"):
        pace = ("none", "-S", "1MiB") if "segments" in form else ("fast",)
        run("ewfacquire", "-q", "-u", "-f", "encase6", "-t", tmp_path / "disk", "-c", *pace, made / "home.raw")
        target = tmp_path / "disk.E01"
        assert len(list(tmp_path.glob("disk.E*"))) == (8 if "segments" in form else 1) or "segments" in form
    else:
        kind, _, option = form.partition(":")
        target = tmp_path / f"disk.{kind}"
        run("qemu-img", "convert", "-O", kind, *(("-o", option) if option else ()), made / "home.raw", target)
    before = {
        p: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).digest())
        for p in target.parent.iterdir()
        if p.is_file()
    }
    blobs, reasons, gaps = seen(target)
    plain, plain_reasons, _ = seen(made / "home")
    assert blobs == plain
    assert len(blobs) == 4
    assert set(reasons) == set(plain_reasons) == {"gone"}
    assert gaps == set()
    after = {
        p: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).digest())
        for p in target.parent.iterdir()
        if p.is_file()
    }
    assert after == before


@pytest.mark.parametrize("make", [ext4, xfs, btrfs, fat])
def test_every_file_system_gives_the_findings_of_the_folder(made: Path, tmp_path: Path, make) -> None:
    target = make(tmp_path / "disk.img", made / "home")
    expected, _ = found(made / "home")
    rows, gaps = found(target)
    undated = make in {fat, xfs}  # FAT has no time zone; mkfs.xfs writes the present time
    assert {r[:4] for r in rows} == {r[:4] for r in expected}
    assert len(rows) >= 3
    if not undated:
        assert rows == expected
    if make is fat:
        assert {r[4] for r in rows} == {None}
        assert gaps == set()


def test_ntfs_is_read_like_any_other(made: Path, tmp_path: Path) -> None:
    target = blank(tmp_path / "disk.img", 8 * MiB)
    run("mkntfs", "-q", "-F", target)
    run("ntfscp", "-q", target, made / "home/.vault-token", ".vault-token")
    blobs, reasons, gaps = seen(target)
    assert blobs == {".vault-token": VALUE.encode()}
    assert not reasons
    assert not gaps


def test_a_system_is_read_like_its_mount(made: Path) -> None:
    row = store(".aws/credentials", "absolute", "work/**/.env", ".vault-token")
    blobs, reasons, _ = seen(made / "root.raw", row)
    assert blobs == seen(made / "root", row)[0]
    assert blobs["home/ada/absolute"] == KEY.encode()
    assert not reasons
    with open_host(made / "root.raw", clock=StillClock(), environ={}) as host:
        assert host.workstation == {"hostname": "mill", "os": "linux", "users": "ada"}


def disk(target: Path, label: str, parts: dict[int, tuple[str, Path | None, int]]) -> Path:
    """A partitioned disk: by first MiB the type, what lies there, and how many MiB."""
    rows = "".join(f"start={at * 2048},size={size * 2048},type={kind}\n" for at, (kind, _, size) in parts.items())
    run("sfdisk", "-q", blank(target, 64 * MiB), stdin=f"label: {label}\n{rows}".encode())
    for at, (_, source, _) in parts.items():
        if source:
            paste(target, source, at * MiB)
    return target


def test_every_partition_is_read_and_what_is_encrypted_or_strange_is_a_gap(made: Path, tmp_path: Path) -> None:
    luks, swap = blank(tmp_path / "luks", 16 * MiB + 4096), blank(tmp_path / "swap", 2 * MiB)
    run(
        "cryptsetup",
        "-q",
        "luksFormat",
        "--pbkdf",
        "pbkdf2",
        "--pbkdf-force-iterations",
        "1000",
        luks,
        "-",
        stdin=b"fake",
    )
    run("mkswap", "-q", swap)
    strange = put(tmp_path / "strange", os.urandom(MiB))
    put(tmp_path / "people/ada/.profile", "")
    people = ext4(tmp_path / "people.img", put(tmp_path / "people/ada/.vault-token", VALUE).parents[1], 4 * MiB)
    data = ext4(tmp_path / "data.img", put(tmp_path / "data/shop/.env", "TOKEN=made-up-token-5").parents[1], 2 * MiB)
    boot = ext4(tmp_path / "boot.img", put(tmp_path / "boot/grub/grub.cfg", "").parents[1], 2 * MiB)
    layout = {
        1: ("uefi", fat(tmp_path / "fat.img", made / "home"), 4),
        5: ("linux", made / "root.raw", 8),
        13: ("linux", luks, 17),
        30: ("swap", swap, 2),
        32: ("linux", strange, 1),
        33: ("linux", people, 4),
        37: ("21686148-6449-6E6F-744E-656564454649", strange, 1),
        38: ("linux", data, 2),
        40: ("linux", boot, 2),
    }
    blobs, _, gaps = seen(disk(tmp_path / "disk.raw", "gpt", layout))
    assert {p for p in blobs if p.endswith(".vault-token")} == {
        "p1/.vault-token",
        "p2/home/ada/.vault-token",
        "p6/ada/.vault-token",
    }
    assert gaps == {
        ("p3", "is encrypted (LUKS) and was not read"),
        ("p5", "holds no file system that is read"),
        ("p8", "holds no system and no home; what else lies in this file system was not read"),
    }


def test_logical_partitions_of_an_old_table_are_read(made: Path, tmp_path: Path) -> None:
    small = fat(tmp_path / "fat.img", made / "home")
    layout = {1: ("c", small, 4), 5: ("5", None, 50), 6: ("83", made / "root.raw", 8)}
    blobs, _, gaps = seen(disk(tmp_path / "disk.raw", "dos", layout))
    assert {p.split("/")[0] for p in blobs} == {"p1", "p2"}
    assert not gaps


def test_what_an_image_does_not_hold_to_its_end_is_a_gap(made: Path, tmp_path: Path) -> None:
    whole = disk(
        tmp_path / "disk.raw", "gpt", {1: ("linux", made / "root.raw", 8), 20: ("linux", made / "home.raw", 8)}
    )
    cut = put(tmp_path / "cut.raw", whole.read_bytes()[: 22 * MiB])
    blobs, _, gaps = seen(cut)
    assert "p1/home/ada/.vault-token" in blobs
    assert ("p2", "reaches beyond the end of the image, which is cut off") in gaps


def test_logical_volumes_are_read(made: Path, tmp_path: Path) -> None:
    """The head was written by lvm2 2.03.16: group `evid` with `root` (12 MiB at 1 MiB) and `ho-me` (6 MiB at 13 MiB)."""
    target = blank(tmp_path / "disk.raw", 24 * MiB)
    target.write_bytes(gzip.decompress(LVM.read_bytes()).ljust(24 * MiB, b"\0"))
    paste(target, ext4(tmp_path / "a.img", made / "root", 12 * MiB), MiB)
    paste(target, ext4(tmp_path / "b.img", put(tmp_path / "b/bob/.aws/credentials", KEY).parents[2], 6 * MiB), 13 * MiB)
    blobs, _, gaps = seen(target)
    assert {p for p in blobs if p.endswith("/.aws/credentials")} == {
        "evid-root/home/ada/.aws/credentials",
        "evid-ho-me/bob/.aws/credentials",
    }
    assert not gaps


def test_an_encrypted_image_says_so(tmp_path: Path) -> None:
    luks = blank(tmp_path / "luks.raw", 17 * MiB)
    run(
        "cryptsetup",
        "-q",
        "luksFormat",
        "--pbkdf",
        "pbkdf2",
        "--pbkdf-force-iterations",
        "1000",
        luks,
        "-",
        stdin=b"fake",
    )
    with pytest.raises(EvidenceError, match="is encrypted \\(LUKS\\)"):
        open_host(luks, clock=StillClock())
    bitlocker = put(tmp_path / "bde.raw", b"\xeb\x58\x90-FVE-FS-".ljust(510, b"\0") + b"\x55\xaa" + b"\0" * MiB)
    with pytest.raises(EvidenceError, match="is encrypted \\(BitLocker\\)"):
        open_host(bitlocker, clock=StillClock())


def test_an_image_that_needs_another_file_is_refused(made: Path, tmp_path: Path) -> None:
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", made / "home.raw", tmp_path / "over.qcow2")
    with pytest.raises(EvidenceError, match="only what changed"):
        open_host(tmp_path / "over.qcow2", clock=StillClock())
    run(
        "ewfacquire",
        "-q",
        "-u",
        "-f",
        "encase6",
        "-t",
        tmp_path / "disk",
        "-c",
        "none",
        "-S",
        "1MiB",
        made / "home.raw",
    )
    (tmp_path / "disk.E03").unlink()
    with pytest.raises(EvidenceError, match="a segment of the image is missing"):
        open_host(tmp_path / "disk.E01", clock=StillClock())


@pytest.mark.parametrize("name", ["../home.raw", "/etc/passwd", "away.raw", "pipe", "none.raw", ""])
def test_an_extent_outside_of_its_folder_is_not_opened(made: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "away.raw").symlink_to(made / "home.raw")
    os.mkfifo(tmp_path / "pipe")
    text = f'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 16384 FLAT "{name}" 0\n'
    with pytest.raises(EvidenceError, match=r"part of the image|outside of its folder"):
        open_host(put(tmp_path / "disk.vmdk", text), clock=StillClock())


def rescind(folder: Path, *args: object):
    return CliRunner().invoke(
        app, ["--state", str(folder / "state"), "--config", str(folder / "rescind.toml"), *map(str, args)]
    )


def test_scan_plan_and_the_value_at_apply(made: Path, tmp_path: Path) -> None:
    put(tmp_path / "rescind.toml", "")
    (tmp_path / "rescind.toml").chmod(0o600)
    target = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-O", "qcow2", made / "root.raw", target)
    done = rescind(tmp_path, "scan", "--json", target)
    told = json.loads(done.stdout)
    assert VALUE not in done.output
    assert {"home/ada/.vault-token", "home/ada/.aws/credentials"} <= {
        f["path"] for c in told["credentials"] for f in c["findings"]
    }
    assert told["workstation"]["users"] == "ada"
    plan = tmp_path / "plan.json"
    done = rescind(tmp_path, "plan", "lost-laptop", "--target", target, "--person", "ada@example.com", "-o", plan)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert "AKIARZPUZDIKFAKEFAKE" in plan.read_text()
    assert VALUE not in plan.read_text()
    s = session.Session(config=Config(), resolve=lambda _: Secret(""), clock=FakeClock(), state_dir=tmp_path / "state")
    case = Case(target=str(target))
    inventory, _ = machine.inventory_of(s, case)
    (token,) = [c for c in inventory.credentials if [f.store for f in c.findings] == ["vault-token"]]
    value = machine.secret_reader(s, case)(token)
    assert value is not None
    assert value.reveal() == VALUE
