"""`[rotation.NAME]`: what it says, what is refused, and that a plan depends on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.errors import ConfigError
from rescind.schema.config import load
from rescind.schema.policy import policy_digest

TENANTS = """
[tenant.prod]
provider = "aws"
account_id = "123456789012"
[tenant.bao]
provider = "vault"
base_url = "https://bao.example.com"
token = { env = "T" }
"""
ONE = """
[rotation.ci]
kind = "aws.access-key"
tenant = "prod"
subject = "ci"
grace = "7d"
max_age = "90d"
deliver = { profile_file = "aws/credentials", profile = "ci" }
"""


def read(tmp_path, text):
    file = tmp_path / "rescind.toml"
    file.write_text(TENANTS + text)
    file.chmod(0o600)
    return load(file)


def test_a_rotation_says_who_where_and_when(tmp_path):
    (row,) = read(tmp_path, ONE).rotations
    assert (row.name, row.kind, row.tenant, row.subject) == ("ci", "aws.access-key", "prod", "ci")
    assert row.deliver == {"profile_file": str(tmp_path / "aws/credentials"), "profile": "ci"}
    assert (row.overlap, row.grace, row.max_age) == (10.0, 7 * 86_400.0, 90 * 86_400.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"aws.access-key"', '"aws.access-kee"'), "aws.access-key"),
        (('"aws.access-key"', '"vault.token"'), "rotation.ci.kind"),
        (('"prod"', '"prid"'), "did you mean 'prod'"),
        (('"prod"', '"bao"'), "rotation.ci.tenant"),
        (("profile_file", "profle_file"), "exactly one of"),
        (('profile = "ci"', 'file = "x"'), "exactly one of"),
        (('profile = "ci"', 'profil = "ci"'), "did you mean 'profile'"),
        (('"7d"', '"soon"'), "a duration like"),
        (('subject = "ci"', ""), "subject"),
        (("[rotation.ci]", '[rotation."c i"]'), "not a word"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_its_line(tmp_path, change, told):
    with pytest.raises(ConfigError, match=r"rescind\.toml:\d+") as caught:
        read(tmp_path, ONE.replace(*change))
    assert told in caught.value.message


def test_two_rotations_never_share_a_place(tmp_path):
    with pytest.raises(ConfigError, match="a place of its own"):
        read(tmp_path, ONE + ONE.replace("[rotation.ci]", "[rotation.again]"))


def test_a_plan_depends_on_where_it_delivers(tmp_path):
    config = read(tmp_path, ONE)
    (row,) = config.rotations
    other = replace(config, rotations=(replace(row, deliver={"file": "/elsewhere"}),))
    assert policy_digest(config) != policy_digest(other)
    assert policy_digest(config) != policy_digest(replace(config, rotations=()))
