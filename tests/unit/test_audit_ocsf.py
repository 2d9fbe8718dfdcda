"""OCSF events: each is valid against OCSF's own schema, and none calls a credential dead that is not."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from jsonschema import Draft202012Validator

from rescind.audit.ocsf import to_ocsf
from rescind.models.credential import EndState
from rescind.models.kind import CaseVerb, Verb
from tests.unit.audit_trails import fresh, story

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "vectors/audit/ocsf-1.8.0-entity-management.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(SCHEMA)
ABOUT = {"credential": "cred-1", "kind": "aws.access-key", "identifier": "AKIAEXAMPLE"}


def _events(tmp_path, *entries):
    with fresh(tmp_path) as log:
        for step, kind, data in entries:
            log.append(kind, run="r", step=step, data=data)
        events = list(to_ocsf(log.entries()))
    for event in events:
        VALIDATOR.validate(event)
    return events


def test_the_schema_would_refuse_a_wrong_event(tmp_path):
    (event,) = _events(tmp_path, ("s", "intent", {}))
    for wrong in ({"activity_id": 77}, {"nonsense": 1}, {"time": "now"}):
        assert not VALIDATOR.is_valid(event | wrong)


def test_every_verb_and_state(tmp_path):
    pairs = list(itertools.product([*Verb, *CaseVerb], EndState))
    entries = []
    for n, (verb, state) in enumerate(pairs):
        entries.append((f"s{n}", "intent", ABOUT | {"verb": verb}))
        entries.append((f"s{n}", "outcome", {"end_state": state, "evidence": "listing without it"}))
    events = _events(tmp_path, *entries)
    assert len(events) == 2 * len(pairs) == len({event["metadata"]["uid"] for event in events})
    for n, (verb, state) in enumerate(pairs):
        intent, outcome = events[2 * n : 2 * n + 2]
        assert (intent["status_id"], intent["status"]) == (99, "intended")
        assert (outcome["status_id"] == 1) == (state == EndState.DEAD)
        assert (outcome["status_id"] == 2) == (state == EndState.FAILED)
        assert outcome["status_id"] in (0, 1, 2) or outcome["status"] == state
        assert intent["activity_id"] == outcome["activity_id"]
        assert outcome["activity_id"] != 99 or outcome["activity_name"] == verb
        assert outcome["type_uid"] == 300400 + outcome["activity_id"]
        assert outcome["entity"] == {"uid": "cred-1", "name": "AKIAEXAMPLE", "type": "aws.access-key", "type_id": 99}
        assert (outcome["metadata"]["sequence"], outcome["status_detail"]) == (2 * n + 1, "listing without it")
    assert events[1]["time"] == 1772366400014


def test_a_run_of_bare_entries(tmp_path):
    with fresh(tmp_path) as log:
        story(log, "r", 3)
        events = list(to_ocsf(log.entries(run="r")))
    assert len(events) == 6
    for event in events:
        VALIDATOR.validate(event)
