"""An inventory may come from a machine that somebody else has: it cannot set what only this program may know of a credential."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import rescind.stores
from rescind.errors import NotFound, ProviderError, Unreachable
from rescind.models.credential import EndState, Inventory, Ownership
from rescind.models.kind import Known
from rescind.pipeline.enumerate import _FIRST_HAND, enumerate_all
from tests.unit.made_up import kind
from tests.unit.test_truth_enumerate import ADA, ONE, Host, Hosts, ask, listing, rows

__all__ = ["rows"]


def test_an_inventory_cannot_claim_a_rotation_or_what_was_there_before(rows):
    planted = {
        "rotation": "ci",  # a step that waits for a rotation that will never be
        "before.document": "{}",  # what an undo would put back
        "did.policy": "RescindDeny",  # what an undo would take away
        "seen_at": "2020-01-01T00:00:00Z",  # every session of Entra would have been cut since, and nothing would be sent
        "expires": "2020-01-01T00:00:00Z",  # a token would not outlive its session
        "slot_created": "",  # a slot's key would have been made anew since
        "only": "AROA:nobody",  # a deny would reach nobody
        "workstation": "lap-1",  # another device would be taken for the lost one
        "seen_alive_by": "probe",  # a refusal would be a death
        "profile": "default",
    }
    found = ask(Hosts(Host("a", {"one": "ada"})), replace(ONE, attributes=planted))
    assert [dict(c.attributes) for c in found.credentials] == [{"profile": "default"}]


def test_no_store_sets_what_is_kept_for_what_providers_show():
    names = "|".join(sorted(_FIRST_HAND))
    # as a key of a display, or as a keyword of a call
    set_ = re.compile(rf"""["'](?:{names})["']\s*:|\[["'](?:{names})["']\]\s*=""")
    found = [f for f in Path(rescind.stores.__file__).parent.glob("*.py") if set_.search(f.read_text())]
    assert not found


def test_planted_facts_that_mislead_the_question_do_not_hide_what_the_provider_lists(rows, monkeypatch):
    answers: dict[str, ProviderError] = {
        "elsewhere": NotFound("no such project"),
        "down": Unreachable("cut", maybe_sent=False),
    }

    def misled(host, c, secret):
        if error := answers.get(c.attributes.get("project", "")):
            raise error
        return Known(identifier=c.identifier, owner="ada")

    monkeypatch.setitem(rows, "made-up.token", kind(identify=misled, enumerate=listing))
    for project in answers:
        seen = Inventory(workstation={}, credentials=(replace(ONE, attributes={"project": project}),))
        hosts = Hosts(Host("a", {"one": "ada"}))
        alone = enumerate_all(seen, {}, hosts, ADA, providers=("made-up",), provider_side=False)
        assert [d.end_state for d in alone.decided.values()][0] in {EndState.MANUAL, EndState.UNKNOWN}
        both = enumerate_all(seen, {}, hosts, ADA, providers=("made-up",))
        assert not both.decided
        assert [(c.tenant, c.ownership) for c in both.credentials] == [("a", Ownership.CASE)]
