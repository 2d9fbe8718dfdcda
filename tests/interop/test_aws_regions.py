"""CloudTrail is kept by region: every one that is switched on is looked at, and one that may not be read is a gap, never an empty history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Subject
from tests.interop.aws_cloud import FakeAws
from tests.interop.aws_model import serve

REGIONS = "us-east-1 eu-west-1 ap-south-1"
KINDS = catalogue.kinds()


@pytest.fixture
def cloud() -> FakeAws:
    return FakeAws()


@pytest.fixture
def client(cloud: FakeAws) -> Iterator[Any]:
    with serve(cloud) as url:
        yield cloud.client(url, regions=REGIONS, region="eu-west-1")


def listed(kind: str, client: Any) -> tuple[dict[str, Known], list[str]]:
    rows = list(KINDS[kind].enumerate(client, Subject(names=("ada",))))  # type: ignore[misc]
    return {r.identifier: r for r in rows if isinstance(r, Known)}, [r.reason for r in rows if isinstance(r, Gap)]


def test_sessions_and_what_they_made_are_found_wherever_sts_was_asked(cloud: FakeAws, client: Any) -> None:
    key = cloud.hold("ada", "AccessKey", "AKIA")
    a = cloud.assume(cloud.as_user("ada", key), "a", "ada", region="ap-south-1")
    b = cloud.assume(cloud.as_role("a", "ada", a), "b", "hop", region="eu-west-1")
    c = cloud.assume(cloud.as_role("b", "hop", b), "c", "hop", region="us-east-1")
    found, gaps = listed("aws.role-session", client)
    assert (list(found), gaps) == ([a, b, c], [])
    assert {k.owner for k in found.values()} == {"ada"}
    assert [found[x].parent for x in (a, b, c)] == [key, a, b]
    only = Credential(kind="aws.role-session", provider="aws", identifier=c)
    assert KINDS["aws.role-session"].identify(client, only, None).owner == "ada"  # type: ignore[misc]


def test_a_region_that_may_not_be_read_is_a_gap_and_the_others_are_read(cloud: FakeAws, client: Any) -> None:
    key = cloud.hold("ada", "AccessKey", "AKIA")
    seen = cloud.assume(cloud.as_user("ada", key), "a", "ada", region="eu-west-1")
    hidden = cloud.assume(cloud.as_user("ada", key), "a", "other", region="ap-south-1")
    for source in ("ecr.amazonaws.com", "codeartifact.amazonaws.com"):
        cloud.tell("GetAuthorizationToken", cloud.as_user("ada", key), source=source, awsRegion="us-east-1")
    cloud.tell("CreateOAuth2Token", cloud.as_user("ada"), source="signin.amazonaws.com", awsRegion="us-east-1")
    cloud.shut = {"ap-south-1"}
    for kind, known in (
        ("aws.role-session", seen), ("aws.ecr-token", f"ecr:{key}"), ("aws.codeartifact-token", f"codeartifact:{key}"),
        ("aws.login-session", f"login:{cloud.users['ada'].arn}"),
    ):  # fmt: skip
        found, gaps = listed(kind, client)
        assert list(found) == [known], kind
        assert len(gaps) == 1, kind
        assert "CloudTrail in ap-south-1: LookupEvents answered 403" in gaps[0]
    identify = KINDS["aws.role-session"].identify
    for name, error in ((hidden, Denied), (cloud.number("ASIA"), Denied)):
        with pytest.raises(error, match="ap-south-1"):  # it may be there: nobody said that it is not
            identify(client, Credential(kind="aws.role-session", provider="aws", identifier=name), None)  # type: ignore[misc]
    assert identify(client, Credential(kind="aws.role-session", provider="aws", identifier=seen), None).owner == "ada"  # type: ignore[misc]
    cloud.shut = set()
    with pytest.raises(NotFound):
        identify(client, Credential(kind="aws.role-session", provider="aws", identifier=cloud.number("ASIA")), None)  # type: ignore[misc]


def test_no_history_at_all_is_one_gap(cloud: FakeAws, client: Any) -> None:
    cloud.user("ada")
    cloud.shut = set(REGIONS.split())
    found, gaps = listed("aws.role-session", client)
    assert (found, len(gaps)) == ({}, 1)
    assert gaps[0].count("answered 403") == 3
