"""A rotation with every fault on every one of its requests: its user keeps one that works, nothing is minted twice, no end is made up.

The real OpenBao and ministack stand behind the fault server. What is asked afterwards is asked of them directly. Default: a sample;
RESCIND_CRASH=all: every fault on every request, and from every request on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rescind.audit.log import AuditLog, open_log
from rescind.audit.signer import load_signer
from rescind.models.credential import EndState
from rescind.models.kind import Liveness, Verb
from rescind.models.plan import Case, Plan
from rescind.models.run import Receipt
from rescind.pipeline import execute
from rescind.pipeline import session as flow
from rescind.pipeline.rotations import opened
from rescind.schema.playbook import load_playbook
from tests.contract.faults import AFTER, FAULTS, FaultServer, Rule
from tests.contract.test_end_states import JumpClock
from tests.interop import aws_world, bao_world
from tests.interop.rotation_world import (
    PROFILES,
    accessors,
    aws_config,
    bao_config,
    bao_role,
    logs_in,
    private,
    profile,
    secret_id,
    session,
    who,
)

LIMIT = b"""<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>LimitExceeded</Code>
<Message>Cannot exceed quota for AccessKeysPerUser: 2</Message></Error><RequestId>0f0e-fake</RequestId></ErrorResponse>"""


@dataclass
class Bench:
    """One user with one credential in a place, behind a fault server."""

    folder: Path
    server: FaultServer
    place: Path
    mint: str
    living: Callable[[], set[str]]
    works: Callable[[], bool]
    reset: Callable[[], None]
    clock: JumpClock = field(default_factory=JumpClock)
    nth: int = 0
    at: Any = None

    def __post_init__(self) -> None:
        (self.folder / "state").mkdir(mode=0o700)
        self.log: AuditLog = open_log(self.folder / "state/rescind.db", load_signer(self.folder / "state"), self.clock)

    def begin(self) -> tuple[Plan, execute.Context]:
        """Plan a rotation and connect for it, before any fault strikes."""
        self.reset()
        self.clock.sleep(120)  # an earlier scenario may have left the circuit open
        self.clock.rebase()
        self.nth += 1
        s = session(self.folder, clock=self.clock)
        self.at = self.at or flow.tenants(s, Case(), write=True)
        plan = flow.survey(s, load_playbook("rotate-tokens"), Case(), at=self.at)
        assert [step.verb for step in plan.steps][0] is Verb.ROTATE, plan
        ctx = execute.Context(
            run=f"run-{self.nth}", tenants=self.at, people=flow.people(s, plan.case), log=self.log, clock=self.clock,
            rotations=opened(s, plan.case.rotations),
        )  # fmt: skip
        return plan, ctx

    def rotate(self, *rules: Rule) -> tuple[Receipt, Plan, execute.Context, int]:
        """Carry out the step that mints and delivers with faults. Also returns how many requests it made."""
        plan, ctx = self.begin()
        with self.server.faults(*rules) as seen:
            receipt = execute.act(*execute.find(plan, plan.steps[0].id), ctx)
        return receipt, plan, ctx, len(seen)

    def holds(self, receipt: Receipt, plan: Plan, ctx: execute.Context, where: Any) -> None:
        """What must be true however it went: and then the retirement, without faults, does only what it may."""
        told, old = (where, receipt), plan.credentials[0].identifier
        assert self.works(), told
        new = receipt.notes.get("new", "")
        extra = self.living() - {old}
        if new:
            assert (receipt.end_state, receipt.liveness) == (EndState.SKIPPED, Liveness.LIVE), told
            assert extra == {new}, told
        else:
            assert receipt.end_state in {EndState.FAILED, EndState.HELD, EndState.UNKNOWN}, told
            assert old in self.living(), told
            # what could be made and not be ended while nothing answered is never passed over in silence
            assert len(extra) <= 1, told
            assert not extra or receipt.end_state is EndState.UNKNOWN, told
        step = plan.steps[1]
        self.clock.sleep(120)
        retired = execute.act(*execute.find(plan, step.id), ctx)
        assert self.works(), told
        if new:
            assert retired.end_state is EndState.RESIDUAL, (told, retired)
            assert old not in self.living(), told
        else:
            assert retired.end_state is receipt.end_state, (told, retired)
            assert old in self.living(), told


def bao_bench(home: Path) -> Iterator[Bench]:
    with bao_world.start(home / "bao") as bao, FaultServer(bao.url) as server:
        role_id = bao_role(bao, "job")
        place = private(home / "secret-id", "")

        def reset() -> None:
            for accessor in accessors(bao, "job"):
                bao.ask("POST", "auth/approle/role/job/secret-id-accessor/destroy", {"secret_id_accessor": accessor})
            private(place, secret_id(bao, "job")[1])

        bao_config(home, server.url, "job", f'file = "{place}"')
        yield Bench(
            home, server, place, "role/job/secret-id$", lambda: accessors(bao, "job"),
            lambda: logs_in(bao, role_id, place.read_text()), reset,
        )  # fmt: skip


def aws_bench(home: Path) -> Iterator[Bench]:
    aws = aws_world.start()
    try:
        with FaultServer(aws.endpoint) as server:
            aws.make_user("job")
            place, iam = private(home / "credentials", ""), aws.client("iam")

            def keys() -> list[dict[str, str]]:
                return list(iam.list_access_keys(UserName="job")["AccessKeyMetadata"])

            def reset() -> None:
                for row in keys():
                    iam.delete_access_key(UserName="job", AccessKeyId=row["AccessKeyId"])
                key, secret = aws.make_key("job")
                private(place, PROFILES.format(key=key, secret=secret))

            aws_config(home, server.url, aws.account, "job", f'profile_file = "{place}"')
            yield Bench(
                home, server, place, "Action=CreateAccessKey",
                lambda: {r["AccessKeyId"] for r in keys() if r["Status"] == "Active"},
                lambda: who(aws.endpoint, *profile(place)).endswith("/job"), reset,
            )  # fmt: skip
    finally:
        aws.stop()


@pytest.fixture(scope="module", params=[bao_bench, aws_bench], ids=["openbao", "ministack"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("world")
    (home / "bao").mkdir()
    yield from request.param(home)


@pytest.mark.parametrize("fault", FAULTS)
def test_minting_meets_a_fault(bench: Bench, fault: str) -> None:
    """Once: what may have been made is ended and made again, a refusal is not argued with. Always: failed, and nothing is left."""
    for times in (1, -1):
        receipt, plan, ctx, _ = bench.rotate(Rule(fault=fault, path=bench.mint, times=times))
        bench.holds(receipt, plan, ctx, (fault, times))
        if times == -1:
            assert receipt.end_state is EndState.FAILED, receipt
            assert len(bench.living()) == 1, receipt
        if times == 1 and fault in ("429", "500", "503", "reset", *AFTER):
            assert receipt.notes.get("new"), receipt


ALL = os.environ.get("RESCIND_CRASH") == "all"


@pytest.mark.parametrize("fault", FAULTS if ALL else ["403", "after-reset"])
def test_any_one_request_meets_a_fault(bench: Bench, fault: str) -> None:
    receipt, plan, ctx, requests = bench.rotate()
    bench.holds(receipt, plan, ctx, "healthy")
    assert receipt.notes.get("new"), receipt
    for n in range(requests):
        receipt, plan, ctx, _ = bench.rotate(Rule(fault=fault, skip=n, times=1))
        bench.holds(receipt, plan, ctx, (fault, n))


@pytest.mark.parametrize("fault", FAULTS if ALL else ["403", "429", "after-reset", "404"])
def test_nothing_answers_from_some_moment_on(bench: Bench, fault: str) -> None:
    for n in range(12) if ALL else (2, 5):
        receipt, plan, ctx, _ = bench.rotate(Rule(fault=fault, skip=n))
        bench.holds(receipt, plan, ctx, (fault, f"from {n}"))


def test_the_limit_is_met_only_when_the_key_is_made(bench: Bench) -> None:
    if "Access" not in bench.mint:
        pytest.skip("there is no limit")
    rule = Rule(fault="409", path=bench.mint, body=LIMIT, content_type="text/xml")
    receipt, plan, ctx, _ = bench.rotate(rule)
    assert receipt.end_state is EndState.HELD, receipt
    bench.holds(receipt, plan, ctx, "limit")


def test_no_value_is_in_the_trail(bench: Bench) -> None:
    raw = b"\n".join(e.raw for e in bench.log.entries())
    held = bench.place.read_text()
    assert not [w for w in held.split() if len(w) > 30 and w.encode() in raw]
