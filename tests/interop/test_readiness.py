"""`doctor --person`: what could be proven dead if the laptop vanished now, asked of an enforcing AWS double; nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.interop import aws_world

PERSON = "ada@example.com"


@pytest.fixture
def doctor(tmp_path):
    aws = aws_world.start()
    try:
        for user in ("ada", "grace", "responder"):
            aws.make_user(user)
        mine, other, responder = aws.make_key("ada"), aws.make_key("grace"), aws.make_key("responder")
        home = tmp_path / "home"
        (home / ".aws").mkdir(parents=True)
        (home / ".aws/credentials").write_text(
            "".join(
                f"[{n}]\naws_access_key_id={k[0]}\naws_secret_access_key={k[1]}\n"
                for n, k in (("mine", mine), ("other", other))
            )
        )
        for name, value in (("id", responder[0]), ("secret", responder[1])):
            (tmp_path / name).write_text(value)
            (tmp_path / name).chmod(0o600)
        tenant = (
            f'[tenant.aws]\nprovider = "aws"\naccount_id = "{aws.account}"\nendpoint_url = "{aws.endpoint}"\n'
            f'access_key_id = {{ file = "{tmp_path}/id" }}\nsecret_access_key = {{ file = "{tmp_path}/secret" }}\n'
        )

        def run(person=f'[person."{PERSON}"]\naws = ["ada"]\n', tenants=tenant, more=()):
            config, state = tmp_path / "rescind.toml", tmp_path / "state"
            config.write_text(person + tenants)
            config.chmod(0o600)
            env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path)}
            line = [sys.executable, "-m", "rescind", "--config", str(config), "--state", str(state)]
            line += ["doctor", "--person", PERSON, "--target", str(home), *more]
            done = subprocess.run(line, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
            assert not state.exists(), "doctor writes nothing"
            assert mine[1] not in done.stdout + done.stderr
            return done

        yield run
        assert aws.works(*mine)
        assert aws.works(*other)
    finally:
        aws.stop()


def test_it_counts_what_would_end_and_says_what_stands_in_the_way(doctor):
    done = doctor()
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith("If it vanished now: 0 of 2 could be proven dead")
    assert "1 held · 1 residual" in done.stdout
    assert "belongs to grace" in done.stdout


def test_without_a_mapping_and_without_a_tenant_the_reason_is_told(doctor):
    unmapped = doctor(person="")
    assert unmapped.returncode == 4
    assert "no aws name is mapped for this person" in unmapped.stdout
    none = doctor(tenants="")
    assert none.returncode == 4
    assert "no aws tenant is configured" in none.stdout


def test_as_json_the_states_add_up(doctor):
    done = doctor(f'[person."{PERSON}"]\naws = ["ada", "grace"]\n', more=["--json"])
    found = json.loads(done.stdout)
    assert found["schema"] == "rescind.readiness/1"
    assert found["expected"]["residual"] == 2
    assert sum(found["expected"].values()) == found["credentials"] == 2
    assert done.returncode == (7 if found["unseen"] else 0)
