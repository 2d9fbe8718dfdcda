"""Environments of processes and Kerberos tickets: whose they are, what is taken from them, and what degrades to a gap."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.host import live as lives
from rescind.host.live import Live
from rescind.models.evidence import Gap, Location, State


def process(proc: Path, pid: int, *variables: bytes, name: bytes = b"bash\n") -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "environ").write_bytes(b"\0".join(variables) + b"\0")
    (folder / "comm").write_bytes(name)


@pytest.fixture
def home(tmp_path):
    made = tmp_path / "home"
    made.mkdir()
    return made


def look(home, tmp_path, **environ):
    return Live(home, environ, proc=tmp_path / "proc")


def parse(store, blob, path="process/1:bash"):
    return list(catalogue.stores()[store].parse(blob, Location(root="live", path=path)))


def test_only_processes_of_this_home_count_and_each_variable_once(home, tmp_path):
    mine = b"HOME=%s" % str(home).encode()
    key, token = (
        b"AWS_ACCESS_KEY_ID=AKIARZPUZDIKFAKEFAKE",
        b"AWS_SECRET_ACCESS_KEY=fake/horse/battery/42/staple/0000000001",
    )
    process(tmp_path / "proc", 20, mine, key, token)
    process(tmp_path / "proc", 100, mine, key, token, b"APP_TOKEN=fake-horse-battery-4711")
    process(tmp_path / "proc", 30, b"HOME=/home/eve", b"APP_TOKEN=fake-not-ours-4711-battery")
    process(tmp_path / "proc", 40, b"APP_TOKEN=fake-homeless-4711-battery")
    process(tmp_path / "proc", os.getpid(), mine, b"APP_TOKEN=fake-our-own-4711-battery")
    (tmp_path / "proc" / "50").mkdir()  # it ended while we looked
    found = list(lives.environments(look(home, tmp_path)))
    assert [at.path for at, _ in found] == ["process/20:bash", "process/100:bash"]
    first, second = (parse("process-environment", blob) for _, blob in found)
    assert [(f.kind, f.identifier) for f in first] == [("aws.access-key", "AKIARZPUZDIKFAKEFAKE")]
    assert [(f.kind, f.attributes["name"]) for f in second] == [("file.secret", "APP_TOKEN")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_a_gap(home, tmp_path):
    process(tmp_path / "proc", 20, b"HOME=/x")
    (tmp_path / "proc/20/environ").chmod(0)
    (gap,) = lives.environments(look(home, tmp_path))
    assert "of 1 of this user's processes" in gap.reason


def test_another_system_shows_no_environments(home, tmp_path, monkeypatch):
    monkeypatch.setattr(lives.sys, "platform", "darwin")
    (gap,) = lives.environments(look(home, tmp_path))
    assert isinstance(gap, Gap)


def test_hostile_variables_and_names_survive(home, tmp_path):
    mine = b"HOME=%s" % str(home).encode()
    process(
        tmp_path / "proc", 20, mine, b"=x", b"\xff\xfe=\x1b[2J", b"A_TOKEN=two\nlines-fake-4711", name=b"\x1b]0;x\n"
    )
    ((at, blob),) = lives.environments(look(home, tmp_path))
    assert at.path.isprintable()
    (found,) = parse("process-environment", blob)
    assert found.secret is not None
    assert found.secret.reveal() == "two\nlines-fake-4711"


def answering(place, answer, *, close=True):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(place))
    server.listen(1)

    def serve():
        other, _ = server.accept()
        other.recv(100)
        other.sendall(answer)
        if close:
            other.close()
        else:
            server.other = None
            threading.Event().wait(10)

    threading.Thread(target=serve, daemon=True).start()
    return server


@pytest.mark.parametrize("answer", [b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\5\x0c\0\0", b"GET /"])
def test_an_agent_that_answers_nonsense_is_a_gap(home, tmp_path, answer):
    place = tmp_path / "s"
    server = answering(place, answer)
    (gap,) = lives.ssh_agents(look(home, tmp_path, SSH_AUTH_SOCK=str(place)))
    server.close()
    assert isinstance(gap, Gap)
    assert "does not answer" in gap.reason


def test_a_locked_agent_and_things_that_are_no_agent_are_gaps(home, tmp_path):
    place = tmp_path / "s"
    server = answering(place, b"\0\0\0\1\x05")
    (gap,) = lives.ssh_agents(look(home, tmp_path, SSH_AUTH_SOCK=str(place)))
    server.close()
    assert "locked" in gap.reason
    (tmp_path / "file").write_text("x")
    (gap,) = lives.ssh_agents(look(home, tmp_path, SSH_AUTH_SOCK=str(tmp_path / "file")))
    assert "none" in gap.reason
    assert list(lives.ssh_agents(look(home, tmp_path, SSH_AUTH_SOCK=str(tmp_path / "gone")))) == []
    assert list(lives.ssh_agents(look(home, tmp_path, SSH_AUTH_SOCK="relative"))) == []


def counted(*parts):
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def principal(realm, *parts):
    return (1).to_bytes(4, "big") + len(parts).to_bytes(4, "big") + counted(realm, *parts)


def ticket(server, *, ends, renew=0, realm=b"EXAMPLE.COM"):
    times = b"".join(n.to_bytes(4, "big") for n in (1, 1, ends, renew))
    lists = bytes(8)
    return principal(b"EXAMPLE.COM", b"ada") + principal(realm, *server) + (18).to_bytes(2, "big") + counted(b"k" * 32) + times + bytes(5) + lists + counted(b"fake-ticket", b"")  # fmt: skip


HEAD = b"\x05\x04\0\0" + principal(b"EXAMPLE.COM", b"ada")


def test_tickets_are_named_and_end_when_they_can_no_longer_be_renewed(home, tmp_path):
    cache = tmp_path / "cc"
    configuration = ticket([b"krb5_ccache_conf_data", b"pa_type"], ends=0, realm=b"X-CACHECONF:")
    cache.write_bytes(
        HEAD
        + configuration
        + ticket([b"krbtgt", b"EXAMPLE.COM"], ends=1_900_000_000, renew=1_900_600_000)
        + ticket([b"imap", b"mail.example.com"], ends=1_900_000_000)
    )
    ((at, blob),) = lives.tickets(look(home, tmp_path, KRB5CCNAME=f"FILE:{cache}"))
    (found,) = parse("kerberos-ccache", blob, at.path)
    assert (found.kind, found.subject, found.issuer) == ("kerberos.ticket", "ada@EXAMPLE.COM", "EXAMPLE.COM")
    assert found.expires_at == "2030-03-24T16:26:40Z"
    assert found.attributes["tickets"] == "2"
    assert found.state is State.LIVE_UNVERIFIED
    for cut in range(2, len(blob) - 1, 7):
        try:
            parse("kerberos-ccache", blob[:cut])
        except Exception as e:  # noqa: BLE001
            assert type(e).__name__ == "Unparsable"


@pytest.mark.parametrize("name", ["KCM:", "KEYRING:persistent:1000", "API:x"])
def test_caches_that_are_no_files_are_gaps(home, tmp_path, name):
    (gap,) = lives.tickets(look(home, tmp_path, KRB5CCNAME=name))
    assert "not read" in gap.reason
