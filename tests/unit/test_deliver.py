"""Places of delivery: what its user reads is replaced whole or not at all, and nothing else in the place is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind import catalogue
from rescind.errors import ConfigError, Denied, ProviderError, Rejected
from rescind.models.rotation import Value
from rescind.secret import Secret

AWS = catalogue.kinds()["aws.access-key"].rotation
ROLE = catalogue.kinds()["vault.approle-secret-id"].rotation
NEW = Value(identifier="AKIAEXAMPLENEW000001", secret=Secret("new/FAKE+secret"))
PLAIN = "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old-FAKE\n"


class Keys(dict):
    """A keychain in memory; `broken` lets it refuse."""

    broken = False

    def get(self, name):
        if self.broken:
            raise ConfigError("the keychain did not give it")
        return super().get(name)

    def set(self, name, value):
        if self.broken:
            raise ConfigError("the keychain did not take it")
        self[name] = value


def profile_file(path: Path, profile: str = "default"):
    row = {"profile_file": str(path), "profile": profile}
    return catalogue.targets()["profile_file"].open(row, AWS, Keys())


def plain_file(path: Path):
    return catalogue.targets()["file"].open({"file": str(path)}, ROLE, Keys())


def kept(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "# mine\n; too\n\n[other]\naws_access_key_id=AKIAOLD\naws_secret_access_key=old-FAKE\n" + PLAIN + "\n[x]\na=b",
        "[default]\n  aws_access_key_id = AKIAOLD\n  aws_secret_access_key = old-FAKE\n  region = x\n",
        "[ default ] # mine\nAWS_Access_Key_Id : AKIAOLD  \nregion=x\naws_secret_access_key:old-FAKE",
        "[default]\naws_secret_access_key=old-FAKE\n[profile x]\naws_access_key_id=AKIANOT\n[y]\n".replace(
            "[profile", "aws_access_key_id=AKIAOLD\ns3 =\n  aws_access_key_id = nested\n[profile"
        ),
        "\xe4\xf6 before any section\n" + PLAIN,
    ],
)
def test_only_two_values_change(tmp_path, text):
    file = kept(tmp_path / "credentials", text)
    target = profile_file(file)
    target.check()
    held = target.read()
    assert (held.identifier, held.secret.reveal()) == ("AKIAOLD", "old-FAKE")
    target.write(NEW)
    at = max(text.find("[default]"), text.find("[ default ]"))
    wanted = text[:at] + text[at:].replace("AKIAOLD", NEW.identifier, 1).replace("old-FAKE", NEW.secret.reveal(), 1)
    assert file.read_bytes() == wanted.encode()
    assert target.read().secret.same_as(NEW.secret)
    assert os.listdir(tmp_path) == ["credentials"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PLAIN + PLAIN, "section stands there twice"),
        (PLAIN + "aws_access_key_id=AKIAOTHER\n", "twice"),
        (PLAIN + "aws_session_token=FAKE\n", "session"),
        (PLAIN.replace("old-FAKE", "old-FAKE # since May"), "words follow"),
        (PLAIN + "  goes on\n", "several lines"),
    ],
)
def test_what_readers_could_understand_differently_is_refused(tmp_path, text, why):
    file = kept(tmp_path / "credentials", text)
    for work in (profile_file(file).check, profile_file(file).read, lambda: profile_file(file).write(NEW)):
        with pytest.raises(Rejected, match=why) as caught:
            work()
        assert "FAKE" not in str(caught.value)
    assert file.read_bytes() == text.encode()


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_any_bytes_around_stay(before, after):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "credentials"
        data = before + b"\n" + PLAIN.encode() + b"[z]\n" + after
        file.write_bytes(data)
        file.chmod(0o600)
        target = profile_file(file)
        try:
            held = target.read()
            target.write(NEW)
        except ProviderError:
            assert file.read_bytes() == data
            return
        if held is not None and held.identifier == "AKIAOLD":
            back = Value(identifier=held.identifier, secret=held.secret)
            target.write(back)
            assert file.read_bytes() == data


@pytest.mark.parametrize(
    "text", ["", "[default]\n", "[default]\naws_access_key_id = AKIAOLD\n", "[other]\n" + PLAIN[10:]]
)
def test_nothing_there_is_nothing(tmp_path, text):
    file = kept(tmp_path / "credentials", text)
    assert profile_file(file).read() is None
    with pytest.raises(Rejected):
        profile_file(file).check()
    with pytest.raises(Rejected):
        profile_file(file).write(NEW)
    assert file.read_bytes() == text.encode()


@pytest.mark.parametrize("text", ["old-FAKE", "old-FAKE\n", "\n  old-FAKE\r\n\n"])
def test_a_plain_file_keeps_the_space_around_its_value(tmp_path, text):
    target = plain_file(kept(tmp_path / "secret-id", text))
    assert target.read().secret.reveal() == "old-FAKE"
    target.write(NEW)
    assert (tmp_path / "secret-id").read_bytes().decode() == text.replace("old-FAKE", NEW.secret.reveal())


@pytest.mark.parametrize("make", [profile_file, plain_file], ids=["profile", "file"])
def test_odd_files_are_refused_before_anything_is_minted(tmp_path, make):
    real = kept(tmp_path / "real", PLAIN if make is profile_file else "old-FAKE")
    link, hard, wide, gone = (tmp_path / n for n in ("link", "hard", "wide", "gone"))
    link.symlink_to(real)
    kept(wide, real.read_text(), 0o644)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = real.read_bytes()
    for path in (link, wide, gone, fifo, tmp_path, tmp_path / "no" / "file"):
        with pytest.raises(ProviderError):
            make(path).check()
    for path in (link, gone, fifo):
        with pytest.raises(ProviderError):
            make(path).write(NEW)
    os.link(real, hard)
    with pytest.raises(Rejected, match="second name"):
        make(real).check()
    assert real.read_bytes() == before
    assert link.is_symlink()
    assert not gone.exists()


@pytest.mark.parametrize("make", [profile_file, plain_file], ids=["profile", "file"])
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_value(tmp_path, monkeypatch, make, call):
    file = kept(tmp_path / "file", PLAIN if make is profile_file else "old-FAKE", 0o640)
    before = file.read_bytes()

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(ProviderError) as caught:
            make(file).write(NEW)
    assert "FAKE" not in str(caught.value)
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["file"]
    make(file).write(NEW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_written_and_a_file_of_somebody_else(monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else")
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        theirs = kept(folder / "theirs", PLAIN)
        ours = kept(folder / "ours", PLAIN)
        os.chown(ours, 65534, os.getegid())
        os.chown(theirs, 65533, os.getegid())
        theirs.chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(Denied, match="folder"):
                profile_file(ours).check()
            with pytest.raises(Denied):
                profile_file(theirs).check()
            with pytest.raises(ProviderError):
                profile_file(ours).write(NEW)
        finally:
            os.seteuid(0)
        assert ours.read_text() == theirs.read_text() == PLAIN
    finally:
        shutil.rmtree(folder)


def test_a_change_by_somebody_else_meanwhile_is_not_lost(tmp_path, monkeypatch):
    from rescind.deliver import _swap

    file = kept(tmp_path / "credentials", PLAIN)
    plain = _swap.replace

    def late(path, data, before):
        kept(file, PLAIN + "[added]\n")
        plain(path, data, before)

    monkeypatch.setattr(_swap, "replace", late)
    with pytest.raises(Rejected, match="changed"):
        profile_file(file).write(NEW)
    assert file.read_text() == PLAIN + "[added]\n"


def test_a_keychain_item_holds_what_its_reader_wants():
    keys = Keys({"ci/aws": AWS.pack(Value(identifier="AKIAOLD", secret=Secret("old-FAKE"))), "ci/odd": Secret("{}")})
    target = catalogue.targets()["keychain"].open({"keychain": "ci/aws"}, AWS, keys)
    target.check()
    assert target.read().identifier == "AKIAOLD"
    target.write(NEW)
    printed = json.loads(keys["ci/aws"].reveal())  # what credential_process prints
    assert printed == {"Version": 1, "AccessKeyId": NEW.identifier, "SecretAccessKey": NEW.secret.reveal()}
    for name in ("ci/odd", "ci/none"):
        with pytest.raises(Rejected):
            catalogue.targets()["keychain"].open({"keychain": name}, AWS, keys).check()
    keys.broken = True
    for work in (target.check, target.read, lambda: target.write(NEW)):
        with pytest.raises(Denied):
            work()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"AccessKeyId": "A"}', '{"AccessKeyId": "A", "SecretAccessKey": 1}',
                                  '{"AccessKeyId": "A", "SecretAccessKey": "b", "SessionToken": "c"}', "[" * 10_000])  # fmt: skip
def test_a_text_that_is_no_key_is_a_value_error(text):
    with pytest.raises(ValueError):
        AWS.unpack(Secret(text))


@pytest.mark.parametrize("text", ["", " ", "two words", "a\x00b", "line\nline"])
def test_a_text_that_is_no_secret_id_is_a_value_error(text):
    with pytest.raises(ValueError):
        ROLE.unpack(Secret(text))
