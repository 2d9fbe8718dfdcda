"""What is planned for the case as a whole, beside its credentials. Pure: a playbook and a case in, planned case steps out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from rescind.errors import RefusedError, UsageError
from rescind.models.config import Config
from rescind.models.kind import CaseVerb, Verb
from rescind.models.machine import Machine
from rescind.models.plan import Case, CaseStep, Plan
from rescind.models.playbook import CaseItem, Playbook
from rescind.models.use import Source

DESTRUCTIVE = frozenset({Verb.DELETE, Verb.ERASE_LOCAL})  # what a legal hold forbids, beside a wipe
ORDERS = frozenset({CaseVerb.LOCK, CaseVerb.RETIRE, CaseVerb.WIPE})  # what a tenant that manages machines may do
IRREVERSIBLE = ORDERS  # what no playbook does without an approval
ERASING = frozenset({CaseVerb.RETIRE, CaseVerb.WIPE})  # what a legal hold forbids
PERSONAL = "its provider does not say that it is the organisation's: it is retired at most, not wiped"
PLACEHOLDER = re.compile(r"\{(workstation|person|run)\}")
NO_TIME = "when control was lost is not known (--lost-at), so there is no time to export from"
HELD_BY_LAW = "a legal hold forbids it: nothing may be deleted, wiped or erased"


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return text with its placeholders replaced once; what a value holds is not looked at again."""
    return PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), text)


def case_steps(
    playbook: Playbook,
    case: Case,
    hooks: Collection[str],
    records: Sequence[tuple[str, Source]] = (),
    machines: Mapping[CaseVerb, Sequence[tuple[str, Machine]]] = MappingProxyType({}),
) -> tuple[CaseStep, ...]:
    """Return what is done for the case, in the playbook's order. `hooks`: the verbs for which the operator named a tool.

    `records` are the tenants' records of what credentials did, those that are kept shortest first; `machines` those of the case that a
    tenant offers to order something, by what. The operator's own tool goes before them.
    """
    told = {"workstation": case.workstation or "the workstation", "person": case.person or "the person"}
    steps: list[CaseStep] = []
    for phase in playbook.phases:
        for item in phase.case:
            if item.activity:
                steps += _exports(phase.name, item, case, records)
                continue
            why = _left_out(item, case)
            plain = CaseStep(
                phase=phase.name,
                verb=item.verb,
                task=filled(item.task, told),
                owner=item.owner,
                done_when=filled(item.done_when, told),
                hook=str(item.verb) in hooks,
                held=not why and (item.approval or item.verb in IRREVERSIBLE),
                left_out=why,
            )
            meant = () if plain.hook else machines.get(item.verb, ())
            steps += [_order(plain, tenant, machine, case) for tenant, machine in meant]
            if not meant and (plain.hook or not item.offered):
                steps.append(plain)
    return tuple(steps)


def _order(plain: CaseStep, tenant: str, machine: Machine, case: Case) -> CaseStep:
    """Return the step that orders one machine to do something: each of its own, so that an approval names exactly that."""
    why = plain.left_out or (PERSONAL if machine.personal and plain.verb is CaseVerb.WIPE else "")
    return replace(
        plain,
        task=f"{plain.task} The machine: {machine.told}.",
        held=not why,
        left_out=why,
        tenant=tenant,
        machine=machine.identifier,
        device=machine.device,
        workstation=case.workstation,
    )


def _exports(phase: str, item: CaseItem, case: Case, records: Sequence[tuple[str, Source]]) -> Iterator[CaseStep]:
    """Return a step for each record that rescind reads itself; one that says why, where nobody said since when."""
    blank = CaseStep(phase=phase, verb=item.verb, task="", owner="rescind", done_when="")
    if records and not case.lost_at:
        names = ", ".join(f"{source.title} of {tenant}" for tenant, source in records)
        task, done = (
            f"Export what the case's credentials did since the loss: {names}.",
            "The exports lie in the run's folder.",
        )
        yield replace(blank, task=task, done_when=done, left_out=NO_TIME)
        return
    for tenant, source in records:
        yield replace(
            blank,
            task=f"Export what the case's credentials did since {case.lost_at}: {source.title} of {tenant}.",
            done_when="The export lies in the run's folder, and its digest in the audit trail.",
            tenant=tenant,
            source=source.id,
        )


def _left_out(item: CaseItem, case: Case) -> str:
    if item.verb in ERASING and case.hold:
        return HELD_BY_LAW
    if item.verb is CaseVerb.HOLD and not case.hold:
        return "no legal hold is on this case (--hold)"
    return f"not isolated, on purpose: {case.not_isolated}" if _waived(item.verb, case) else ""


def _waived(verb: CaseVerb, case: Case) -> bool:
    return verb is CaseVerb.ISOLATE and bool(case.not_isolated)


def check_gate(playbook: Playbook, case: Case) -> None:
    """Refuse a reason not to isolate where nothing would wait for an isolation. Raises `UsageError`."""
    if case.not_isolated and not any(p.gate for p in playbook.phases):
        raise UsageError(
            f"playbook {playbook.name!r} waits for no isolation", hint="leave --not-isolated away: nothing is held up"
        )


def on_hold(config: Config, person: str) -> bool:
    """Tell whether the configuration keeps somebody under legal hold now."""
    return person.casefold() in {p.casefold() for p in config.org.legal_hold}


def check_hold(plan: Plan, *, hold: bool) -> None:
    """Refuse a plan that destroys anything of a case under legal hold. Raises `RefusedError`."""
    destroys = [str(s.verb) for s in plan.steps if s.verb in DESTRUCTIVE and not s.reverse]
    destroys += [str(s.verb) for s in plan.case_steps if s.verb in ERASING and not s.left_out]
    if (hold or plan.case.hold) and destroys:
        raise RefusedError(
            f"the case is under legal hold, and the plan would {destroys[0]}", hint="make the plan again: rescind plan"
        )
