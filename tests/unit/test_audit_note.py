"""Notes and keys: other people's notes are read and made byte for byte; anything bent is refused, by both readers alike."""

from __future__ import annotations

import json
import os
import pickle
import stat
import threading
from pathlib import Path

import pytest

from rescind.audit import note as notes
from rescind.audit import reader
from rescind.audit.signer import load_signer, new_signer, read_signer
from rescind.errors import AuditError
from rescind.secret import Secret

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/audit/notes.json").read_text())
NOTE, CHECKPOINT = VECTORS["note"], VECTORS["checkpoint"]


def test_go_note_both_ways():
    signer = read_signer(Secret(NOTE["skey"]))
    assert signer.vkey == NOTE["vkey"]
    assert signer.sign(NOTE["text"]) == NOTE["note"]
    assert signer.private_text().reveal() == NOTE["skey"]
    for opened in (notes.open_note, reader.open_note):
        assert opened(NOTE["note"], NOTE["vkey"]) == NOTE["text"]


def test_go_checksum_database_checkpoint():
    for opened in (notes.open_checkpoint, reader.open_head):
        head = opened(CHECKPOINT["note"], CHECKPOINT["vkey"])
        assert (head.origin, head.size, head.root.hex()) == (
            CHECKPOINT["origin"],
            CHECKPOINT["size"],
            CHECKPOINT["root"],
        )


def test_every_changed_byte_of_a_checkpoint_is_refused():
    signer = new_signer("rescind/test")
    good = signer.sign(notes.checkpoint_text("rescind/test", 7, bytes(32))).encode()
    for position in range(len(good)):
        for change in (0x01, 0x20, 0x80):
            bad = bytearray(good)
            bad[position] ^= change
            text = bad.decode("utf-8", "surrogateescape")
            with pytest.raises(AuditError):
                notes.open_checkpoint(text.encode("utf-8", "replace").decode(), signer.vkey)
            with pytest.raises(reader.Flaw):
                reader.open_head(text.encode("utf-8", "replace").decode(), signer.vkey)


@pytest.mark.parametrize(
    "bend",
    [
        lambda n: n[:-1],
        lambda n: n + "\n",
        lambda n: " " + n,
        lambda n: n + n.rpartition("\n\n")[2],
        lambda n: n.replace("— ", "- "),
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n.replace("=", ""),
        lambda n: n.replace("\n", "\r\n"),
        lambda n: "",
    ],
)
def test_bent_notes_are_refused(bend):
    with pytest.raises(AuditError):
        notes.open_note(bend(NOTE["note"]), NOTE["vkey"])
    with pytest.raises(reader.Flaw):
        reader.open_note(bend(NOTE["note"]), NOTE["vkey"])


@pytest.mark.parametrize(
    "text",
    [
        "o\n01\n{r}\n",
        "o\n-1\n{r}\n",
        "o\n1\n{r}",
        "o\n1\n{r}x\n",
        "\n1\n{r}\n",
        "o\n1\nAAAA\n",
        "o\n" + "9" * 30 + "\n{r}\n",
        "o\n\u0661\n{r}\n",
    ],
)
def test_signed_notes_that_are_not_checkpoints(text):
    signer = new_signer("o")
    root = "A" * 43 + "="
    text = text.format(r=root)
    note = signer.sign(text if text.endswith("\n") else text + "ing\n")
    with pytest.raises(AuditError):
        notes.open_checkpoint(note, signer.vkey)
    with pytest.raises(reader.Flaw):
        reader.open_head(note, signer.vkey)


def test_keys_bound_to_their_names():
    a, b = new_signer("rescind/a"), new_signer("rescind/a")
    note = a.sign("x\n")
    with pytest.raises(AuditError, match="another key"):
        notes.open_note(note, b.vkey)
    renamed = "rescind/b" + a.vkey.removeprefix("rescind/a")
    for read, error in ((notes.open_note, AuditError), (reader.open_note, reader.Flaw)):
        with pytest.raises(error):
            read(note, renamed)
    for bad in ("", "a+b", "rescind/a", a.vkey + "=", a.vkey[:-4]):
        with pytest.raises(AuditError):
            notes.parse_vkey(bad)
        with pytest.raises(reader.Flaw):
            reader.read_vkey(bad)
    for origin in ("", "a b", "a+b", "ä", "a\nb"):
        with pytest.raises(AuditError):
            new_signer(origin)


def test_key_file_is_private_and_announced(tmp_path):
    first = load_signer(tmp_path / "state")
    assert "file" in first.warning and "audit.key" in first.warning
    assert stat.S_IMODE((tmp_path / "state/audit.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert (tmp_path / "state/audit.vkey").read_text() == first.vkey + "\n"
    again = load_signer(tmp_path / "state")
    assert (again.vkey, again.warning) == (first.vkey, first.warning)
    assert first.private_text().reveal().split("+")[-1] not in repr(first)
    with pytest.raises(TypeError):
        pickle.dumps(first)


def test_key_in_the_keychain_leaves_no_file(tmp_path):
    kept: dict[str, Secret] = {}
    signer = load_signer(tmp_path, kept.get, kept.__setitem__)
    assert signer.warning == "" and list(kept) == [signer.origin] and not (tmp_path / "audit.key").exists()
    assert load_signer(tmp_path, kept.get, kept.__setitem__).vkey == signer.vkey
    assert (
        load_signer(tmp_path, lambda name: kept[name].reveal(), None).vkey == signer.vkey
    )  # a keychain that answers with text


def test_keychains_that_fail_or_forget(tmp_path):
    def locked(*_):
        raise RuntimeError("locked")

    assert "file" in load_signer(tmp_path / "a", locked, locked).warning
    assert "file" in load_signer(tmp_path / "b", lambda _: None, lambda *_: None).warning
    kept: dict[str, Secret] = {}
    before = load_signer(tmp_path / "c", kept.get, kept.__setitem__)
    after = load_signer(tmp_path / "c", locked, locked)
    assert after.vkey != before.vkey and after.origin == before.origin
    assert "new key" in after.warning and "file" in after.warning


def test_exposed_or_damaged_key_files_are_refused(tmp_path):
    load_signer(tmp_path)
    key = tmp_path / "audit.key"
    key.chmod(0o640)
    with pytest.raises(AuditError, match="others can read"):
        load_signer(tmp_path)
    key.chmod(0o600)
    secret = key.read_text()
    for bad in ("", "nonsense", secret.replace("rescind/", "rescind/x"), secret[:-9]):
        key.write_text(bad)
        with pytest.raises(AuditError) as caught:
            load_signer(tmp_path)
        assert secret.strip().split("+")[-1][:12] not in str(caught.value)
    key.rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", key)
    with pytest.raises(AuditError):
        load_signer(tmp_path)


def test_two_first_starts_agree(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_signer(tmp_path).vkey)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
