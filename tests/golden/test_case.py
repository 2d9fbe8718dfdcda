"""What a responder reads when a run waits: for the isolation of a machine, for the hour of a leaver; word for word."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.golden.test_cli import compare
from tests.unit.test_gate import ADA, a_desk

LATER = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT17:00:00Z")


@pytest.fixture
def desk(tmp_path):
    with a_desk(tmp_path) as d:
        yield d


def said(desk, *args):
    """Run a command; the accessor that the provider made up is replaced."""
    done = desk.rescind(*args)
    done.stdout, done.stderr = (re.sub(r"(vault\.token  )\S+", r"\1[ACCESSOR]", t) for t in (done.stdout, done.stderr))
    return args, done


def plan(desk, book, *more):
    return said(desk, "plan", book, "--target", "laptop", "--person", ADA, "-o", "plan.json", *more)


def test_a_run_that_waits_for_the_isolation(desk):
    made = plan(desk, "compromised-workstation", "--workstation", "ada-laptop")
    applied = said(desk, "apply", "plan.json", "--yes")
    assert applied[1].returncode == 4
    assert desk.writes() == []
    compare("case-gate", desk.base, made, applied)
    run = json.loads(desk.rescind("status", "--json").stdout)
    isolate = next(s["id"] for s in run["case_steps"] if s["verb"] == "isolate")
    strange = desk.rescind("task", "done", run["run"], "case-0", "--by", "eve", "--evidence", "x")
    assert (strange.returncode, isolate in strange.stderr) == (2, True)
    done = said(desk, "task", "done", run["run"], isolate, "--by", "eve", "--evidence", "SOC-7")
    compare("case-attested", desk.base, done)
    assert desk.rescind("resume", run["run"]).returncode == 4  # the other tasks are open
    assert not desk.held.lives()
    assert desk.rescind("audit", "verify").returncode == 0


def test_a_run_that_does_not_wait_for_it_says_so_first(desk):
    _, made = plan(
        desk, "compromised-workstation", "--workstation", "ada-laptop", "--not-isolated", "it lies in the sea"
    )
    applied = desk.rescind("apply", "plan.json", "--yes")
    for told in (made.stdout, applied.stdout, desk.rescind("report").stdout):
        assert re.search(
            r"not isolated, on purpose: it lies in the sea", "\n".join(told.splitlines()[:5]), re.IGNORECASE
        )
    assert not desk.held.lives()
    refused = plan(desk, "lost-laptop", "--not-isolated", "why not")
    assert refused[1].returncode == 2
    compare("case-no-gate", desk.base, refused)


def test_a_run_that_waits_for_the_hour(desk):
    plan(desk, "offboard-employee", "--at", LATER)
    applied = said(desk, "apply", "plan.json", "--yes")
    run = json.loads(desk.rescind("status", "--json").stdout)
    early = said(desk, "resume", run["run"])
    assert (applied[1].returncode, early[1].returncode, run["waiting_until"]) == (4, 3, LATER)
    assert desk.writes() == []
    assert desk.held.lives()
    compare("case-hour", desk.base, early)
    passed = plan(desk, "offboard-employee", "--at", "2020-01-01T00:00:00Z")
    assert passed[1].returncode == 2
    compare("case-hour-passed", desk.base, passed)
