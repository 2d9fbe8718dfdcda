"""Every record that a provider's row names: it can be read, it says what it lacks, it names real kinds, and its claims of completeness are counted."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from rescind import catalogue
from rescind.dev import graph_roles, policies
from rescind.models.credential import Credential
from rescind.models.use import Source
from rescind.pipeline import preserve, use
from rescind.schema.playbook import load_playbook, shipped

RECORDS = [(name, source) for name, row in catalogue.providers().items() for source in row.activity]
PROVES = {("aws", "cloudtrail", "aws.login-profile")}
"""Where a row claims that every use shows. Whoever adds one shows the provider's own words for it in the row."""


@pytest.mark.parametrize(("provider", "source"), RECORDS, ids=lambda v: getattr(v, "id", v))
def test_a_row_is_whole(provider: str, source: Source):
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,30}", source.id), "it names a file"
    assert all((source.title, source.covers, source.lacks, source.permissions))
    assert source.reference.startswith("https://")
    assert source.retention_days > 0
    assert source.lag_seconds > 0
    assert list(inspect.signature(preserve.load(source.read)).parameters) == ["client", "asked", "ask"]
    assert list(inspect.signature(preserve.load(source.check)).parameters) == ["client"]
    assert not source.needs or source.needs in catalogue.providers()[provider].settings


@pytest.mark.parametrize(("provider", "source"), RECORDS, ids=lambda v: getattr(v, "id", v))
def test_marks_are_templates_over_what_a_credential_has(provider: str, source: Source):
    names = {f.name for f in fields(Credential)} | {"last"}
    for kind, trace in source.traces.items():
        assert catalogue.kinds()[kind].provider == provider, kind
        for template in (*trace.marks, *trace.holder):
            asked = re.findall(r"\{(\w+)(?:\.\w+)?\}", template)
            assert asked, template
            assert set(asked) <= names, template
        if trace.marks:
            c = Credential(
                kind=kind,
                provider=provider,
                identifier="i",
                owner="o",
                subject="s",
                attributes={"user_id": "u", "device_id": "d"},
            )
            assert use.marks(trace.marks, c), f"{kind}: its own facts give no mark"


def test_the_claims_that_every_use_shows_are_these_and_no_others():
    assert {(p, s.id, k) for p, s in RECORDS for k, t in s.traces.items() if not t.unseen} == PROVES


def test_ids_are_unique_at_a_provider_for_they_name_files():
    assert len({(p, s.id) for p, s in RECORDS}) == len(RECORDS)


@pytest.mark.parametrize("name", shipped())
def test_playbooks_of_a_loss_export_before_they_end_anything(name):
    phases = load_playbook(name).phases
    if name in {"contain", "rotate-tokens"}:  # seconds count there; nothing is lost there
        assert not any(item.activity for p in phases for item in p.case)
        return
    first = next(i for i, p in enumerate(phases) if any(item.activity for item in p.case))
    ending = next((i for i, p in enumerate(phases) if p.steps), len(phases))
    assert first < ending


def test_the_policies_of_these_playbooks_hold_what_reading_needs():
    made = policies.files()
    for name in ("lost-laptop", "compromised-workstation", "offboard-employee"):
        for job in ("plan", "apply"):
            held = "".join(text for file, text in made.items() if file.startswith(f"policy-{name}.{job}."))
            wanted = {p for _, s in RECORDS for p in s.permissions if not p.endswith(".All")}
            assert not [p for p in wanted if p not in held], (name, job)
            assert graph_roles.ROLES["AuditLog.Read.All"] in held
    assert "cloudtrail:LookupEvents" in made["policy-lost-laptop.plan.aws.json"]
