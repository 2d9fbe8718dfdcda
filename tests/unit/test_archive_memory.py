"""How much memory a scan of an archive takes, with the detection engine: never 200 MB, whatever was put into it."""

from __future__ import annotations

import io
import lzma
import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

MOST = 200_000_000
KEY = b"[default]\naws_access_key_id = AKIA2OGYBAH6QLTN3Z5E\naws_secret_access_key = made-up\n"
MEASURED = """
import atexit, os, threading
from pathlib import Path

def most(pid):
    try:
        held = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(held.partition("VmHWM:")[2].split()[0]) * 1024 if "VmHWM:" in held else 0

peaks, over = {}, threading.Event()

def watch():
    while not over.wait(0.02):
        look()

def look():
    for task in Path("/proc/self/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for pid in children:
            peaks[pid] = max(peaks.get(pid, 0), most(pid))

def tell():
    over.set()
    Path(os.environ["MEASURED"]).write_text(str(most("self") + sum(peaks.values())))

atexit.register(tell)
threading.Thread(target=watch, daemon=True).start()
from rescind.cli import main
main()
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell")


def members(*named: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in named:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def empty_files(count: int) -> Iterable[bytes]:
    """Yield headers of empty files, made from one: `tarfile` takes ten times as long."""
    head = bytearray(
        tarfile.TarInfo("home/ada/work/some-project/a-package/module_0000000.py").tobuf(tarfile.USTAR_FORMAT)
    )
    at = head.index(b"0000000.py")
    for number in range(count):
        head[at : at + 7] = b"%07d" % number
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        yield bytes(head)


def many(target: Path) -> None:
    with lzma.open(target, "wb", preset=0) as file:
        file.write(members(("home/ada/.aws/credentials", KEY))[:1024])
        file.writelines(empty_files(100_000))
        file.write(b"\0" * 1024)


def long_window(target: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 64 << 20}]
    noise = random.Random(1).randbytes(1 << 16)
    with lzma.open(target, "wb", filters=filters) as file:
        file.write(members(("home/ada/.aws/credentials", KEY), ("home/ada/video.bin", noise * 1200)))


def large_members(target: Path) -> None:
    letters = bytes(32 if n % 8 == 7 else 97 + n % 26 for n in range(250)) + b"\n" * 6
    text = random.Random(1).randbytes(5 << 20).translate(letters)
    tar = members(("home/ada/.aws/credentials", KEY), *((f"home/u{n}/.bash_history", text[n:]) for n in range(3)))
    with lzma.open(
        target, "wb", format=lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "mode": lzma.MODE_FAST}]
    ) as file:
        file.write(tar)


@pytest.mark.parametrize("make", [many, long_window, large_members])
def test_an_archive_stays_within_its_memory(tmp_path: Path, make) -> None:
    make(tmp_path / "home.tar.xz")
    env = {"HOME": str(tmp_path), "PATH": os.defpath, "MEASURED": str(tmp_path / "peak")}
    command = [sys.executable, "-c", MEASURED, "scan", str(tmp_path / "home.tar.xz"), "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in {0, 7}, done.stderr
    assert "AKIA2OGYBAH6QLTN3Z5E" in done.stdout
    peak = int((tmp_path / "peak").read_text())
    assert 50_000_000 < peak < MOST
