"""A plan is the contract: `apply` carries out exactly what was planned, or refuses with exit 3 and says what changed.

Through the command line, each time as a process of its own, against a scripted Vault behind the recording proxy: whatever was
refused sent nothing that writes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rescind.errors import RefusedError
from rescind.models.clock import SystemClock
from rescind.models.tenant import SecretRef
from rescind.pipeline.session import Session, gate
from rescind.schema import plan as plan_file
from rescind.schema.config import load
from rescind.schema.playbook import load_playbook
from rescind.schema.secretref import resolver
from tests.contract.faults import FaultServer, Rule
from tests.contract.test_end_states import listening
from tests.contract.worlds import Held, scripted_vault

ADA = "ada@example.com"
WRITE = "revoke-accessor"


@dataclass
class Desk:
    """A responder's desk: a configuration, a found laptop, a plan for it, and a provider that records what it is sent."""

    base: Path
    server: FaultServer
    held: Held
    make: Callable[[], Held]

    @property
    def config(self) -> Path:
        return self.base / "rescind.toml"

    @property
    def laptop(self) -> Path:
        return self.base / "laptop"

    @property
    def plan(self) -> Path:
        return self.base / "plan.json"

    def rescind(self, *args: str) -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(self.base / "home"), "PATH": os.environ["PATH"], "NO_COLOR": "1", "COLUMNS": "80"}
        command = [
            sys.executable,
            "-m",
            "rescind",
            "-q",
            "--config",
            str(self.config),
            "--state",
            str(self.base / "state"),
            *args,
        ]
        return subprocess.run(
            command,
            env=env,
            cwd=self.base,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def apply(self) -> subprocess.CompletedProcess[str]:
        return self.rescind("apply", str(self.plan), "--yes")

    def writes(self) -> list[str]:
        return [s.path for s in self.server.seen if WRITE in s.path]

    def refused(self, *sentence: str) -> None:
        done = self.apply()
        assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
        told = " ".join(done.stderr.split())
        for part in sentence:
            assert part in told
        assert "Traceback" not in told
        assert self.writes() == []
        assert self.held.lives()
        assert not (self.base / "state" / "rescind.db").exists(), "a run was begun"

    def session(self) -> Session:
        return Session(
            config=load(self.config),
            resolve=resolver(lambda _: None),
            clock=SystemClock(),
            state_dir=self.base / "state",
        )


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for all that is refused: nothing that is refused changes it."""
    with a_desk(tmp_path_factory.mktemp("desk")) as d:
        yield d


@pytest.fixture
def desk(once: Desk) -> Iterator[Desk]:
    """The desk as it was when the plan was made."""
    files = {p: p.read_bytes() for p in (once.config, once.plan, once.laptop / ".vault-token")}
    once.server.seen.clear()
    yield once
    if (once.base / "away").exists():
        (once.base / "away").rename(once.laptop)
    shutil.rmtree(once.laptop / ".aws", ignore_errors=True)
    for path, data in files.items():
        path.write_bytes(data)


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own, for what is carried out."""
    with a_desk(tmp_path) as d:
        yield d


@contextmanager
def a_desk(tmp_path: Path) -> Iterator[Desk]:
    with listening() as given, scripted_vault(tmp_path) as world, FaultServer(world.target) as server:
        world.connect(server.url)
        operator = given["resolve"](SecretRef(env="token")).reveal()
        held = world.make()
        for name in ("home", "laptop"):
            (tmp_path / name).mkdir()
        (tmp_path / "op.token").write_text(operator)
        (tmp_path / "op.token").chmod(0o600)
        assert held.secret is not None
        (tmp_path / "laptop" / ".vault-token").write_text(held.secret.reveal())
        d = Desk(tmp_path, server, held, world.make)
        d.config.write_text(
            f'[org]\ndomains = ["example.com"]\n\n[person."{ADA}"]\nvault = ["ada"]\n\n'
            f'[tenant.bao]\nprovider = "vault"\nbase_url = "{server.url}"\nrate = 100\ntoken = {{ file = "{tmp_path}/op.token" }}\n'
        )
        d.config.chmod(0o600)
        made = d.rescind("plan", "lost-laptop", "--target", str(d.laptop), "--person", ADA, "-o", str(d.plan))
        assert d.plan.exists(), made.stderr
        assert d.writes() == []
        yield d


def edit(desk: Desk, change: Callable[[dict[str, Any]], Any], *, sign: bool = False) -> None:
    data = json.loads(desk.plan.read_text())
    change(data)
    if sign:  # an editor who knows how the digest is made
        data["digest"] = plan_file.digest_of(plan_file.from_json(data))
    desk.plan.write_text(json.dumps(data))


def test_the_plan_as_it_was_made_is_carried_out(own_desk):
    done = own_desk.apply()
    assert done.returncode in {0, 7}, done.stderr
    assert len(own_desk.writes()) == 1
    assert not own_desk.held.lives()


EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another verb": lambda d: d["steps"][0].update(verb="delete"),
    "a step removed": lambda d: d["steps"].clear(),
    "a longer wait": lambda d: d["steps"][0].update(wait_seconds=1.0),
    "another owner": lambda d: d["credentials"][0].update(owner="grace"),
    "a gap hidden": lambda d: d["gaps"].append({"source": "x", "reason": "y", "path": "", "root": ""}),
    "another person": lambda d: d["case"].update(person="grace@example.com"),
    "another account": lambda d: d["tenants"].update(bao="cluster-2"),
    "another digest": lambda d: d.update(digest="sha256:" + "0" * 64),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_plan_is_refused(desk, what):
    edit(desk, EDITS[what])
    desk.refused("plan.json: the plan was edited after it was made", "rescind plan")


def test_a_plan_of_another_version_is_refused(desk):
    edit(desk, lambda d: d.update(tool_version="0.0.0"), sign=True)
    desk.refused("made by another version of rescind or of its catalogue", "rescind plan")


def test_a_plan_of_another_catalogue_is_refused(desk):
    edit(desk, lambda d: d.update(catalogue_version="catalogue-0000000000000000"), sign=True)
    desk.refused("made by another version of rescind or of its catalogue")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('vault = ["ada"]', 'vault = ["ada", "bob"]'),
        ('domains = ["example.com"]', 'domains = ["example.com"]\nprotected = ["ada"]'),
        ('domains = ["example.com"]', 'domains = ["example.com"]\nmax_credentials = 3'),
        ("rate = 100", "rate = 50"),
        ("[tenant.bao]", "[tenant.other]"),
    ],
)
def test_a_changed_configuration_is_refused(desk, old, new):
    desk.config.write_text(desk.config.read_text().replace(old, new))
    desk.refused("the configuration changed since the plan was made", "rescind plan")


def test_evidence_that_holds_more_than_it_did_is_refused(desk):
    (desk.laptop / ".aws").mkdir()
    (desk.laptop / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id=AKIA234567ABCDEFGHIJ\naws_secret_access_key=" + "f" * 40 + "\n"
    )
    desk.refused("the evidence changed since the plan was made", "rescind plan")


def test_evidence_that_holds_another_value_is_refused(desk):
    other = desk.make().secret
    assert other is not None
    (desk.laptop / ".vault-token").write_text(other.reveal())
    desk.refused("the evidence changed since the plan was made")


def test_evidence_that_is_gone_is_not_taken_for_an_empty_machine(desk):
    desk.laptop.rename(desk.base / "away")
    done = desk.apply()
    assert done.returncode in {2, 3}
    assert desk.writes() == []
    assert desk.held.lives()


def test_a_tenant_that_is_another_account_now_is_refused(desk):
    other = Rule(fault="malformed", path="sys/health", body=b'{"cluster_id":"cluster-2","cluster_name":"x"}')
    with desk.server.faults(other):
        desk.refused("tenant 'bao' is account 'cluster-2' now, the plan was made for 'cluster-1'", "rescind plan")


def test_a_tenant_that_is_not_the_one_the_configuration_names_is_refused(desk):
    desk.config.write_text(desk.config.read_text().replace("rate = 100", 'rate = 100\naccount_id = "cluster-1"'))
    assert desk.rescind(
        "plan", "lost-laptop", "--target", str(desk.laptop), "--person", ADA, "-o", str(desk.plan)
    ).returncode in {0, 7}
    other = Rule(fault="malformed", path="sys/health", body=b'{"cluster_id":"cluster-9","cluster_name":"x"}')
    with desk.server.faults(other):
        desk.refused("tenant 'bao' is account 'cluster-9'", "'cluster-1'")


def test_nobody_is_asked_and_nothing_is_done_without_a_terminal(desk):
    done = desk.rescind("apply", str(desk.plan))
    assert done.returncode == 3
    assert "there is no terminal to confirm on" in done.stderr
    assert "--yes" in done.stderr
    assert desk.writes() == []


def test_the_exit_code_is_the_one_in_the_json(own_desk):
    done = own_desk.rescind("apply", str(own_desk.plan), "--yes", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"]
    assert [c["end_state"] for c in told["credentials"]] == ["dead"]
    later = own_desk.rescind("status", "--json")
    assert later.returncode == json.loads(later.stdout)["exit_code"] == done.returncode


def test_the_gate_itself_says_what_changed(desk):
    plan, playbook, s = plan_file.read_plan(desk.plan), load_playbook("lost-laptop"), desk.session()
    assert gate(s, plan, playbook).get("bao").identity.account == "cluster-1"
    for changed, why in (
        (replace(plan, digest="sha256:0"), "edited"),
        (replace(plan, steps=()), "edited"),
        (signed(replace(plan, tool_version="x")), "another version"),
        (signed(replace(plan, policy_digest="x")), "configuration"),
        (signed(replace(plan, inventory_digest="x")), "evidence"),
        (signed(replace(plan, tenants={"bao": "cluster-7"})), "account"),
        (signed(replace(plan, tenants={"gone": "1"})), "not in the configuration"),
    ):
        with pytest.raises(RefusedError, match=why) as caught:
            gate(s, changed, playbook)
        assert caught.value.exit_code == 3
        assert "plan" in caught.value.hint
    assert desk.writes() == []


def signed(plan: Any) -> Any:
    return replace(plan, digest=plan_file.digest_of(plan))
