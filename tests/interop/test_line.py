"""The whole line over four real counterparts at once: dry, then for real, then tried with the old credentials."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.counterparts import require
from tests.interop.ca_world import OpensslCa, nginx, status, until
from tests.interop.line_world import ADA, LineWorld, line_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    base = tmp_path_factory.mktemp("line")
    (base / "ca").mkdir()
    require("openssl")
    with nginx(OpensslCa(base / "ca")) as ca, line_world(base, ca) as w:
        yield w


def everything(world: LineWorld) -> tuple:
    """Return the state of the machine, of the CA, and of IAM as its administrator sees it."""
    iam = world.aws.client("iam", *world.aws.root)
    users = [u["UserName"] for u in iam.list_users()["Users"]]
    keys = [
        (k["AccessKeyId"], k["Status"]) for u in users for k in iam.list_access_keys(UserName=u)["AccessKeyMetadata"]
    ]
    policies = [
        (
            u,
            iam.list_user_policies(UserName=u)["PolicyNames"],
            iam.list_attached_user_policies(UserName=u)["AttachedPolicies"],
        )
        for u in users
    ]
    accessors = sorted(world.bao.ask("LIST", "auth/token/accessors")[1]["data"]["keys"])
    return (
        world.tree(),
        (world.ca.d / "ca.crl").read_bytes(),
        (world.ca.d / "index.txt").read_bytes(),
        keys,
        policies,
        accessors,
    )


@pytest.fixture(scope="module")
def dry(world: LineWorld):
    """What scan, plan and doctor did, and what the counterparts saw of it."""
    k = world.keys
    assert world.aws.works(*k["ada"])
    assert world.aws.works(*k["hidden"])
    assert world.aws.works(*k["grace"])
    assert all(world.bao.works(k[t]) for t in ("token", "other_token", "bob_token", "child_token"))
    assert (status(world.ca, "alice"), status(world.ca, "bob")) == (200, 200)
    assert world.recall("ada") == k["chat"]
    before = everything(world)
    scan = world.rescind("scan", "--json")
    plan = world.rescind(
        "plan", "lost-laptop", "--target", str(world.home), "--person", ADA, "-o", str(world.base / "plan.json")
    )
    doctor = world.rescind("doctor", "--json")
    after = everything(world)
    return scan, plan, doctor, before, after, list(world.aws_proxy.seen), list(world.bao_proxy.seen)


@pytest.fixture(scope="module")
def applied(world: LineWorld, dry):
    refused = world.rescind("apply", str(world.base / "plan.json"), "--yes")
    assert refused.returncode == 3
    assert "the one you are working on" in refused.stderr
    # somebody mints more with what was stolen, after the plan was made: only the sweep can find these
    world.keys["late"] = world.aws.make_key("ada")
    world.secrets.add(world.keys["late"][1])
    world.keys["late_token"] = world.login("ada")
    done = world.rescind("apply", str(world.base / "plan.json"), "--self", "--yes", "--json")
    assert done.stdout.startswith("{"), done.stderr
    return done, json.loads(done.stdout)


def states(run: dict) -> dict[tuple[str, str], str]:
    return {(c["kind"], c["identifier"]): c["end_state"] for c in run["credentials"]}


def of(run: dict, kind: str) -> list[dict]:
    return [c for c in run["credentials"] if c["kind"] == kind]


def test_dry_means_dry(world, dry):
    scan, plan, doctor, before, after, aws_seen, bao_seen = dry
    assert before == after, "scan, plan or doctor changed the machine, the CA, IAM or OpenBao"
    assert aws_seen, plan.stderr
    assert bao_seen, plan.stderr
    assert {s.method for s in bao_seen} <= {"GET", "LIST", "POST"}
    writes = [s for s in bao_seen if s.method == "POST" and not s.path.startswith("/v1/auth/token/lookup")]
    assert writes == []
    audited = [json.loads(line) for line in world.bao.log.read_text().splitlines()]
    touched = {e["request"]["path"] for e in audited if e["type"] == "request"} & {
        "auth/token/revoke-accessor",
        "auth/token/revoke",
    }
    assert touched == set()
    assert scan.returncode in {0, 7}, scan.stderr
    assert plan.returncode in {0, 4, 7}, plan.stderr
    assert json.loads(doctor.stdout)["tenants"], doctor.stderr


def test_everything_of_hers_is_refused_by_the_counterparts(world, applied):
    k, (_, run) = world.keys, applied
    assert not world.aws.works(*k["ada"])
    assert not world.aws.works(*k["hidden"])
    assert not world.bao.works(k["token"])
    assert not world.bao.works(k["other_token"])
    assert until(world.ca, "alice", 400) == 400
    assert world.recall("ada") == ""
    assert world.keys["shop"] not in (world.home / "project/.env").read_text()
    s = states(run)
    assert s["aws.access-key", k["ada"][0]] == s["aws.access-key", k["hidden"][0]] == "residual"
    assert {c["end_state"] for c in of(run, "vault.token")} == {"dead"}
    assert len(of(run, "vault.token")) == 3
    assert [c["end_state"] for c in of(run, "x509.client-cert")] == ["dead"]
    assert {c["end_state"] for c in of(run, "keychain.item") + of(run, "file.secret")} == {"manual"}


def test_what_was_minted_after_the_plan_is_found_by_the_sweep_and_ended(world, applied):
    late = next(c for c in of(applied[1], "aws.access-key") if c["identifier"] == world.keys["late"][0])
    assert late["end_state"] == "residual"
    assert not world.aws.works(*world.keys["late"])
    assert not world.bao.works(world.keys["late_token"])


def test_found_at_the_provider_though_not_on_the_machine(world, applied):
    hidden = next(c for c in of(applied[1], "aws.access-key") if c["identifier"] == world.keys["hidden"][0])
    assert hidden["relation"] == "inherited"
    assert {c["relation"] for c in of(applied[1], "vault.token")} == {"observed", "inherited"}


def test_bystanders_colleagues_and_the_responder_still_work(world, applied):
    k, (_, run) = world.keys, applied
    assert world.aws.works(*k["grace"])
    assert states(run)["aws.access-key", k["grace"][0]] == "held"
    assert world.aws.works(*k["responder"])
    assert world.bao.works(k["bob_token"])
    assert world.bao.works(k["child_token"])
    assert world.bao.works("root")
    assert status(world.ca, "bob") == 200


def test_the_hostile_address_was_never_contacted(world, applied):
    assert world.trap.hits == 0


def test_every_credential_is_counted_once_and_the_exit_says_what_is_open(applied):
    done, run = applied
    assert sum(run["counts"].values()) == len(run["credentials"])
    assert done.returncode == run["exit_code"] == 4
    assert run["first_line"].startswith(f"{run['counts']['dead']} dead · ")
    assert run["audit"]["size"] > 0


def test_the_trail_checks_offline_and_is_complete(world, applied):
    trail = world.base / "trail.jsonl"
    assert world.rescind("audit", "export", "-o", str(trail)).returncode == 0
    verdict = world.rescind("audit", "verify", str(trail), "--json")
    assert verdict.returncode == 0, verdict.stdout
    facts = json.loads(verdict.stdout)
    assert (facts["integrity"], facts["completeness"]) == ("ok", "complete")


def test_again_is_the_same_end_and_an_old_plan_is_refused(world, applied):
    again = world.rescind("apply", str(world.base / "plan.json"), "--self", "--yes")
    assert again.returncode == 3
    assert "changed since the plan was made" in again.stderr
    run = json.loads(
        world.rescind(
            "run", "lost-laptop", "--target", str(world.home), "--person", ADA, "--self", "--yes", "--json"
        ).stdout
    )
    s = states(run)
    assert s["aws.access-key", world.keys["ada"][0]] == "residual"
    assert world.aws.works(*world.keys["grace"])


def test_no_secret_reached_any_output_or_file(world, dry, applied):
    """Every raw value, also base64 and reversed, is searched in all that was printed and written."""
    scan, plan, doctor, *_ = dry
    shown = [
        scan,
        plan,
        doctor,
        applied[0],
        world.rescind("status"),
        world.rescind("report"),
        world.rescind("audit", "show"),
    ]
    texts = [t.encode() for d in shown for t in (d.stdout, d.stderr)]
    places = [p for p in (world.state, world.base / "plan.json", world.base / "trail.jsonl") if p.exists()]
    files = [f for p in places for f in ([p] if p.is_file() else sorted(Path(p).rglob("*"))) if f.is_file()]
    assert any(f.name == "journal.db" for f in files)
    assert any(f.name == "rescind.db" for f in files)
    texts += [f.read_bytes() for f in files]
    for value in world.secrets:
        for form in (value.encode(), base64.b64encode(value.encode()).rstrip(b"=")[:-2], value[::-1].encode()):
            assert not any(form in t for t in texts), f"a secret of {len(value)} characters leaked"
