"""What is done for the case as a whole: gates, tasks, the operator's own tools, approvals, legal hold, and what the trail must show."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.audit import ocsf
from rescind.audit.check import check
from rescind.audit.export import export
from rescind.engine import state
from rescind.engine.rests import phases_of
from rescind.engine.runs import result
from rescind.errors import ConfigError, RefusedError, UsageError
from rescind.host.program import KEPT, run_program
from rescind.models.config import Config, Hook, Org
from rescind.models.kind import CaseVerb, Verb
from rescind.models.plan import Barrier, Case, CaseStep
from rescind.pipeline import approvals, barriers, case_plan, case_steps, execute, preview, render, report
from rescind.pipeline.people import People
from rescind.pipeline.plan import release
from rescind.schema import plan as plan_file
from rescind.schema.config import load
from rescind.schema.playbook import parse_playbook
from rescind.schema.policy import policy_digest
from rescind.schema.run import RunShape
from tests.unit.made_up import CREDENTIAL, STEP
from tests.unit.test_html import Page
from tests.unit.test_plan import plan as planned
from tests.unit.test_waits import LATER, Desk

BOOK = """
name: gated
version: 1
title: t
phases:
  - name: stop
    case:
      - {verb: preserve, task: "Save the log of {person}.", done_when: "the archive has a digest"}
      - {verb: isolate, task: "Isolate {workstation}.", owner: soc, done_when: "the console says isolated"}
  - name: revoke
    gate: isolate
    steps: [{select: 'true', verbs: [revoke]}]
  - name: later
    case: [{verb: wipe, task: "Wipe {workstation}.", done_when: "the console says wiped"}]
    steps: [{select: 'true', verbs: [revoke]}]
"""
ADA = Case(person="ada@example.com", workstation="ada-laptop")
GATED = parse_playbook(BOOK, "gated.yaml")


def desk(tmp_path, monkeypatch, *, case=ADA, hooks=None, org=None):
    d = Desk(tmp_path, monkeypatch)
    made = replace(
        d.plan,
        case=case,
        playbook=GATED.source,
        barriers=barriers.of(GATED, case),
        case_steps=case_plan.case_steps(GATED, case, hooks or {}),
    )
    d.plan = replace(made, digest=plan_file.digest_of(made))
    d.session = replace(d.session, config=Config(missing=True, hooks=hooks or {}, org=org or Org()))
    return d


def of(done, verb):
    return next(s for s in done.case_steps if s.verb == verb)


def attest(d, run, verb="isolate"):
    step = next(s for s in d.plan.case_steps if s.verb == verb)
    d.log.append(
        "task-done",
        run=run,
        step=step.id,
        data={"attested_by": "eve", "attested_at": "2026-11-23T12:30:00Z", "evidence": "ticket 7"},
    )


def verdict(d, tmp_path):
    export(d.log, tmp_path / "trail.jsonl")
    return check(tmp_path / "trail.jsonl")


def tool(tmp_path, code=0, prints="", sleeps=0.0):
    """The operator's tool: it writes down how it was called."""
    program = tmp_path / "tool.py"
    program.write_text(
        "import json, sys, time\n"
        f"open({str(tmp_path / 'called')!r}, 'a').write(json.dumps([sys.argv[1:], sys.stdin.read()]) + '\\n')\n"
        f"print({prints!r}); sys.stdout.flush(); time.sleep({sleeps}); sys.exit({code})\n"
    )
    return (sys.executable, str(program))


def called(tmp_path):
    file = tmp_path / "called"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_nothing_is_sent_before_the_isolation_was_attested(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch)
    rests = d.new()
    assert (rests.status, d.provider.calls, report.exit_code(rests)) == ("waiting", [], 4)
    trail = verdict(d, tmp_path)
    assert (trail.integrity, trail.completeness, trail.open_runs) == ("ok", "open", (rests.run,))
    assert report.line_one(rests).startswith("waiting for isolation")
    told = " ".join(render.text(rests).split())
    assert "malware can wipe a home when its token dies" in told
    assert "→ Isolate ada-laptop. Done when: the console says isolated" in told
    assert f"rescind task done {rests.run} ID" in told
    attest(d, rests.run, "preserve")
    assert (d.again(rests.run).status, d.provider.calls) == ("waiting", [])
    attest(d, rests.run)
    done = d.again(rests.run)
    assert (done.status, d.sent()) == ("ended", 2)
    assert of(done, "isolate").closed
    assert (of(done, "isolate").attested_by, of(done, "isolate").end_state) == ("eve", "manual")
    assert (of(done, "wipe").end_state, of(done, "wipe").closed) == ("held", False)
    assert report.exit_code(done) == 4  # the wipe waits for an approval
    assert verdict(d, tmp_path).completeness == "complete"


def test_a_gate_holds_up_every_later_phase_too(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch)
    alone = replace(d.plan, steps=(LATER,))
    assert [(p.name, p.waits) for p in phases_of(alone)] == [("stop", False), ("later", True)]
    assert barriers.gates(d.plan, "revoke.2/sweep-1") == ["isolate"]
    assert barriers.gates(d.plan, "stop") == []
    assert barriers.gates(d.plan, "undo-revoke") == []


def test_a_reason_not_to_isolate_stands_in_the_first_lines_and_opens_the_gate(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch, case=replace(ADA, not_isolated="it burned"))
    assert "NOT ISOLATED, on purpose: it burned" in preview.text(d.plan).splitlines()[2]
    done = d.new()
    assert (done.status, d.sent(), of(done, "isolate").end_state) == ("ended", 2, "skipped")
    assert "NOT ISOLATED, on purpose: it burned" in render.text(done).splitlines()[2]
    assert "**Not isolated, on purpose: it burned**" in render.markdown(done).splitlines()[:6]
    assert report.to_json(done)["not_isolated"] == "it burned"
    without = replace(d.plan, case=ADA)
    assert plan_file.digest_of(without) != d.plan.digest
    with pytest.raises(UsageError, match="waits for no isolation"):
        case_plan.check_gate(replace(GATED, phases=GATED.phases[:1]), d.plan.case)


def test_the_operators_tool_is_asked_once_and_its_word_is_no_proof(tmp_path, monkeypatch):
    hook = Hook(
        command=(
            *tool(tmp_path, prints="isolated\x1b[2J ghp_" + "a1" * 18),
            "--host={workstation}",
            "{person}",
            "{run}",
        )
    )
    d = desk(tmp_path, monkeypatch, hooks={"isolate": hook})
    done = d.new()
    seen = of(done, "isolate")
    assert (done.status, d.sent(), seen.end_state, seen.closed) == ("ended", 2, "acknowledged", True)
    assert called(tmp_path) == [[["--host=ada-laptop", "ada@example.com", done.run], ""]]
    assert "which is no proof, and said: isolated" in seen.reason
    trail = b"".join(e.raw for e in d.log.entries(run=done.run))
    assert b"a1a1a1" not in trail
    assert b"\\u001b" not in trail
    assert sum(done.counts.values()) == len(done.credentials) == 2
    assert [e.type for e in d.log.entries(run=done.run, step=seen.id)] == ["intent", "outcome"]
    assert verdict(d, tmp_path).completeness == "complete"


@pytest.mark.parametrize(
    ("code", "sleeps", "state", "why"),
    [(3, 0, "failed", "the tool ended with 3"), (0, 30, "unknown", "did not end within 0.5 s")],
)
def test_a_tool_that_fails_or_hangs_opens_no_gate_and_leaves_the_task_to_a_person(
    tmp_path, monkeypatch, code, sleeps, state, why
):
    hook = Hook(command=tool(tmp_path, code, sleeps=sleeps), seconds=0.5)
    d = desk(tmp_path, monkeypatch, hooks={"isolate": hook})
    rests = d.new()
    assert (rests.status, d.provider.calls) == ("waiting", [])
    assert of(rests, "isolate").end_state == state
    assert why in of(rests, "isolate").reason
    d.again(rests.run)
    assert len(called(tmp_path)) == 1
    attest(d, rests.run)
    assert (d.again(rests.run).status, d.sent()) == ("ended", 2)
    assert verdict(d, tmp_path).completeness == "complete"


def test_a_tool_of_unknown_fate_is_not_started_a_second_time(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch, hooks={"isolate": Hook(command=tool(tmp_path))})
    step = next(s for s in d.plan.case_steps if s.verb == "isolate")
    monkeypatch.setattr("rescind.engine.start.new_run_id", lambda _: "r")
    d.log.append("intent", run="r", step=step.id, data={"verb": "isolate"})
    rests = d.new()
    assert (rests.status, of(rests, "isolate").end_state, called(tmp_path)) == ("waiting", "unknown", [])
    assert "it is not started again" in of(rests, "isolate").reason


@pytest.mark.parametrize(
    "name", ["--delete-all", "-x", "@/etc/passwd", "a\nb", "a\x00b", "", "a\u202eb", "x" * 300, "/etc/passwd"]
)
def test_a_hostile_name_never_reaches_the_tool(tmp_path, name):
    hook = Hook(command=("tool", "{workstation}"))
    command, unfit = case_steps.arguments(hook, {"workstation": name, "person": "ada@example.com", "run": "r"})
    assert command == []
    assert unfit


@pytest.mark.parametrize("name", ["$(reboot)", "`id`", "a; rm -rf /", "{run}", "a b", "{person}{0}", "%s", "a'b\"c"])
def test_a_name_is_one_argument_whatever_a_shell_would_make_of_it(tmp_path, monkeypatch, name):
    hook = Hook(command=(*tool(tmp_path), "{workstation}", "x={workstation}"))
    d = desk(tmp_path, monkeypatch, case=replace(ADA, workstation=name), hooks={"isolate": hook})
    step = next(s for s in d.plan.case_steps if s.verb == "isolate")
    ctx = case_steps.CaseContext(run="r", case=d.plan.case, log=d.log, hooks=d.session.config.hooks)
    assert case_steps.carry_out(step, ctx) == "acknowledged"
    assert called(tmp_path) == [[[name, f"x={name}"], ""]]


def test_a_tool_that_is_not_there_fails(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch, hooks={"isolate": Hook(command=("/nonexistent/tool",))})
    seen = of(d.new(), "isolate")
    assert (seen.end_state, "could not be started" in seen.reason) == ("failed", True)


def test_what_cannot_be_taken_back_waits_for_an_approval_by_its_id(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch)
    wipe = next(s for s in d.plan.case_steps if s.verb == "wipe")
    assert wipe.held
    assert wipe.id not in [i for p in phases_of(d.plan) for lane in p.lanes.values() for i in lane]
    released = release(d.plan, frozenset({wipe.id}))
    assert wipe.id in [i for p in phases_of(released) for lane in p.lanes.values() for i in lane]
    assert f"{wipe.id}  wipe" in preview.text(d.plan)
    monkeypatch.setattr("rescind.host.sshsig.sign", lambda *_: "signature")
    how = {"by": "eve", "lifetime": timedelta(hours=1), "now": d.clock.now(), "key": tmp_path}
    assert wipe.id in approvals.make(d.plan, [wipe.id], **how)
    with pytest.raises(UsageError, match="is not held"):
        approvals.make(d.plan, ["case-0000"], **how)


def test_a_legal_hold_forbids_the_wipe_in_the_plan_at_the_gate_and_at_the_step(tmp_path, monkeypatch):
    held = case_plan.case_steps(GATED, replace(ADA, hold=True), {})
    assert [bool(s.left_out) for s in held] == [False, False, True]
    d = desk(tmp_path, monkeypatch)
    with pytest.raises(RefusedError, match="legal hold") as caught:
        case_plan.check_hold(d.plan, hold=True)
    assert caught.value.exit_code == 3
    case_plan.check_hold(d.plan, hold=False)
    wipe = release(d.plan, frozenset(s.id for s in d.plan.case_steps)).case_steps[2]
    ctx = case_steps.CaseContext(run="r", case=ADA, log=d.log, hooks={"wipe": Hook(command=tool(tmp_path))}, hold=True)
    assert case_steps.carry_out(replace(wipe, hook=True), ctx) == "held"
    assert called(tmp_path) == []


def test_a_hold_step_is_for_a_case_under_hold():
    book = parse_playbook(BOOK.replace("verb: preserve", "verb: hold"), "p")
    assert case_plan.case_steps(book, ADA, {})[0].left_out
    assert not case_plan.case_steps(book, replace(ADA, hold=True), {})[0].left_out


def test_a_plan_for_somebody_under_legal_hold_is_made_under_hold():
    made = planned(playbook=GATED, case=replace(ADA, hold=True))
    assert [s.verb for s in made.case_steps if s.left_out] == [CaseVerb.WIPE]
    again = plan_file.from_json(plan_file.to_json(made))
    assert again.case_steps == made.case_steps
    assert again.barriers == (Barrier(phase="revoke", gate="isolate"),)


def test_the_trail_is_incomplete_without_the_task_or_the_outcome(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch)
    steps = [s.id for s in d.plan.case_steps if not s.held]
    d.log.append("run-started", run="r", data={"steps": [], "case_steps": steps})
    d.log.append("run-waiting", run="r", data={})
    d.log.append("task-opened", run="r", step=steps[0], data={})
    d.log.append("run-ended", run="r", data={})
    found = verdict(d, tmp_path)
    assert found.completeness == "incomplete"
    assert found.problems == (f"run r: step {steps[1]}: planned for the case, no outcome and no task",)


def test_every_view_shows_the_steps_for_the_case_and_no_count_does(tmp_path, monkeypatch):
    from rescind.pipeline.html import html

    hostile = replace(ADA, workstation="<script>alert(1)</script>")
    d = desk(tmp_path, monkeypatch, case=hostile)
    done = d.new()
    told = report.to_json(done)
    RunShape.model_validate_json(json.dumps(told))
    assert [s["verb"] for s in told["case_steps"]] == ["preserve", "isolate", "wipe"]
    assert sum(told["counts"].values()) == len(told["credentials"])
    page = html(done, plans=[d.plan], now=d.clock.now())
    assert "For the case" in page
    assert "<script>alert" not in page
    Page(page)
    assert "## For the case" in render.markdown(done)
    assert "<script>" not in render.markdown(done)
    assert report.open_tasks(done) >= 3
    assert state.load_run(d.dir, done.run)[1]["status"] == "waiting"
    assert result(d.dir, d.log, done.run, d.clock).waiting_until == ""


def test_an_id_follows_from_what_is_to_be_done():
    a = CaseStep(phase="p", verb=CaseVerb.NOTIFY, task="t", owner="o", done_when="d")
    assert a.id == replace(a, held=True, owner="x").id != replace(a, task="u").id
    assert case_steps.is_case(a.id)
    assert not case_steps.is_case(STEP.id)
    assert CREDENTIAL.id


BAD_TOOLS = {
    'command = "isolate"': "at case.isolate.command: found text of 7 characters; allowed: a list",
    "command = []": "at case.isolate.command: found a list; allowed: at least 1 entry",
    'command = ["bin/isolate"]': "allowed: first a program: a name on PATH or an absolute path, without placeholders",
    'command = ["{workstation}"]': "allowed: first a program: a name on PATH or an absolute path, without placeholders",
    'command = ["/bin/sh", "-c", "isolate {workstation}"]': "a program that is no shell",
    'command = ["cmd.exe", "/c", "isolate", "{workstation}"]': "a program that is no shell",
    'command = ["isolate", "{host}"]': "allowed: no placeholders but {workstation}, {person}, {run}",
    'command = ["isolate", "{run"]': "allowed: no placeholders but {workstation}, {person}, {run}",
    'command = ["isolate"]\ntimeout_seconds = 0': "allowed: more than 0",
    'command = ["isolate"]\nshell = true': "found the unknown key 'shell'; allowed: command, timeout_seconds",
}


@pytest.mark.parametrize("text", BAD_TOOLS)
def test_a_tool_that_cannot_be_meant_is_refused_with_its_line(tmp_path, text):
    path = tmp_path / "rescind.toml"
    path.write_text(f"[case.isolate]\n{text}\n")
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert f"{path}:" in str(caught.value)
    assert BAD_TOOLS[text] in str(caught.value)


def test_a_tool_is_part_of_the_policy_that_a_plan_is_bound_to(tmp_path):
    digests = set()
    for text in (
        "",
        '[case.isolate]\ncommand = ["a"]',
        '[case.isolate]\ncommand = ["b"]',
        '[org]\nlegal_hold = ["Ada@example.com"]',
    ):
        path = tmp_path / "rescind.toml"
        path.write_text(text)
        path.chmod(0o600)
        digests.add(policy_digest(load(path)))
        held = case_plan.on_hold(load(path), "ada@example.com")
        assert held is ("legal_hold" in text)
    assert len(digests) == 4


@given(st.text(), st.text(), st.text())
def test_whatever_a_case_is_called_an_argument_stays_one_argument_and_is_filled_once(workstation, person, run):
    values = {"workstation": workstation, "person": person, "run": run}
    command, unfit = case_steps.arguments(Hook(command=("t", "{workstation}", "--p={person}", "{run}")), values)
    assert bool(command) is not bool(unfit)
    if command:
        assert command == ["t", workstation, f"--p={person}", run]
        assert not any(v.startswith(("-", "@")) or "\n" in v or "\x00" in v for v in values.values())


def test_only_the_beginning_of_what_a_tool_prints_is_kept(tmp_path):
    loud = run_program((sys.executable, "-c", "print('x ' * 3_000_000)"), 30.0)
    assert (loud.code, len(loud.said)) == (0, KEPT)
    silent = run_program((sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"), 30.0)
    assert (silent.code, silent.said) == (0, "")


@pytest.mark.parametrize("verb", [Verb.DELETE, Verb.ERASE_LOCAL])
def test_a_hold_that_was_laid_while_the_run_rested_stops_the_step(tmp_path, monkeypatch, verb):
    d = Desk(tmp_path, monkeypatch)
    ctx = execute.Context(run="r", tenants=d.tenants, people=People(), log=d.log, clock=d.clock, hold=True)
    receipt = execute.act(replace(STEP, verb=verb), CREDENTIAL, ctx)
    assert (receipt.end_state, d.provider.calls) == ("held", [])
    assert "legal hold" in receipt.evidence


def test_the_hour_also_holds_up_the_sweeps_of_a_run_that_has_nothing_to_do_yet(tmp_path, monkeypatch):
    d = Desk(tmp_path, monkeypatch, case=replace(ADA, at="2026-11-23T15:00:00Z"))
    d.plan = replace(d.plan, steps=(), credentials=(), sweep_rounds=1)
    assert [(p.name, p.waits, dict(p.lanes)) for p in phases_of(d.plan)] == [("hour", True, {})]
    d.plan = replace(d.plan, digest=plan_file.digest_of(d.plan))
    assert d.new().status == "waiting"
    assert [e.type for e in d.log.entries()] == ["run-started", "run-waiting", "head"]


def test_a_siem_gets_the_steps_for_the_case_too(tmp_path, monkeypatch):
    d = desk(tmp_path, monkeypatch, hooks={"isolate": Hook(command=tool(tmp_path))})
    done = d.new()
    told = [e for e in ocsf.to_ocsf(d.log.entries(run=done.run)) if e["entity"]["type"] == "case"]
    assert [e["activity_name"] for e in told] == ["isolate", "isolate"]
    assert told[-1]["status"] == "acknowledged"
