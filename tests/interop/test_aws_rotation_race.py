"""S10: whoever has the old key mints another while it is rotated. The rotation finds that one, and is not over while it lives.

IAM lets a user have two keys, so there are two moments: before ours is minted, and after the old one is deleted. The server is ours (made
of botocore's model); the figures are printed (-s).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rescind.models.credential import EndState
from rescind.pipeline.report import exit_code, line_one
from tests.interop.aws_cloud import ACCOUNT, OPERATOR, FakeAws
from tests.interop.aws_model import Fault, serve
from tests.interop.rotation_world import private, profile, rotate, session

CONFIG = """[tenant.aws]
provider = "aws"
account_id = "{account}"
endpoint_url = "{url}"
rate = 1000
access_key_id = {{ file = "id" }}
secret_access_key = {{ file = "key" }}

[rotation.job]
kind = "aws.access-key"
tenant = "aws"
subject = "job"
overlap = "0s"
grace = "0s"
deliver = {{ profile_file = "{file}" }}
"""


class Attacked(FakeAws):
    """An account in which somebody with the old key, or a session of it, tries for another key before or after each write of ours."""

    before = ""
    after = ""
    refused = 0
    minted: list[str]
    done = False

    def attack(self) -> None:
        try:
            self.minted.append(self.iam_CreateAccessKey({"UserName": "job"})["AccessKey"]["AccessKeyId"])
        except Fault:
            self.refused += 1

    def handle(self, service: str, operation: str, given: Any) -> Any:
        if operation == self.before and not self.minted:
            self.attack()
        answer = super().handle(service, operation, given)
        if operation == self.after or (self.after and operation in {"CreateAccessKey", "UpdateAccessKey"}):
            self.attack()
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., tuple[Attacked, str, Any]]]:
    def run(before: str = "", after: str = "") -> tuple[Attacked, str, Any]:
        cloud = Attacked()
        cloud.minted, cloud.before, cloud.after = [], before, after
        old = cloud.hold("job", "AccessKey", "AKIA")
        private(tmp_path / "id", OPERATOR)
        private(tmp_path / "key", "secret-fake-" + "x" * 28)
        file = private(
            tmp_path / "credentials", f"[default]\naws_access_key_id={old}\naws_secret_access_key=old-FAKE\n"
        )
        with serve(cloud) as url:
            private(tmp_path / "rescind.toml", CONFIG.format(account=ACCOUNT, url=url, file=file))
            return cloud, old, rotate(session(tmp_path))

    yield run


def test_s10_a_key_that_takes_the_place_of_ours_is_found_and_nothing_is_ended(world) -> None:
    cloud, old, done = world(before="CreateAccessKey")
    states = {c.identifier: c.end_state for c in done.credentials}
    (stranger,) = cloud.minted
    print(f"S10 before: minted {len(cloud.minted)}, refused {cloud.refused}, found {sum(k in states for k in cloud.minted)}; {line_one(done)}")  # fmt: skip
    assert states == {old: EndState.HELD, stranger: EndState.HELD}
    assert "may have made it" in next(c.reason for c in done.credentials if c.identifier == stranger)
    assert exit_code(done) == 4
    assert cloud.users["job"].held["AccessKey"][old]["Status"] == "Active", "its user has nothing else"


def test_s10_a_key_that_was_minted_when_the_old_one_was_gone_is_found_and_held(world, tmp_path) -> None:
    cloud, old, done = world(after="DeleteAccessKey")
    states = {c.identifier: c.end_state for c in done.credentials}
    (stranger,) = cloud.minted
    print(f"S10 after: minted {len(cloud.minted)}, refused {cloud.refused}, found {sum(k in states for k in cloud.minted)}; {line_one(done)}")  # fmt: skip
    assert states[stranger] is EndState.HELD
    assert states[old] is EndState.RESIDUAL
    assert exit_code(done) == 4
    assert cloud.refused == 2, "IAM has room for two: ours and the old one"
    assert profile(tmp_path / "credentials")[0] in cloud.users["job"].held["AccessKey"], "the successor stays"


def test_s10_without_an_attacker_the_rotation_is_over(world) -> None:
    cloud, old, done = world()
    assert {c.identifier for c in done.credentials} == {old}
    assert (exit_code(done), cloud.minted) == (0, [])
