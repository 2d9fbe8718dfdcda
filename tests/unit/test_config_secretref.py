"""Following a reference: exactly one place, nothing relative, nothing that others can read, and no value in any message."""

import os
import sys
import traceback

import pytest

from rescind.errors import ConfigError
from rescind.models.tenant import SecretRef
from rescind.schema.secretref import resolver
from rescind.secret import Secret

PLANTED = "planted-2f6e-value"


def none(name):
    return None


def refusal(ref, get=none, **more):
    with pytest.raises(ConfigError) as caught:
        resolver(get, **more)(ref)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    assert PLANTED not in shown
    return str(caught.value)


def test_each_place(tmp_path, monkeypatch):
    monkeypatch.setenv("RESCIND_TEST_TOKEN", PLANTED)
    kept = tmp_path / "token"
    kept.write_text(PLANTED + "\n")
    kept.chmod(0o600)
    asked = []

    def get(name):
        asked.append(name)
        return Secret(PLANTED)

    resolve = resolver(get)
    refs = [
        SecretRef(env="RESCIND_TEST_TOKEN"),
        SecretRef(file=str(kept)),
        SecretRef(command=(sys.executable, "-c", f"print('  {PLANTED}  ')")),
        SecretRef(keyring="rescind/github"),
    ]
    assert [resolve(r).reveal() for r in refs] == [PLANTED] * 4
    assert asked == ["rescind/github"]


def test_a_home_relative_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "t").write_text(PLANTED)
    (tmp_path / "t").chmod(0o400)
    assert resolver(none)(SecretRef(file="~/t")).reveal() == PLANTED


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    (tmp_path / "t").write_text(PLANTED)
    (tmp_path / "t").chmod(mode)
    assert "others can read or write it" in refusal(SecretRef(file=str(tmp_path / "t")))


def test_absent_places(tmp_path, monkeypatch):
    monkeypatch.delenv("RESCIND_TEST_TOKEN", raising=False)
    (tmp_path / "empty").touch(mode=0o600)
    assert "is not set" in refusal(SecretRef(env="RESCIND_TEST_TOKEN"))
    assert "No such file" in refusal(SecretRef(file=str(tmp_path / "none")))
    assert "empty value" in refusal(SecretRef(file=str(tmp_path / "empty")))
    assert "relative" in refusal(SecretRef(file="token"))
    assert "no item 'rescind/github'" in refusal(SecretRef(keyring="rescind/github"))
    assert "service/account" in refusal(SecretRef(keyring="rescind"))
    assert "could not be started" in refusal(SecretRef(command=("/none/such",)))
    assert "relative" in refusal(SecretRef(command=("./planted",)))
    assert "exactly one" in refusal(SecretRef())
    assert "exactly one" in refusal(SecretRef(env="A", file="/b"))


def test_a_failing_command_shows_neither_output_nor_error_text():
    script = f"import sys; print('{PLANTED}'); print('{PLANTED}', file=sys.stderr); sys.exit(7)"
    assert refusal(
        SecretRef(command=(sys.executable, "-c", script.replace(PLANTED, "planted-' '2f6e-value")))
    ).endswith("ended with 7")


def test_a_silent_command_and_a_slow_one():
    assert "empty value" in refusal(SecretRef(command=(sys.executable, "-c", "pass")))
    assert "did not answer within 0.3 s" in refusal(
        SecretRef(command=(sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)")),
        command_seconds=0.3,
    )


def test_a_command_is_no_shell_and_does_not_start_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = resolver(none)(
        SecretRef(command=(sys.executable, "-c", "import os,sys; print(os.getcwd(), sys.argv[1])", "$HOME; id"))
    )
    assert out.reveal() == "/ $HOME; id"
    planted = tmp_path / "planted-tool"
    planted.write_text("#!/bin/sh\necho owned\n")
    planted.chmod(0o755)
    monkeypatch.setenv("PATH", "." + os.pathsep + os.environ["PATH"])
    assert "could not be started" in refusal(SecretRef(command=("planted-tool",)))


def test_a_keychain_that_fails_is_not_quoted():
    def broken(name):
        raise RuntimeError(PLANTED)

    def told(name):
        raise ConfigError("the keychain is locked")

    assert "RuntimeError" in refusal(SecretRef(keyring="a/b"), broken)
    assert refusal(SecretRef(keyring="a/b"), told) == "the keychain is locked"


def test_the_value_arrives_as_a_secret(monkeypatch):
    monkeypatch.setenv("RESCIND_TEST_TOKEN", PLANTED)
    value = resolver(none)(SecretRef(env="RESCIND_TEST_TOKEN"))
    assert isinstance(value, Secret)
    assert PLANTED not in f"{value} {value!r}"
