"""An intruder who is quicker than AWS: what is minted while a dead key is still honoured, or a second after a cut, is found and ended.

S16: IAM honours a deactivated key for 4 seconds, and with it another key is made. S2: a session is minted a second after the cut-off,
and CloudTrail tells of it half a minute later. The server is ours, the clock jumps, and the figures are printed (-s).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rescind.engine.runs import outcomes, plans_of, result
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import EndState
from rescind.pipeline.report import exit_code
from tests.interop.aws_cloud import FakeAws
from tests.interop.aws_line import BOOK, Clock, Run, account

KEYS = """
  - name: keys
    steps:
      - {select: 'credential.kind == "aws.access-key"', verbs: [deactivate], wait: 60s}
"""
SESSIONS = """
  - name: sessions
    steps:
      - {select: 'credential.kind == "aws.role-session"', verbs: [revoke], wait: 60s}
"""


def race(cloud: FakeAws, clock: Clock, honoured: float) -> list[str]:
    """Ada's key, and an intruder who makes another with it as long as AWS lets the key in; returns what was minted."""
    cloud.lag = timedelta(seconds=honoured)
    first, minted = cloud.hold("ada", "AccessKey", "AKIA"), []

    def intrude() -> None:
        dying = cloud.honoured.get(first)
        late = dying and cloud.now() - dying >= timedelta(seconds=honoured - 1)
        if late and not minted and cloud.key_works(first):
            minted.append(cloud.iam_CreateAccessKey({"UserName": "ada"})["AccessKey"]["AccessKeyId"])

    clock.intruder = intrude
    return minted


def test_s16_a_key_minted_while_the_dead_one_was_honoured_is_found_and_ended(tmp_path: Path) -> None:
    clock = Clock()
    with account(clock) as (cloud, url):
        minted = race(cloud, clock, 4.0)
        book = BOOK.format(kinds="aws.access-key", after="[10s, 60s]", phases=KEYS)
        run = Run(cloud, url, tmp_path, clock, book)
        done = run.all()
        assert minted, "the intruder was quick enough"
        states = {c.identifier: c.end_state for c in done.credentials}
        assert states.keys() == {*cloud.users["ada"].held["AccessKey"]}
        assert set(states.values()) == {EndState.RESIDUAL}
        clock.sleep(4)
        assert not [k for k in states if cloud.key_works(k)], "AWS itself lets none of them in"
    cuts = [parse_rfc3339(o.cut_at) for o in outcomes(run.log, "r").values()]
    ended = (max(cuts) - min(cuts)).total_seconds()
    print(f"S16: minted {len(minted)}, the last cut {ended:.0f} s after the first, rounds {run.rounds}")
    assert [steps for _, steps in run.rounds] == [1, 0]
    assert run.rounds[-1][0] - (max(cuts) - datetime(2026, 11, 24, 12, tzinfo=UTC)).total_seconds() >= 59


def test_s16_without_the_wait_a_slow_iam_would_have_been_missed(tmp_path: Path) -> None:
    """The control: the same intruder, an IAM that honours for 40 s, and rounds that look at once: two keys are left alive."""
    results = {}
    for after in ("[]", "[10s, 60s]"):
        clock = Clock()
        folder = tmp_path / after
        folder.mkdir()
        with account(clock) as (cloud, url):
            minted = race(cloud, clock, 40.0)
            run = Run(cloud, url, folder, clock, BOOK.format(kinds="aws.access-key", after=after, phases=KEYS))
            run.all()
            clock.sleep(80)
            results[after] = [key for key in minted if cloud.key_works(key)]
            assert minted
    print(f"S16: alive without the wait {len(results['[]'])}, with it {len(results['[10s, 60s]'])}")
    assert (len(results["[]"]), len(results["[10s, 60s]"])) == (1, 0)


def test_s2_a_session_minted_a_second_after_the_cut_is_found_and_cut(tmp_path: Path) -> None:
    clock = Clock()
    with account(clock) as (cloud, url):
        cloud.trail_lag = timedelta(seconds=30)
        key = cloud.hold("ada", "AccessKey", "AKIA")
        old = cloud.assume(cloud.as_user("ada", key), "deployers", "ada")
        clock.sleep(45)
        minted: list[str] = []

        def intrude() -> None:
            if cloud.roles["deployers"].policies and not minted and cloud.key_works(key):
                minted.append("pending")
                clock.t += 3  # past the margin of the cut-off: this one is newer
                minted[:] = [cloud.assume(cloud.as_user("ada", key), "deployers", "ada")]

        clock.intruder = intrude
        kinds = "aws.role-session, aws.access-key"
        run = Run(cloud, url, tmp_path, clock, BOOK.format(kinds=kinds, after="[10s, 60s]", phases=SESSIONS + KEYS))
        done = run.all()
        states = {c.identifier: c.end_state for c in done.credentials}
        assert minted and states.keys() == {key, old, *minted}
        assert states[old] is states[minted[0]] is EndState.CONTAINED
        document = json.loads(next(t for n, t in cloud.roles["deployers"].policies.items() if minted[0] in n))
        cut = document["Statement"][-1]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        issued = next(
            e["eventTime"] for e in cloud.events if any(r["ARN"] == minted[0] for r in e.get("resources", []))
        )
        assert parse_rfc3339(issued) < parse_rfc3339(cut)
    print(f"S2: old and re-minted session cut, rounds {run.rounds}")


def test_what_is_minted_after_the_last_sweep_is_found_by_a_later_look_and_held(tmp_path: Path) -> None:
    """Sweeps end a minute after the last cut: the look at a quarter of an hour is `rescind verify`, for which no run has to wait."""
    clock = Clock()
    with account(clock) as (cloud, url):
        first = cloud.hold("ada", "AccessKey", "AKIA")
        run = Run(cloud, url, tmp_path, clock, BOOK.format(kinds="aws.access-key", after="[10s, 60s]", phases=KEYS))
        done = run.all()
        assert {c.identifier for c in done.credentials} == {c.identifier for c in run.verify().credentials} == {first}
        took = clock.t
        clock.sleep(300)
        late = cloud.iam_CreateAccessKey({"UserName": "ada"})["AccessKey"]["AccessKeyId"]
        clock.sleep(900 - 300 - took)
        for _ in range(2):  # the same again changes nothing
            states = {c.identifier: c.end_state for c in run.verify().credentials}
        assert states == {first: EndState.RESIDUAL, late: EndState.HELD}
        assert exit_code(run.verify()) == 4
        assert len(plans_of(tmp_path, "r")[0]) == 2
        run.log.append("run-ended", run="r", data={})
        clock.t += 49 * 3600  # whatever was made of the key has run out: what is new now is the person's new work
        cloud.hold("ada", "AccessKey", "AKIA")
        assert len(run.verify().credentials) == 2
        clock.t -= 49 * 3600
        cloud.rights = set()
        gaps = [g.reason for g in run.verify().gaps]
        assert len(gaps) == 1, gaps
        assert len(run.verify().gaps) == 1
    print(f"15 min: the run took {took:.0f} s, minted at {took + 300:.0f} s, found at 900 s, {states[late]}")


def test_a_chain_of_roles_is_followed_to_its_end_and_each_link_is_cut_alone(tmp_path: Path) -> None:
    clock = Clock()
    with account(clock) as (cloud, url):
        cloud.page = 2
        key = cloud.hold("ada", "AccessKey", "AKIA")
        a = cloud.assume(cloud.as_user("ada", key), "a", "ada")
        b = cloud.assume(cloud.as_role("a", "ada", a), "b", "hop")
        c = cloud.assume(cloud.as_role("b", "hop", b), "c", "hop")
        back = cloud.assume(cloud.as_role("c", "hop", c), "a", "again")
        strangers = cloud.assume(cloud.as_role("b", "bob", cloud.number("ASIA")), "c", "bob")
        kinds = "aws.role-session, aws.access-key"
        run = Run(cloud, url, tmp_path, clock, BOOK.format(kinds=kinds, after="[]", phases=SESSIONS + KEYS))
        done = run.all()
        assert {s.identifier: s.end_state for s in done.credentials} == {
            key: EndState.RESIDUAL, a: EndState.CONTAINED, b: EndState.CONTAINED, c: EndState.CONTAINED, back: EndState.CONTAINED
        }  # fmt: skip
        assert strangers not in {s.identifier for s in done.credentials}
        names = {role: sorted(cloud.roles[role].policies) for role in "abc"}
        assert names == {
            role: sorted(f"RescindRevoke-{k}" for k in keys)
            for role, keys in (("a", (a, back)), ("b", (b,)), ("c", (c,)))
        }
        condition = json.loads(cloud.roles["c"].policies[f"RescindRevoke-{c}"])["Statement"][0]["Condition"]
        assert condition["StringEquals"] == {"aws:userid": f"{cloud.roles['c'].id}:hop"}


def test_no_kind_claims_death_while_a_child_lives(tmp_path: Path) -> None:
    """A registry's token outlives the key that it was made with: the plan says until when, and the key is residual until then at best."""
    clock = Clock()
    with account(clock) as (cloud, url):
        key = cloud.hold("ada", "AccessKey", "AKIA")
        cloud.tell("GetAuthorizationToken", cloud.as_user("ada", key), source="ecr.amazonaws.com")
        kinds = "aws.access-key, aws.ecr-token"
        run = Run(cloud, url, tmp_path, clock, BOOK.format(kinds=kinds, after="[]", phases=KEYS))
        states = {s.kind: s for s in run.all().credentials}
        assert states["aws.ecr-token"].end_state is EndState.IRREVOCABLE
        assert "2026-11-25T00:00:00Z" in states["aws.ecr-token"].reason, "12 hours after it was asked for"
        assert states["aws.access-key"].end_state is EndState.RESIDUAL
        assert (
            "derived from it is irrevocable" in states["aws.access-key"].reason
            or states["aws.access-key"].residual_until
        )
        clock.sleep(12 * 3600)
        later = {c.kind: c.end_state for c in result(tmp_path, run.log, "r", clock).credentials}
        assert later == {"aws.ecr-token": EndState.DEAD, "aws.access-key": EndState.RESIDUAL}
