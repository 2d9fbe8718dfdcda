"""The whole old file or the whole new one, and no trace of anything else."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from rescind.errors import Rejected, Unreachable
from rescind.wire.files import write_atomic


def test_writes_with_the_mode_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "list.crl"
    before = os.umask(0o077)
    try:
        write_atomic(target, b"one", mode=0o644)
    finally:
        os.umask(before)
    assert target.read_bytes() == b"one"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["list.crl"]


@pytest.mark.parametrize(("call", "number"), [("write", errno.ENOSPC), ("fsync", errno.EIO), ("replace", errno.EACCES)])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    target = tmp_path / "list.crl"
    target.write_bytes(b"old")

    def fail(*args: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(Rejected) as caught:
            write_atomic(target, b"secret-looking new bytes")
    assert caught.value.code == errno.errorcode[number]
    assert "new bytes" not in str(caught.value)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["list.crl"]


def test_a_disk_that_fills_up_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "list.crl"
    target.write_bytes(b"old")
    real, calls = os.write, []

    def partly(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, bytes(data[:3]))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", partly)
        with pytest.raises(Rejected):
            write_atomic(target, b"0123456789")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["list.crl"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:3])))
    write_atomic(tmp_path / "f", b"0123456789")
    assert (tmp_path / "f").read_bytes() == b"0123456789"


def test_an_interrupt_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"old")

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"safe")
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(victim)
    dangling.symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    for target in (link, dangling, tmp_path / "folder"):
        with pytest.raises(Rejected) as caught:
            write_atomic(target, b"planted")
        assert caught.value.code == "ELOOP"
    assert victim.read_bytes() == b"safe"
    assert link.is_symlink()


def test_a_folder_that_cannot_be_flushed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.fsync, []

    def second_fails(fd: int) -> None:
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(Unreachable) as caught:
        write_atomic(tmp_path / "f", b"new")
    assert caught.value.maybe_sent is True
    assert (tmp_path / "f").read_bytes() == b"new"


def test_a_missing_folder_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        write_atomic(tmp_path / "no" / "f", b"x")
    assert caught.value.code == "ENOENT"
