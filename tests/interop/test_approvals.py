"""Approvals signed and checked by the real ssh-keygen, and a held key of a colleague released by one."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rescind.errors import RefusedError, UsageError
from rescind.models.kind import Verb
from rescind.models.plan import Case, Plan, Step
from rescind.pipeline import approvals
from tests.counterparts import require
from tests.interop import aws_world

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HELD = Step(phase="revoke", verb=Verb.DEACTIVATE, credential="cred-1", tenant="t", held=True)
PLAN = Plan(
    created_at="x", case=Case(person="ada@example.com"), playbook={"name": "p"}, credentials=(), candidates=(), steps=(HELD,), decisions=(), accepted=(), gaps=(),
    digest="sha256:one",
)  # fmt: skip


@pytest.fixture
def keys(tmp_path):
    """Two people with ssh keys; only Grace may approve."""
    program = require("ssh-keygen")
    for name in ("grace", "mallory"):
        subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)], check=True)
    public = (tmp_path / "grace.pub").read_text().split()[:2]
    (tmp_path / "allowed").write_text(f'grace@example.com namespaces="rescind-plan" {" ".join(public)}\n')
    return tmp_path


def made(keys, who="grace", by="grace@example.com", plan=PLAN, credentials=("cred-1",), lifetime=4.0):
    return approvals.make(plan, credentials, by=by, lifetime=timedelta(hours=lifetime), now=NOW, key=keys / who)


def check(keys, text, plan=PLAN, subjects=("ada@example.com", "ada"), used=(), now=NOW):
    return approvals.check(text, plan, allowed_signers=keys / "allowed", subjects=subjects, used=used, now=now)


def test_a_good_one_releases_what_it_names(keys):
    good = check(keys, made(keys))
    assert (good.by, good.credentials, good.plan_digest) == ("grace@example.com", ("cred-1",), "sha256:one")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"plan": replace(PLAN, digest="sha256:two")}, "another plan"),
        ({"now": NOW + timedelta(hours=5)}, "expired"),
        ({"subjects": ("GRACE@example.com",)}, "person of this case"),
    ],
)
def test_for_another_plan_expired_or_by_the_subject_is_refused(keys, change, says):
    with pytest.raises(RefusedError, match=says):
        check(keys, made(keys), **change)


def test_used_before_is_refused(keys):
    text = made(keys)
    with pytest.raises(RefusedError, match="used before"):
        check(keys, text, used=(check(keys, text).nonce,))


@pytest.mark.parametrize(("who", "by"), [("mallory", "mallory@example.com"), ("mallory", "grace@example.com")])
def test_a_key_that_may_not_approve_is_refused(keys, who, by):
    with pytest.raises(RefusedError, match="not a good one"):
        check(keys, made(keys, who=who, by=by))


def test_any_edit_is_refused(keys):
    outer = json.loads(made(keys))
    for field, value in (
        ("credentials", ["cred-1", "cred-2"]),
        ("expires_at", "2027-01-01T00:00:00Z"),
        ("nonce", "0" * 32),
    ):
        edited = {**outer, "approval": {**outer["approval"], field: value}}
        with pytest.raises(RefusedError, match="not a good one"):
            check(keys, json.dumps(edited))
    for broken in ("", "[]", "{}", json.dumps({**outer, "approval": {}}), "\x00" * 40):
        with pytest.raises(UsageError):
            check(keys, broken)


def test_another_namespace_is_refused(keys, monkeypatch):
    monkeypatch.setattr(approvals, "NAMESPACE", "git")
    text = made(keys)
    monkeypatch.setattr(approvals, "NAMESPACE", "rescind-plan")
    with pytest.raises(RefusedError, match="not a good one"):
        check(keys, text)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def test_a_fido_key_is_accepted(keys):
    """A security key's signature, made in software: ssh-keygen judges it (PROTOCOL.u2f, PROTOCOL.sshsig)."""
    key = Ed25519PrivateKey.generate()
    kind, application = b"sk-ssh-ed25519@openssh.com", b"ssh:"
    blob = _string(kind) + _string(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)) + _string(application)
    with (keys / "allowed").open("a") as out:
        out.write(f"fido@example.com {kind.decode()} {base64.b64encode(blob).decode()}\n")
    body = {
        "schema": "rescind.approval/1", "plan_digest": "sha256:one", "credentials": ["cred-1"], "by": "fido@example.com",
        "expires_at": "2026-11-23T16:00:00Z", "nonce": "ab" * 16,
    }  # fmt: skip
    message = rfc8785.dumps(body)
    fields = _string(b"rescind-plan") + _string(b"") + _string(b"sha512")
    signed = b"SSHSIG" + fields + _string(hashlib.sha512(message).digest())
    touched = struct.pack(">BI", 1, 7)
    raw = key.sign(hashlib.sha256(application).digest() + touched + hashlib.sha256(signed).digest())
    signature = (
        b"SSHSIG" + struct.pack(">I", 1) + _string(blob) + fields + _string(_string(kind) + _string(raw) + touched)
    )
    text = base64.b64encode(signature).decode()
    armoured = (
        "-----BEGIN SSH SIGNATURE-----\n"
        + "\n".join(text[i : i + 70] for i in range(0, len(text), 70))
        + "\n-----END SSH SIGNATURE-----\n"
    )
    assert check(keys, json.dumps({"approval": body, "signature": armoured})).by == "fido@example.com"


def test_a_released_key_is_ended_and_its_owner_keeps_the_rest(keys, tmp_path):
    aws = aws_world.start()
    try:
        for user in ("grace", "responder"):
            aws.make_user(user)
        planted, other, responder = aws.make_key("grace"), aws.make_key("grace"), aws.make_key("responder")
        home, state = tmp_path / "home", tmp_path / "state"
        (home / ".aws").mkdir(parents=True)
        (home / ".aws/credentials").write_text(
            f"[prod]\naws_access_key_id={planted[0]}\naws_secret_access_key={planted[1]}\n"
        )
        for name, value in (("id", responder[0]), ("secret", responder[1])):
            (tmp_path / name).write_text(value)
            (tmp_path / name).chmod(0o600)
        config = tmp_path / "rescind.toml"
        config.write_text(
            f'[org]\nallowed_signers = "{keys}/allowed"\n[person."ada@example.com"]\naws = ["ada"]\n[tenant.aws]\nprovider = "aws"\naccount_id = "{aws.account}"\n'
            f'endpoint_url = "{aws.endpoint}"\naccess_key_id = {{ file = "{tmp_path}/id" }}\nsecret_access_key = {{ file = "{tmp_path}/secret" }}\n'
        )
        config.chmod(0o600)

        def rescind(*args):
            env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path)}
            command = [sys.executable, "-m", "rescind", "--config", str(config), "--state", str(state), *args]
            return subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)

        plan = rescind("plan", "lost-laptop", "--target", str(home), "--person", "ada@example.com", "--json")
        held = [s["credential"] for s in json.loads(plan.stdout)["steps"] if s["held"]]
        assert len(set(held)) == 1, plan.stderr
        done = json.loads(rescind("apply", "plan.json", "--yes", "--json").stdout)
        assert [c["end_state"] for c in done["credentials"]] == ["held"]
        assert aws.works(*planted), "--yes releases nothing that is held"
        approve = rescind(
            "approve", "plan.json", "--key", str(keys / "grace"), "--as", "grace@example.com", "--credential", held[0]
        )
        assert approve.returncode == 0, approve.stderr
        run = rescind("apply", "plan.json", "--approval", "approval.json", "--yes", "--json")
        assert run.stdout.startswith("{"), run.stderr
        assert [c["end_state"] for c in json.loads(run.stdout)["credentials"]] == ["residual"]
        assert not aws.works(*planted)
        assert aws.works(*other), "the release is of one credential, not of its owner"
        again = rescind("apply", "plan.json", "--approval", "approval.json", "--yes")
        assert again.returncode == 3
        assert "used before" in again.stderr
        # days later somebody switches the key on again: a fresh look says so, and changes nothing
        aws.client("iam", *aws.root).update_access_key(UserName="grace", AccessKeyId=planted[0], Status="Active")
        looked = rescind("verify", "--json")
        assert [c["end_state"] for c in json.loads(looked.stdout)["credentials"]] == ["failed"]
        assert looked.returncode == 4
        assert aws.works(*planted)
        aws.client("iam", *aws.root).update_access_key(UserName="grace", AccessKeyId=planted[0], Status="Inactive")
        assert [c["end_state"] for c in json.loads(rescind("verify", "--json").stdout)["credentials"]] == ["residual"]
        trail = rescind("audit", "verify", "--json")
        assert trail.returncode == 0, trail.stdout
    finally:
        aws.stop()
