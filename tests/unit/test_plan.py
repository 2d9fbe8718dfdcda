"""What a plan decides, from literals: nothing that is not proven the person's is acted on, and nothing is left without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind import catalogue
from rescind.errors import RefusedError
from rescind.models.credential import Credential, EndState, Ownership, Relation
from rescind.models.evidence import Gap, State
from rescind.models.kind import Verb
from rescind.models.plan import Case, Decision
from rescind.models.playbook import Playbook
from rescind.pipeline.enumerate import Enumerated
from rescind.pipeline.plan import addendum, decide, make_plan
from rescind.schema.playbook import load_playbook, parse_playbook

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CASE = Case(person="ada@example.com")


def book(text: str = "", *, phases: str = "") -> Playbook:
    """A small playbook; `text` is more of it, in YAML."""
    phases = (
        phases
        or """
  - name: first
    steps:
      - {select: 'credential.kind == "aws.access-key"', verbs: [deactivate, delete], wait: 5s}
      - {select: 'credential.kind == "vault.token"', verbs: [revoke], wait: 7s}
  - name: last
    steps:
      - {select: 'credential.kind in ["file.secret", "keychain.item"]', verbs: [erase-local]}
"""
    )
    return parse_playbook(
        f"name: small\nversion: 1\ntitle: t\nscope: {{evidence: [home], providers: [aws, vault, local], sides: [machine, provider]}}\n"
        f"phases:{phases}\n{text}",
        "small.yaml",
    )


SMALL = book()


def key(name: str = "AKIAFAKE", **facts: object) -> Credential:
    base = {
        "kind": "aws.access-key", "provider": "aws", "identifier": name, "owner": "ada", "ownership": Ownership.CASE, "tenant": "prod",
    }  # fmt: skip
    return Credential(**{**base, **facts})  # type: ignore[arg-type]


def token(name: str = "acc-1", **facts: object) -> Credential:
    return key(name, **{"kind": "vault.token", "provider": "vault", "tenant": "bao", **facts})


def secret(**facts: object) -> Credential:
    return key(
        "", **{"kind": "file.secret", "provider": "local", "tenant": "local", "fingerprint": "hmac-sha256:1", **facts}
    )


def found(
    *credentials: Credential, decided: dict[str, Decision] | None = None, gaps: tuple[Gap, ...] = (), **more: object
) -> Enumerated:
    base = {"candidates": (), "accounts": {"prod": "1"}, "principals": {"prod": "arn:aws:iam::1:user/responder"}}
    return Enumerated(credentials=credentials, decided=decided or {}, gaps=gaps, **{**base, **more})  # type: ignore[arg-type]


def plan(*credentials: Credential, playbook: Playbook = SMALL, case: Case = CASE, **more: object):
    what = found(*credentials, **{k: more.pop(k) for k in ("decided", "gaps", "principals") if k in more})
    return make_plan(what, playbook, case, now=NOW, inventory_digest="i", policy_digest="p", **more)  # type: ignore[arg-type]


def done(made) -> list:
    """The steps that are carried out without anybody's approval."""
    return [s for s in made.steps if not getattr(s, "held", False)]


def only(made) -> Decision:
    (decision,) = made.decisions
    return decision


# --- whose it is


@pytest.mark.parametrize(
    ("whose", "why"),
    [
        (Ownership.OTHER, "belongs to grace, not to the person of this case"),
        (Ownership.UNPROVEN, "does not say whose it is"),
        (Ownership.PROTECTED, "protected by the configuration"),
        (Ownership.OPERATOR, "this run itself uses it"),
    ],
)
def test_what_is_not_proven_the_persons_is_held(whose, why):
    made = plan(key(ownership=whose, owner="grace"))
    decision = only(made)
    assert done(made) == []
    assert decision.end_state is EndState.HELD
    assert why in decision.reason
    assert decision.owner == "grace"
    assert decision.decide_by == "2026-11-24T12:00:00Z"
    assert "AKIAFAKE" in decision.would_break
    assert decision.task


def test_a_held_credential_says_whether_its_secret_was_there():
    other = key(ownership=Ownership.OTHER, owner="grace")
    assert "its secret was on the machine" in only(plan(other)).reason
    planted = replace(other, relation=Relation.INHERITED)
    assert "may be planted" in only(plan(planted)).reason
    assert "may be planted" in only(plan(replace(other, state=State.PUBLIC_ONLY))).reason


def test_the_guards_of_the_configuration_offer_no_step_at_all():
    for whose in (Ownership.PROTECTED, Ownership.OPERATOR):
        assert plan(key(ownership=whose)).steps == ()


def test_a_credential_without_a_tenant_keeps_the_decision_of_the_enumeration():
    lost = key(tenant="", owner="", ownership=Ownership.UNPROVEN)
    earlier = Decision(
        credential=lost.id, end_state=EndState.MANUAL, reason="no aws tenant is configured", task="End it."
    )
    made = plan(lost, decided={lost.id: earlier})
    assert (made.steps, made.decisions) == ((), (earlier,))


def test_a_task_of_the_playbook_replaces_the_general_one():
    lost = key(tenant="", ownership=Ownership.UNPROVEN)
    earlier = Decision(credential=lost.id, end_state=EndState.MANUAL, reason="no tenant", task="End it.")
    ours = book("manual:\n  - {select: 'credential.kind == \"aws.access-key\"', task: Call the cloud team.}")
    assert only(plan(lost, playbook=ours, decided={lost.id: earlier})).task == "Call the cloud team."


def test_irrevocable_and_unknown_of_the_enumeration_stay():
    for state in (EndState.IRREVOCABLE, EndState.UNKNOWN):
        c = token(ownership=Ownership.CASE)
        earlier = Decision(credential=c.id, end_state=state, reason="because")
        made = plan(c, decided={c.id: earlier})
        assert made.steps == ()
        assert only(made).end_state is state


def test_expired_by_its_own_account_is_skipped_with_that_reason_not_called_dead():
    old = key(tenant="", state=State.EXPIRED, expires_at="2026-01-01T00:00:00Z", ownership=Ownership.UNPROVEN)
    earlier = Decision(credential=old.id, end_state=EndState.MANUAL, reason="no tenant", task="End it.")
    decision = only(plan(old, decided={old.id: earlier}))
    assert decision.end_state is EndState.SKIPPED
    assert "expired at 2026-01-01T00:00:00Z by its own account; not checked at any provider" in decision.reason


def test_an_expired_credential_that_a_tenant_knows_is_ended_all_the_same():
    assert len(done(plan(key(state=State.EXPIRED)))) == 2


# --- what the playbook says


def test_two_verbs_on_one_credential_wait_for_each_other():
    made = plan(key("A"), key("B"), token())
    assert [(s.phase, s.verb, s.wait_seconds) for s in made.steps] == [
        ("first", Verb.REVOKE, 7),
        ("first", Verb.DEACTIVATE, 5),
        ("first", Verb.DEACTIVATE, 5),
        ("first.2", Verb.DELETE, 5),
        ("first.2", Verb.DELETE, 5),
    ]
    assert made.decisions == ()
    assert len({s.id for s in made.steps}) == 5


def test_prefer_takes_the_first_verb_that_the_kind_offers():
    phases = "\n  - {name: p, steps: [{select: 'true', prefer: [revoke, deactivate, delete]}]}\n"
    made = plan(key(), token(), playbook=book(phases=phases))
    assert {(s.credential, s.verb) for s in made.steps} == {(key().id, Verb.DEACTIVATE), (token().id, Verb.REVOKE)}


def test_a_skip_rule_wins_and_gives_its_reason():
    ours = book(
        "skip:\n  - {select: 'credential.identifier == \"KEEP\"', reason: The build server needs it until Monday.}"
    )
    made = plan(key("KEEP"), key("END"), playbook=ours)
    assert {s.credential for s in made.steps} == {key("END").id}
    assert (only(made).end_state, only(made).reason) == (EndState.SKIPPED, "The build server needs it until Monday.")


def test_a_manual_rule_adds_a_task_beside_the_local_step():
    ours = book("manual:\n  - {select: 'credential.kind == \"file.secret\"', task: Rotate it.}")
    made = plan(secret(), playbook=ours)
    assert [s.verb for s in done(made)] == [Verb.ERASE_LOCAL]
    assert (only(made).end_state, only(made).task) == (EndState.MANUAL, "Rotate it.")


def test_a_step_that_asks_for_an_approval_is_held_and_nothing_of_it_is_done():
    phases = "\n  - {name: p, steps: [{select: 'true', verbs: [delete], approval: true}]}\n"
    made = plan(key(), playbook=book(phases=phases))
    assert done(made) == []
    assert only(made).end_state is EndState.HELD
    assert "asks for an approval" in only(made).reason


def test_a_credential_that_no_step_selects_is_said_to_be_skipped():
    made = plan(key(kind="x509.client-cert", provider="x509"))
    assert (made.steps, only(made).end_state) == ((), EndState.SKIPPED)
    assert "no step of the playbook selects it" in only(made).reason


def test_a_kind_of_another_version_is_never_acted_on():
    assert plan(key(kind="made-up.kind")).steps == ()
    assert only(plan(key(kind="made-up.kind"))).end_state is EndState.SKIPPED


def test_a_hold_deletes_and_erases_nothing_and_still_answers_for_everything():
    made = plan(key(), secret(), token(), case=replace(CASE, hold=True))
    assert {s.verb for s in made.steps} == {Verb.DEACTIVATE, Verb.REVOKE}
    assert only(made).credential == secret().id


def test_an_accepted_state_is_noted_for_what_it_selects_only():
    ours = book("accept:\n  - {select: 'credential.kind == \"file.secret\"', state: contained}")
    made = plan(secret(), key(), playbook=ours)
    assert [(a.credential, a.end_state) for a in made.accepted] == [(secret().id, EndState.CONTAINED)]


# --- guards


def test_more_than_the_limit_is_refused_with_both_numbers():
    with pytest.raises(RefusedError, match="3 credentials would be touched, the limit is 2") as caught:
        plan(key("A"), key("B"), key("C"), limit=2)
    assert "max_credentials" in caught.value.hint
    ours = book("limits: {max_credentials: 1}")
    with pytest.raises(RefusedError, match="the limit is 1"):
        plan(key("A"), key("B"), playbook=ours)
    assert len(plan(key("A"), key("B"), limit=2).credentials) == 2


def test_what_nothing_touches_does_not_count_to_the_limit():
    """Whoever plants a thousand keys of nobody, or of somebody else, must not stop the response."""
    planted = [key(f"P{n}", ownership=Ownership.OTHER, owner="grace") for n in range(5)]
    planted += [key(f"Q{n}", tenant="") for n in range(5)]
    made = plan(key("A"), *planted, limit=1)
    assert len(made.credentials) == 11
    assert {s.credential for s in made.steps if not s.held} == {key("A").id}


@pytest.mark.parametrize("principal", ["arn:aws:iam::1:user/ada", "arn:aws:sts::1:assumed-role/Admin/ada", "ada"])
def test_whoever_works_as_the_person_of_the_case_is_refused_unless_they_say_so(principal):
    who = {"principals": {"prod": principal}, "subject_names": ("ada",)}
    with pytest.raises(RefusedError, match="who is the person of this case") as caught:
        plan(key(), **who)
    assert "--self" in caught.value.hint
    assert plan(key(), **who, self_allowed=True).steps


def test_another_responder_with_a_similar_name_is_not_refused():
    assert plan(key(), principals={"prod": "arn:aws:iam::1:user/ada-responder"}, subject_names=("ada",)).steps


# --- what a sweep adds

PARENT = replace(plan(key("OLD"), gaps=(Gap(source="scan", reason="known"),)), digest="sha256:parent")


def sweep(*credentials: Credential, again: frozenset[str] = frozenset(), **more: object):
    return addendum(PARENT, found(*credentials, **more), SMALL, round_=2, again=again, now=NOW)  # type: ignore[arg-type]


def test_nothing_new_is_no_addendum():
    assert sweep(key("OLD"), gaps=(Gap(source="scan", reason="known"),)) is None


def test_something_new_of_the_persons_and_of_a_planned_kind_gets_steps_of_its_own():
    extra = sweep(key("OLD"), key("NEW"))
    assert {s.credential for s in extra.steps} == {key("NEW").id}
    assert [s.phase for s in extra.steps] == ["first/sweep-2", "first/sweep-2.2"]
    assert extra.parent_digest == "sha256:parent"
    assert [c.identifier for c in extra.credentials] == ["NEW"]
    assert extra.digest == ""


def test_something_new_of_a_kind_that_was_not_planned_is_held():
    extra = sweep(token())
    assert done(extra) == []
    assert only(extra).end_state is EndState.HELD
    assert "of a kind that the plan did not hold" in only(extra).reason


def test_something_new_of_somebody_else_is_held():
    extra = sweep(key("NEW", ownership=Ownership.OTHER, owner="grace"))
    assert done(extra) == []
    assert only(extra).end_state is EndState.HELD


def test_what_came_back_is_ended_again_under_new_step_ids():
    extra = sweep(key("OLD"), again=frozenset({key("OLD").id}))
    assert {s.verb for s in extra.steps} == {Verb.DEACTIVATE, Verb.DELETE}
    assert not {s.id for s in extra.steps} & {s.id for s in PARENT.steps}


def test_a_new_gap_alone_is_an_addendum_and_an_old_one_is_not_repeated():
    new = Gap(source="tenant:prod", reason="could not be listed")
    extra = sweep(key("OLD"), gaps=(Gap(source="scan", reason="known"), new))
    assert (extra.steps, extra.decisions, extra.gaps) == ((), (), (new,))


# --- for every credential, whatever it is

credentials = st.builds(
    Credential,
    kind=st.sampled_from([*sorted(catalogue.kinds()), "made-up.kind"]),
    provider=st.sampled_from(["aws", "vault", "x509", "local", "made-up"]),
    identifier=st.text("ABC", min_size=1, max_size=4),
    tenant=st.sampled_from(["", "prod"]),
    owner=st.sampled_from(["", "ada", "grace"]),
    ownership=st.sampled_from(list(Ownership)),
    relation=st.sampled_from(list(Relation)),
    state=st.sampled_from(list(State)),
    expires_at=st.sampled_from([None, "2026-01-01T00:00:00Z"]),
)
playbooks = st.sampled_from(
    [
        SMALL,
        load_playbook("lost-laptop"),
        book("skip:\n  - {select: 'credential.identifier.startsWith(\"A\")', reason: r}"),
        book(phases="\n  - {name: p, steps: [{select: 'true', verbs: [delete, revoke], approval: true}]}\n"),
    ]
)
decided = st.sampled_from([None, EndState.MANUAL, EndState.UNKNOWN, EndState.IRREVOCABLE])


@settings(max_examples=300)
@given(c=credentials, playbook=playbooks, state=decided, hold=st.booleans(), suffix=st.sampled_from(["", "/sweep-1"]))
def test_no_credential_is_left_without_a_step_or_a_decision(c, playbook, state, hold, suffix):
    earlier = Decision(credential=c.id, end_state=state, reason="r") if state else None
    steps, decisions = decide(c, playbook, earlier, replace(CASE, hold=hold), NOW, suffix)
    assert steps or decisions
    assert {x.credential for x in (*steps, *decisions)} == {c.id}
    assert all(d.reason for d in decisions)
    acting = [s for s in steps if not getattr(s, "held", False)]
    if acting:
        assert c.ownership is Ownership.CASE
        assert earlier is None
        assert c.tenant
        assert all(s.verb in catalogue.kinds()[c.kind].actions for s in acting)
    if hold:
        assert not {s.verb for s in steps} & {Verb.DELETE, Verb.ERASE_LOCAL}
    assert EndState.DEAD not in {d.end_state for d in decisions}
    assert len({s.id for s in steps}) == len(steps)


@settings(max_examples=100)
@given(many=st.lists(credentials, max_size=8, unique_by=lambda c: c.id), playbook=playbooks)
def test_a_plan_answers_for_every_credential_once(many, playbook):
    made = plan(*many, playbook=playbook)
    answered = {s.credential for s in made.steps} | {d.credential for d in made.decisions}
    assert answered == {c.id for c in many}
    names = [s.phase for s in made.steps]
    assert names == sorted(names, key=lambda n: names.index(n)), "a phase is one block"
    for c in many:
        mine = [s.phase for s in made.steps if s.credential == c.id]
        assert len(set(mine)) == len(mine), "two verbs on one credential share a phase"
