"""What is read from CloudTrail's events and from policies, without a provider; and that the row's words exist in AWS's models."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind import catalogue
from rescind.models.credential import EndState
from rescind.models.kind import Verb
from rescind.providers.aws import _older, _trail
from rescind.providers.aws.role_session import KIND

ACCOUNT = "123456789012"
ASSUMED = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/laptop"
ADA = {"type": "IAMUser", "accountId": ACCOUNT, "userName": "ada", "principalId": "AIDA1", "accessKeyId": "AKIA1"}


def handed_out(name="AssumeRole", caller=ADA, arn=ASSUMED, **more):
    out = {"credentials": {"accessKeyId": "ASIA1", "expiration": "Nov 23, 2026, 4:00:00 PM"}}
    if name in _trail.OF_ROLE:
        out["assumedRoleUser"] = {"arn": arn, "assumedRoleId": "AROA1:laptop"}
    return {
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-23T15:00:00Z",
        "userIdentity": caller,
        "responseElements": out,
        **more,
    }


def used(**identity):
    return {
        "eventTime": "2026-11-23T15:30:00Z",
        "userIdentity": {"accountId": ACCOUNT, "accessKeyId": "ASIA1", **identity},
    }


def test_the_event_that_handed_a_session_out():
    made = _trail.minted(handed_out(), ACCOUNT)
    assert made == _trail.Session(
        "ASIA1", "role:deploy", "AROA1:laptop", "ada", "2026-11-23T15:00:00Z", "2026-11-23T16:00:00Z", "AKIA1"
    )
    own = _trail.minted(handed_out("GetSessionToken"), ACCOUNT)
    assert own is not None
    assert (own.principal, own.unique, own.asked_by) == ("user:ada", "AIDA1", "ada")


@pytest.mark.parametrize(
    "caller",
    [
        {**ADA, "accountId": "999999999999"},  # a user of another account who has our user's name
        {"type": "AWSAccount", "accountId": "999999999999", "userName": "ada"},
        {"type": "SAMLUser", "userName": "ada", "accountId": ACCOUNT},
        {"type": "AssumedRole", "accountId": ACCOUNT, "arn": ASSUMED, "userName": "ada"},
        {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        {},
        None,
        "ada",
    ],
)
def test_only_an_iam_user_of_this_account_asked(caller):
    made = _trail.minted(handed_out(caller=caller), ACCOUNT)
    assert made is not None
    assert (made.principal, made.asked_by) == ("role:deploy", "")
    assert _trail.minted(handed_out("GetSessionToken", caller), ACCOUNT) is None


@pytest.mark.parametrize(
    "event",
    [
        {},
        handed_out(eventSource="evil.amazonaws.com"),
        handed_out(errorCode="AccessDenied"),
        handed_out(responseElements=None),
        handed_out(responseElements={"credentials": "x"}),
        handed_out("ListBuckets"),
        handed_out(arn="arn:aws:sts::999999999999:assumed-role/deploy/laptop"),
        handed_out(arn=f"arn:aws:iam::{ACCOUNT}:role/deploy"),
        handed_out(arn=ASSUMED + "/more"),
        handed_out(arn=""),
    ],
)
def test_other_events_hand_nothing_out(event):
    assert _trail.minted(event, ACCOUNT) is None


def test_what_a_session_signed():
    role = _trail.signed(used(type="AssumedRole", arn=ASSUMED, principalId="AROA1:laptop"), ACCOUNT)
    assert role == _trail.Session("ASIA1", "role:deploy", "AROA1:laptop", "", "2026-11-23T15:30:00Z")
    early = {"attributes": {"creationDate": "2026-11-23T14:00:00Z"}}
    own = _trail.signed(used(type="IAMUser", userName="ada", sessionContext=early), ACCOUNT)
    assert own is not None
    assert (own.principal, own.asked_by, own.issued_by) == ("user:ada", "ada", "2026-11-23T14:00:00Z")
    issuer = {"sessionIssuer": {"type": "IAMUser", "accountId": ACCOUNT, "userName": "ada"}}
    federated = _trail.signed(used(type="FederatedUser", sessionContext=issuer, userName="grace"), ACCOUNT)
    assert federated is not None
    assert federated.principal == "user:ada"
    root = _trail.signed(used(type="Root"), ACCOUNT)
    assert root is not None
    assert root.principal == "root"
    for other in (
        used(type="IAMUser", userName="ada", accountId="999999999999"),
        used(type="AssumedRole", arn="x"),
        used(type="FederatedUser"),
        used(type="SAMLUser", userName="ada"),
        {},
    ):
        assert _trail.signed(other, ACCOUNT) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([handed_out(), used(type="AssumedRole", arn=ASSUMED)]), st.data())
def test_an_event_of_any_shape_is_read_without_a_crash(event, data):
    broken = dict(event)
    for key in data.draw(st.lists(st.sampled_from(sorted(event)), max_size=3)):
        broken[key] = data.draw(json_values)
    for read in (_trail.minted, _trail.signed):
        seen = read(broken, ACCOUNT)
        assert seen is None or seen.key_id in {"ASIA1", "AKIA1"}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T15:00:00Z", "2026-11-23T15:00:00Z"),
        ("Nov 23, 2026, 4:00:00 PM", "2026-11-23T16:00:00Z"),
        ("Nov 23, 2026 4:00:00 PM", "2026-11-23T16:00:00Z"),
        ("20131102T010628Z", "2013-11-02T01:06:28Z"),
        ("2026-11-23", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_the_ways_in_which_cloudtrail_prints_a_moment(text, at):
    assert _trail.when(text) == at


T1, T2 = "2026-11-23T15:00:00Z", "2026-11-23T16:00:00Z"


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_cut_off_is_read_as_the_console_writes_it():
    assert _older.cut_off(_older.document(T1)) == at(T1)
    single = {"Version": "2012-10-17", "Statement": _older.document(T1)["Statement"][0]}
    single["Statement"] |= {"Action": "*", "Resource": "*", "Sid": "x"}
    assert _older.cut_off(single) == at(T1)


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Action": ["s3:*"]},
        {"Resource": ["arn:aws:s3:::x"]},
        {"NotAction": "x"},
        {"Condition": {}},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": T1}}},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": "never"}}},
        {"Condition": {"DateGreaterThan": {"aws:TokenIssueTime": T1}}},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": T1}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        {"Condition": {"DateLessThan": {"aws:TokenIssueTime": T1}, "StringEquals": {"aws:userid": "AROA2:x"}}},
        {"Condition": "x"},
    ],
)
def test_a_denial_of_less_than_everything_is_no_cut(change):
    weak = _older.document(T1)
    weak["Statement"][0] |= change
    assert _older.cut_off(weak) is None
    assert _older.cut_off(weak, "AROA1:x") is None
    kept = _older.merged(weak, at(T2))
    assert kept["Statement"] == [weak["Statement"][0], *_older.document(T2)["Statement"]]


def test_one_sessions_cut_is_not_everybodys_but_everybodys_is_its_own():
    one = _older.document(T1, "AROA1:laptop")
    assert _older.cut_off(one) is None
    assert _older.cut_off(one, "AROA1:other") is None
    assert _older.cut_off(one, "AROA1:laptop") == at(T1)
    assert _older.cut_off(_older.document(T2), "AROA1:laptop") == at(T2)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.randoms())
def test_merging_never_moves_back_and_loses_nothing(seconds, shuffle: random.Random):
    foreign = [{"Sid": f"s{n}", "Effect": "Deny", "Action": "s3:*", "Resource": "*"} for n in range(3)]
    shown = {"Version": "2012-10-17", "Statement": list(foreign)}
    shuffle.shuffle(seconds)
    latest = 0
    for second in seconds:
        shown = _older.merged(shown, datetime.fromtimestamp(second, UTC))
        latest = max(latest, second)
        assert _older.cut_off(shown) == datetime.fromtimestamp(latest, UTC)
        assert shown["Statement"][:-1] == foreign
    assert _older.merged({}, at(T1)) == _older.document(T1)


def test_the_row():
    assert catalogue.kinds()["aws.role-session"] is KIND
    assert set(KIND.actions) == {Verb.REVOKE}
    row = KIND.actions[Verb.REVOKE]
    assert (row.ends, row.reversible, row.idempotent) == (EndState.CONTAINED, True, True)
    assert (KIND.death.negatives, KIND.death.seconds) == (3, 10.0)


def test_every_permission_is_an_operation_of_awss_models():
    session = botocore.session.get_session()
    for right in {*KIND.actions[Verb.REVOKE].permissions, *KIND.read_permissions}:
        service, _, name = right.partition(":")
        assert name in session.get_service_model(service).operation_names, right


def test_the_windows_are_awss_own_limits():
    sts = botocore.session.get_session().get_service_model("sts")

    def longest(name):
        return sts.operation_model(name).input_shape.members["DurationSeconds"].metadata["max"]

    assert _trail.LONGEST_USER.total_seconds() == max(longest("GetSessionToken"), longest("GetFederationToken"))
    assert _trail.LONGEST_ROLE.total_seconds() == longest("AssumeRole") == KIND.residual.seconds - KIND.death.seconds
    cloudtrail = botocore.session.get_session().get_service_model("cloudtrail")
    keys = cloudtrail.shape_for("LookupAttributeKey").enum
    assert {"ResourceName", "AccessKeyId", "Username"} <= set(keys)
