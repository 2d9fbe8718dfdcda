"""CloudTrail's event history against a server made of botocore's model: which uses it shows, and when their absence is a proof."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from rescind import __version__, catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Identity, Liveness, Verb
from rescind.models.run import Receipt
from rescind.models.use import Reading
from rescind.pipeline import preserve, use
from rescind.pipeline.tenants import Connected
from rescind.providers.aws import _activity
from rescind.wire.retry import Retry
from tests.interop.aws_cloud import ACCOUNT, OPERATOR, FakeAws
from tests.interop.aws_model import Fault, check, model, serve
from tests.unit.made_up import FakeClock

LOST = "2026-11-23T10:00:00Z"
(TRAIL,) = catalogue.providers()["aws"].activity


class Clock(FakeClock):
    """One clock for both sides; it begins at noon of the day of the loss."""


class Desk:
    """An operator with one AWS tenant, the case's credentials there, and a run to read for."""

    def __init__(self, url: str, cloud: FakeAws, clock: Clock, folder: Any) -> None:
        self.cloud, self.clock, self.client = cloud, clock, cloud.client(url)
        self.key = cloud.hold("ada", "AccessKey", "AKIA")
        self.log = open_log(folder / "rescind.db", load_signer(folder), clock)
        self.folder, self.names = folder / "runs", ("ada",)
        held = {"provider": "aws", "tenant": "prod-aws", "owner": "ada", "issuer": ACCOUNT}
        self.credentials = {
            "key": Credential(kind="aws.access-key", identifier=self.key, **held),
            "password": Credential(kind="aws.login-profile", identifier=f"password:{cloud.user('ada').arn}", **held),
            "user": Credential(kind="aws.user", identifier=cloud.user("ada").arn, **held),
        }

    # what the reader asks of the tenants
    def row(self, _: str) -> Any:
        return self.client.tenant

    def get(self, _: str) -> Connected:
        me = Identity(account=ACCOUNT, principal="arn:aws:iam::111122223333:user/responder", identifiers=(OPERATOR,))
        return Connected(
            tenant=self.client.tenant,
            client=self.client,
            identity=me,
            retry=Retry(self.clock, deadline=5, jitter=lambda c: c),
        )

    def read(self, lost: str = LOST) -> Reading:
        reader = preserve.Reader(
            run="r", tenants=self, log=self.log, clock=self.clock, folder=self.folder, names=lambda _: self.names
        )  # type: ignore[arg-type]
        return preserve.export(reader, "prod-aws", TRAIL, tuple(self.credentials.values()), lost)

    def judge(self, what: str, *readings: Reading, died: str = "2026-11-23T10:30:00Z", lost: str = LOST) -> Any:
        c = self.credentials[what]
        dead = Receipt(
            step="s",
            credential=c.id,
            verb=Verb.REVOKE,
            end_state=EndState.DEAD,
            liveness=Liveness.DEAD,
            evidence="e",
            at=died,
        )
        return use.judge(c, readings, [dead], EndState.DEAD, lost)

    def at(self, time: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-23T{time}Z")

    def tell(self, time: str, name: str, source: str = "iam.amazonaws.com", **more: Any) -> None:
        """Let CloudTrail record something of Ada's."""
        now, self.cloud.clock = self.cloud.clock, lambda: self.at(time)
        who = self.cloud.as_user("ada", more.pop("key", self.key))
        self.cloud.tell(
            name,
            who,
            source=source,
            eventID=f"{name}-{time}",
            sourceIPAddress="198.51.100.7",
            userAgent=more.pop("agent", "aws-cli/2.15.0"),
            awsRegion="us-east-1",
            **more,
        )
        self.cloud.clock = now


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    clock = Clock()
    cloud = FakeAws(clock=clock.now, page=2)
    cloud.rights = {*TRAIL.permissions, "sts:GetCallerIdentity"}
    with serve(cloud) as url:
        yield Desk(url, cloud, clock, tmp_path)


def test_every_request_is_of_the_model_and_needs_what_the_row_declares(desk):
    desk.tell("10:05:00", "ListUsers")
    assert desk.read().problem == ""
    assert {name for name, _ in desk.cloud.asked} == {"cloudtrail:LookupEvents"}
    asked = [(a["AttributeKey"], a["AttributeValue"]) for _, g in desk.cloud.asked for a in g["LookupAttributes"]]
    assert asked == [("EventName", "UpdateUser"), ("Username", "ada")]
    _activity.check(desk.client)
    desk.cloud.rights = {"sts:GetCallerIdentity"}
    refused = desk.read()
    assert ("LookupEvents answered 403" in refused.problem, refused.until) == (True, "")
    assert {desk.judge(w, refused).answer for w in desk.credentials} == {"unknown"}


def test_a_key_that_was_used_is_said_to_be_with_its_last_use_over_every_page(desk):
    for n in range(7):
        desk.tell(f"10:0{n}:00", "ListUsers")
    desk.tell("09:00:00", "ListUsers")
    reading = desk.read()
    told = desk.judge("key", reading)
    assert (told.answer, told.first, told.last) == ("yes", "2026-11-23T10:00:00Z", "2026-11-23T10:06:00Z")
    assert "7 events" in told.source
    assert "last iam:ListUsers from 198.51.100.7" in told.source
    assert desk.judge("user", reading).answer == "yes"
    assert desk.judge("password", reading).answer == "no", "a key is no sign-in"
    rows = [json.loads(line) for line in (desk.folder / reading.file).read_text().splitlines()]
    assert len(rows) == reading.events == 7
    assert rows[0] == {
        "action": "iam:ListUsers", "agent": "aws-cli/2.15.0", "at": "2026-11-23T10:00:00Z", "id": "ListUsers-10:00:00", "ip": "198.51.100.7",
        "key": desk.key, "place": "us-east-1", "who": f"arn:aws:iam::{ACCOUNT}:user/ada",
    }  # fmt: skip


def test_no_event_of_a_key_proves_nothing_for_data_events_are_not_there(desk):
    told = desk.judge("key", desk.read())
    assert (told.answer, "management events only" in told.source) == ("unknown", True)


def test_a_password_is_unused_only_once_the_history_reaches_past_its_death(desk):
    early = desk.read()  # noon; the history is complete until eleven by AWS's word and a margin
    assert (early.since, early.until) == ("2026-11-23T09:55:00Z", "2026-11-23T11:00:00Z")
    assert desk.judge("password", early).answer == "no"
    told = desk.judge("password", early, died="2026-11-23T11:00:01Z")
    assert (told.answer, "rescind verify, then" in told.source) == ("unknown", True)
    desk.clock.t += 3600
    assert desk.judge("password", early, desk.read(), died="2026-11-23T11:00:01Z").answer == "no"


@pytest.mark.parametrize(
    ("name", "facts", "answer"),
    [
        ("ConsoleLogin", {"out": {"ConsoleLogin": "Success"}}, "yes"),
        ("CheckMfa", {"out": {"CheckMfa": "Success"}}, "yes"),  # asked for after the password was right
        ("CreateOAuth2Token", {}, "yes"),  # `aws login`
        ("ConsoleLogin", {"out": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication"}, "unknown"),
    ],
)
def test_what_shows_a_password_in_use_and_what_leaves_it_in_doubt(desk, name, facts, answer):
    desk.tell("10:05:00", name, "signin.amazonaws.com", key="", **facts)
    assert desk.judge("password", desk.read()).answer == answer


def test_a_use_shortly_before_the_stated_time_leaves_it_in_doubt(desk):
    desk.tell("09:57:00", "ConsoleLogin", "signin.amazonaws.com", key="", out={"ConsoleLogin": "Success"})
    told = desk.judge("password", desk.read())
    assert (told.answer, "5 minutes before the stated time" in told.source) == ("unknown", True)


def test_our_own_calls_are_left_out_and_whoever_takes_our_name_gets_no_proof_from_it(desk):
    desk.tell(
        "10:05:00",
        "ConsoleLogin",
        "signin.amazonaws.com",
        key="",
        out={"ConsoleLogin": "Success"},
        agent="Boto3/1.43 rescind/0.2",
    )
    reading = desk.read()
    told = desk.judge("password", reading)
    assert (told.answer, reading.ours, "as anybody may" in told.source) == ("unknown", 1, True)
    assert f"rescind/{__version__}" in desk.client.service("cloudtrail").meta.config.user_agent_extra


def test_a_user_that_was_renamed_since_is_looked_up_by_each_name(desk):
    password = desk.credentials["password"]
    who = desk.cloud.user("ada")
    for time, old, new in (("10:10:00", "ada", "eve"), ("10:20:00", "eve", "adam")):
        desk.tell(time, "UpdateUser", requestParameters={"userName": old, "newUserName": new})
    desk.tell("10:05:00", "ConsoleLogin", "signin.amazonaws.com", key="", out={"ConsoleLogin": "Success"})
    desk.credentials = {"password": replace(password, owner="adam", attributes={"user_id": who.id})}
    desk.names = ("adam",)
    reading = desk.read()
    asked = {a["AttributeValue"] for _, g in desk.cloud.asked for a in g["LookupAttributes"]}
    assert asked == {"UpdateUser", "adam", "eve", "ada"}
    assert desk.judge("password", reading).answer == "yes", "the id of a user stays"


def test_a_password_of_nobody_known_is_not_proven_unused(desk):
    desk.credentials["password"] = replace(desk.credentials["password"], owner="")
    told = desk.judge("password", desk.read())
    assert (told.answer, "was not asked about it" in told.source) == ("unknown", True)


def test_a_slow_trail_is_why_the_last_hour_proves_nothing(desk):
    desk.cloud.trail_lag = timedelta(minutes=14)
    desk.tell("11:50:00", "ConsoleLogin", "signin.amazonaws.com", key="", out={"ConsoleLogin": "Success"})
    assert desk.judge("password", desk.read(), died="2026-11-23T11:55:00Z").answer == "unknown"
    desk.clock.t += 3600
    assert desk.judge("password", desk.read(), died="2026-11-23T11:55:00Z").answer == "yes"


def test_a_slower_clock_of_ours_or_of_aws_shortens_what_is_proven(desk):
    desk.cloud.clock = lambda: desk.clock.now() - timedelta(minutes=20)
    assert desk.read().until == "2026-11-23T10:40:00Z"
    desk.cloud.clock = lambda: desk.clock.now() + timedelta(minutes=20)
    assert desk.read().until == "2026-11-23T11:00:00Z"


def test_a_page_that_is_throttled_for_good_is_no_short_list(desk, monkeypatch):
    for n in range(5):
        desk.tell(f"10:0{n}:00", "ListUsers")
    real = desk.cloud.cloudtrail_LookupEvents

    def second(given):
        if given.get("NextToken") == "2":
            raise Fault("ThrottlingException")
        return real(given)

    monkeypatch.setattr(desk.cloud, "cloudtrail_LookupEvents", second, raising=False)
    reading = desk.read()
    assert ("ThrottlingException" in reading.problem, reading.events, reading.until) == (True, 2, "")
    assert desk.judge("password", reading).answer == "unknown"
    assert desk.judge("key", reading).answer == "yes"


def test_a_loss_before_ninety_days_is_not_covered(desk):
    long_ago = "2026-08-01T00:00:00Z"
    reading = desk.read(long_ago)
    assert (reading.since, "kept for 90 days" in reading.problem) == ("2026-08-25T12:00:00Z", True)
    assert desk.judge("password", reading, lost=long_ago).answer == "unknown"


class Regions:
    """A client of several regions, each with a history of its own."""

    def __init__(self, histories: dict[str, list[dict[str, Any]]], *, listed: bool = True) -> None:
        from rescind.models.tenant import Tenant

        self.tenant, self.account, self.histories, self.listed = (
            Tenant(name="prod-aws", provider="aws"),
            ACCOUNT,
            histories,
            listed,
        )

    def service(self, name: str, region: str = "") -> Any:
        meta = {
            "ResponseMetadata": {
                "HTTPStatusCode": 200,
                "RequestId": "rq",
                "HTTPHeaders": {"date": "Mon, 23 Nov 2026 12:00:00 GMT"},
            }
        }
        here = self

        class Service:
            def list_regions(self, **_: Any) -> Any:
                if not here.listed:
                    from botocore.exceptions import ClientError

                    raise ClientError(
                        {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 403}},
                        "ListRegions",
                    )
                return {"Regions": [{"RegionName": r} for r in here.histories], **meta}

            def lookup_events(self, LookupAttributes: Any, **_: Any) -> Any:  # noqa: N803
                ((row),) = LookupAttributes
                rows = [
                    e
                    for e in here.histories[region]
                    if row["AttributeValue"] in {e.get("eventName"), e["userIdentity"].get("userName")}
                ]
                return {"Events": [{"CloudTrailEvent": json.dumps(e)} for e in rows], **meta}

        return Service()


def _login(region: str) -> dict[str, Any]:
    who = {"type": "IAMUser", "userName": "ada", "accountId": ACCOUNT}
    return {"eventID": f"id-{region}", "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "eventTime": "2026-11-23T10:05:00Z", "userIdentity": who,
            "responseElements": {"ConsoleLogin": "Success"}, "awsRegion": region}  # fmt: skip


def test_every_region_that_is_on_is_read_and_one_that_cannot_be_is_named(desk):
    regions = {"eu-west-1": [], "us-east-1": [], "ap-south-2": [_login("ap-south-2")]}
    desk.client = Regions(regions)
    reading = desk.read()
    assert sorted(reading.parts) == sorted(regions)
    assert desk.judge("password", reading).answer == "yes"
    desk.client = Regions({"us-east-1": []}, listed=False)
    reading = desk.read()
    assert ("could not be listed" in reading.problem, desk.judge("password", reading).answer) == (True, "unknown")
    gone = {"eventID": "d", "eventName": "DisableRegion", "eventSource": "account.amazonaws.com", "eventTime": "2026-11-23T10:06:00Z",
            "userIdentity": {"type": "Root"}, "requestParameters": {"RegionName": "ap-south-2"}}  # fmt: skip
    desk.client = Regions({"us-east-1": [gone]})
    reading = desk.read()
    assert "ap-south-2: it was switched off after the loss" in reading.problem
    assert desk.judge("password", reading).answer == "unknown"


def test_marks_are_awss_own_words_and_never_a_name_that_a_caller_chose():
    base = {"eventTime": "2026-11-23T10:05:00Z", "eventName": "ListBuckets", "eventSource": "s3.amazonaws.com"}

    def seen(who: dict[str, Any], **more: Any) -> set[str]:
        found = _activity.event({**base, "userIdentity": who, **more}, ACCOUNT)
        return set(found.marks) if found else set()

    role = {"type": "AssumedRole", "accountId": ACCOUNT, "accessKeyId": "ASIAFAKE", "principalId": "AROA:ada"}
    assert seen({**role, "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/ada"}) == {"key:ASIAFAKE"}
    centre = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada@example.com"
    assert seen({**role, "arn": centre}) == {"key:ASIAFAKE", "sso:ada@example.com"}
    other = {"type": "IAMUser", "userName": "ada", "accountId": "999999999999", "accessKeyId": "AKIAOTHER"}
    assert seen(other) == {"key:AKIAOTHER"}, "another account's user of the same name"
    behalf = {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}, "credentialId": "c-1"}
    assert seen(behalf) == {"identity:u-1", "credential:c-1"}
    mine = {"type": "IAMUser", "userName": "ada", "accountId": ACCOUNT}
    root = {"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"}
    assert seen(root) == {f"root:{ACCOUNT}"}
    assert seen({**root, "accountId": "999999999999"}) == set()
    assert "mfa:arn:m" in seen(mine, additionalEventData={"MFAIdentifier": "arn:m"})
    assert _activity.event({**base, "eventTime": "yesterday", "userIdentity": mine}, ACCOUNT) is None
    assert seen("nonsense") == set()  # type: ignore[arg-type]


def test_sessions_are_looked_up_by_their_key_and_people_of_identity_center_by_theirs(desk):
    held = {"provider": "aws", "tenant": "prod-aws", "issuer": ACCOUNT}
    desk.credentials |= {
        "session": Credential(kind="aws.role-session", identifier="ASIAAAAAAAAAAAAAQQQQ", owner="role:admin", **held),
        "centre": Credential(
            kind="aws.sso-session", identifier="ssoins-1/u-1", subject="u-1", owner="sso:ada@example.com", **held
        ),
        "root": Credential(kind="aws.root-user", identifier=f"root:{ACCOUNT}", owner=f"root:{ACCOUNT}", **held),
        "planted": Credential(kind="aws.role-session", identifier="not a key'", owner="", **held),
    }
    desk.read()
    asked = {(a["AttributeKey"], a["AttributeValue"]) for _, g in desk.cloud.asked for a in g["LookupAttributes"]}
    assert asked == {
        ("EventName", "UpdateUser"),
        ("Username", "root"),
        ("Username", "ada"),
        ("Username", "ada@example.com"),
        ("AccessKeyId", "ASIAAAAAAAAAAAAAQQQQ"),
    }


def test_each_region_has_the_two_requests_a_second_that_aws_allows():
    assert catalogue.providers()["aws"].paces["aws.cloudtrail"] == 2.0
    from rescind.wire.pace import Pacer

    clock = FakeClock()
    pacer = Pacer(1000.0, clock, classes={"aws.cloudtrail": 2.0})
    for _ in range(3):
        for region in ("eu-west-1", "us-east-1"):
            pacer.wait(f"aws.cloudtrail@cloudtrail.{region}.amazonaws.com")
    assert 0.9 <= clock.t <= 1.1, "three requests in each of two regions: one second, not two and a half"


def test_every_kind_of_aws_has_a_row_that_says_what_its_record_lacks():
    kinds = {k.id for k in catalogue.kinds().values() if k.provider == "aws"}
    assert set(TRAIL.traces) <= kinds | {"aws.sso-user"}
    proven = {k for k, t in TRAIL.traces.items() if not t.unseen}
    assert proven == {"aws.login-profile"}


def test_the_listing_of_regions_is_asked_as_the_model_of_the_account_service_has_it():
    operation = model("account").operation_model("ListRegions")
    given: dict[str, Any] = {}

    class Account:
        tenant = SimpleNamespace(text=lambda key, default="": default)

        def service(self, _: str) -> Any:
            def list_regions(**arguments: Any) -> Any:
                given.update(arguments)
                return {
                    "Regions": [{"RegionName": "eu-west-1"}],
                    "ResponseMetadata": {"RequestId": "rq", "HTTPStatusCode": 200, "HTTPHeaders": {}},
                }

            return SimpleNamespace(list_regions=list_regions)

    assert _activity._places(Account()) == (["eu-west-1"], "")  # type: ignore[arg-type]
    check(operation, given)
    allowed = operation.input_shape.members["RegionOptStatusContains"].member.enum
    assert set(given["RegionOptStatusContains"]) <= set(allowed)
    assert {"ENABLED", "ENABLED_BY_DEFAULT"} <= set(given["RegionOptStatusContains"])
