"""Decide what will be done to each credential, before anything is done. Pure: literals in, a `Plan` out.

Every credential gets either steps, or a decision that says why not, or both (a task for a person beside a local erase).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from rescind import __version__, catalogue
from rescind.errors import RefusedError
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState, Ownership, Relation
from rescind.models.evidence import State
from rescind.models.kind import CaseVerb, Kind, Verb
from rescind.models.machine import Machine
from rescind.models.plan import Accepted, Case, Decision, Plan, Step
from rescind.models.playbook import Playbook, PlaybookStep
from rescind.models.use import Source
from rescind.pipeline import barriers, case_plan
from rescind.pipeline.case_plan import DESTRUCTIVE
from rescind.pipeline.enumerate import Enumerated
from rescind.pipeline.rotating import ROTATION

DECIDE_WITHIN = timedelta(hours=24)
_HELD = {
    Ownership.OTHER: "the provider says that it belongs to {owner}, not to the person of this case",
    Ownership.UNPROVEN: "the provider does not say whose it is, or nothing maps its owner to the person of this case",
    Ownership.PROTECTED: "it is protected by the configuration ([org] protected)",
    Ownership.OPERATOR: "this run itself uses it",
}


def _held(c: Credential, now: datetime) -> Decision:
    breaks = f"whatever {c.owner or 'its unknown owner'} runs with {c.kind} {c.identifier or c.fingerprint}"
    exposed = c.relation == Relation.OBSERVED and c.state is not State.PUBLIC_ONLY
    how = (
        "its secret was on the machine (exposed)"
        if exposed
        else "only its identifier or public half was seen there (it may be planted, or its secret lies elsewhere)"
    )
    return Decision(
        credential=c.id,
        end_state=EndState.HELD,
        reason=f"{_HELD[c.ownership].format(owner=c.owner or 'somebody else')}; {how}",
        task="Rotate it with its owner, then end the old one; or map the owner in rescind.toml if it is the person's.",
        owner=c.owner or "unknown",
        decide_by=rfc3339(now + DECIDE_WITHIN),
        would_break=breaks,
    )


def _verbs(kind: Kind, c: Credential, step: PlaybookStep, forbidden: frozenset[Verb]) -> Iterable[Verb]:
    # a successor goes only where the configuration says that its user reads it
    offers = {*kind.actions, *({Verb.ROTATE} if kind.rotation and ROTATION in c.attributes else ())}
    offered = [v for v in step.verbs if v in offers and v not in forbidden]
    return offered[:1] if step.prefer else offered


def _steps(
    c: Credential, playbook: Playbook, now: datetime, suffix: str, forbidden: frozenset[Verb]
) -> tuple[list[Step], bool]:
    kind = catalogue.kinds().get(c.kind)
    steps: list[Step] = []
    needs_approval = False
    if kind is None or not c.tenant:
        return steps, needs_approval
    for phase in playbook.phases:
        verbs: dict[Verb, tuple[float, bool]] = {}
        for item in phase.steps:
            if not item.select.matches(c, now):
                continue
            held = {
                v: item.approval or (v in kind.actions and kind.actions[v].approval)
                for v in _verbs(kind, c, item, forbidden)
            }
            needs_approval |= item.approval or any(held[v] for v in held if v not in verbs)
            verbs |= {v: (item.wait_seconds, asks) for v, asks in held.items() if v not in verbs}
        for nth, (verb, (wait, asks)) in enumerate(verbs.items()):
            # two verbs on one credential keep their order: the second waits behind a barrier of its own
            name = phase.name + suffix + (f".{nth + 1}" if nth else "")
            steps.append(Step(phase=name, verb=verb, credential=c.id, tenant=c.tenant, wait_seconds=wait, held=asks))
    return steps, needs_approval


def _ordered(steps: Iterable[Step], playbook: Playbook, suffix: str = "") -> tuple[Step, ...]:
    names = [p.name + suffix + (f".{n + 1}" if n else "") for p in playbook.phases for n in range(len(Verb))]
    place = {name: i for i, name in enumerate(names)}
    return tuple(sorted(steps, key=lambda s: (place[s.phase], s.tenant, s.credential)))


def decide(
    c: Credential, playbook: Playbook, earlier: Decision | None, case: Case, now: datetime, suffix: str = ""
) -> tuple[list[Step], list[Decision]]:
    """Return the steps and decisions of one credential. At least one of the two is never empty."""
    for rule in playbook.skip:
        if rule.select.matches(c, now):
            return [], [Decision(credential=c.id, end_state=EndState.SKIPPED, reason=rule.reason)]
    by_hand = [r for r in playbook.manual if r.select.matches(c, now)]
    task = by_hand[0].task if by_hand else ""
    if earlier is not None:
        if earlier.end_state is EndState.MANUAL and c.state is State.EXPIRED:
            reason = f"expired at {c.expires_at} by its own account; not checked at any provider"
            return [], [Decision(credential=c.id, end_state=EndState.SKIPPED, reason=reason, task=task)]
        return [], [replace(earlier, task=task or earlier.task)]
    if c.ownership in {Ownership.PROTECTED, Ownership.OPERATOR}:
        return [], [_held(c, now)]  # no approval releases these: the configuration would have to change
    steps, needs_approval = _steps(c, playbook, now, suffix, DESTRUCTIVE if case.hold else frozenset())
    decisions = (
        [
            Decision(
                credential=c.id,
                end_state=EndState.MANUAL,
                reason="only its issuer can end it",
                task=task,
                owner="incident responder",
            )
        ]
        if task
        else []
    )
    if needs_approval:
        why, by = "this step asks for an approval", rfc3339(now + DECIDE_WITHIN)
        decisions.append(Decision(credential=c.id, end_state=EndState.HELD, reason=why, owner=c.owner, decide_by=by))
    if c.ownership is not Ownership.CASE:
        kind = catalogue.kinds()[c.kind] if steps else None
        # an approval releases this credential, not the supporting steps that would hit everything else of its owner
        offered = [replace(s, held=True) for s in steps if kind and not kind.supports(s.verb)]
        by_people = [d for d in decisions if d.end_state is EndState.MANUAL]  # stays to be done after an approval too
        return offered, [_held(c, now), *by_people]
    if not steps and not decisions:
        decisions.append(_left(c))
    return steps, decisions


def _left(c: Credential) -> Decision:
    """Return what becomes of a credential that no step is for: of a kind that nothing can end, a task rather than a choice."""
    kind = catalogue.kinds().get(c.kind)
    if kind is None or kind.actions or kind.rotation:
        return Decision(credential=c.id, end_state=EndState.SKIPPED, reason="no step of the playbook selects it")
    reason = (
        f"nothing ends one but time: it runs out by {c.expires_at}" if c.expires_at else "only its issuer can end it"
    )
    state = EndState.IRREVOCABLE if c.expires_at else EndState.MANUAL
    return Decision(
        credential=c.id, end_state=state, reason=reason, task=kind.steps_by_hand, owner="incident responder"
    )


def _guard(found: Enumerated, names: Iterable[str], *, self_allowed: bool) -> None:
    for tenant, principal in found.principals.items():
        last = principal.replace(":", "/").rsplit("/", 1)[-1]
        if last and last in set(names) and not self_allowed:
            raise RefusedError(
                f"you work at tenant {tenant!r} as {principal}, who is the person of this case",
                hint="work as another responder, or say --self if you are ending your own access",
            )


def _cap(steps: Iterable[Step], limit: int) -> None:
    """Count what would be touched, not what was found: who plants a thousand dead keys must not stop the response."""
    touched = len({s.credential for s in steps if not s.held})
    if touched > limit:
        raise RefusedError(
            f"{touched} credentials would be touched, the limit is {limit}",
            hint="check the scope; raise [org] max_credentials and the playbook's limits if it is right",
        )


def make_plan(
    found: Enumerated,
    playbook: Playbook,
    case: Case,
    *,
    now: datetime,
    inventory_digest: str,
    policy_digest: str,
    limit: int = 500,
    subject_names: tuple[str, ...] = (),
    self_allowed: bool = False,
    hooks: Collection[str] = (),
    records: Sequence[tuple[str, Source]] = (),
    machines: Mapping[CaseVerb, Sequence[tuple[str, Machine]]] = MappingProxyType({}),
) -> Plan:
    """Return the plan for one case. Raises `RefusedError` when a guard stops it. The digest is set by the caller."""
    _guard(found, subject_names, self_allowed=self_allowed)
    steps: list[Step] = []
    decisions: list[Decision] = []
    for c in found.credentials:
        mine, why = decide(c, playbook, found.decided.get(c.id), case, now)
        steps += mine
        decisions += why
    _cap(steps, min(limit, playbook.max_credentials))
    accepted = tuple(
        Accepted(credential=c.id, end_state=rule.state)
        for c in found.credentials
        for rule in playbook.accept
        if rule.state is not None and rule.select.matches(c, now)
    )
    return Plan(
        created_at=rfc3339(now),
        case=case,
        playbook=playbook.source,
        credentials=found.credentials,
        candidates=found.candidates,
        steps=_ordered(steps, playbook),
        decisions=tuple(decisions),
        accepted=accepted,
        barriers=barriers.of(playbook, case),
        case_steps=case_plan.case_steps(playbook, case, hooks, records, machines),
        gaps=found.gaps,
        tenants=dict(found.accounts),
        principals=dict(found.principals),
        inventory_digest=inventory_digest,
        policy_digest=policy_digest,
        catalogue_version=catalogue.version(),
        tool_version=__version__,
        sweep_rounds=playbook.sweep_rounds,
    )


def release(plan: Plan, credentials: frozenset[str]) -> Plan:
    """Return what a plan amounts to once some held credentials were approved: their steps are done, the other held ones are not."""
    steps = tuple(replace(s, held=False) for s in plan.steps if not s.held or s.credential in credentials)
    decisions = tuple(d for d in plan.decisions if d.end_state is not EndState.HELD or d.credential not in credentials)
    case = tuple(replace(s, held=s.held and s.id not in credentials) for s in plan.case_steps)
    return replace(plan, steps=steps, decisions=decisions, case_steps=case)


def _seen_before(then: Credential, now: Credential) -> Credential:
    """Return what came back as the provider shows it now, with what only the machine had shown of it."""
    return replace(
        now,
        findings=then.findings,
        fingerprint=then.fingerprint,
        relation=then.relation,
        state=then.state,
        attributes={**then.attributes, **now.attributes},
        last_used=now.last_used or then.last_used,
    )


def addendum(
    parent: Plan, found: Enumerated, playbook: Playbook, *, round_: int, again: frozenset[str], now: datetime
) -> Plan | None:
    """Return what a sweep adds: credentials that appeared, or came back to life (`again`), and new gaps. None: nothing new.

    Something new is ended without asking only if the provider says it is the person's and its kind was part of the plan;
    the rest is held.
    """
    known = {c.id: c for c in parent.credentials}
    fresh = [
        _seen_before(known[c.id], c) if c.id in known else c
        for c in found.credentials
        if c.id not in known or c.id in again
    ]
    gaps = tuple(g for g in found.gaps if g not in parent.gaps)
    if not fresh and not gaps:
        return None
    suffix = f"/sweep-{round_}"
    steps: list[Step] = []
    decisions: list[Decision] = []
    planned = {c.kind for c in parent.credentials}
    for c in fresh:
        mine, why = decide(c, playbook, found.decided.get(c.id), parent.case, now, suffix)
        if mine and c.kind not in planned:
            mine, why = (
                [],
                [
                    Decision(
                        credential=c.id,
                        end_state=EndState.HELD,
                        reason="it appeared during the run and is of a kind that the plan did not hold",
                        owner=c.owner,
                        decide_by=rfc3339(now + DECIDE_WITHIN),
                    )
                ],
            )
        steps += mine
        decisions += why
    return replace(
        parent,
        created_at=rfc3339(now),
        credentials=tuple(fresh),
        candidates=(),
        steps=_ordered(steps, playbook, suffix),
        decisions=tuple(decisions),
        accepted=(),
        case_steps=(),
        gaps=gaps,
        parent_digest=parent.digest,
        digest="",
    )
