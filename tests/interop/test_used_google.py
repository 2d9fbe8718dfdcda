"""Google's records against the simulator that is held to the discovery documents: what they show of each kind, and that none proves an absence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.tenant import Tenant
from rescind.pipeline import preserve
from rescind.providers.google import _activity
from tests.interop import google_cloud, google_model
from tests.interop.google_cloud import CUSTOMER, PROJECT
from tests.interop.google_model import breaches
from tests.interop.google_records import Recorded
from tests.interop.used_world import LOST, Desk
from tests.unit.made_up import FakeClock

ADA = "ada@acme.example"
REPORTS, LOGS = catalogue.providers()["google"].activity
GCLOUD = "32555940559.apps.googleusercontent.com"
AT = "2026-11-23T10:05:00.123Z"


@pytest.fixture
def cloud() -> Recorded:
    return Recorded(clock=FakeClock().now)


@pytest.fixture
def desk(cloud, tmp_path) -> Iterator[Desk]:
    clock = FakeClock()
    cloud.clock = clock.now
    with google_model.serve(cloud) as url:
        made = Desk(google_cloud.client(url, clock), clock, tmp_path, (ADA, "projects/acme-prod"))
        cloud.ada, cloud.robot = cloud.user(ADA), cloud.account("build")
        cloud.kid = cloud.key(cloud.robot)
        made.credentials = tuple(held(cloud).values())
        yield made


def held(cloud: Any) -> dict[str, Credential]:
    mine = {"user_id": cloud.ada}
    same = {"provider": "google", "tenant": "google"}
    hers = {**same, "issuer": CUSTOMER, "subject": ADA, "owner": ADA, "attributes": mine}
    its = {
        **same,
        "issuer": PROJECT,
        "subject": cloud.robot,
        "owner": cloud.robot,
        "attributes": {"client_email": cloud.robot, "project": PROJECT},
    }
    return {
        "user": Credential(kind="google.user", identifier=cloud.ada, **hers),
        "session": Credential(kind="google.user-session", identifier=f"sessions:{cloud.ada}", **hers),
        "grant": Credential(kind="google.oauth-grant", identifier=f"{cloud.ada}/{GCLOUD}", **hers),
        "other grant": Credential(kind="google.oauth-grant", identifier=f"{cloud.ada}/999.apps", **hers),
        "codes": Credential(kind="google.verification-codes", identifier=f"codes:{cloud.ada}", **hers),
        "password": Credential(kind="google.app-password", identifier=f"{cloud.ada}/17", **hers),
        "key": Credential(kind="google.service-account-key", identifier=cloud.kid, **its),
        "account": Credential(kind="google.service-account", identifier="2000", **its),
    }


def used(desk: Desk, cloud: Any, *readings: Any) -> set[str]:
    return {name for name, c in held(cloud).items() if desk.judge(c, *readings).answer == "yes"}


def test_every_request_is_of_googles_documents_with_the_scopes_and_permissions_of_the_rows(desk, cloud):
    for n in range(5):
        cloud.record(cloud.ada, "login", "login_success", f"2026-11-23T10:0{n}:00.000Z")
        cloud.log_entry(cloud.robot, f"2026-11-23T10:0{n}:00Z", key=cloud.kid)
    cloud.scopes = {p.removeprefix(google_model.SCOPE) for p in REPORTS.permissions} | {"logging.read"}
    cloud.permissions = set(LOGS.permissions)
    one, two = desk.read(REPORTS.id), desk.read(LOGS.id)
    assert (one.problem, two.problem, one.events, two.events) == ("", "", 5, 5)
    _activity.check_reports(desk.client)
    _activity.check_audit_logs(desk.client)
    asked = [row for row in cloud.log if row[0] in {"admin", "logging"} and "users/" in row[2] + "users/"]
    assert all(breaches(host, verb, target, body)[1] == [] for host, verb, target, body, _ in asked)
    assert {t.partition("?")[0].rpartition("/")[2] for h, _, t, *_ in asked if h == "admin"} >= set(
        _activity.APPLICATIONS
    )


@pytest.mark.parametrize(
    ("application", "name", "given", "names"),
    [
        ("login", "login_success", {}, {"user", "session"}),
        ("login", "login_success", {"login_challenge_method": "password backup_code"}, {"user", "session", "codes"}),
        ("login", "login_failure", {}, set()),
        ("login", "suspicious_login", {}, set()),
        ("token", "activity", {"client_id": GCLOUD}, {"user", "session", "grant"}),
        ("token", "revoke", {"client_id": GCLOUD}, set()),
        ("saml", "login_success", {"app_name": "Salesforce"}, {"user", "session"}),
        ("saml", "login_failure", {}, set()),
        ("admin", "CREATE_USER", {}, {"user", "session"}),
        ("login", "an_event_of_next_year", {}, set()),
    ],
)
def test_what_an_event_of_the_reports_shows_in_use(desk, cloud, application, name, given, names):
    cloud.record(cloud.ada, application, name, AT, **given)
    reading = desk.read(REPORTS.id)
    assert used(desk, cloud, reading) == names
    (line,) = map(json.loads, desk.lines(reading))
    assert (line["at"], line["who"], line["action"]) == ("2026-11-23T10:05:00Z", ADA, f"{application}:{name}")


def test_a_key_is_told_from_its_account_and_a_refusal_for_want_of_rights_is_a_use(desk, cloud):
    other = cloud.key(cloud.robot)
    cloud.log_entry(cloud.robot, AT, key=other)
    reading = desk.read(LOGS.id)
    assert used(desk, cloud, reading) == {"account"}
    assert "1 of its holder" in desk.judge(held(cloud)["key"], reading).source
    cloud.log_entry(cloud.robot, AT, key=cloud.kid, code=7)
    assert used(desk, cloud, desk.read(LOGS.id)) == {"account", "key"}


def test_a_person_of_a_workforce_pool_is_told_by_the_subject(desk, cloud):
    subject = "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ada"
    session = Credential(
        kind="google.workforce-session", provider="google", tenant="google", identifier="x", subject=subject, owner=subject
    )  # fmt: skip
    desk.credentials = (*desk.credentials, session)
    cloud.log_entry(subject, AT)
    reading = desk.read(LOGS.id)
    assert (desk.judge(session, reading).answer, used(desk, cloud, reading)) == ("yes", set())


def test_a_request_that_nobody_signed_for_is_no_use(desk, cloud):
    cloud.log_entry(cloud.robot, AT, key=cloud.kid, code=16)
    assert used(desk, cloud, desk.read(LOGS.id)) == set()


def test_our_own_requests_in_the_log_are_left_out(desk, cloud):
    cloud.log_entry(cloud.robot, AT, key=cloud.kid, agent="rescind/0.2")
    reading = desk.read(LOGS.id)
    assert (used(desk, cloud, reading), reading.ours) == (set(), 1)
    assert "rescind/" in desk.client._door("logging", True)._headers["User-Agent"]


def test_no_entry_proves_nothing_and_the_reason_is_googles_own(desk, cloud):
    readings = [desk.read(s.id) for s in (REPORTS, LOGS)]
    assert [r.problem for r in readings] == ["", ""]
    assert {desk.judge(c, *readings).answer for c in held(cloud).values()} == {"unknown"}
    assert "in rare cases an event is not reported" in desk.judge(held(cloud)["user"], *readings).source
    assert "Data Access logs" in desk.judge(held(cloud)["key"], *readings).source
    assert all(t.unseen for s in (REPORTS, LOGS) for t in s.traces.values())


@pytest.mark.parametrize("method", ["reports.activities.list", "logging.entries.list"])
def test_throttled_for_good_or_denied_is_a_gap_and_never_a_short_list(desk, cloud, method):
    source = REPORTS if method.startswith("reports") else LOGS
    cloud.record(cloud.ada, "login", "login_success", AT)
    cloud.throttled = {method}
    reading = desk.read(source.id)
    assert (bool(reading.problem), reading.until, reading.events) == (True, "", 0)
    cloud.throttled = set()
    cloud.scopes, cloud.permissions = {"admin.directory.user.readonly", "logging.read"}, set()
    denied = desk.read(source.id)
    assert (bool(denied.problem), used(desk, cloud, denied)) == (True, set())


def test_a_tenant_of_the_cloud_alone_has_no_reports_and_one_of_workspace_alone_no_logs(tmp_path):
    def ids(**settings: Any) -> list[str]:
        return [s.id for s in preserve.sources(Tenant(name="g", provider="google", settings=settings))]

    assert ids(projects=("p",)) == ["audit-logs"]
    assert ids(subject="a@acme.example") == ["workspace-reports"]
    assert ids(projects=("p",), subject="a@acme.example") == ["workspace-reports", "audit-logs"]


def test_addresses_that_would_break_out_of_a_filter_are_not_asked_about(desk, cloud):
    planted = Credential(
        kind="google.service-account",
        provider="google",
        tenant="google",
        owner='x@y" OR "*',
        attributes={"project": "../x"},
    )
    desk.credentials = (planted,)
    desk.names = ('a"b@acme.example',)
    assert "nothing of this case is known there" in desk.read(LOGS.id).problem


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": {"time": "soon"}},
        {"id": {"time": AT}, "events": ["odd", {"name": 7, "parameters": [{"name": "x"}, 3]}]},
    ],
)
def test_a_report_of_another_shape_is_no_use(row):
    assert all(not e.marks for e in _activity.activity(row, "login"))
    assert _activity.entry(row) is None
    assert _activity.entry({"insertId": "i", "timestamp": LOST, "protoPayload": "odd"}).marks == frozenset()
