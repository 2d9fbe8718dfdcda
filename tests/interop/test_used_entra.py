"""Entra's logs against the simulator that is held to Graph's model: what they show of each kind, and that they never prove an absence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.providers.entra import _activity
from tests.interop import entra_world
from tests.interop.entra_world import TENANT, Graph, breaches
from tests.interop.used_world import LOST, Desk
from tests.unit.made_up import FakeClock

ADA = "ada@contoso.example"
RECORDS = catalogue.providers()["entra"].activity


@pytest.fixture
def graph() -> Graph:
    return Graph(FakeClock(), page=2, granted={p for s in RECORDS for p in s.permissions})


@pytest.fixture
def desk(graph, tmp_path) -> Iterator[Desk]:
    with entra_world.served(graph) as url:
        made = Desk(entra_world.client(url, graph.clock), graph.clock, tmp_path, (ADA,))
        graph.ada = graph.user(ADA)  # type: ignore[attr-defined]
        made.credentials = tuple(held(graph).values())
        yield made


def held(graph: Any) -> dict[str, Credential]:
    same = {"provider": "entra", "tenant": "contoso", "issuer": TENANT}
    mine = {"user_id": graph.ada}
    return {
        "user": Credential(kind="entra.user", identifier=graph.ada, subject=ADA, owner=ADA, attributes=mine, **same),
        "sessions": Credential(
            kind="entra.user-sessions", identifier=f"sessions:{graph.ada}", subject=ADA, attributes=mine, **same
        ),
        "refresh": Credential(kind="entra.refresh-token", fingerprint="fp-1", subject=ADA, attributes=mine, **same),
        "device": Credential(
            kind="entra.device", identifier="o-1", subject="LAPTOP-1", attributes={"device_id": "D-1"}, **same
        ),
        "secret": Credential(kind="entra.client-secret", identifier="applications/o-2/k-1", subject="app-1", **same),
    }


def answers(desk: Desk, graph: Any, *readings: Any) -> dict[str, str]:
    return {name: desk.judge(c, *readings).answer for name, c in held(graph).items()}


def test_every_request_is_of_graphs_model_with_the_permission_that_the_row_declares(desk, graph):
    for n in range(5):
        graph.signed_in(graph.ada, f"2026-11-23T10:0{n}:00Z")
    one, two = (desk.read(s.id) for s in RECORDS)
    assert (one.problem, two.problem, one.events) == ("", "", 5)
    asked = [(m, p, q) for m, p, q, _ in graph.seen if p.startswith("/auditLogs")]
    assert all(breaches(m, p, q, None) == [] for m, p, q in asked)
    assert {p for _, p, _ in asked} == {"/auditLogs/signIns", "/auditLogs/directoryAudits"}
    assert all(q["$top"] == "1000" for _, _, q in asked)
    for check in (_activity.check_sign_ins, _activity.check_audits):
        check(desk.client)


def test_a_sign_in_is_a_use_of_the_user_and_the_sessions_and_of_no_single_token(desk, graph):
    graph.signed_in(graph.ada, "2026-11-23T10:05:00.1234567Z", device="d-1", userAgent="Mozilla/5.0")
    reading = desk.read("sign-ins")
    assert answers(desk, graph, reading) == {
        "user": "yes", "sessions": "yes", "refresh": "unknown", "device": "yes", "secret": "unknown",
    }  # fmt: skip
    told = desk.judge(held(graph)["refresh"], reading).source
    assert "1 of its holder" in told
    assert "names the person, not the token" in told
    (line,) = map(json.loads, desk.lines(reading))
    assert (line["at"], line["who"], line["ip"], line["key"]) == ("2026-11-23T10:05:00Z", ADA, "198.51.100.7", "d-1")


@pytest.mark.parametrize("code", [50126, 50053, True, None, "0"])
def test_a_refused_sign_in_is_no_use(desk, graph, code):
    graph.signed_in(graph.ada, "2026-11-23T10:05:00Z", code=code, device="d-1")
    assert set(answers(desk, graph, desk.read("sign-ins")).values()) == {"unknown"}


def test_no_entry_proves_nothing_since_what_runs_in_the_background_is_not_there(desk, graph):
    readings = [desk.read(s.id) for s in RECORDS]
    assert set(answers(desk, graph, *readings).values()) == {"unknown"}
    told = desk.judge(held(graph)["user"], *readings).source
    assert "Graph's beta only" in told
    assert all(t.unseen for s in RECORDS for t in s.traces.values()), "Graph v1.0 proves no absence"


def test_what_somebody_or_an_application_changed_is_told(desk, graph):
    graph.audited("Update user", "2026-11-23T10:05:00Z", user=graph.ada)
    graph.audited("Add service principal credentials", "2026-11-23T10:06:00Z", app="app-1")
    graph.audited("Update user", "2026-11-23T10:06:00Z", user=graph.user("bob@contoso.example"))
    reading = desk.read("directory-audits")
    assert reading.events == 2
    assert answers(desk, graph, reading)["user"] == "yes"
    told = desk.judge(held(graph)["secret"], reading)
    assert (told.answer, "names the application, not the secret" in told.source, "1 of its holder" in told.source) == (
        "unknown",
        True,
        True,
    )


def test_a_licence_or_a_right_that_is_missing_is_a_gap_and_unknown(desk, graph):
    graph.granted = {"User.Read.All"}
    reading = desk.read("sign-ins")
    assert (f"user {graph.ada}" in reading.problem, reading.until, reading.events) == (True, "", 0)
    assert set(answers(desk, graph, reading).values()) == {"unknown"}


def test_a_throttled_page_is_asked_again_and_one_that_stays_so_is_a_gap(desk, graph):
    for n in range(3):
        graph.signed_in(graph.ada, f"2026-11-23T10:0{n}:00Z")
    graph.throttle = [("signIns", 2)]
    assert desk.read("sign-ins").problem == ""
    graph.throttle = [("signIns", 1)] * 50
    assert "sign-ins" in (reading := desk.read("sign-ins")).source
    assert (bool(reading.problem), reading.until) == (True, "")


def test_seven_days_are_kept_for_sure(desk, graph):
    lost = "2026-11-10T10:00:00Z"
    graph.signed_in(graph.ada, "2026-11-12T10:00:00Z")
    reading = desk.read("sign-ins", lost)
    assert (reading.since, "kept for 7 days" in reading.problem) == ("2026-11-16T12:00:00Z", True)
    assert desk.judge(held(graph)["user"], reading, lost=lost).answer == "yes", (
        "what a longer licence still shows counts"
    )


def test_a_user_that_only_the_configuration_names_is_looked_up(desk, graph):
    desk.credentials = ()
    graph.signed_in(graph.ada, "2026-11-23T10:05:00Z")
    assert desk.read("sign-ins").events == 1
    desk.names = ("nobody@contoso.example",)
    assert "nothing of this case is known there" in desk.read("sign-ins").problem


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": "x"},
        {"id": "x", "createdDateTime": "yesterday"},
        {"createdDateTime": LOST},
        {"id": "x", "createdDateTime": LOST, "status": "odd"},
    ],
)
def test_an_entry_of_another_shape_is_no_use_and_no_crash(row):
    seen = _activity.sign_in(row)
    assert seen is None or not seen.marks
    assert _activity.audit({**row, "initiatedBy": "odd"}) is None


def test_an_entry_that_cannot_be_read_is_no_whole_record():
    told = SimpleNamespace(provider_time="2026-11-23T12:00:00Z")
    good = {"id": "x", "createdDateTime": LOST, "status": {"errorCode": 0}, "userId": "u"}
    seen = list(_activity._read(None, "/x", "", "user u", _activity.sign_in, lambda _: ([good, {}], told)))
    assert [getattr(s, "problem", "") for s in seen] == ["", "an entry without an id or a time"]
