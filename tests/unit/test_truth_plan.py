"""Nothing that a plan knew may be forgotten by an approval or by a sweep."""

from __future__ import annotations

from rescind.models.credential import EndState, Ownership, Relation, Sighted
from rescind.models.evidence import Location
from rescind.pipeline.plan import addendum, release
from tests.unit.test_plan import NOW, book, done, found, key, plan

SEEN = (Sighted(store="aws-credentials", location=Location(root="home", path=".aws/credentials", line=3)),)


def test_an_approval_does_not_make_a_manual_task_disappear():
    manual = book('manual:\n  - {select: credential.kind == "aws.access-key", task: "End it by hand too."}\n')
    made = plan(key(owner="grace", ownership=Ownership.OTHER), playbook=manual)
    assert {d.end_state for d in made.decisions} == {EndState.HELD, EndState.MANUAL}
    freed = release(made, frozenset({made.credentials[0].id}))
    assert done(freed)
    assert [d.task for d in freed.decisions] == ["End it by hand too."]


def test_what_came_back_keeps_the_places_where_the_machine_held_it_and_the_rule_that_chose_it():
    seen = book(
        phases="""
  - name: first
    steps:
      - {select: 'credential.relation == "observed"', verbs: [deactivate]}
"""
    )
    was = key(findings=SEEN, fingerprint="hmac-sha256:1", relation=Relation.OBSERVED)
    parent = plan(was, playbook=seen)
    assert done(parent)
    now = key(relation=Relation.INHERITED, attributes={"status": "Active"})
    extra = addendum(parent, found(now), seen, round_=1, again=frozenset({now.id}), now=NOW)
    assert extra is not None
    (c,) = extra.credentials
    assert (c.findings, c.fingerprint, c.relation) == (SEEN, "hmac-sha256:1", Relation.OBSERVED)
    assert c.attributes["status"] == "Active"
    assert done(extra), "it was chosen as seen on the machine, and it still was"


def test_what_came_back_as_somebody_elses_is_held():
    was = key(findings=SEEN)
    parent = plan(was)
    now = key(owner="grace", ownership=Ownership.OTHER, relation=Relation.INHERITED)
    extra = addendum(parent, found(now), book(), round_=1, again=frozenset({now.id}), now=NOW)
    assert extra is not None
    assert not done(extra)
    assert {d.end_state for d in extra.decisions} == {EndState.HELD}
