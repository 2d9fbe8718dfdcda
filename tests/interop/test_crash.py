"""`kill -9` at every boundary of a real run of 30 credentials, then resume: a real OpenBao counts what was done to it.

Half of the credentials are service tokens (revoking is idempotent), half are a made-up kind whose action is not: a write to the
versioned KV engine, whose version number counts the calls. Default: a sample of the boundaries; RESCIND_CRASH=all: every one.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.forkserver import run_killed
from tests.interop.bao_world import Bao, start

TOKENS = VERSIONED = 15
RUN = "crash"


class Quick:
    """The system's clock, on which sleeping takes no time but counts."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self):
        from rescind.models.clock import SystemClock

        return SystemClock().now()

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += max(seconds, 0.0)
        time.sleep(min(seconds, 0.001))


def regenerate(client, c):
    """Not idempotent: every call makes a version."""
    from rescind.models.kind import CallResult, CallStatus
    from rescind.wire.http import raise_for

    answer = client.http.send("POST", f"/v1/secret/data/{c.identifier}", json={"data": {"value": "new"}})
    raise_for(answer, what="regenerating")
    return CallResult(status=CallStatus.DONE)


def versions(client, c):
    """The old value is dead when the current version is not the first."""
    from rescind.models.kind import Liveness, Observation
    from rescind.wire.http import raise_for

    answer = client.http.send("GET", f"/v1/secret/metadata/{c.identifier}")
    raise_for(answer, what="reading versions")
    current = answer.json["data"]["current_version"]
    return Observation(liveness=Liveness.DEAD if current > 1 else Liveness.LIVE, evidence=f"version {current}")


def play(folder: str, url: str) -> str:
    """Start or resume the run; this is what gets killed. Everything is read from `folder`, as a new process would."""
    from rescind import catalogue
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.engine import execute
    from rescind.engine.runs import CaseWork, result
    from rescind.models.kind import Act, Kind, Verb
    from rescind.models.tenant import SecretRef, Tenant
    from rescind.pipeline import report
    from rescind.pipeline.people import People
    from rescind.pipeline.tenants import Tenants
    from rescind.schema.playbook import load_playbook
    from rescind.secret import Secret

    made_up = Kind(
        id="vault.versioned", title="made up", provider="vault", reference="https://example.com", since="0", tested=("OpenBao",), verify=versions,
        actions={Verb.INVALIDATE: Act(call=regenerate, reversible=False, idempotent=False, permissions=("x",))},
    )  # fmt: skip
    rows = {**catalogue.kinds(), made_up.id: made_up}
    catalogue.kinds = lambda: rows
    state, clock = Path(folder), Quick()
    tenant = Tenant(
        name="bao", provider="vault", settings={"base_url": url}, refs={"token": SecretRef(env="-")}, rate=1000
    )
    tenants = Tenants((tenant,), resolve=lambda _: Secret("root"), clock=clock, write=True)
    people = People(person="ada@example.com", mapped={"vault": ("ada",)})
    log = open_log(state / "rescind.db", load_signer(state), clock)
    work = CaseWork(
        state_dir=state,
        tenants=tenants,
        people=people,
        log=log,
        clock=clock,
        playbook=load_playbook("lost-laptop"),
        providers=("vault",),
    )
    execute(RUN, work, state_dir=state)
    done = result(state, log, RUN, clock)
    return json.dumps(report.to_json(done))


def prepare(folder: Path, bao: Bao, tag: str) -> tuple[list[str], list[str]]:
    """Mint the credentials of one trial and store the plan that ends them."""
    from rescind import __version__, catalogue
    from rescind.engine import state
    from rescind.models.credential import Credential, Ownership
    from rescind.models.kind import Verb
    from rescind.models.plan import Case, Plan, Step
    from rescind.schema import plan as plan_file
    from rescind.schema.playbook import load_playbook

    logins = [bao.ask("POST", "auth/userpass/login/ada", {"password": "pw-fake"})[1]["auth"] for _ in range(TOKENS)]
    names = [f"{tag}-{i}" for i in range(VERSIONED)]
    for name in names:
        bao.ask("POST", f"secret/data/{name}", {"data": {"value": "old"}})
    facts = {"provider": "vault", "tenant": "bao", "ownership": Ownership.CASE}
    credentials = [Credential(kind="vault.token", identifier=a["accessor"], owner="ada", **facts) for a in logins]
    credentials += [Credential(kind="vault.versioned", identifier=n, owner="ada", **facts) for n in names]
    verbs = {"vault.token": Verb.REVOKE, "vault.versioned": Verb.INVALIDATE}
    steps = [
        Step(phase="revoke" if i % 2 else "shared", verb=verbs[c.kind], credential=c.id, tenant="bao")
        for i, c in enumerate(credentials)
    ]
    book = load_playbook("lost-laptop")
    plan = Plan(
        created_at="2026-11-23T12:00:00Z", case=Case(person="ada@example.com"), playbook=book.source, credentials=tuple(credentials), candidates=(),
        steps=tuple(sorted(steps, key=lambda s: s.phase)), decisions=(), accepted=(), gaps=(), tenants={"bao": "x"}, principals={},
        catalogue_version=catalogue.version(), tool_version=__version__, sweep_rounds=1,
    )  # fmt: skip
    state.save_run(
        folder, RUN, json.dumps(plan_file.to_json(plan)), {"status": "running", "started_at": "2026-11-23T12:00:00Z"}
    )
    return [a["client_token"] for a in logins], names


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with start(tmp_path_factory.mktemp("bao")) as server:
        server.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        for name in ("ada", "bob"):
            server.ask("POST", f"auth/userpass/users/{name}", {"password": "pw-fake", "token_policies": "default"})
        yield server


@pytest.fixture(scope="module")
def bystander(bao):
    return bao.ask("POST", "auth/userpass/login/bob", {"password": "pw-fake"})[1]["auth"]["client_token"]


def leaks(folder: Path, told: str, secrets: list[str]) -> list[str]:
    """Return which raw values can be found in what a killed process left behind: its files and its last words."""
    left = [f.read_bytes() for f in folder.rglob("*") if f.is_file()] + [told.encode()]
    return [s[:4] for s in secrets if any(s.encode() in blob for blob in left)]


def holds(folder: Path, bao: Bao, bystander: str, tokens: list[str], names: list[str], run: dict) -> None:
    """Nothing lost, nothing done twice, everything told, and the trail complete."""
    from rescind.audit import check
    from rescind.audit.export import export
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer

    assert run["counts"]["dead"] == TOKENS + VERSIONED, run["first_line"]
    assert not any(bao.works(t) for t in tokens)
    counted = {n: bao.ask("GET", f"secret/metadata/{n}")[1]["data"]["current_version"] for n in names}
    assert set(counted.values()) == {2}, counted
    assert bao.works(bystander)
    export(open_log(folder / "rescind.db", load_signer(folder), Quick()), folder / "trail.jsonl")
    verdict = check.check(folder / "trail.jsonl")
    assert (verdict.integrity, verdict.completeness, verdict.problems) == ("ok", "complete", ())


def trial(folder: Path, bao: Bao, bystander: str, tag: str, kill_at: int | None, only=None) -> tuple[str, ...]:
    folder.mkdir()
    tokens, names = prepare(folder, bao, tag)
    first = run_killed(play, [str(folder), bao.url], kill_at=kill_at, only=only)
    last = first
    if first.killed:
        assert leaks(folder, first.stderr, tokens) == []
        last = run_killed(play, [str(folder), bao.url])
    assert last.error == "", last.error
    holds(folder, bao, bystander, tokens, names, json.loads(last.value))
    return first.events


def test_a_run_that_nobody_kills_ends_everything_once(tmp_path, bao, bystander):
    events = trial(tmp_path / "whole", bao, bystander, "whole", None)
    kinds = {e.split(":")[0] for e in events}
    assert kinds == {"append", "commit", "send"}
    assert len(events) > 300


def boundaries(total: int) -> range:
    return range(1, total + 1) if os.environ.get("RESCIND_CRASH") == "all" else range(3, total + 1, max(1, total // 14))


def test_killed_anywhere_and_resumed_nothing_is_lost_or_repeated(tmp_path, bao, bystander):
    total = len(trial(tmp_path / "count", bao, bystander, "count", None))
    tried = 0
    for n in boundaries(total):
        trial(tmp_path / f"k{n}", bao, bystander, f"k{n}", n)
        tried += 1
    print(f"{tried} of {total} boundaries of a run of {TOKENS + VERSIONED} credentials")
    assert tried >= 10


def test_killed_again_and_again_it_still_ends(tmp_path, bao, bystander):
    folder = tmp_path / "again"
    folder.mkdir()
    tokens, names = prepare(folder, bao, "again")
    for _ in range(4):
        outcome = run_killed(play, [str(folder), bao.url], kill_at=70)
        if not outcome.killed:
            break
    last = run_killed(play, [str(folder), bao.url])
    assert last.error == "", last.error
    holds(folder, bao, bystander, tokens, names, json.loads(last.value))
