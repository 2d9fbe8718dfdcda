"""Plan and inventory files: strict, whole, private, and refused after any edit."""

import copy
import hashlib
import json
import os
import stat
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.dev import schemas
from rescind.errors import EvidenceError, RefusedError, UsageError
from rescind.models.credential import Credential, EndState, Ownership, Relation, Sighted
from rescind.models.evidence import Gap, Location, State
from rescind.models.kind import Verb
from rescind.models.plan import Accepted, Case, Decision, Plan, Step
from rescind.schema import inventory, plan
from rescind.schema.playbook import load_playbook

KEY = Credential(
    kind="aws.access-key",
    provider="aws",
    issuer="123456789012",
    identifier="AKIAIOSFODNN7EXAMPLE",
    fingerprint="hmac-sha256:00",
    attributes={"profile": "dev"},
    findings=(Sighted(store="aws-credentials", location=Location(root="home", path=".aws/credentials", line=2)),),
    tenant="prod",
    owner="ada",
    ownership=Ownership.CASE,
    relation=Relation.INHERITED,
    last_used="2026-11-20T11:00:00Z",
)
FILE = Credential(kind="file.secret", provider="local", fingerprint="hmac-sha256:01", state=State.EXPIRED)
PLAN = Plan(
    created_at="2026-11-23T12:00:00Z",
    case=Case(
        person="ada@example.com",
        workstation="ada-laptop",
        lost_at="2026-11-23T10:00:00Z",
        target="/evidence",
        hold=True,
    ),
    playbook=load_playbook("lost-laptop").source,
    credentials=(KEY, FILE),
    candidates=(Credential(kind="unknown", provider="", fingerprint="hmac-sha256:02"),),
    steps=(Step(phase="revoke", verb=Verb.DEACTIVATE, credential=KEY.id, tenant="prod", wait_seconds=90.5),),
    decisions=(Decision(credential=FILE.id, end_state=EndState.MANUAL, reason="no API", task="rotate", owner="ada"),),
    accepted=(Accepted(credential=FILE.id, end_state=EndState.CONTAINED),),
    gaps=(Gap(source="aws-credentials", reason="too large", path="caf\\xe9"),),
    tenants={"prod": "123456789012"},
    principals={"prod": "arn:aws:iam::123456789012:role/responder"},
    inventory_digest="sha256:aa",
    policy_digest="sha256:bb",
    catalogue_version="catalogue-1",
    tool_version="0.1.0",
    sweep_rounds=2,
    parent_digest="",
)
WHOLE = replace(PLAN, digest=plan.digest_of(PLAN))


def test_a_plan_comes_back_as_it_was(tmp_path):
    path = tmp_path / "plan.json"
    assert plan.write_plan(PLAN, path) == WHOLE.digest
    assert plan.read_plan(path) == WHOLE
    assert plan.from_json(plan.to_json(WHOLE)) == WHOLE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_the_digest_covers_everything_but_itself_and_can_be_computed_by_others(tmp_path):
    plan.write_plan(PLAN, tmp_path / "p")
    data = json.loads((tmp_path / "p").read_text())
    stored = data.pop("digest")
    assert stored == "sha256:" + hashlib.sha256(rfc8785.dumps(data)).hexdigest()
    assert plan.digest_of(WHOLE) == plan.digest_of(PLAN) == stored


def test_a_file_that_was_only_reformatted_is_the_same_plan(tmp_path):
    plan.write_plan(PLAN, tmp_path / "p")
    data = json.loads((tmp_path / "p").read_text())
    (tmp_path / "p").write_text(json.dumps(dict(reversed(data.items())), ensure_ascii=False))
    assert plan.read_plan(tmp_path / "p") == WHOLE


def leaves(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from leaves(v, (*path, k))
        yield (*path, "added")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, (*path, i))
    if path:
        yield path


def edited(data, path):
    data = copy.deepcopy(data)
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    last = path[-1]
    old = parent.get(last) if isinstance(parent, dict) else parent[last]
    parent[last] = {
        bool: lambda: not old,
        int: lambda: old + 1,
        float: lambda: old + 1,
        str: lambda: old + "x",
        type(None): lambda: "x",
    }.get(type(old), lambda: None)()
    return data


def test_any_edit_of_any_field_is_exit_3(tmp_path):
    path = tmp_path / "p"
    plan.write_plan(PLAN, path)
    data = json.loads(path.read_text())
    paths = list(leaves(data))
    assert len(paths) > 150
    for where in paths:
        path.write_text(json.dumps(edited(data, where)))
        with pytest.raises(RefusedError, match="edited after it was made: make it again") as caught:
            plan.read_plan(path)
        assert caught.value.exit_code == 3, where


def test_any_removal_is_refused_too(tmp_path):
    path = tmp_path / "p"
    plan.write_plan(PLAN, path)
    data = json.loads(path.read_text())
    for name in data:
        path.write_text(json.dumps({k: v for k, v in data.items() if k != name}))
        with pytest.raises(UsageError if name == "digest" else RefusedError):
            plan.read_plan(path)


def forged(**more):
    """A plan whose digest is right, as somebody who can compute one would write it."""
    data = {**plan.to_json(PLAN), **more}
    data = {k: v for k, v in data.items() if v is not ...}
    data["digest"] = plan._digest(data)
    return data


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"extra": 1}, "at extra: found the unknown key 'extra'"),
        ({"stepz": []}, "did you mean 'steps'?"),
        ({"gaps": ...}, "found no `gaps`"),
        ({"schema": "rescind.plan/2"}, "at schema: found 'rescind.plan/2'; allowed: rescind.plan/1"),
        (
            {"steps": [{**plan.thaw(PLAN.steps[0]), "verb": "revok"}]},
            "at steps[0].verb: found 'revok'; allowed: revoke, deactivate",
        ),
        ({"steps": [{**plan.thaw(PLAN.steps[0]), "id": "step-0"}]}, "Step step-0 is not what its own fields say"),
        (
            {"steps": [{**plan.thaw(PLAN.steps[0]), "wait_seconds": "60"}]},
            "at steps[0].wait_seconds: found '60'; allowed: a number",
        ),
        ({"credentials": [{**plan.thaw(KEY), "id": "cred-0"}]}, "Credential cred-0 is not what its own fields say"),
        (
            {"credentials": [{k: v for k, v in plan.thaw(KEY).items() if k != "ownership"}]},
            "at credentials[0]: found no `ownership`",
        ),
        ({"sweep_rounds": True}, "at sweep_rounds: found true; allowed: a whole number"),
        ({"sweep_rounds": 1.5}, "at sweep_rounds"),
        ({"case": None}, "at case: found nothing; allowed: a mapping"),
        ({"tenants": {"a": 1}}, "at tenants.a: found 1; allowed: text"),
    ],
)
def test_a_plan_that_is_not_one_is_exit_2_even_with_a_right_digest(tmp_path, more, message):
    (tmp_path / "p").write_text(json.dumps(forged(**more)))
    with pytest.raises(UsageError) as caught:
        plan.read_plan(tmp_path / "p")
    assert caught.value.exit_code == 2
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"a": 1, "a": 2}',
        '{"digest": NaN}',
        '{"digest": "sha256:0", "x": 1e999}',
        "[" * 100_000,
        '{"digest": "d", "x": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"x": 1}',
        '{"digest": "d", "n": 9007199254740993}',
        '{"digest": "d", "s": "\\ud800"}',
        '{"n": ' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_plan_file_is_exit_2(tmp_path, text):
    (tmp_path / "p").write_text(text)
    with pytest.raises(UsageError) as caught:
        plan.read_plan(tmp_path / "p")
    assert caught.value.exit_code == 2


def test_other_things_than_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name, why in {"pipe": "not a file", "none": "No such file", "bytes": "UTF-8", "a\x00": "file name"}.items():
        with pytest.raises(UsageError, match=why):
            plan.read_plan(tmp_path / name)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="could not be written"):
        plan.write_plan(PLAN, tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


def test_text_that_is_not_unicode_is_refused_before_it_is_written(tmp_path):
    with pytest.raises(UsageError, match="not Unicode"):
        plan.write_plan(replace(PLAN, created_at="\udc80"), tmp_path / "p")
    assert not list(tmp_path.iterdir())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_a_plan_or_a_refusal(tmp_path_factory, blob):
    path = tmp_path_factory.mktemp("f") / "p"
    path.write_bytes(blob)
    with pytest.raises((UsageError, RefusedError)):
        plan.read_plan(path)
    with pytest.raises(EvidenceError):
        inventory.read_inventory(path)


def published(name):
    import jsonschema

    body = json.loads((schemas.FOLDER / name).read_text())
    jsonschema.Draft202012Validator.check_schema(body)
    return jsonschema.Draft202012Validator(body)


def test_the_published_plan_schema_takes_a_plan_and_nothing_more():
    check = published("plan.schema.json")
    check.validate(plan.to_json(WHOLE))
    assert list(check.iter_errors(forged(extra=1)))
    assert list(check.iter_errors(forged(gaps=...)))


INVENTORY = {
    "schema": "rescind.inventory/1",
    "workstation": {"hostname": "ada-laptop"},
    "credentials": [
        {
            "id": KEY.id,
            "kind": "aws.access-key",
            "provider": "aws",
            "issuer": "123456789012",
            "subject": "",
            "identifier": "AKIAIOSFODNN7EXAMPLE",
            "fingerprint": "hmac-sha256:00",
            "attributes": {"profile": "dev"},
            "expires_at": None,
            "state": "live-unverified",
            "findings": [
                {"store": "aws-credentials", "path": ".aws/credentials", "line": 2, "modified": "2026-11-01T00:00:00Z"}
            ],
        }
    ],
    "candidates": [],
    "gaps": [{"source": "netrc", "reason": "too large", "path": ".netrc"}],
}


def read(tmp_path, data):
    (tmp_path / "i").write_text(json.dumps(data))
    return inventory.read_inventory(tmp_path / "i")


def test_an_inventory_file(tmp_path):
    found = read(tmp_path, INVENTORY)
    (c,) = found.credentials
    assert (c.id, c.kind, c.attributes, c.state) == (
        KEY.id,
        "aws.access-key",
        {"profile": "dev"},
        State.LIVE_UNVERIFIED,
    )
    assert c.findings == (
        Sighted(
            store="aws-credentials",
            location=Location(root="home", path=".aws/credentials", line=2, modified="2026-11-01T00:00:00Z"),
        ),
    )
    assert found.gaps == (Gap(source="netrc", reason="too large", path=".netrc"),)
    assert found.workstation == {"hostname": "ada-laptop"}
    published("inventory.schema.json").validate(INVENTORY)


def with_credential(**more):
    return {
        **INVENTORY,
        "credentials": [{k: v for k, v in {**INVENTORY["credentials"][0], **more}.items() if v is not ...}],
    }


def test_ownership_in_an_inventory_file_is_not_believed(tmp_path):
    (c,) = read(
        tmp_path, with_credential(ownership="case", owner="ada", tenant="prod", relation="inherited", added_later=1)
    ).credentials
    assert (c.ownership, c.owner, c.tenant, c.relation) == (Ownership.UNPROVEN, "", "", Relation.OBSERVED)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {**INVENTORY, "schema": "rescind.inventory/9"},
            "at schema: found 'rescind.inventory/9'; allowed: rescind.inventory/1",
        ),
        (
            {k: v for k, v in INVENTORY.items() if k != "gaps"},
            "at the top level: found no `gaps`; allowed: `gaps` is required",
        ),
        (with_credential(kind=...), "at credentials[0]: found no `kind`; allowed: `kind` is required"),
        (with_credential(kind=""), "at credentials[0].kind: found ''; allowed:"),
        (
            with_credential(state="dead"),
            "at credentials[0].state: found 'dead'; allowed: live-unverified, expired, logged-out, placeholder, public-only",
        ),
        (with_credential(attributes={"a": 1}), "at credentials[0].attributes.a: found 1; allowed: text"),
        (
            with_credential(findings=[{"store": "x", "path": "y", "line": 0}]),
            "at credentials[0].findings[0].line: found 0; allowed: 1 or more",
        ),
        ({**INVENTORY, "credentials": {}}, "at credentials: found a mapping; allowed: a list"),
    ],
)
def test_an_inventory_file_that_is_not_one(tmp_path, data, message):
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, data)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_published_run_schema_takes_a_run():
    result = {
        "id": KEY.id,
        "kind": KEY.kind,
        "provider": "aws",
        "identifier": KEY.identifier,
        "fingerprint": "",
        "tenant": "prod",
        "owner": "ada",
        "relation": "observed",
        "parent": "",
        "end_state": "dead",
        "reason": "",
        "residual_until": "",
        "residual_what": "",
        "reversible": True,
        "as_intended": False,
        "verify_method": "listing",
        "used_after_loss": "unknown",
        "last_used": "",
        "tasks": [],
        "places": ["home:.aws/credentials:2"],
        "steps": [
            {
                "step": "step-1",
                "verb": "deactivate",
                "end_state": "dead",
                "liveness": "dead",
                "evidence": "Inactive",
                "at": "2026-11-23T12:00:00Z",
                "cut_at": "",
            }
        ],
    }
    run = {
        "schema": "rescind.run/1",
        "run": "r",
        "playbook": "lost-laptop",
        "plan_digest": "sha256:aa",
        "status": "done",
        "first_line": "1 dead",
        "credentials": [result],
        "counts": {"dead": 1},
        "gaps": [],
        "audit": {"size": 3, "root": "aa"},
        "exit_code": 0,
        "exit_reasons": [],
        "started_at": "later fields are allowed",
    }
    check = published("run.schema.json")
    check.validate(run)
    assert list(check.iter_errors({**run, "credentials": [{**result, "end_state": "gone"}]}))
    assert list(check.iter_errors({k: v for k, v in run.items() if k != "gaps"}))
