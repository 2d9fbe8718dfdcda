"""A disk image that is hostile, broken or slow, and the process that reads it: nothing hangs, nothing else is opened, all is said."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rescind.errors import EvidenceError
from rescind.host import image_files, image_reader
from rescind.host.image import ImageTree
from rescind.host.image_files import kind_of_image, pieces
from rescind.host.image_reader import ImageReader
from rescind.host.opening import open_host
from rescind.models.store import At, Root
from tests.unit._evidence import StillClock, put, split, store

ROW = store(".aws/credentials", "**/.env", ".vault-token")
PEER = """
import json, sys, time, os
source, sink = sys.stdin.buffer, sys.stdout.buffer
def frame(): return json.loads(source.read(int.from_bytes(source.read(4), "big")))
def answer(value):
    body = json.dumps(value).encode()
    sink.write(len(body).to_bytes(4, "big") + body); sink.flush()
frame()
answer({"volumes": ["disk"], "troubles": []})
while True:
    operation, number, names, most = frame()
"""


def peer(tmp_path: Path, body: str) -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return [sys.executable, str(put(tmp_path / "peer.py", PEER + lines))]


def reader(tmp_path: Path, body: str) -> ImageReader:
    return ImageReader("raw", [os.open(put(tmp_path / "x"), os.O_RDONLY)], command=peer(tmp_path, body))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    if shutil.which("mke2fs") is None:
        pytest.skip("mke2fs is not here")
    put(tmp_path / "home/.aws/credentials", "made-up-token-1")
    put(tmp_path / "home/work/app/.env", "made-up-token-2")
    put(tmp_path / "home/.bash_history", b"one\n" * 40_000 + b"last\n")
    target = tmp_path / "home.raw"
    target.write_bytes(b"\0" * (2 << 20))
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-d", tmp_path / "home", target], check=True, capture_output=True
    )
    return target


def test_an_answer_that_does_not_come_is_a_gap_and_the_next_question_is_answered(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(image_reader, "ANSWER_SECONDS", 0.3)
    body = 'if names == ["slow"]: time.sleep(60)\nif names == ["dead"]: os._exit(3)\nanswer({"ino": 1, "entries": [["slow", "d"], ["dead", "d"], ["good", "d"]]})'
    tree = ImageTree(reader(tmp_path, body))
    assert tree.names(()) == ["dead", "good", "slow"]
    for name in ("slow", "dead"):
        for _ in range(image_reader.MOST_STARTS + 1):  # asked once only
            with pytest.raises(EvidenceError, match="did not answer in time, or broke"):
                tree.names((name,))
        assert tree.names(("good",)) == ["dead", "good", "slow"]
    tree.close()


def test_a_process_that_breaks_each_time_is_not_started_for_ever(tmp_path: Path) -> None:
    asked = reader(tmp_path, "os._exit(1)")
    for number in range(20):
        with pytest.raises(EvidenceError, match="did not answer"):
            asked.names(0, (str(number),))
    assert asked._starts <= image_reader.MOST_STARTS + 20
    assert asked._child is None
    asked.close()


def test_questions_have_a_bound_in_all(tmp_path: Path, monkeypatch) -> None:
    asked = reader(tmp_path, 'answer({"ino": 1, "entries": []})')
    assert asked.names(0, ()) == (1, {})
    monkeypatch.setattr(image_reader, "MOST_SECONDS", 0.0)
    with pytest.raises(EvidenceError, match="did not answer"):
        asked.names(0, ())
    asked.close()


def test_an_alarm_leaves_no_process_out_of_step(tmp_path: Path, monkeypatch) -> None:
    asked = reader(tmp_path, 'answer({"ino": len(names), "entries": []})')

    def alarm(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rescind.host.child.Child.read", alarm)
        with pytest.raises(KeyboardInterrupt):
            asked.names(0, ("a",))
    assert asked.names(0, ("a", "b")) == (2, {})
    asked.close()


@pytest.mark.parametrize(
    "answer",
    ["[]", "{}", "7", '{"ino": "x", "entries": []}', '{"ino": 1, "entries": 7}', '{"ino": 1, "entries": [["a"]]}'],
)
def test_an_answer_of_another_shape_is_a_gap(tmp_path: Path, answer: str) -> None:
    tree = ImageTree(reader(tmp_path, f"answer({answer})"))
    with pytest.raises(EvidenceError):
        tree.names(())
    tree.close()


def test_names_that_no_file_can_have_lead_nowhere(tmp_path: Path) -> None:
    body = 'answer({"ino": 1, "entries": [["../../x", "f"], ["..", "d"], [".", "d"], ["", "f"], ["a\\0b", "f"], ["ok", "f"]]})'
    tree = ImageTree(reader(tmp_path, body))
    assert tree.names(()) == ["..\ufffd..\ufffdx", "a\ufffdb", "ok"]
    tree.close()


def test_links_stay_inside_and_end(tmp_path: Path) -> None:
    body = (
        'links = {"round": "round", "out": "../../../../etc/passwd", "file": "real"}\n'
        'if operation == "stat": answer({"mode": 0o120777 if names[-1] in links else 0o100644, "ino": 5, "size": 4, "mtime": 0.0, "link": links.get(names[-1], "")})\n'
        'elif operation == "list": answer({"ino": 1, "entries": [[n, "l"] for n in links] + [["real", "f"]]})\n'
        'else: answer({}); sink.write((4).to_bytes(4, "big") + b"data"); sink.flush()'
    )
    tree = ImageTree(reader(tmp_path, body))
    assert tree.read(("file",), 10).data == b"data"
    with pytest.raises(EvidenceError, match="circle"):
        tree.find(("round",))
    with pytest.raises(EvidenceError, match="not in the evidence"):
        tree.find(("out",))
    assert tree.find(("none",)) is None
    assert tree.find(("real", "below")) is None
    with pytest.raises(EvidenceError, match="larger than 3"):
        tree.read(("real",), 3)
    tree.close()


def test_the_reader_may_open_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys, os, socket, subprocess\n"
        "from rescind.host import _image\n_image._limit()\n"
        "def tried(what):\n"
        "    try: what()\n"
        "    except _image.Refused: return 'refused'\n"
        "    except Exception as exc: return type(exc).__name__\n"
        "    return 'done'\n"
        f"path = {str(tmp_path / 'new')!r}\n"
        "print(*map(tried, (lambda: open('/etc/passwd'), lambda: open(path, 'w'), lambda: os.open(path, os.O_CREAT | os.O_WRONLY),\n"
        "  lambda: socket.socket(), lambda: subprocess.Popen(['true']), lambda: os.remove(path), lambda: bytearray(3 << 30))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={"HOME": "/"})
    assert done.stdout.split() == ["refused"] * 6 + ["MemoryError"], done.stderr
    assert not (tmp_path / "new").exists()


def test_a_large_text_is_read_from_both_ends(image: Path) -> None:
    tree = open_host(image, clock=StillClock(), environ={})._tree
    blob = tree.ends((".bash_history",), 9_000)
    assert blob is not None
    assert blob.data.startswith(b"one\n")
    assert blob.data.endswith(b"last\n")
    assert len(blob.data) == 9_001
    assert tree.ends((".aws", "credentials"), 9_000) is None
    tree.close()


def test_damage_anywhere_gives_findings_or_a_word(image: Path, tmp_path: Path) -> None:
    """Bytes of the structures are changed; what comes is a file, a gap or an error, never a crash."""
    sound, chance = image.read_bytes(), random.Random(7)
    used = [at for at in range(0, len(sound), 512) if sound[at : at + 512].strip(b"\0")]
    for _ in range(4):
        body = bytearray(sound)
        for _ in range(chance.choice((20, 300))):
            body[chance.choice(used) + chance.randrange(512)] = chance.choice((0, 255, chance.randrange(256)))
        body[1080:1082] = b"\x53\xef"
        try:
            with open_host(put(tmp_path / "damaged.raw", bytes(body)), clock=StillClock(), environ={}) as host:
                blobs, reasons = split(host.candidates(ROW))
                assert blobs or reasons or host.gaps or host.homes
        except EvidenceError as exc:
            assert exc.message


def test_an_image_that_ends_early_is_an_error_or_a_gap(image: Path, tmp_path: Path) -> None:
    for size in (1500, 70_000):
        cut = put(tmp_path / "cut.raw", image.read_bytes()[:size])
        try:
            with open_host(cut, clock=StillClock(), environ={}) as host:
                _, reasons = split(host.candidates(ROW))
                assert reasons or host.gaps
        except EvidenceError as exc:
            assert "image" in exc.message or "cannot be read" in exc.message


@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "E01", "vhdx", "raw"])
def test_a_head_and_nothing_else_is_an_error(tmp_path: Path, kind: str) -> None:
    heads = {word: magic for magic, word in image_files._MAGIC} | {"vdi": b"\0" * 64 + b"\x7f\x10\xda\xbe"}
    head = heads.get(kind, b"\0" * 510 + b"\x55\xaa").ljust(4096, b"\0" if kind in {"raw", "vdi"} else b"\xff")
    target = put(tmp_path / "disk", head)
    assert kind_of_image(head) == kind
    with pytest.raises(EvidenceError):
        open_host(target, clock=StillClock(), environ={})


def test_what_is_not_read_says_how_to_mount_it(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="disk image \\(Ex01\\)") as caught:
        open_host(put(tmp_path / "disk.Ex01", b"EVF2\x0d\x0a\x81".ljust(4096, b"\0")), clock=StillClock())
    assert "read-only" in caught.value.hint
    assert "rescind[images]" not in caught.value.hint


def test_no_descriptor_is_left_open(tmp_path: Path, image: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(2):
        open_host(image, clock=StillClock(), environ={}).close()
        with pytest.raises(EvidenceError):
            open_host(put(tmp_path / "bad.qcow2", b"QFI\xfb".ljust(4096, b"\xff")), clock=StillClock())
    with pytest.raises(EvidenceError, match="missing"):
        pieces(tmp_path / "none.qcow2", "qcow2", b"QFI\xfb".ljust(4096, b"\0"))
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_a_system_row_reads_the_root_of_each_system(tmp_path: Path) -> None:
    if shutil.which("mke2fs") is None:
        pytest.skip("mke2fs is not here")
    put(tmp_path / "root/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/bash\n")
    put(tmp_path / "root/etc/tool.conf", "made-up-token-0")
    put(tmp_path / "root/home/ada/.profile", "")
    target = tmp_path / "root.raw"
    target.write_bytes(b"\0" * (2 << 20))
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext2", "-d", tmp_path / "root", target], check=True, capture_output=True
    )
    with open_host(target, clock=StillClock(), environ={}) as host:
        blobs, reasons = split(host.candidates(store(At(root=Root.SYSTEM, glob="etc/tool.conf"))))
    assert blobs == {"etc/tool.conf": b"made-up-token-0"}
    assert not reasons
