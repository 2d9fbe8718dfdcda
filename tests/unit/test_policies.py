"""The published policies: valid documents, no action that AWS does not have, nothing to write in what only plans."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from rescind import catalogue
from rescind.dev import graph_roles, policies
from rescind.models.kind import Verb
from rescind.schema.playbook import load_playbook, parse_playbook, shipped
from tests.interop import azure_world, entra_world
from tests.interop.google_model import PERMISSIONS, methods

FILES = policies.files()
AWS = [f for f in FILES if f.endswith(".aws.json")]
BOOK = """
name: made
version: 1
title: made for the test
scope: {{providers: [aws, vault]}}
phases:
  - name: one
    steps:
      - select: {select}
        {how}
"""


def actions(text: str) -> dict[str, list[str]]:
    return {s["Sid"]: s["Action"] for s in json.loads(text)["Statement"]}


def book(select: str, how: str = "verbs: [deny, deactivate, revoke]"):
    return parse_playbook(BOOK.format(select=json.dumps(select), how=how), "made.yaml")


def verbs(select: str, how: str = "verbs: [deny, deactivate, revoke]") -> dict[str, tuple[Verb, ...]]:
    made = book(select, how)
    (step,) = made.phases[0].steps
    return {k.id: policies.reached(step, k) for k in policies.in_scope(made) if policies.reached(step, k)}


@pytest.mark.parametrize("name", AWS)
def test_iam_document(name):
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    document = json.loads(FILES[name])
    assert set(document) == {"Version", "Statement"}
    assert document["Version"] == "2012-10-17"
    sids = [s["Sid"] for s in document["Statement"]]
    assert len(sids) == len(set(sids))
    for statement in document["Statement"]:
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])
        assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
        assert statement["Action"] == sorted(set(statement["Action"])) != []
    assert len(re.sub(r"\s", "", FILES[name])) <= 6144, "the size limit of a managed policy"


@pytest.mark.parametrize("name", AWS)
def test_every_aws_action_is_an_operation_of_its_service(name):
    from botocore.session import Session

    session = Session()
    for action in (a for some in actions(FILES[name]).values() for a in some):
        service, operation = action.split(":")
        model = session.get_service_model({"sso": "sso-admin"}.get(service, service))
        assert model.signing_name == service
        assert operation in model.operation_names, action


@pytest.mark.parametrize("playbook", shipped())
def test_what_plans_may_not_write_and_what_applies_may_do_all_that_is_declared(playbook):
    plan, apply = (actions(FILES[f"policy-{playbook}.{job}.aws.json"]) for job in ("plan", "apply"))
    assert set(plan) == {"RescindLook"}
    assert all(
        re.match(r"[a-z-]+:(Get|List|Lookup|Describe|Simulate|IsMember|AdminGet)", a) for a in plan["RescindLook"]
    )
    assert apply["RescindLook"] == plan["RescindLook"]
    declared = {
        p
        for _, w in policies.needed(load_playbook(playbook)).values()
        for p in w
        if ":" in p and "//" not in p and " " not in p
    }
    assert declared <= {a for some in apply.values() for a in some}


def rules(playbook: str, job: str) -> dict[str, set[str]]:
    text = FILES.get(f"policy-{playbook}.{job}.vault.hcl", "")
    assert "<" not in text
    found = re.findall(r'path "([^"]+)" \{\n  capabilities = (\[[^\]]+\])\n\}', text)
    assert len(found) == text.count("path ") == len(dict(found))
    return {path: set(json.loads(capabilities)) for path, capabilities in found}


@pytest.mark.parametrize("playbook", shipped())
def test_vault_rules(playbook):
    plan, apply = rules(playbook, "plan"), rules(playbook, "apply")
    assert all(capabilities <= apply[path] for path, capabilities in plan.items())
    known = {"create", "read", "update", "delete", "list", "sudo", "patch"}
    assert all(capabilities <= known for capabilities in apply.values())


@pytest.mark.parametrize("playbook", shipped())
def test_google_roles_and_scopes(playbook):
    roles = [yaml.safe_load(FILES.get(f"policy-{playbook}.{job}.google-role.yaml", "{}")) for job in ("plan", "apply")]
    scopes = [FILES.get(f"policy-{playbook}.{job}.google-scopes.txt", "").split(",") for job in ("plan", "apply")]
    plan, apply = (set(r.get("includedPermissions", ())) for r in roles)
    assert plan <= apply <= set(PERMISSIONS.values())
    assert all(re.search(r"\.(get|list|lookup)$", p) for p in plan)
    assert set(scopes[0]) <= set(scopes[1])
    known = {s for m in methods() for s in m.row.get("scopes", ())}
    assert {s.strip() for s in scopes[1]} - {""} <= known
    declared = {p for r, w in policies.needed(load_playbook(playbook)).values() for p in (*r, *w)}
    assert {p for p in declared if p in known} == {s.strip() for s in scopes[1]} - {""}


def test_only_what_applies_may_revoke_a_token():
    assert "auth/token/revoke-accessor" not in rules("lost-laptop", "plan")
    assert rules("lost-laptop", "apply")["auth/token/revoke-accessor"] == {"update"}


def test_a_permission_that_names_a_path_is_never_lost():
    for kind in catalogue.kinds().values():
        for permission in [*kind.read_permissions, *(p for a in kind.actions.values() for p in a.permissions)]:
            if kind.provider == "vault" or permission.startswith("Vault: "):
                assert policies.vault_paths([permission]), permission
            if kind.provider == "aws":
                assert policies._AWS.fullmatch(permission), permission


def test_selections_reach_what_they_may_select():
    key = {"aws.access-key": (Verb.DENY, Verb.DEACTIVATE)}
    assert verbs('credential.kind == "aws.access-key"') == key
    assert verbs('credential.kind == "aws.access-key"', "prefer: [deactivate, deny]") == {
        "aws.access-key": (Verb.DEACTIVATE,)
    }
    assert verbs('credential.kind.startsWith("aws.access") && credential.relation == "inherited"') == key
    assert verbs('credential.kind == "vault.token" && credential.attributes["form"] == "service"') == {
        "vault.token": (Verb.REVOKE,)
    }
    both = {"vault.token": (Verb.REVOKE,), "vault.approle-secret-id": (Verb.REVOKE,)}
    assert verbs('credential.provider == "vault"') == both
    everything = {
        k.id for k in policies.in_scope(book("true")) if {Verb.DENY, Verb.DEACTIVATE, Verb.REVOKE} & set(k.actions)
    }
    assert set(verbs('credential.owner == "nobody"')) == everything, "in doubt it may be any"


def test_a_kind_outside_the_scope_gives_no_right():
    assert not [k for k in policies.needed(book("true")) if catalogue.kinds()[k].provider not in {"aws", "vault"}]
    made = policies.needed(book('credential.kind == "vault.token"'))
    assert made["aws.access-key"][1] == []
    assert made["vault.token"][1] == ["auth/token/revoke-accessor: update"]


GRAPH = [f for f in FILES if f.endswith(".graph.json")]


def test_graph_permissions_are_those_of_microsofts_own_list():
    # https://learn.microsoft.com/en-us/entra/identity-platform/reference-microsoft-graph-app-manifest#requiredresourceaccess-attribute
    theirs = entra_world.roles()
    assert {name: theirs[name] for name in graph_roles.ROLES} == graph_roles.ROLES
    for kind in (k for k in catalogue.kinds().values() if k.provider == "entra"):
        named = {*kind.read_permissions, *(p for v in kind.actions for p in kind.permissions(v))}
        assert named <= set(graph_roles.ROLES), kind.id


@pytest.mark.parametrize("name", GRAPH)
def test_application_manifest(name):
    (row,) = json.loads(FILES[name])["requiredResourceAccess"]
    ids = [a["id"] for a in row["resourceAccess"]]
    assert {a["type"] for a in row["resourceAccess"]} == {"Role"}
    assert len(ids) == len(set(ids))
    names = {n for n, i in graph_roles.ROLES.items() if i in ids}
    assert set(graph_roles.SIGNED_IN) <= names
    if ".plan." in name:
        assert not [n for n in names if "ReadWrite" in n or "Revoke" in n or "EnableDisable" in n]
    else:
        assert set(ids) > {
            a["id"]
            for r in json.loads(FILES[name.replace(".apply.", ".plan.")])["requiredResourceAccess"]
            for a in r["resourceAccess"]
        }


def test_contain_may_switch_off_and_nothing_else():
    names = {n for n, i in graph_roles.ROLES.items() if i in FILES["policy-contain.apply.graph.json"]}
    looked = {
        "Domain.Read.All",
        "GroupMember.Read.All",
        "Directory.Read.All",
    }  # who is master, and what the account is in
    assert names == {*graph_roles.SIGNED_IN, *looked, "User.EnableDisableAccount.All"}


@pytest.mark.parametrize("name", [f for f in FILES if f.endswith(".azure-role.json")])
def test_azure_role(name):
    # https://learn.microsoft.com/en-us/azure/role-based-access-control/custom-roles#custom-role-properties
    role = json.loads(FILES[name])
    assert set(role) == {"Name", "IsCustom", "Description", "Actions", "NotActions", "AssignableScopes"}
    assert role["Actions"] == sorted(set(role["Actions"])) != []
    theirs = {a.casefold() for a in azure_world.operations()}
    assert {a.casefold() for a in role["Actions"]} <= theirs
    ends = [a for a in role["Actions"] if re.search(r"/(write|delete)$|/(regenerate|rotate|revoke)\w*/action$", a)]
    assert bool(ends) == (".apply." in name), ends


def test_an_azure_role_holds_what_its_kinds_declare_and_no_more():
    for kind in (k for k in catalogue.kinds().values() if k.provider == "azure"):
        theirs = {a.casefold() for a in azure_world.operations()}
        named = {*kind.read_permissions, *(p for v in kind.actions for p in kind.permissions(v))}
        assert {n.casefold() for n in named} <= theirs, kind.id
        assert json.loads(policies.azure(named, "x"))["Actions"] == sorted({*named, *azure_world.TELLS}), kind.id
