"""The scan: every failure is a gap, nothing of the input is quoted, nothing is changed or run for ever."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.models.evidence import Finding, Gap, Location
from rescind.pipeline import scan as module
from rescind.pipeline.scan import scan
from rescind.secret import Secret
from tests.unit._evidence import StillClock, lines, picture, put, store

CANARY = "canary-9f3b1d"


def failing(error: type[BaseException]):
    def parse(blob, at):
        yield from lines(b"kept", at)
        raise (
            error(f"quotes {CANARY}")
            if error is not UnicodeDecodeError
            else UnicodeDecodeError("utf-8", blob, 0, 1, CANARY)
        )

    return parse


def test_findings_and_gaps_side_by_side(tmp_path: Path) -> None:
    put(tmp_path / ".a", "one\ntwo")
    put(tmp_path / ".b", "BAD " + CANARY)
    told = []
    result = scan(
        tmp_path,
        clock=StillClock(),
        stores=[store(".b", name="b"), store(".a", name="a")],
        progress=told.append,
        environ={},
    )
    assert [(s, f.location.path, f.location.line) for s, f in result.findings] == [("a", ".a", 1), ("a", ".a", 2)]
    assert result.gaps == (
        Gap(source="b", reason="not understood: does not begin as it should", path=".b", root="home"),
    )
    assert told == ["1 of 2 stores: a", "2 of 2 stores: b"]
    assert result.scanned_at == "2026-01-02T03:04:05Z"
    assert CANARY not in repr(result)


@pytest.mark.parametrize(
    "error",
    [ValueError, KeyError, UnicodeDecodeError, RecursionError, MemoryError, OSError, StopIteration, AssertionError],
)
def test_any_parser_failure_is_a_gap_and_keeps_what_was_found(tmp_path: Path, error: type[BaseException]) -> None:
    put(tmp_path / ".a", CANARY)
    put(tmp_path / ".b", "fine")
    result = scan(
        tmp_path,
        clock=StillClock(),
        stores=[store(".a", name="a", parse=failing(error)), store(".b", name="b")],
        environ={},
    )
    assert [s for s, _ in result.findings] == ["a", "b"]
    assert [g.source for g in result.gaps] == ["a"]
    assert result.gaps[0].reason.startswith("parser stopped: ")
    assert CANARY not in repr(result)


def test_parser_that_never_returns_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / ".a")
    put(tmp_path / ".b")

    def endless(blob, at):
        while True:
            try:
                sum(range(1000))
            except Exception:
                pass
        yield

    monkeypatch.setattr(module, "STORE_SECONDS", 0.05)
    before = signal.getsignal(signal.SIGALRM)
    result = scan(
        tmp_path, clock=StillClock(), stores=[store(".a", name="a", parse=endless), store(".b", name="b")], environ={}
    )
    assert [(g.source, g.path) for g in result.gaps] == [("a", ".a")]
    assert "not finished within" in result.gaps[0].reason
    assert [s for s, _ in result.findings] == ["b"]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_time_is_looked_at_between_findings_in_other_threads(tmp_path: Path) -> None:
    put(tmp_path / ".a")
    clock = StillClock()

    def slow(blob, at):
        for _ in range(10**9):
            clock.ticks += 1
            yield from lines(b"x", at)

    results = []
    thread = threading.Thread(
        target=lambda: results.append(scan(tmp_path, clock=clock, stores=[store(".a", parse=slow)], environ={}))
    )
    thread.start()
    thread.join(30)
    assert len(results[0].findings) == 61
    assert "not finished within 60 s" in results[0].gaps[0].reason


def test_number_of_findings_per_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FINDINGS_PER_FILE", 5)
    put(tmp_path / ".a", "\n".join("x" * n for n in range(1, 20)))
    result = scan(tmp_path, clock=StillClock(), stores=[store(".a")], environ={})
    assert len(result.findings) == 5
    assert "more than 5 findings" in result.gaps[0].reason


def test_keychain_stands_beside_the_files_and_may_fail(tmp_path: Path) -> None:
    def keychain():
        yield Finding(kind="keychain.item", location=Location(root="keychain", path="demo"), identifier="demo/ada")
        yield Gap(source="keychain", reason="is locked", root="keychain")
        raise RuntimeError(CANARY)

    put(tmp_path / ".a", "one")
    result = scan(tmp_path, clock=StillClock(), stores=[store(".a")], keychain=keychain(), environ={})
    assert [s for s, _ in result.findings] == ["demo", "keychain"]
    assert sorted(g.reason for g in result.gaps) == ["is locked", "reading stopped: RuntimeError"]


def test_moved_gaps_of_the_host_are_in_the_result(tmp_path: Path) -> None:
    put(tmp_path / ".profile", "export XDG_CONFIG_HOME=/somewhere/else\n")
    result = scan(tmp_path, clock=StillClock(), stores=[], environ={})
    assert [g.reason for g in result.gaps] == [
        "XDG_CONFIG_HOME moves files to a place outside the evidence or not known"
    ]


def key_row(**extra):
    def parse(blob, at):
        if blob.startswith(b"private"):
            yield Finding(kind="ssh.user-key", location=at, secret=Secret(blob), **extra)

    return store(".ssh/*", yields=("ssh.user-key",), parse=parse)


def test_public_half_beside_an_ssh_key_names_it(tmp_path: Path) -> None:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32
    put(tmp_path / ".ssh" / "id", "private")
    put(tmp_path / ".ssh" / "id.pub", b"ssh-ed25519 " + base64.b64encode(blob) + b" ada@lost-1")
    want = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    ((_, finding),) = scan(tmp_path, clock=StillClock(), stores=[key_row()], environ={}).findings
    assert (finding.identifier, finding.attributes) == (want, {"identifier_from": ".pub"})
    ((_, known),) = scan(tmp_path, clock=StillClock(), stores=[key_row(identifier="SHA256:own")], environ={}).findings
    assert known.identifier == "SHA256:own"
    for junk in (b"", b"ssh-ed25519", b"ssh-ed25519 !!!", b"ssh-ed25519 " + base64.b64encode(b"\xff" * 50)):
        put(tmp_path / ".ssh" / "id.pub", junk)
        ((_, none),) = scan(tmp_path, clock=StillClock(), stores=[key_row()], environ={}).findings
        assert not none.identifier


def test_scan_writes_nothing_and_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home-of-ada"
    put(home / "x" / ".env", "one")
    put(home / ".a", "two")
    (home / ".l").symlink_to(".a")
    before = picture(tmp_path)
    real, flags = os.open, []
    monkeypatch.setattr(os, "open", lambda path, flag, *a, **k: flags.append(flag) or real(path, flag, *a, **k))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a scan contacts nobody"))
    result = scan(home, clock=StillClock(), stores=[store(".a", ".l", "**/.env")], environ={})
    monkeypatch.undo()
    assert len(result.findings) == 3
    assert flags
    assert not any(flag & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) for flag in flags)
    assert picture(tmp_path) == before


def test_the_catalogue_reads_an_empty_home(tmp_path: Path) -> None:
    result = scan(tmp_path, clock=StillClock(), environ={})
    assert (result.findings, result.gaps) == ((), ())
    assert all(store_id == row.id for store_id, row in catalogue.stores().items())


def test_progress_counts_what_the_walk_sees_and_says_about_how_long_it_takes(tmp_path: Path) -> None:
    for n in range(3):
        put(tmp_path / f"w{n}/.env")
        put(tmp_path / f"t{n}")
    clock, told = StillClock(), []

    def slow(blob: bytes, at: Location) -> Iterator[Finding]:
        clock.sleep(5)
        yield from lines(blob, at)

    rows = [store(f"t{n}", name=f"t{n}", parse=slow) for n in range(3)]
    scan(tmp_path, clock=clock, stores=[store("**/.env", name="a"), *rows], progress=told.append, environ={})
    assert told[:4] == [f"folders, {n} names seen" for n in (6, 7, 8, 9)]
    assert told[4:] == [
        "1 of 4 stores: a",
        "2 of 4 stores: t0",
        "3 of 4 stores: t1, about 5 s left",
        "4 of 4 stores: t2, about 3 s left",
    ]
