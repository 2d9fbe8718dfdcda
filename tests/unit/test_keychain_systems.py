"""Keychains of macOS and Windows, by recorded behaviour: what `security dump-keychain` prints, what `CredEnumerateW` fills in."""

from __future__ import annotations

import ctypes
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.errors import Denied, Unreachable
from rescind.host import keychain, keychain_macos, keychain_windows
from rescind.host.keychain_names import held_by
from rescind.models.evidence import Finding, Gap

# the form that macOS 10.12 and later print; names are made up
DUMP = r"""keychain: "/Users/ada/Library/Keychains/login.keychain-db"
version: 512
class: "genp"
attributes:
    0x00000007 <blob>="Claude Code-credentials"
    0x00000008 <blob>=<NULL>
    "acct"<blob>="ada"
    "cdat"<timedate>=0x32303236303130323033303430355A00  "20260102030405Z\000"
    "crtr"<uint32>=<NULL>
    "desc"<blob>=<NULL>
    "gena"<blob>=<NULL>
    "icmt"<blob>=<NULL>
    "mdat"<timedate>=0x32303236303530363037303830395A00  "20260506070809Z\000"
    "svce"<blob>="Claude Code-credentials"
    "type"<uint32>=<NULL>
keychain: "/Users/ada/Library/Keychains/login.keychain-db"
version: 512
class: "inet"
attributes:
    0x00000007 <blob>="github.com"
    "acct"<blob>=0x61646120C3BC  "ada \303\274"
    "atyp"<blob>="dflt"
    "mdat"<timedate>=0x30  "never"
    "port"<uint32>=0x00000000
    "ptcl"<uint32>="htps"
    "sdmn"<blob>=<NULL>
    "srvr"<blob>="github.com"
keychain: "/Library/Keychains/System.keychain"
version: 256
class: 0x80001000
attributes:
    "alis"<blob>="a certificate"
"""


def test_macos_items_by_their_attributes(monkeypatch):
    asked = []

    def run(argv, **more):
        asked.append(argv)
        return subprocess.CompletedProcess(argv, 0, DUMP.encode(), b"")

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(keychain_macos.subprocess, "run", run)
    found = list(keychain.findings())
    assert asked == [["/usr/bin/security", "dump-keychain"]], "never -d, which would decrypt"
    assert [(f.issuer, f.subject, f.attributes.get("holds")) for f in found if isinstance(f, Finding)] == [
        ("Claude Code-credentials", "ada", "Anthropic login (Claude Code)"),
        ("github.com", "ada ü", "Git host login"),
    ]
    assert found[0].location.modified == "2026-05-06T07:08:09Z"
    assert found[1].location.modified is None
    assert {f.location.path for f in found} == {"login.keychain-db"}
    assert all(f.secret is None for f in found)
    assert keychain.listing().readable == ("login.keychain-db", "System.keychain")


@pytest.mark.parametrize("failure", [OSError(), subprocess.TimeoutExpired("x", 1), 45])
def test_macos_that_does_not_answer_is_a_gap(monkeypatch, failure):
    def run(argv, **more):
        if isinstance(failure, Exception):
            raise failure
        return subprocess.CompletedProcess(argv, failure, b"", b"")

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(keychain_macos.subprocess, "run", run)
    (gap,) = keychain.findings()
    assert isinstance(gap, Gap)
    assert "not listed" in gap.reason


@given(st.text(max_size=300), st.lists(st.sampled_from(DUMP.splitlines()), max_size=20))
def test_any_text_is_survived(noise, lines):
    keychain_macos.parse(noise + "\n" + "\n".join(lines) + noise)


class Windows:
    """What the system call does, recorded: fills a count and a pointer to an array of pointers, and returns 1; or 0 and an error."""

    def __init__(self, *rows, error=0):
        self.rows = [keychain_windows.CredentialW(**row) for row in rows]
        self.array = (ctypes.POINTER(keychain_windows.CredentialW) * len(rows))(*map(ctypes.pointer, self.rows))
        self.error, self.freed, self.asked = error, 0, []

    def CredEnumerateW(self, name, flags, count, found):
        self.asked.append((name, flags))
        if self.error:
            return 0
        count._obj.value = len(self.rows)
        found._obj.contents = self.array[0]
        ctypes.memmove(
            ctypes.byref(found._obj),
            ctypes.byref(ctypes.c_void_p(ctypes.addressof(self.array))),
            ctypes.sizeof(ctypes.c_void_p),
        )
        return 1

    def CredFree(self, found):
        self.freed += 1


def windows(monkeypatch, made):
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(keychain_windows, "_library", lambda: (made, lambda: made.error))
    return list(keychain.findings())


def test_windows_credentials_by_their_names(monkeypatch):
    ticks = 133_000_000_000_000_000
    when = keychain_windows.Filetime(low=ticks & 0xFFFFFFFF, high=ticks >> 32)
    made = Windows(
        {
            "type": 1,
            "target_name": "LegacyGeneric:target=git:https://github.com",
            "user_name": "ada",
            "last_written": when,
        },
        {
            "type": 2,
            "target_name": "Domain:target=TERMSRV/host.example.com",
            "user_name": "EX\\ada",
            "comment": "x\x1b[2J",
        },
        {"type": 1, "target_name": None, "user_name": None},
    )
    found = windows(monkeypatch, made)
    assert [(f.issuer, f.subject, f.attributes.get("holds", "")) for f in found] == [
        ("git:https://github.com", "ada", "Git host login (Git Credential Manager)"),
        ("TERMSRV/host.example.com", "EX\\ada", "remote desktop password"),
        ("", "", ""),
    ]
    assert found[0].location.modified == "2022-06-18T04:26:40Z"
    assert all(v.isprintable() for f in found for v in f.attributes.values())
    assert made.asked == [(None, 1)]
    assert made.freed == 1


@pytest.mark.parametrize(("error", "word"), [(1312, "no logon session"), (5, "error 5")])
def test_windows_that_does_not_list_is_a_gap(monkeypatch, error, word):
    (gap,) = windows(monkeypatch, Windows(error=error))
    assert word in gap.reason
    with pytest.raises((Denied, Unreachable)):
        keychain.listing()


def test_windows_with_more_than_are_listed_is_a_gap_and_proves_no_absence(monkeypatch):
    monkeypatch.setattr(keychain_windows, "_MOST", 1)
    made = Windows(*({"type": 1, "target_name": f"t{i}", "user_name": "ada"} for i in range(2)))
    item, gap = sorted(windows(monkeypatch, made), key=lambda f: isinstance(f, Gap))
    assert "too large" in gap.reason
    with pytest.raises(Denied):
        keychain.has("gone#0", item.location.path)


def test_windows_without_credentials_is_empty(monkeypatch):
    assert windows(monkeypatch, Windows(error=1168)) == []


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("gh:github.com", "ada", ""), "GitHub CLI login"),
        (("Chrome Safe Storage", "Chrome", ""), "the key of an application's own store"),
        (("", "", "Docker Credentials"), "container registry login"),
        (("my own thing", "ada", "x"), ""),
    ],
)
def test_names_are_hints(names, what):
    assert held_by(*names) == what
