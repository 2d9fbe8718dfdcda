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


# --- what a kind may say of its rotation


def test_a_row_whose_rotation_cannot_be_cleaned_up_is_refused():
    from rescind import catalogue
    from rescind.errors import RescindError
    from rescind.models.kind import Verb

    row = catalogue.kinds()["vault.approle-secret-id"]
    catalogue.check(row)
    wrong = (
        replace(row, rotation=replace(row.rotation, discard=Verb.DELETE)),
        replace(row, enumerate=None),
        replace(row, actions={**row.actions, Verb.ROTATE: row.actions[Verb.REVOKE]}),
    )
    for one in wrong:
        with pytest.raises(RescindError, match="rotation"):
            catalogue.check(one)


@pytest.mark.parametrize(
    ("created", "used", "ours"),
    [
        ("2026-11-24T12:00:03Z", None, True),
        ("2026-11-24T11:59:58Z", None, True),  # our clock may be ahead of theirs
        ("2026-11-24T12:00:03Z", "2026-11-24T12:00:09Z", False),  # somebody has it
        ("2026-11-24T12:06:00Z", None, False),
        ("2026-11-24T11:00:00Z", None, False),
        (None, None, False),
    ],
)
def test_a_key_counts_as_ours_only_if_it_was_made_then_and_never_used(created, used, ours):
    from rescind import catalogue
    from rescind.models.clock import parse_rfc3339
    from rescind.models.kind import Known

    known = Known(identifier="AKIAEXAMPLE", created_at=created, last_used=used)
    how = catalogue.kinds()["aws.access-key"].rotation
    assert how.ours(known, "run/step", parse_rfc3339("2026-11-24T12:00:00Z")) is ours


def test_a_verb_without_a_configured_place_is_not_offered():
    """`rotate` in a playbook for a lost machine mints nothing: nobody said where a successor would go."""
    from rescind import catalogue
    from rescind.models.credential import Credential
    from rescind.models.kind import Verb
    from rescind.models.playbook import PlaybookStep
    from rescind.pipeline.plan import _verbs
    from rescind.pipeline.rotating import ROTATION

    kind = catalogue.kinds()["aws.access-key"]
    step = PlaybookStep(select=None, verbs=(Verb.ROTATE, Verb.DEACTIVATE), prefer=True)
    found = Credential(kind=kind.id, provider="aws", identifier="AKIAEXAMPLE")
    assert _verbs(kind, found, step, frozenset()) == [Verb.DEACTIVATE]
    assert _verbs(kind, replace(found, attributes={ROTATION: "ci"}), step, frozenset()) == [Verb.ROTATE]
