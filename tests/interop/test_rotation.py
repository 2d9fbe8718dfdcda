"""Rotation against real counterparts: an OpenBao AppRole and access keys of ministack, killed, broken and watched while it works."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from tests.forkserver import run_killed
from tests.interop import aws_world, bao_world
from tests.interop.rotation_world import (
    PROFILES,
    accessors,
    aws_config,
    bao_config,
    bao_role,
    logs_in,
    play,
    private,
    profile,
    rotate,
    secret_id,
    session,
    who,
    whole,
)


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with bao_world.start(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture(scope="module")
def aws():
    world = aws_world.start()
    yield world
    world.stop()


class BaoJob:
    """One AppRole with a secret id in a file, and another one of somebody else's in the same role."""

    def __init__(self, bao, folder: Path, role: str, **times: str) -> None:
        self.bao, self.folder, self.role = bao, folder, role
        self.role_id = bao_role(bao, role)
        self.old, self.old_value = secret_id(bao, role)
        self.other, self.other_value = secret_id(bao, role)
        self.file = private(folder / "secret-id", self.old_value + "\n")
        bao_config(folder, bao.url, role, f'file = "{self.file}"', **times)

    def held(self) -> str:
        return self.file.read_text().strip()

    def works(self) -> bool:
        return logs_in(self.bao, self.role_id, self.held())

    def ended(self, run: dict) -> None:
        """Exactly one of this user's lives, and it is in the file; the stranger's was not touched; the trail is whole."""
        assert run["exit_code"] == 0, run["first_line"]
        assert self.works()
        assert self.held() != self.old_value
        assert not logs_in(self.bao, self.role_id, self.old_value)
        assert logs_in(self.bao, self.role_id, self.other_value)
        assert len(accessors(self.bao, self.role) - {self.other}) == 1
        assert whole(self.folder) == ("ok", "complete", ())
        told = [f.read_bytes() for f in (self.folder / "state").rglob("*") if f.is_file()]
        assert not any(v.encode() in blob for blob in told for v in (self.held(), self.old_value))


class AwsJob:
    """One IAM user with a key in a profile among others."""

    def __init__(self, aws, folder: Path, user: str, **times: str) -> None:
        self.aws, self.folder, self.user = aws, folder, aws.make_user(user)
        self.old, self.old_secret = aws.make_key(user)
        self.file = private(folder / "credentials", PROFILES.format(key=self.old, secret=self.old_secret))
        aws_config(folder, aws.endpoint, aws.account, user, f'profile_file = "{self.file}"', **times)

    def keys(self) -> dict[str, str]:
        rows = self.aws.client("iam").list_access_keys(UserName=self.user)["AccessKeyMetadata"]
        return {r["AccessKeyId"]: r["Status"] for r in rows}

    def works(self) -> bool:
        return who(self.aws.endpoint, *profile(self.file)).endswith(f"/{self.user}")

    def ended(self, run: dict) -> None:
        assert run["exit_code"] == 0, run["first_line"]
        key, secret = profile(self.file)
        assert self.works()
        assert self.keys() == {key: "Active"}
        assert key != self.old
        assert not self.aws.works(self.old, self.old_secret)
        assert self.file.read_bytes() == PROFILES.format(key=key, secret=secret).encode()
        assert whole(self.folder) == ("ok", "complete", ())
        told = [f.read_bytes() for f in (self.folder / "state").rglob("*") if f.is_file()]
        assert not any(v.encode() in blob for blob in told for v in (secret, self.old_secret))


def test_an_approle_is_rotated_and_nobody_else_notices(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "plain")
    run = json.loads(play(str(tmp_path)))
    job.ended(run)
    (c,) = run["credentials"]
    assert (c["identifier"], c["end_state"], c["as_intended"]) == (job.old, "residual", True)
    assert c["steps"][0]["notes"]["new"] in accessors(bao, job.role)


def test_an_access_key_is_rotated_and_every_other_byte_stays(aws, tmp_path):
    job = AwsJob(aws, tmp_path, "plain")
    run = json.loads(play(str(tmp_path)))
    job.ended(run)
    assert [s["verb"] for s in run["credentials"][0]["steps"]] == ["rotate", "deactivate", "delete"]
