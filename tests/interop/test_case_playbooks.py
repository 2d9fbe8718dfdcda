"""A compromised workstation and a leaver, over real counterparts: nothing is sent before the gate or the hour, everything after it.

What "nothing" means is asked of the counterparts: IAM's users, keys and policies, OpenBao's accessors and entities, and its own log.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.counterparts import require
from tests.interop.ca_world import OpensslCa, nginx, status
from tests.interop.line_world import ADA, LineWorld, line_world

BOB = "bob@example.com"
TOOL = """import json, sys
open({log!r}, "a").write(json.dumps([sys.argv[1:], sys.stdin.read()]) + "\\n")
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    base = tmp_path_factory.mktemp("case")
    (base / "ca").mkdir()
    require("openssl")
    with nginx(OpensslCa(base / "ca")) as ca, line_world(base, ca) as w:
        w.aws.make_user("bob")
        w.keys["bob"] = w.aws.make_key("bob")
        w.secrets.add(w.keys["bob"][1])
        (base / "notify.py").write_text(TOOL.format(log=str(base / "notified")))
        tool = json.dumps([sys.executable, str(base / "notify.py"), "--about={workstation}", "{run}"])
        w.config.write_text(
            w.config.read_text()
            + f'\n[person."{BOB}"]\naws = ["bob"]\nvault = ["bob"]\n\n[case.notify]\ncommand = {tool}\n'
        )
        shutil.copytree(w.home, base / "image", symlinks=True)
        yield w


def held(world: LineWorld) -> tuple:
    """Return what IAM and OpenBao hold, as their administrators see it."""
    iam = world.aws.client("iam", *world.aws.root)
    users = sorted(u["UserName"] for u in iam.list_users()["Users"])
    keys = [
        (k["AccessKeyId"], k["Status"]) for u in users for k in iam.list_access_keys(UserName=u)["AccessKeyMetadata"]
    ]
    policies = [(u, iam.list_user_policies(UserName=u)["PolicyNames"]) for u in users]
    accessors = sorted(world.bao.ask("LIST", "auth/token/accessors")[1]["data"]["keys"])
    ids = sorted(world.bao.ask("LIST", "identity/entity/id")[1]["data"]["keys"])
    entities = [(i, world.bao.ask("GET", f"identity/entity/id/{i}")[1]["data"]["disabled"]) for i in ids]
    return keys, policies, accessors, entities, (world.ca.d / "ca.crl").read_bytes()


def run_of(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.stdout.startswith("{"), done.stderr
    return json.loads(done.stdout)


def task(run: dict, verb: str) -> dict:
    return next(s for s in run["case_steps"] if s["verb"] == verb)


def attest(world: LineWorld, run: dict, step: str) -> subprocess.CompletedProcess[str]:
    return world.rescind("task", "done", run["run"], step, "--by", "eve", "--evidence", "ticket SOC-7")


@pytest.fixture(scope="module")
def compromised(world):
    """What held before, the resting run, and what held while it rested, although it was resumed in vain."""
    before, plan = held(world), str(world.base / "plan.json")
    about = ("--target", str(world.base / "image"), "--workstation", "ada-laptop", "--person", ADA)
    made = world.rescind("plan", "compromised-workstation", *about, "-o", plan)
    rests = world.rescind("apply", plan, "--yes", "--json")
    first = run_of(rests)
    vain = world.rescind("resume", first["run"], "--json")
    return before, made, rests, first, vain, held(world)


def test_before_the_isolation_nothing_is_sent(world, compromised):
    before, made, rests, first, vain, while_resting = compromised
    assert "not before the machine is isolated" in " ".join(made.stdout.split())
    assert (rests.returncode, vain.returncode) == (4, 4), rests.stderr
    assert first["status"] == run_of(vain)["status"] == "waiting"
    assert first["first_line"].startswith("waiting for isolation")
    assert before == while_resting
    assert all(world.aws.works(*world.keys[k]) for k in ("ada", "hidden", "grace", "bob"))
    assert all(world.bao.works(world.keys[t]) for t in ("token", "other_token", "bob_token"))
    assert status(world.ca, "alice") == 200
    assert {s.method for s in world.bao_proxy.seen} <= {"GET", "LIST", "POST"}
    writes = [s.path for s in world.bao_proxy.seen if s.method == "POST" and "lookup" not in s.path]
    assert writes == []


@pytest.fixture(scope="module")
def ended(world, compromised):
    first = compromised[3]
    said = attest(world, first, task(first, "isolate")["id"])
    assert said.returncode == 0, said.stderr
    assert f"rescind resume {first['run']}" in said.stdout
    return world.rescind("resume", first["run"], "--json")


def test_after_the_attestation_everything_of_hers_is_ended_and_nobody_elses(world, ended):
    run, k = run_of(ended), world.keys
    assert run["status"] == "ended", ended.stderr
    assert not world.aws.works(*k["ada"])
    assert not world.aws.works(*k["hidden"])
    assert not world.bao.works(k["token"])
    assert not world.bao.works(k["other_token"])
    assert world.aws.works(*k["grace"])
    assert world.aws.works(*k["responder"])
    assert world.bao.works(k["bob_token"])
    assert status(world.ca, "bob") == 200
    found = {(c["kind"], c["identifier"]): c["end_state"] for c in run["credentials"]}
    assert found["aws.access-key", k["grace"][0]] == "held"
    assert {s for (kind, _), s in found.items() if kind in {"aws.user", "vault.entity"}} == {"contained"}
    assert {s for (kind, _), s in found.items() if kind == "file.secret"} == {"manual"}
    assert k["shop"] in (world.base / "image/project/.env").read_text()


def test_the_case_is_told_apart_from_the_credentials(world, ended):
    run = run_of(ended)
    assert sum(run["counts"].values()) == len(run["credentials"])
    assert (task(run, "isolate")["attested_by"], task(run, "isolate")["closed"]) == ("eve", True)
    assert (task(run, "notify")["end_state"], task(run, "notify")["closed"]) == ("acknowledged", True)
    assert [s["closed"] for s in run["case_steps"] if s["verb"] == "preserve"] == [True, False, False]
    assert "--lost-at" in task(run, "preserve")["reason"], "rescind's own export needs the time of the loss"
    assert [json.loads(line) for line in (world.base / "notified").read_text().splitlines()] == [
        [["--about=ada-laptop", run["run"]], ""]
    ]
    trail = world.base / "trail.jsonl"
    assert world.rescind("audit", "export", "-o", str(trail)).returncode == 0
    checked = world.rescind("audit", "verify", str(trail), "--json")
    assert checked.returncode == 0, checked.stdout
    html = world.base / "report.html"
    assert world.rescind("report", run["run"], "-o", str(html)).returncode == 0
    for text in (trail.read_text(), html.read_text(), ended.stdout, ended.stderr):
        assert not [s for s in world.secrets if s in text]


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_leaver_keeps_access_until_the_hour_even_over_a_kill_and_loses_it_then(world, ended):
    before, moment = held(world), later(20)
    command = [sys.executable, "-m", "rescind", "--config", str(world.config), "--state", str(world.state)]
    command += ["run", "offboard-employee", "--person", BOB, "--at", moment, "--yes", "--wait"]
    with subprocess.Popen(
        command, env=world.env, cwd=world.base, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert any(f"waits until {moment}" in line for line in process.stderr)  # it sleeps now
        os.kill(process.pid, signal.SIGKILL)
    assert held(world) == before
    shown = run_of(world.rescind("status", "--json"))
    assert (shown["status"], shown["waiting_until"], shown["exit_code"]) == ("waiting", moment, 4)
    early = world.rescind("resume", shown["run"])
    if later(0) < moment:  # a machine under load may have taken too long to ask
        assert early.returncode == 3
        assert f"rests until {moment}" in " ".join(early.stderr.split())
    assert world.aws.works(*world.keys["bob"])
    done = world.rescind("resume", shown["run"], "--wait", "--json")
    assert later(1) > moment
    run = run_of(done)
    assert run["status"] == "ended", done.stderr
    assert not world.aws.works(*world.keys["bob"])
    assert not world.bao.works(world.keys["bob_token"])
    assert world.aws.works(*world.keys["grace"])
    first = min(s["at"] for c in run["credentials"] for s in c["steps"])
    assert first >= moment
    intended = [c for c in run["credentials"] if c["as_intended"]]
    assert {(c["kind"], c["end_state"]) for c in intended} == {("aws.user", "contained"), ("vault.entity", "contained")}
    assert run["exit_code"] == 4  # the hand-over is not attested
    assert run["exit_reasons"] == [4, 7, 5]  # nobody looked at a machine; sessions of the key may live on
    assert "the tool was not started: the case has no workstation" in task(run, "notify")["reason"]
    for verb in ("transfer", "notify"):
        assert attest(world, run, task(run, verb)["id"]).returncode == 0
    assert run_of(world.rescind("status", "--json"))["exit_reasons"] == [7, 5]


def test_under_a_legal_hold_nothing_is_deleted_or_erased_whatever_was_planned(world, ended):
    about = ("--person", BOB, "--target", str(world.base / "image"), "-o", str(world.base / "held.json"))
    world.rescind("plan", "offboard-employee", *about)
    assert task(json.loads((world.base / "held.json").read_text()), "hold")["left_out"]
    world.rescind("plan", "offboard-employee", "--hold", *about)
    made = json.loads((world.base / "held.json").read_text())
    assert made["case"]["hold"] is True
    assert task(made, "hold")["left_out"] == ""
    assert not {"delete", "erase-local"} & {s["verb"] for s in made["steps"]}
    kept = world.config.read_text()
    world.rescind("plan", "offboard-employee", *about)
    try:
        world.config.write_text(kept.replace("[org]", f'[org]\nlegal_hold = ["{BOB}"]', 1))
        refused = world.rescind("apply", str(world.base / "held.json"), "--yes")
        assert refused.returncode == 3
        world.rescind("plan", "offboard-employee", *about)
        assert json.loads((world.base / "held.json").read_text())["case"]["hold"] is True
    finally:
        world.config.write_text(kept)


def test_what_a_playbook_needs_is_asked_for(world):
    for book, given, lacks in (
        ("compromised-workstation", ("--person", ADA), "workstation"),
        ("offboard-employee", ("--workstation", "ada-laptop"), "person"),
    ):
        done = world.rescind("plan", book, *given, "-o", str(world.base / "no.json"))
        assert done.returncode == 2
        assert f"needs a {lacks}" in done.stderr
        assert f"give --{lacks}" in done.stderr
