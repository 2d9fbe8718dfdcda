"""authorized_keys: exactly the lines of one key go, everything else stays byte for byte, and no link is followed."""

from __future__ import annotations

import base64
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.errors import Denied, NotFound, Rejected, Unreachable
from rescind.providers.ssh import _authorized, _krl, _paths
from rescind.providers.ssh._blob import packed
from tests.unit._ssh import blob, line

ONE, ENCODED = _krl.digest(blob(1)), base64.b64encode(blob(1))
SK = packed(b"sk-ssh-ed25519@openssh.com") + packed(bytes(32)) + packed(b"ssh:")

LISTING = [
    b"ssh-ed25519 " + ENCODED,
    b"\t ssh-ed25519\t \t" + ENCODED + b" a comment",
    b"ssh-ed25519 " + ENCODED + b"\r",
    b'from="10.0.0.0/8,!10.1.1.1",command="a \\"b c\\" d",no-pty ssh-ed25519 ' + ENCODED,
    b"restrict,cert-authority ssh-ed25519 " + ENCODED,
    b'command="ssh-ed25519 ' + base64.b64encode(blob(2)) + b'" ssh-ed25519 ' + ENCODED,
    b"ssh-ed25519 " + ENCODED + b"\0rest",
]
NOT_LISTING = [
    b"",
    b"   ",
    b"#ssh-ed25519 " + ENCODED,
    b"  # ssh-ed25519 " + ENCODED,
    b'command="ssh-ed25519 ' + ENCODED + b'" ' + line(2).strip(),
    b'command="x ' + ENCODED + b' y" ' + line(2).strip(),
    line(2, "ssh-ed25519").strip() + b" " + ENCODED,
    b'command="ssh-ed25519 ' + ENCODED,
    b"ssh-ed25519 " + ENCODED[:-4],
    b"ssh-ed25519",
    b"\0ssh-ed25519 " + ENCODED,
]


@pytest.mark.parametrize("text", LISTING)
def test_lines_that_list_it(text):
    found = _authorized.entry(text)
    assert found is not None and found.is_key(ONE)
    assert found.authority == (b"cert-authority" in text)
    assert _authorized.without(b"# a\n" + text + b"\n\n", ONE) == (b"# a\n\n", 1)


@pytest.mark.parametrize("text", NOT_LISTING)
def test_lines_that_do_not(text):
    found = _authorized.entry(text)
    assert found is None or not found.is_key(ONE)
    whole = text + b"\n" + line(2)
    assert _authorized.without(whole, ONE) == (whole, 0)


def test_a_comment_or_option_named_like_the_ca_flag_is_none():
    assert not _authorized.entry(b'command="x,cert-authority" ' + line(1)).authority
    assert not _authorized.entry(line(1, "cert-authority")).authority
    assert _authorized.entry(b"no-pty,CERT-AUTHORITY " + line(1)).authority


def test_hardware_keys_are_read():
    found = _authorized.entry(b"sk-ssh-ed25519@openssh.com " + base64.b64encode(SK) + b" token")
    assert found.blob == SK and found.comment == b"token"
    assert _authorized.entry(b"verify-required sk-ssh-ed25519@openssh.com " + base64.b64encode(SK)).blob == SK


def test_superfluous_zeros_do_not_hide_a_key():
    rsa = [packed(b"ssh-rsa"), packed(b"\1\0\1"), packed(b"\0\xc5" + bytes(31))]
    loose = rsa[0] + rsa[1] + packed(b"\0\0\0\xc5" + bytes(31))
    found = _authorized.entry(b"ssh-rsa " + base64.b64encode(loose))
    assert found.blob == b"".join(rsa) and found.raw == loose
    assert found.is_key(_krl.digest(b"".join(rsa))) and found.is_key(_krl.digest(loose))


OTHER = st.one_of(st.binary(max_size=60).filter(lambda b: b"\n" not in b), st.sampled_from(NOT_LISTING))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), OTHER, st.sampled_from(LISTING)), max_size=8), st.booleans())
def test_only_the_lines_of_the_key_go(rows, ended):
    lines = [ours if ours_is else other for ours_is, other, ours in rows]
    kept = [other for ours_is, other, _ in rows if not ours_is]
    data = b"".join(x + b"\n" for x in lines) + (b"" if ended else line(2).strip())
    left, count = _authorized.without(data, ONE)
    assert left == b"".join(x + b"\n" for x in kept) + (b"" if ended else line(2).strip())
    assert count == len(lines) - len(kept)
    assert _authorized.without(left, ONE) == (left, 0)


PIECES = st.sampled_from(
    [b'"', b"\\", b" ", b"\t", b",", b"=", b"\r", b"\0", b"#", b"ssh-ed25519", ENCODED, b"command", b"\n"]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=25).map(b"".join)))
def test_any_bytes_are_survived_and_what_is_left_is_in_place(data):
    left, count = _authorized.without(data, ONE)
    assert len(left) <= len(data) and (left == data) == (count == 0)
    assert not [e for e in _authorized.entries(left) if e.is_key(ONE)]
    assert count == len([e for e in _authorized.entries(data) if e.is_key(ONE)])


def test_mode_and_owner_stay(tmp_path):
    path = tmp_path / "authorized_keys"
    path.write_bytes(line(1) + line(2))
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12346)
    before = path.stat()
    assert _authorized.sweep(path, ONE) == 1
    after = path.stat()
    assert path.read_bytes() == line(2)
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert after.st_ino != before.st_ino and list(tmp_path.iterdir()) == [path]
    assert _authorized.sweep(path, ONE) == 0
    assert path.stat() == after


def test_a_file_that_could_not_be_given_back_is_left(tmp_path, monkeypatch):
    path = tmp_path / "authorized_keys"
    path.write_bytes(line(1))
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(Denied):
        _authorized.sweep(path, ONE)
    assert path.read_bytes() == line(1)


def test_links_and_what_is_not_a_file_are_refused(tmp_path):
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_bytes(line(1))
    link.symlink_to(real)
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path):
        with pytest.raises(Rejected):
            _authorized.sweep(path, ONE)
    with pytest.raises(NotFound):
        _authorized.sweep(tmp_path / "none", ONE)
    assert real.read_bytes() == line(1) and stat.S_ISLNK(link.lstat().st_mode)


def test_a_file_that_changes_meanwhile_is_read_again(tmp_path, monkeypatch):
    path, real, left = tmp_path / "authorized_keys", _authorized.keepable, [b"# new\n"]
    path.write_bytes(line(1))

    def meddle(seen, what):
        real(seen, what)
        if left:
            path.write_bytes(path.read_bytes() + left.pop())

    monkeypatch.setattr(_authorized, "keepable", meddle)
    assert _authorized.sweep(path, ONE) == 1
    assert path.read_bytes() == b"# new\n"
    path.write_bytes(line(1))
    left.extend([b"# again\n"] * 9)
    with pytest.raises(Unreachable):
        _authorized.sweep(path, ONE)


def test_patterns(tmp_path):
    for home in ("ada", "bob", ".hidden", "empty"):
        (tmp_path / "real" / home / ".ssh").mkdir(parents=True)
        if home != "empty":
            (tmp_path / "real" / home / ".ssh" / "authorized_keys").write_bytes(line(1))
    (tmp_path / "homes").symlink_to(tmp_path / "real")  # the operator's own link, before the first wildcard
    (tmp_path / "real" / "notes").write_bytes(b"")
    (tmp_path / "real" / "www").symlink_to("/nowhere")
    pattern = f"{tmp_path}/homes/*/.ssh/authorized_keys"
    names = [p.parent.parent.name for p in _paths.expand([pattern, pattern])]
    assert names == ["ada", "bob"]
    with pytest.raises(Rejected, match="names no file"):
        _paths.expand([pattern, f"{tmp_path}/unmounted/*/.ssh/authorized_keys"])
    with pytest.raises(Rejected, match="symbolic link"):
        (tmp_path / "real" / "www").unlink()
        (tmp_path / "real" / "www").symlink_to(tmp_path / "real" / "ada")
        _paths.expand([pattern])


def test_a_folder_that_may_not_be_listed_is_not_an_empty_one(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(Denied):
        _paths.expand([f"{tmp_path}/*/authorized_keys"])
