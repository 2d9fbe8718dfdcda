"""Sealing: only the named recipients open it, and no error tells a key."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from rescind.errors import EvidenceError
from rescind.host.seal import open_sealed, seal


@pytest.fixture
def identity(tmp_path: Path) -> tuple[str, Path]:
    made = pyrage.x25519.Identity.generate()
    path = tmp_path / "id.txt"
    path.write_text(f"# created: today\n# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public()), path


def test_every_recipient_can_open_and_nobody_else(identity: tuple[str, Path], tmp_path: Path) -> None:
    other = pyrage.x25519.Identity.generate()
    sealed = seal(b"made-up value", [f" {identity[0]}\n", str(other.to_public())])
    assert b"made-up value" not in sealed
    assert open_sealed(sealed, identity[1]) == b"made-up value"
    (tmp_path / "other").write_text(str(other))
    assert open_sealed(sealed, tmp_path / "other") == b"made-up value"
    stranger = tmp_path / "stranger"
    stranger.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(EvidenceError, match="not sealed to this identity"):
        open_sealed(sealed, stranger)


def test_damage_is_noticed(identity: tuple[str, Path]) -> None:
    sealed = bytearray(seal(b"x" * 100, [identity[0]]))
    for position in (0, 40, len(sealed) - 1):
        bad = bytearray(sealed)
        bad[position] ^= 1
        with pytest.raises(EvidenceError):
            open_sealed(bytes(bad), identity[1])
    with pytest.raises(EvidenceError):
        open_sealed(b"", identity[1])


@pytest.mark.parametrize("recipients", [[], ["age1nonsense"], ["ssh-ed25519 AAAA"], [""], ["AGE-SECRET-KEY-1QQQQ"]])
def test_unusable_recipients(recipients: list[str]) -> None:
    with pytest.raises(EvidenceError) as caught:
        seal(b"x", recipients)
    assert "QQQQ" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"# nothing\n",
        b"AGE-SECRET-KEY-1MADEUP",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nMADEUP\n",
        b"\xff" * 10,
        b"x" * 70_000,
    ],
)
def test_unusable_identity_is_not_quoted(tmp_path: Path, identity: tuple[str, Path], text: bytes) -> None:
    (tmp_path / "bad").write_bytes(text)
    with pytest.raises(EvidenceError) as caught:
        open_sealed(seal(b"x", [identity[0]]), tmp_path / "bad")
    assert "MADEUP" not in str(caught.value)
    with pytest.raises(EvidenceError):
        open_sealed(b"", tmp_path / "absent")


def test_ssh_keys_seal_too(tmp_path: Path) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("counterpart absent: ssh-keygen")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    assert open_sealed(seal(b"v", [(tmp_path / "k.pub").read_text()]), tmp_path / "k") == b"v"
