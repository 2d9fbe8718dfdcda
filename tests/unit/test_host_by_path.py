"""A home read by paths (as on Windows) reads like one whose folders are held open: the same tests, the same answers, the same refusals."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from rescind import osfiles
from rescind.host import by_path as reading
from rescind.host import opened as at_path
from tests.unit.test_host_hazards import *  # noqa: F403
from tests.unit.test_host_view import *  # noqa: F403
from tests.unit.test_host_view import opened, put, store

# these take the other reader apart, or are about `/proc`; what they ask is asked below of this one
del test_file_that_changes_once_is_read_again, test_file_that_keeps_changing_is_a_gap  # noqa: F821
del test_name_swapped_for_a_link_between_look_and_open, test_mounted_root_never_reads_the_real_one  # noqa: F821


@pytest.fixture(autouse=True)
def without_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osfiles, "HOLDS_FOLDERS", False)


def test_what_changes_while_it_is_read_is_read_again_then_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, real = put(home / ".a", "before"), reading.PathTree._drain
    changes = [b"after!"]

    def drain(self, fd, at, most):
        data = real(self, fd, at, most)
        if changes:
            path.write_bytes(changes[-1])
            os.utime(path, ns=(len(data), len(changes)))
            changes[:] = [changes[-1] + b"x"] if endless else []
        return data

    monkeypatch.setattr(reading.PathTree, "_drain", drain)
    endless = False
    assert opened(home, store(".a")) == ({".a": b"after!"}, {})
    endless, changes = True, [b"x"]
    assert opened(home, store(".a")) == ({}, {".a": "changed while it was read"})


@pytest.mark.parametrize("swapped", [".tool/a", ".tool"])
def test_a_file_or_a_folder_swapped_for_a_link_after_the_look_gives_no_byte(
    home: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    put(home / ".tool" / "a", "mine")
    outside = put(home.parent / "elsewhere" / "a", "not mine")
    real = at_path.open_there

    def swap(path):
        place = home / swapped
        if not place.is_symlink():
            place.rename(home / "aside")
            place.symlink_to(outside if place.name == "a" else outside.parent)
        return real(path)

    monkeypatch.setattr(at_path, "open_there", swap)
    blobs, reasons = opened(home, store(".tool/a"))
    assert not blobs
    assert list(reasons) == [".tool/a"]


@pytest.mark.parametrize(
    ("tag", "link"),
    [(0xA0000003, True), (0xA000000C, True), (0x9000001A, False), (0x80000013, False), (0, False)],
    ids=["junction", "symbolic link", "in the cloud", "deduplicated", "file"],
)
def test_a_reparse_point_that_stands_for_another_place_is_a_link(tag: int, link: bool) -> None:
    seen = SimpleNamespace(st_mode=0o040700, st_reparse_tag=tag)
    assert osfiles.is_link(seen) is link  # type: ignore[arg-type]


def test_a_junction_is_no_folder_of_the_walk(home: Path) -> None:
    entry = SimpleNamespace(
        name="x",
        stat=lambda follow_symlinks: SimpleNamespace(st_mode=0o040700, st_reparse_tag=0xA0000003),
        is_dir=lambda follow_symlinks: True,
        is_file=lambda follow_symlinks: False,
    )
    seen = reading.PathEntry(entry)  # type: ignore[arg-type]
    assert seen.is_symlink()
    assert not seen.is_dir(follow_symlinks=False)


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("/home/ada/x", ("", ("home", "ada", "x"))),
        ("../x", (None, ("..", "x"))),
        ("//?/C:/Users/ada", ("C:", ("Users", "ada"))),
        ("//server/share/x", ("//", ())),
        ("//?/Volume{0-1}/x", ("//", ())),
        ("//?/UNC/server/share", ("//", ())),
        ("D:/x", ("D:", ("x",))),
    ],
)
def test_where_a_link_leads(link: str, says: tuple[str | None, tuple[str, ...]]) -> None:
    assert at_path.absolute(link) == says


def test_a_link_to_another_drive_leaves_the_evidence(home: Path) -> None:
    (home / ".a").symlink_to("D:/x")
    assert opened(home, store(".a"))[1] == {".a": "link leaves the evidence"}
