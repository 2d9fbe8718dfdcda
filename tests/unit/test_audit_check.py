"""`audit verify`: an honest export passes, and whatever is done to it is found and placed."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rescind.audit import check as checking
from rescind.audit import walk
from rescind.audit.check import OWN_KEY, TRUNCATION, check
from rescind.audit.note import checkpoint_text
from rescind.audit.reader import Flaw, Lines
from rescind.audit.signer import new_signer
from rescind.errors import AuditError
from tests.unit.audit_trails import exported, fresh, story

SIGNER = new_signer("rescind/0123456789abcdef")
SOURCES = Path(walk.__file__).parent


@pytest.fixture(scope="module")
def trail(tmp_path_factory):
    """200 entries, three of them signed heads."""
    folder = tmp_path_factory.mktemp("trail")
    with fresh(folder, SIGNER) as log:
        for run, steps in (("run-a", 20), ("run-b", 30)):
            story(log, run, steps)
            log.sign_head()
        story(log, "run-c", 45)
        log.append("note")
        whole = exported(log, folder)
        assert log.head()[0] == 200
        return whole


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """One short run out of a longer trail."""
    folder = tmp_path_factory.mktemp("partial")
    with fresh(folder, SIGNER) as log:
        story(log, "other", 9)
        story(log, "shown", 3)
        story(log, "other", 4)
        return exported(log, folder, "shown")


def _lines(trail):
    return trail.splitlines(keepends=True)


def _failed(data, **given):
    verdict = check(data, **given)
    assert verdict.integrity == "failed" and verdict.completeness == "unknown"
    assert verdict.line > 0 and verdict.where.startswith(
        (f"line {verdict.line}: ", f"entry {verdict.entry} (line {verdict.line}): ")
    )
    return verdict


def test_an_honest_export(trail, tmp_path):
    (tmp_path / "t").write_bytes(trail)
    for source in (trail, io.BytesIO(trail), tmp_path / "t", str(tmp_path / "t")):
        verdict = check(source, vkey=SIGNER.vkey)
        assert (verdict.integrity, verdict.completeness, verdict.where, verdict.notes) == ("ok", "complete", "", ())
        assert (verdict.size, verdict.checkpoints, verdict.key_source, verdict.vkey) == (200, 3, "given", SIGNER.vkey)
        assert verdict.truncation_note == TRUNCATION
    assert base64.b64encode(bytes.fromhex(verdict.root)).decode() == json.loads(_lines(trail)[0])["root"]
    own = check(trail)
    assert (own.integrity, own.key_source, own.notes) == ("ok", "file", (OWN_KEY,))
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "absent")


def test_every_byte_of_every_entry(trail):
    """Each byte of each of the 200 entries, flipped: refused at that entry.

    The check is a fold over lines and refuses before it takes a line in, so each flip is fed to the walk as it stands at that line: what
    `check` would do, without reading the lines before it again for every byte. The next test goes through `check` itself.
    """
    lines = Lines(io.BytesIO(trail))
    header = lines.next()
    state = checking._header(header, SIGNER.vkey)
    leaves = lines.next()
    state.leaves = walk._leaf_list(leaves)
    flips = 0
    for seq in range(200):
        line = lines.next()
        for position in range(len(line)):
            bad = bytearray(line)
            bad[position] ^= 1 << (position + seq) % 8
            with pytest.raises(Flaw) as caught:
                walk._entry(state, bytes(bad))
            assert caught.value.entry == seq == state.count
            flips += 1
        walk._entry(state, line)
    assert flips == sum(len(line) - 1 for line in _lines(trail)[2:202]) > 25_000


def test_every_byte_of_everything_else(trail):
    """Each byte of the header, the leaf list, the checkpoints, every line end, and a byte of every entry, through `check`."""
    lines = _lines(trail)
    starts = [sum(len(line) for line in lines[:n]) for n in range(len(lines) + 1)]
    for number in range(len(lines)):
        start, end = starts[number], starts[number + 1]
        whole = number < 2 or number >= 202
        for position in range(start, end) if whole else (start, start + 30, end - 2, end - 1):
            bad = bytearray(trail)
            bad[position] ^= 1 << position % 8
            verdict = _failed(bytes(bad), vkey=SIGNER.vkey)
            if not whole:
                assert (verdict.entry, verdict.line) == (number - 2, number + 1), (position, verdict.where)
            elif number >= 2 or position in (start, end - 1):
                assert abs(verdict.line - number - 1) <= 1, (position, verdict.where)


def test_every_value_of_some_bytes(trail):
    chance = random.Random(20260301)
    for position in chance.sample(range(len(trail)), 2):
        for value in range(256):
            if value != trail[position]:
                _failed(trail[:position] + bytes([value]) + trail[position + 1 :])


def test_bytes_added_or_taken_anywhere(trail):
    chance = random.Random(7)
    places = {0, 1, len(trail) - 1, *chance.sample(range(len(trail)), 120)}
    for position in places:
        for extra in (b" ", b"\n", b"0", b"\r", b"\x00"):
            _failed(trail[:position] + extra + trail[position:])
        _failed(trail[:position] + trail[position + 1 :])
    for tail in (b"\n", b" ", b"{}\n", b'"x"\n', b"\x00", _lines(trail)[-1], _lines(trail)[100]):
        assert _failed(trail + tail).line == 206
    _failed(trail.replace(b"\n", b"\r\n"))


def test_every_line_removed_repeated_swapped_or_cut(trail):
    lines = _lines(trail)
    for n, line in enumerate(lines):
        removed = _failed(b"".join(lines[:n] + lines[n + 1 :]))
        repeated = _failed(b"".join([*lines[: n + 1], line, *lines[n + 1 :]]))
        cut = _failed(b"".join(lines[:n])) if n else check(b"")
        assert cut.integrity == "failed"
        if 2 <= n < 202:
            assert (removed.entry, removed.line) == (n - 2, n + 1)
            assert (repeated.entry, repeated.line) == (n - 1, n + 2)
            assert cut.entry == n - 2 and "cut off" in cut.where
        if n + 1 < len(lines):
            swapped = _failed(b"".join([*lines[:n], lines[n + 1], line, *lines[n + 2 :]]))
            if 2 <= n < 201:
                assert swapped.entry == n - 2 and f"entry {n - 1} stands in its place" in swapped.where


def test_every_entry_moved_or_replaced(trail):
    lines = _lines(trail)
    for n in range(2, 202):
        rest = lines[:n] + lines[n + 1 :]
        to = 2 + (n * 37) % 200
        if to != n:
            assert _failed(b"".join([*rest[:to], lines[n], *rest[to:]])).entry == min(n, to) - 2
        entry = json.loads(lines[n])
        entry["data"] = {"forged": True}
        forged = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        assert _failed(b"".join([*lines[:n], forged, *lines[n + 1 :]])).entry == n - 2
        assert _failed(b"".join([*lines[:n], forged, *lines[n:]])).entry == n - 2


def test_every_cut(trail):
    for end in range(0, len(trail), 97):
        assert check(trail[:end]).integrity == "failed"


def _relisted(lines, entries, size=None):
    """Header and leaf list made to fit other entries, as a careful forger without the key would."""
    leaves = [hashlib.sha256(b"\x00" + entry.rstrip(b"\n")).digest() for entry in entries]
    header = json.loads(lines[0])
    header |= {"size": len(entries), "root": base64.b64encode(walk._root_of(b"".join(leaves))).decode()}
    listed = {"leaves": base64.b64encode(b"".join(leaves)).decode()}
    return [json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n" for line in (header, listed)]


def test_forgers_who_mend_the_leaf_list(trail):
    lines = _lines(trail)
    entries, heads = lines[2:202], lines[202:]
    changed = [*entries[:51], entries[51].replace(b"dead", b"live"), *entries[52:]]
    assert changed != entries
    verdict = _failed(b"".join([*_relisted(lines, changed), *changed, *heads]))
    assert verdict.where.startswith("line 204: checkpoint 2 of size 106 does not agree with the entries")
    shorter = entries[:199]
    assert "not covered by a signed head" in _failed(b"".join([*_relisted(lines, shorter), *shorter, *heads])).where
    more = [*entries, entries[199].replace(b'"seq":199', b'"seq":200').replace(b"head", b"note")]
    verdict = _failed(b"".join([*_relisted(lines, more), *more, *heads]))
    assert verdict.entry == 200 and "not covered by a signed head" in verdict.where
    gap = [*entries[:60], *entries[61:]]
    assert _failed(b"".join([*_relisted(lines, gap), *gap, *heads])).entry == 60


def test_another_key(trail, tmp_path):
    with fresh(tmp_path, new_signer("rescind/0123456789abcdef")) as log:
        story(log, "run-a", 2)
        forged = exported(log, tmp_path)
    assert check(forged).integrity == "ok" and check(forged).key_source == "file"
    assert "another key than the one given" in _failed(forged, vkey=SIGNER.vkey).where
    assert _failed(trail, vkey="nonsense").line == 1


def test_cut_back_to_an_older_checkpoint(tmp_path):
    with fresh(tmp_path, SIGNER) as log:
        story(log, "r", 2)
        older = exported(log, tmp_path)
        first = log.checkpoints()[0][2]
        story(log, "s", 2)
        newer = exported(log, tmp_path)
        part = exported(log, tmp_path, "r")
        second = log.checkpoints()[1][2]
    assert check(older).integrity == "ok" and check(older).truncation_note == TRUNCATION
    assert "cut off: the checkpoint given covers 14 entries" in _failed(older, checkpoint=second).where
    for data, note in ((older, first), (newer, first), (newer, second), (part, second)):
        verdict = check(data, vkey=SIGNER.vkey, checkpoint=note)
        assert (verdict.integrity, verdict.truncation_note, verdict.notes) == ("ok", "", ())
    assert "could not be compared" in check(part, checkpoint=first).notes[-1]
    fork = SIGNER.sign(checkpoint_text(SIGNER.origin, 3, bytes(32)))
    assert "not those of the checkpoint given" in _failed(newer, checkpoint=fork).where
    stranger = new_signer(SIGNER.origin).sign(checkpoint_text(SIGNER.origin, 7, bytes(32)))
    assert "checkpoint given" in _failed(newer, checkpoint=stranger).where
    assert "another log" in _failed(newer, checkpoint=new_signer("x").sign(checkpoint_text("x", 7, bytes(32)))).where
    for bad in ("nonsense", first[:-3], first.replace("\n", "\r\n"), " " + first):
        _failed(newer, checkpoint=bad)


def test_a_key_that_changed_midway(tmp_path):
    with fresh(tmp_path, SIGNER) as log:
        story(log, "r", 2)
        old = log.sign_head()
    successor = new_signer(SIGNER.origin)
    with fresh(tmp_path, successor) as log:
        story(log, "s", 1)
        data = exported(log, tmp_path)
    verdict = check(data, vkey=successor.vkey, checkpoint=old)
    assert (verdict.integrity, verdict.checkpoints) == ("ok", 2)
    assert _failed(data, vkey=SIGNER.vkey).line == 1


def test_a_clock_that_goes_backwards_is_a_note(tmp_path):
    with fresh(tmp_path, SIGNER) as log:
        log.append("note")
        log._clock.sleep(-60)
        log.append("note")
        verdict = check(exported(log, tmp_path), vkey=SIGNER.vkey)
    assert (verdict.integrity, verdict.notes) == ("ok", ("the clock went backwards 1 times, first at entry 1",))


# One run


def test_one_run(partial):
    verdict = check(partial, vkey=SIGNER.vkey)
    assert (verdict.integrity, verdict.completeness, verdict.run, verdict.size) == ("ok", "complete", "shown", 39)
    assert b"other" not in partial


def test_one_run_every_byte_and_line(partial):
    for position in range(len(partial)):
        bad = bytearray(partial)
        bad[position] ^= 1 << position % 8
        _failed(bytes(bad))
        if position % 11 == 0:
            _failed(partial[:position] + partial[position + 1 :])
            _failed(partial[:position] + b" " + partial[position:])
    lines = _lines(partial)
    for n, line in enumerate(lines):
        removed = check(b"".join(lines[:n] + lines[n + 1 :]))
        assert removed.integrity == "failed"
        if 1 <= n <= 8:
            assert removed.entry == 20 + n - 1
        assert check(b"".join(lines[:n])).integrity == "failed"
        _failed(b"".join([*lines[: n + 1], line, *lines[n + 1 :]]))
        if n + 1 < len(lines):
            _failed(b"".join([*lines[:n], lines[n + 1], line, *lines[n + 2 :]]))
    _failed(partial + b"\n")


def test_one_run_with_an_entry_left_out_and_the_header_mended(partial):
    lines = _lines(partial)
    header = json.loads(lines[0])
    header["seqs"].pop(3)
    mended = json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    verdict = _failed(b"".join([mended, *lines[1:4], *lines[5:]]))
    assert "the lines before this one are not those that were signed" in verdict.where


# Completeness


def _verdict(tmp_path, *entries):
    with fresh(tmp_path, SIGNER) as log:
        for kind, step, data in entries:
            log.append(kind, run="r", step=step, data=data)
        verdict = check(exported(log, tmp_path), vkey=SIGNER.vkey)
    assert verdict.integrity == "ok"
    return verdict.completeness, verdict.problems, verdict.open_runs


START = ("run-started", "", {"steps": ["a", "b"]})
DONE_A = [("intent", "a", {}), ("outcome", "a", {})]
DONE_B = [("intent", "b", {}), ("outcome", "b", {})]
END = ("run-ended", "", {})


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], ("complete", (), ())),
        ([START, *DONE_A, *DONE_B, END], ("complete", (), ())),
        ([START, *DONE_A, *DONE_B], ("open", (), ("r",))),
        ([START, *DONE_A, *DONE_B, END, ("observation", "a", {})], ("complete", (), ())),
        ([START, *DONE_A, END], ("incomplete", ("run r: step b: planned, no outcome",), ())),
        (
            [START, *DONE_A, ("intent", "b", {}), END],
            ("incomplete", ("run r: step b: intent in entry 3, no outcome",), ()),
        ),
        ([START, *DONE_A, ("intent", "b", {}), *DONE_B, END], ("complete", (), ())),
        (
            [START, *DONE_A, ("outcome", "b", {}), END],
            ("incomplete", ("run r: step b: outcome in entry 3, but no intent before it",), ()),
        ),
        (
            [START, *DONE_A, ("outcome", "b", {"call_status": "done"}), END],
            ("incomplete", ("run r: step b: outcome in entry 3, but no intent before it",), ()),
        ),
        ([START, *DONE_A, ("outcome", "b", {"call_status": ""}), END], ("complete", (), ())),
        (
            [START, *DONE_A, *DONE_B, ("addendum", "", {"steps": ["c"]}), END],
            ("incomplete", ("run r: step c: planned, no outcome",), ()),
        ),
        (
            [START, *DONE_A, *DONE_B, ("intent", "x", {}), ("outcome", "x", {}), END],
            ("incomplete", ("run r: step x: intent in entry 5, but no plan names it",), ()),
        ),
        (
            [START, *DONE_A, *DONE_B, END, *DONE_A],
            ("incomplete", ("run r: step a: intent in entry 6, after the run had ended",), ()),
        ),
        (
            [("run-started", "", {"steps": "ab"}), END],
            ("incomplete", ("run r: entry 0 (run-started) names no list of steps",), ()),
        ),
        (
            [("outcome", "a", {"call_status": ""})],
            ("incomplete", ("run r: has intents or outcomes, but no entry that starts it",), ()),
        ),
    ],
)
def test_completeness(tmp_path, entries, expected):
    assert _verdict(tmp_path, *entries) == expected


# Hostile files and the checker's own ground rules


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'"x"\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 50_000 + b"\n",
        b"1" * 10_000 + b"\n",
        b"NaN\n",
        b"1e999\n",
        b'"\\ud800"\n',
        b'{"origin":1,"root":1,"schema":"rescind.audit-export/1","size":1,"vkey":1}\n',
        b'{"origin":"o","root":"r","schema":"rescind.audit-export/1","size":true,"vkey":"o"}\n',
        b'{"origin":"o","root":"r","run":1,"schema":"rescind.audit-export/1","seqs":[0],"size":1,"vkey":"o"}\n',
        b"x" * (walk.__dict__.get("_LEAF_LINE", 1) + 17 * 1024 * 1024),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_garbage_is_a_verdict(data):
    assert check(data).integrity == "failed"


def test_duplicate_keys_are_refused_even_when_signed(tmp_path):
    with fresh(tmp_path, SIGNER) as log:
        raw = b'{"actor":"a","at":"2026-03-01T12:00:00.000Z","data":{"a":1,"a":2},"run":"","schema":"rescind.audit/1","seq":0,"step":"","type":"x"}'
        leaf = hashlib.sha256(b"\x00" + raw).digest()
        log._db.execute("INSERT INTO audit_entry VALUES (0, 'x', '', '', ?, ?)", (leaf, raw))
        log._db.execute("UPDATE audit_head SET size = 1, frontier = ?", (leaf,))
        verdict = _failed(exported(log, tmp_path), vkey=SIGNER.vkey)
    assert "strict JSON" in verdict.where and verdict.line == 3


def test_a_tampered_database_shows(tmp_path):
    with fresh(tmp_path, SIGNER) as log:
        story(log, "r", 5)
        log.sign_head()
        log._db.execute("UPDATE audit_entry SET raw = replace(CAST(raw AS TEXT), 'dead', 'live') WHERE seq = 4")
        assert _failed(exported(log, tmp_path)).entry == 4
        assert check(exported(log, tmp_path, "r")).integrity == "failed"
        log._db.execute("DELETE FROM audit_entry WHERE seq = 4")
        assert check(exported(log, tmp_path)).integrity == "failed"
        with pytest.raises(AuditError, match="12 of 13 signed entries"):
            exported(log, tmp_path, "r")
        log._db.execute("UPDATE checkpoint SET note = 'x'")
        assert check(exported(log, tmp_path)).integrity == "failed"


def test_the_checker_shares_nothing_with_the_writer():
    allowed = {"check", "walk", "reader", "completeness"}
    for name in allowed:
        tree = ast.parse((SOURCES / f"{name}.py").read_text())
        for node in ast.walk(tree):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for module in names:
                top, _, rest = module.partition(".")
                if top == "rescind":
                    assert rest.removeprefix("audit.") in allowed, (name, module)
                elif top == "cryptography":
                    assert module in ("cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519")
                else:
                    assert top in sys.stdlib_module_names, (name, module)
    loaded = "import rescind.audit.check, sys; print(*(m for m in sys.modules if m.startswith(('rescind.', 'rfc8785', 'sqlite3'))))"
    seen = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert {m for m in seen if m.startswith("rescind.audit.")} == {f"rescind.audit.{name}" for name in allowed}
    assert not {"rfc8785", "sqlite3"} & set(seen)
