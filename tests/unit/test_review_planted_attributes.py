"""An inventory may come from a machine that somebody else has: it cannot set what only this program may know of a credential."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.test_truth_enumerate import ONE, Host, Hosts, ask, rows

__all__ = ["rows"]


def test_an_inventory_cannot_claim_a_rotation_or_what_was_there_before(rows):
    planted = {
        "rotation": "ci",  # a step that waits for a rotation that will never be
        "before.document": "{}",  # what an undo would put back
        "did.policy": "RescindDeny",  # what an undo would take away
        "profile": "default",
    }
    found = ask(Hosts(Host("a", {"one": "ada"})), replace(ONE, attributes=planted))
    assert [dict(c.attributes) for c in found.credentials] == [{"profile": "default"}]
