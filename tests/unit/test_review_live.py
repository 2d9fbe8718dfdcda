"""A hostile process of the scanned user: it can name places, answer slowly and hold much; nothing of that is left out without a word."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from rescind.host import live as lives
from rescind.models.evidence import Gap
from tests.unit.test_live import home, look, process

__all__ = ["home"]


def told(items):
    return " | ".join(i.reason for i in items if isinstance(i, Gap))


def test_an_environment_that_is_cut_and_processes_beyond_the_bound_are_said(home, tmp_path, monkeypatch):
    mine = b"HOME=%s" % str(home).encode()
    monkeypatch.setattr(lives, "MOST_BYTES", 200)
    monkeypatch.setattr(lives, "MOST_PROCESSES", 1)
    process(tmp_path / "proc", 20, mine, b"FILL=" + b"x" * 300, b"APP_TOKEN=fake-horse-battery-4711")
    process(tmp_path / "proc", 21, mine, b"OTHER_TOKEN=fake-horse-battery-4712")
    found = told(lives.environments(look(home, tmp_path)))
    assert "longer than 200 bytes" in found
    assert "of 1 processes beyond the first 1" in found


@pytest.mark.parametrize("source", ["ssh-agent", "gpg-agent"])
def test_who_answers_a_byte_at_a_time_holds_nobody_up(home, tmp_path, monkeypatch, source):
    place = tmp_path / "S.gpg-agent"
    server, stop = socket.socket(socket.AF_UNIX), threading.Event()
    server.bind(str(place))
    server.listen(1)

    def drip():
        other, _ = server.accept()
        with other:
            while not stop.wait(0.005):
                try:
                    other.sendall(b"\0")
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    monkeypatch.setattr(lives, "SECONDS", 0.05)
    monkeypatch.setattr(lives, "_agent_answer", lambda s: lives._exactly(s, 10_000, lives.time.monotonic() + 0.05))
    try:
        live = look(home, tmp_path, SSH_AUTH_SOCK=str(place), GNUPGHOME=str(tmp_path))
        assert "does not answer: TimeoutError" in told(lives.SOURCES[source](live))
    finally:
        stop.set()
        server.close()


def test_many_named_sockets_are_bounded_and_counted(home, tmp_path, monkeypatch):
    monkeypatch.setattr(lives, "MOST_PLACES", 3)
    mine = b"HOME=%s" % str(home).encode()
    for i in range(8):
        process(tmp_path / "proc", 20 + i, mine, b"SSH_AUTH_SOCK=/nowhere/%d" % i, b"KRB5CCNAME=DIR:/nowhere/%d" % i)
    assert "5 of the 8 places" in told(lives.ssh_agents(look(home, tmp_path)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_folders_that_may_not_be_listed_are_gaps(home, tmp_path):
    for folder in (home / ".ssh/agent", tmp_path / "cc"):
        folder.mkdir(parents=True)
        folder.chmod(0)
    live = look(home, tmp_path, KRB5CCNAME=f"DIR:{tmp_path / 'cc'}")
    assert "cannot be listed" in told(lives.ssh_agents(live))
    assert "cannot be listed" in told(lives.tickets(live))


def test_a_cache_that_is_no_file_or_too_large_is_a_gap(home, tmp_path, monkeypatch):
    monkeypatch.setattr(lives, "MOST_BYTES", 10)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * 11)
    for name, why in (("fifo", "no regular file"), ("large", "larger than")):
        assert why in told(lives.tickets(look(home, tmp_path, KRB5CCNAME=f"FILE:{tmp_path / name}")))
