"""Archives as evidence: read in place, one pass, bounded, nothing outside of them, and every refusal is a gap."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescind.errors import EvidenceError
from rescind.host import nodes, streams, tarball
from rescind.host.opening import open_host
from rescind.host.room import MOST_WINDOW, Room, window_of
from rescind.models.store import At, Match, Root
from rescind.pipeline.scan import scan
from tests.unit._evidence import StillClock, picture, put, split, store
from tests.unit.test_host_view import NAMES, NODES

ROW = store(
    ".aws/credentials",
    "**/.env",
    At(root=Root.XDG_CONFIG, glob="tool/*.json"),
    At(root=Root.SYSTEM, glob="etc/tool.conf"),
)
ENDS = ("tar", "tar.gz", "tar.xz", "tar.zst", "tar.bz2", "zip")


def plant(root: Path) -> Path:
    put(root / "etc/passwd", "ada:x:1000:1000::/home/ada:/bin/bash\n")
    put(root / "etc/hostname", "mill\n")
    put(root / "etc/tool.conf", "made-up-token-0")
    put(root / "home/ada/.aws/credentials", "made-up-token-1")
    put(root / "home/ada/work/app/.env", "made-up-token-2")
    put(root / "home/ada/.config/tool/a.json", "made-up-token-3")
    put(root / "home/ada/.profile", "export XDG_CONFIG_HOME=$HOME/moved\n")
    put(root / "home/ada/moved/tool/b.json", "made-up-token-4")
    put(root / "home/ada/Großes Bild.bin", os.urandom(1 << 19))
    return root


def pack(root: Path, target: Path) -> Path:
    """Pack with the programs that people use."""
    need = {"zst": "zstd", "zip": "zip"}.get(target.suffix[1:], "tar")
    if shutil.which(need) is None:
        pytest.skip(f"{need} is not here")
    if target.suffix == ".zip":
        subprocess.run(["zip", "-qry", target, "."], cwd=root, check=True)
    else:
        subprocess.run(["tar", "-caf", target, "."], cwd=root, check=True)
    return target


def tar_of(target: Path, *members: tuple[str, bytes | dict]) -> Path:
    with tarfile.open(target, "w:gz" if target.suffix == ".gz" else "w", format=tarfile.GNU_FORMAT) as tar:
        for name, body in members:
            info = tarfile.TarInfo(name)
            for key, value in body.items() if isinstance(body, dict) else ():
                setattr(info, key, value)
            data = b"" if isinstance(body, dict) else body
            info.size = len(data) or info.size
            tar.addfile(info, io.BytesIO(data))
    return target


def look(target: Path, row=ROW, stores=None):
    with open_host(target, clock=StillClock(), environ={}, stores=[row] if stores is None else stores) as host:
        blobs, reasons = split(host.candidates(row))
        return blobs, reasons, {g.reason for g in host.gaps}


@pytest.mark.parametrize("end", ENDS)
def test_an_archive_of_a_system_reads_like_the_system(tmp_path: Path, end: str) -> None:
    root = plant(tmp_path / "root")
    target = pack(root, tmp_path / f"evidence.{end}")
    before = picture(tmp_path)
    want = look(root)
    assert len(want[0]) == 5
    assert look(target) == want
    assert look(target, stores=()) == want, "also what was not kept while it went by"
    with open_host(target, clock=StillClock(), environ={}) as host:
        assert host.workstation == {"hostname": "mill", "os": "linux", "users": "ada"}
        assert host.read("root", "home/ada/work/app/.env", 100) == b"made-up-token-2"
        with pytest.raises(EvidenceError, match="not there any more"):
            host.read("root", "home/ada/gone", 100)
    assert picture(tmp_path) == before


@pytest.mark.parametrize("end", ["tar.gz", "zip"])
def test_an_archive_of_one_home_and_of_a_folder_of_homes(tmp_path: Path, end: str) -> None:
    home = plant(tmp_path / "root") / "home/ada"
    one = pack(home, tmp_path / f"ada.{end}")
    with open_host(one, clock=StillClock(), environ={}) as host:
        assert host.workstation["users"] == "ada"
        assert host.homes[0].parts == ()
    assert look(one)[0] == look(home)[0] != {}
    blobs, _, _ = look(pack(home.parent, tmp_path / f"homes.{end}"))
    assert set(blobs) >= {"ada/.aws/credentials", "ada/work/app/.env", "ada/moved/tool/b.json"}


@pytest.mark.parametrize("end", ["tar", "tar.zst", "zip"])
def test_a_collection_in_an_archive(tmp_path: Path, end: str) -> None:
    put(tmp_path / "c/uploads/auto/C%3A/Users/ada/.aws/credentials")
    put(tmp_path / "c/uploads/auto/C%3A/Users/ada/AppData/Roaming/GCloud/Credentials.db")
    row = store(".aws/credentials", At(root=Root.APPDATA, glob="gcloud/credentials.db", os=("windows",)))
    blobs, reasons, gaps = look(pack(tmp_path / "c", tmp_path / f"c.{end}"), row)
    assert len(blobs) == 2
    assert not reasons
    assert not gaps


def test_names_that_would_lead_out_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    evil = (
        "../../.aws/credentials",
        "/home/ada/.aws/credentials",
        "C:/Users/ada/.aws/credentials",
        "C:\\a",
        "..\\..\\x",
        "a/../../b",
    )
    tar = tar_of(
        tmp_path / "e.tar", *((name, b"made-up-evil") for name in evil), ("ada/.aws/credentials", b"made-up-good")
    )
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as z:
        for name in (*evil, "ada\\.aws\\credentials"):
            info = zipfile.ZipInfo("x")
            info.filename = name
            z.writestr(info, b"made-up-evil" if name in evil else b"made-up-good")
    for target in (tar, tmp_path / "e.zip"):
        blobs, reasons, gaps = look(target)
        assert list(blobs.values()) == [b"made-up-good"], target
        assert gaps == {
            "member with an absolute name was refused",
            "member whose name leads out of the archive was refused",
        }


def link(name: str) -> dict:
    return {"type": tarfile.SYMTYPE, "linkname": name}


def test_links_are_resolved_in_the_archive_and_nowhere_else(tmp_path: Path) -> None:
    put(tmp_path / "outside/credentials", "made-up-outside")
    target = tar_of(
        tmp_path / "x.tar.gz",
        ("etc/passwd", b"ada:x:1000:1000::/home/ada:/bin/sh\n"),
        ("srv/creds", b"made-up-inside"),
        ("home/ada/.aws", link("/srv/aws")),
        ("srv/aws/credentials", link("../creds")),
        ("home/ada/.config/tool/out.json", link("../../../../../../../../.." + str(tmp_path / "outside/credentials"))),
        ("home/ada/.config/tool/abs.json", link(str(tmp_path / "outside/credentials"))),
        ("home/ada/.config/tool/loop.json", link("loop.json")),
        ("home/ada/.config/tool/hard.json", {"type": tarfile.LNKTYPE, "linkname": "srv/creds"}),
        ("home/ada/.config/tool/nohard.json", {"type": tarfile.LNKTYPE, "linkname": "../../etc/shadow"}),
        ("home/ada/a/.env", b"made-up-a"),
        ("home/ada/b", link("a")),
        ("home/ada/b/.env", b"made-up-slipped"),
        ("home/ada/up", link("..")),
    )
    blobs, reasons, gaps = look(target)
    assert blobs == {
        "home/ada/.aws/credentials": b"made-up-inside",
        "home/ada/.config/tool/hard.json": b"made-up-inside",
        "home/ada/a/.env": b"made-up-a",
    }
    assert reasons == {
        "home/ada/.config/tool/out.json": "link target is not in the evidence",
        "home/ada/.config/tool/abs.json": "link target is not in the evidence",
        "home/ada/.config/tool/loop.json": "links run in a circle",
    }
    assert "member below something that is no folder was refused" in gaps
    assert "member whose name leads out of the archive was refused" in gaps


def test_devices_pipes_and_folders_in_an_archive_are_gaps(tmp_path: Path) -> None:
    target = tar_of(
        tmp_path / "x.tar",
        ("ada/.aws/credentials", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}),
        ("ada/w/.env", {"type": tarfile.FIFOTYPE}),
        ("ada/.config/tool/a.json", {"type": tarfile.DIRTYPE}),
        ("ada/.config/tool/b.json", {"type": b"Z"}),
    )
    blobs, reasons, _ = look(target)
    assert blobs == {}
    assert (
        reasons
        == {
            "ada/.aws/credentials": "is a device, not a file",
            "ada/w/.env": "is a named pipe, not a file",
            "ada/.config/tool/a.json": "is a directory, not a file",
        }
        or "ada/.config/tool/b.json" in reasons
    )


@pytest.mark.parametrize("end", ["tar", "tar.gz", "zip"])
def test_of_a_name_that_comes_twice_the_last_counts_and_it_is_told(tmp_path: Path, end: str) -> None:
    target = tmp_path / f"x.{end}"
    if end == "zip":
        with zipfile.ZipFile(target, "w") as z, pytest.warns(UserWarning, match="Duplicate"):
            z.writestr("ada/.aws/credentials", b"made-up-first")
            z.writestr("ada/.aws/credentials", b"made-up-last")
    else:
        tar_of(target, ("ada/.aws/credentials", b"made-up-first"), ("ada/.aws/credentials", b"made-up-last"))
    blobs, _, gaps = look(target)
    assert blobs == {"ada/.aws/credentials": b"made-up-last"}
    assert gaps == {"names that stand in the archive more than once: 1; the last of each was read"}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    home = tmp_path / "root/ada"
    put(home / ".ssh/config", "")
    raw = os.fsencode(home) + b"/.config/tool/caf\xe9\n\x1b[31m.json"
    os.makedirs(os.path.dirname(raw))
    Path(os.fsdecode(raw)).write_bytes(b"made-up-token-1")
    want = look(home.parent)[0]
    (shown,) = want
    assert shown == "ada/.config/tool/caf\\xe9\\x0a\\x1b[31m.json"
    for end in ("tar.gz", "zip"):
        target = pack(home.parent, tmp_path / f"x.{end}")
        assert look(target)[0] == want
        with open_host(target, clock=StillClock(), environ={}) as host:
            assert host.read("root", shown, 100) == b"made-up-token-1"


@pytest.mark.parametrize("end", ["tar.gz", "tar.xz", "tar.zst", "tar.bz2"])
def test_a_packed_bomb_is_not_unpacked(tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FREE", 1 << 20)
    home = tmp_path / "root/ada"
    put(home / ".aws/credentials", "made-up-token-1")
    with put(home / "zeros", b"").open("wb") as f:
        f.truncate(16 << 20)
    target = pack(home.parent, tmp_path / f"x.{end}")
    assert target.stat().st_size < 200_000
    tracemalloc.start()
    blobs, _, gaps = look(target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20
    assert any("more than 200 times its size" in g for g in gaps)


def test_a_bomb_in_a_zip_is_a_gap_and_its_neighbours_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("ada/.env", b"\0" * (4 << 20))
        z.writestr("ada/.aws/credentials", b"made-up-token-1")
    blobs, reasons, _ = look(tmp_path / "x.zip", store(".aws/credentials", ".env", max_bytes=8 << 20))
    assert list(blobs) == ["ada/.aws/credentials"]
    assert reasons == {"ada/.env": "unpacks to more than 200 times its size"}


def test_a_member_larger_than_its_row_reads_is_a_gap(tmp_path: Path) -> None:
    members = (("ada/.profile", b""), ("ada/.env", b"x" * 101))
    for target in (tar_of(tmp_path / "x.tar.gz", *members), tar_of(tmp_path / "x.tar", *members)):
        assert look(target, store(".env", max_bytes=100))[1] == {"ada/.env": "is larger than 100 bytes"}


def test_a_sparse_member_of_300_gb_costs_nothing(tmp_path: Path) -> None:
    with put(tmp_path / "root/ada/.env", b"").open("wb") as f:
        f.truncate(300 << 30)
        f.seek(300 << 30)
        f.write(b"end")
    put(tmp_path / "root/ada/.aws/credentials")
    subprocess.run(["tar", "-cSf", tmp_path / "x.tar", "-C", tmp_path / "root", "ada"], check=True)
    blobs, reasons, _ = look(tmp_path / "x.tar")
    assert list(blobs) == ["ada/.aws/credentials"]
    assert reasons == {"ada/.env": "is larger than 1048576 bytes"}


def test_a_small_sparse_member_is_read_whole(tmp_path: Path) -> None:
    with put(tmp_path / "root/ada/.env", b"A=made-up\n").open("r+b") as f:
        f.seek(200_000)
        f.write(b"B=made-up\n")
    want = (tmp_path / "root/ada/.env").read_bytes()
    for end, flag in (("tar", "-cSf"), ("tar.gz", "-czSf")):
        subprocess.run(["tar", flag, tmp_path / f"x.{end}", "-C", tmp_path / "root", "ada"], check=True)
        assert look(tmp_path / f"x.{end}")[0] == {"ada/.env": want}


def test_encrypted_members_are_gaps(tmp_path: Path) -> None:
    home = tmp_path / "root/ada"
    put(home / ".aws/credentials")
    if shutil.which("zip") is None:
        pytest.skip("zip is not here")
    subprocess.run(["zip", "-qr", "-P", "fake-password", tmp_path / "x.zip", "ada"], cwd=home.parent, check=True)
    blobs, reasons, gaps = look(tmp_path / "x.zip")
    assert not blobs
    assert reasons == {"ada/.aws/credentials": "is encrypted in the archive"}
    assert any("members are encrypted" in g for g in gaps)


def test_zip64_and_a_zip_behind_other_bytes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as z, z.open("ada/.aws/credentials", "w", force_zip64=True) as f:
        f.write(b"made-up-token-1")
    assert list(look(tmp_path / "x.zip")[0]) == ["ada/.aws/credentials"]


def test_archives_in_an_archive_two_levels_deep(tmp_path: Path) -> None:
    home = tmp_path / "root/ada"
    put(home / ".aws/credentials", "made-up-inner")
    put(home / "backup.zip", b"not looked at: it lies in a home")
    (tmp_path / "out").mkdir()
    pack(home.parent, tmp_path / "out/inner.tar.gz")
    two = pack(tmp_path / "out", tmp_path / "two.zip")
    blobs, reasons, gaps = look(two)
    assert blobs == {"inner.tar.gz/ada/.aws/credentials": b"made-up-inner"}
    assert not gaps
    with open_host(two, clock=StillClock(), environ={}) as host:
        assert host.read("root", "inner.tar.gz/ada/.aws/credentials", 100) == b"made-up-inner"
    (tmp_path / "more").mkdir()
    shutil.copy(two, tmp_path / "more/two.zip")
    _, _, gaps = look(pack(tmp_path / "more", tmp_path / "three.tar.gz"))
    assert "is an archive in an archive in an archive and was not opened" in gaps


@pytest.mark.parametrize("end", ENDS)
def test_an_archive_that_is_cut_off_is_a_gap_or_an_error_at_any_place(tmp_path: Path, end: str) -> None:
    home = tmp_path / "root/ada"
    for n in range(5):
        put(home / f"w{n}/.env", os.urandom(700))
    whole = pack(home.parent, tmp_path / f"x.{end}").read_bytes()
    cut = tmp_path / f"cut.{end}"
    for size in range(0, len(whole) - 1, len(whole) // 37):
        if end == "tar" and not whole[size:].strip(b"\0"):
            continue  # only padding is missing
        cut.write_bytes(whole[:size])
        try:
            blobs, reasons, gaps = look(cut)
        except EvidenceError:
            continue
        assert gaps or reasons, size


_EASY = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("end", ["tar", "tar.gz", "zip"])
def test_any_damage_is_survived(tmp_path: Path, end: str) -> None:
    home = tmp_path / "root/ada"
    put(home / ".aws/credentials", "made-up-token-1" * 20)
    put(home / "work/.env", "made-up-token-2")
    whole = pack(home.parent, tmp_path / f"x.{end}").read_bytes()
    target = tmp_path / f"bad.{end}"

    @_EASY
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=8))
    def check(changes) -> None:
        bad = bytearray(whole)
        for at, value in changes:
            bad[at] = value
        target.write_bytes(bad)
        try:
            look(target)
        except EvidenceError as exc:
            assert "made-up" not in exc.message

    check()


def test_headers_that_never_end_are_refused(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("././@LongLink")
    huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    chain = tarfile.TarInfo("././@LongLink")
    chain.type, chain.size = tarfile.GNUTYPE_LONGNAME, 512
    good = tarfile.TarInfo("ada/.env")
    for bad in (huge.tobuf(), (chain.tobuf() + b"a" * 512) * 3000):
        with gzip.open(tmp_path / "x.tar.gz", "wb") as f:
            f.write(good.tobuf() + bad + b"\0" * (4 << 20))
        tracemalloc.start()
        _, _, gaps = look(tmp_path / "x.tar.gz")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert gaps
        assert peak < 24 << 20


def test_number_of_members_and_of_passes_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tar_of(tmp_path / "x.tar.gz", *((f"ada/{n}/.env", b"made-up") for n in range(8)))
    monkeypatch.setattr(tarball, "MOST_PASSES", 1)
    monkeypatch.setattr(tarball, "KEPT_BYTES", 14)
    blobs, reasons, _ = look(target)
    assert len(blobs) == 5, "two while it was opened, the one asked for and two more when it went by again"
    assert set(reasons.values()) == {"was not read: the archive would have to be unpacked more than 1 times"}
    monkeypatch.setattr(nodes, "MOST_MEMBERS", 5)
    _, _, gaps = look(target)
    assert any("more than 5 members" in g for g in gaps)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"QFI\xfb\0\0\0\3", "qcow2"),
        (b"KDMV\1\0\0\0", "vmdk"),
        (b"EVF\x09\x0d\x0a\xff\x00\1", "E01"),
        (b"\0" * 510 + b"\x55\xaa", "raw"),
        (b"\0" * 1080 + b"\x53\xef", "raw"),
    ],
)
def test_a_disk_image_is_told_how_to_be_mounted(
    tmp_path: Path, head: bytes, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.host.image_opening.is_installed", lambda: False)
    target = put(tmp_path / "disk.img", head.ljust(4096, b"\1") if word != "raw" else head.ljust(4096, b"\0"))
    with pytest.raises(EvidenceError, match=f"disk image \\({word}\\)") as caught:
        open_host(target, clock=StillClock())
    assert "read-only" in caught.value.hint
    assert "pip install 'rescind[images]'" in caught.value.hint


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"\x1f\x8b", gzip.compress(b"hello", mtime=0), b"PK\3\4", b"\xfd7zXZ\0nope", b"BZh9"]
)
def test_what_is_no_archive_is_an_error(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(EvidenceError):
        open_host(put(tmp_path / "x.tar.gz", body), clock=StillClock())


def test_a_pipe_as_target_does_not_stall(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EvidenceError, match="not a folder and not a file"):
        open_host(tmp_path / "pipe", clock=StillClock())


def test_scan_of_an_archive_and_modified_times(tmp_path: Path) -> None:
    home = plant(tmp_path / "root")
    os.utime(home / "home/ada/.aws/credentials", (1_700_000_000, 1_700_000_000))
    for end in ("tar.gz", "zip"):
        result = scan(pack(home, tmp_path / f"x.{end}"), clock=StillClock(), stores=[ROW], environ={})
        assert len(result.findings) == 5
        times = {f.location.path: f.location.modified for _, f in result.findings}
        assert times["home/ada/.aws/credentials"] == "2023-11-14T22:13:20Z"


def test_first_of_several_and_a_walk_see_an_archive_alike(tmp_path: Path) -> None:
    home = tmp_path / "root/ada"
    for path in (".a/one", ".b/two", "node_modules/x/.env", "w/.git/config", "w/deep/er/.env", ".profile"):
        put(home / path, path)
    for row in (store(".a/one", ".b/two", match=Match.FIRST), store("**/.git/config", "**/.env")):
        want = look(home.parent, row)
        assert want[0]
        assert look(pack(home.parent, tmp_path / "x.tar"), row) == want
        (tmp_path / "x.tar").unlink()


def test_a_zip_of_more_members_than_there_is_room_for_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as z:
        for n in range(60):
            z.writestr(f"ada/{n}/.env", b"made-up")
    monkeypatch.setattr(nodes, "MOST_MEMBERS", 5)
    blobs, _, gaps = look(tmp_path / "x.zip")
    assert len(blobs) == 5
    assert "the archive holds more than 5 members; the rest was not read" in gaps


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_in_all_its_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wide: bool, packing: int) -> None:
    """With numbers of 64 bits, behind a program that unpacks it, with a comment at its end."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", packing) as z:
        z.comment = b"PK\5\6 is not the end"
        for n in range(3):
            z.writestr(f"ada/{n}/.env", b"made-up" * 100 * n)
        if wide:  # when the directory is written
            monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 4)
            monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    want = {f"ada/{n}/.env": b"made-up" * 100 * n for n in range(3)}
    assert look(tmp_path / "x.zip")[0] == want
    (tmp_path / "y.zip").write_bytes(b"PK\3\4 a program" + (tmp_path / "x.zip").read_bytes())
    assert look(tmp_path / "y.zip")[0] == want


def test_a_zip_whose_directory_ends_early_or_whose_bytes_were_changed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as z:
        for n in range(3):
            z.writestr(f"ada/{n}/.env", b"made-up-%d" % n)
    data = (tmp_path / "x.zip").read_bytes()
    last = data.rindex(b"PK\1\2")
    (tmp_path / "y.zip").write_bytes(data[:last] + b"PK\0\0" + data[last + 4 :])
    blobs, _, gaps = look(tmp_path / "y.zip")
    assert len(blobs) == 2
    assert "the zip archive is damaged or cut off; 2 members were seen, what follows was not" in gaps
    (tmp_path / "z.zip").write_bytes(data.replace(b"made-up-1", b"made-up-X", 1))
    assert look(tmp_path / "z.zip")[1] == {"ada/1/.env": "is damaged in the archive"}


def test_an_archive_that_needs_much_memory_to_be_unpacked_says_what_to_do(tmp_path: Path) -> None:
    tar = tar_of(tmp_path / "x.tar", ("ada/.env", b"made-up" * 1000)).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": size} for size in (64 << 20, 96 << 20)]
    small, large = (lzma.compress(tar, filters=[f]) for f in filters)
    assert [window_of(b, "xz") for b in (small, large)] == [64 << 20, 96 << 20]
    assert look(put(tmp_path / "small.tar.xz", small))[0]
    with pytest.raises(EvidenceError, match="more than 64 MiB") as caught:
        look(put(tmp_path / "large.tar.xz", large))
    assert "xz -d" in caught.value.hint
    if shutil.which("zstd"):
        for log, fits in ((26, True), (27, False)):
            run = subprocess.run(["zstd", "-qc", f"--long={log}"], input=tar, capture_output=True, check=True).stdout
            assert window_of(run, "zstd") == 1 << log
            assert (1 << log <= MOST_WINDOW) is fits
        known = subprocess.run(["zstd", "-qc", "--long=27", tmp_path / "x.tar"], capture_output=True, check=True).stdout
        assert window_of(known, "zstd") == len(tar), "what is known to be small needs little"


def test_archives_in_an_archive_share_its_room(tmp_path: Path) -> None:
    inner = tar_of(tmp_path / "in.tar", ("ada/.env", b"made-up")).read_bytes()
    target = tar_of(tmp_path / "x.tar.gz", *((f"{n}.tar", inner) for n in range(3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Room.__init__, "__defaults__", ((1 << 20) + 2 * len(inner) + 4000,))
        blobs, _, gaps = look(target)
    assert len(blobs) == 2
    assert any("larger than what may be held of one" in g for g in gaps)


@pytest.mark.parametrize("end", ["tar", "tar.gz", "zip"])
def test_a_row_that_is_only_in_the_log_of_an_archived_database_is_seen(tmp_path: Path, end: str) -> None:
    home = tmp_path / "root/ada"
    put(home / ".profile", "")
    base = sqlite3.connect(home / "a.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=wal")
    base.executescript("CREATE TABLE t (v); INSERT INTO t VALUES ('made-up-token')")
    target = pack(home.parent, tmp_path / f"x.{end}")
    want = look(home.parent, store("*.db"))
    assert b"made-up-token" in want[0]["ada/a.db"]
    assert look(target, store("*.db")) == want
    base.close()


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(made=st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), NODES), max_size=14))
def test_any_tree_reads_the_same_packed_and_unpacked(tmp_path_factory: pytest.TempPathFactory, made) -> None:
    base = tmp_path_factory.mktemp("tree")
    home = base / "root/ada"
    put(home / ".profile", "")
    for parts, node in made:
        path = home.joinpath(*parts)
        try:
            if not path.parent.resolve().is_relative_to(home.resolve()) or path.is_symlink() or path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if node == "file":
                path.write_bytes(b"inside")
            elif node == "dir":
                path.mkdir()
            elif node == "fifo":
                os.mkfifo(path)
            else:
                path.symlink_to(node.removeprefix("link:"))
        except (OSError, RuntimeError):
            continue
    row = store("**/.env", ".demo", "*/.demo", "a/*/c.json")
    want = look(home.parent, row)
    for name, form in (("x.tar", "pax"), ("y.tar", "gnu"), ("z.tar.gz", "ustar")):
        call = ["tar", "-caf", base / name, f"--format={form}", "-C", home.parent, "ada"]
        subprocess.run(call, check=True, stderr=subprocess.DEVNULL)
        assert look(base / name, row) == want, name
