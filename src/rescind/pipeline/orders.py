"""Machines that a tenant manages: which of them a case means, what one is ordered to do, and whether it did.

Each order is a step of its own that an approval has to name. It is sent once and never again: after a crash, or an answer that was lost,
only what the provider shows of it counts. Taken is not done: such a step stays open, and is looked at again at the end of the run and by
`rescind verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rescind import catalogue
from rescind.audit.log import AuditLog
from rescind.errors import ProviderError, RefusedError
from rescind.models.clock import rfc3339
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import CaseVerb
from rescind.models.machine import Machine, Machines, Order, Standing
from rescind.models.plan import Case, CaseStep
from rescind.models.playbook import Playbook
from rescind.pipeline.case_plan import ORDERS
from rescind.pipeline.identify import refusal
from rescind.pipeline.preserve import Reader, load
from rescind.pipeline.tenants import Connected, Tenants
from rescind.pipeline.verify import reason

SEEN = "order-seen"
"""The trail's entry for a later look at an order."""
_CLOSED = {Standing.DONE: EndState.ACKNOWLEDGED, Standing.REFUSED: EndState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The machines of a case with their tenants, by what these tenants can do to them; gaps where one could not be asked."""

    machines: Mapping[CaseVerb, tuple[tuple[str, Machine], ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


def row_of(provider: str) -> Machines | None:
    """Return how a provider manages machines, if it does."""
    found = catalogue.providers().get(provider)
    return found.machines if found else None


def shown(there: Connected, row: Machines, workstation: str, ids: tuple[str, ...]) -> Sequence[Machine]:
    """Return the machines that a tenant shows under a name or these ids. Raises typed errors."""
    found: Sequence[Machine] = there.ask(lambda: load(row.find)(there.client, workstation, ids))[0]
    return found


def offers(config: Config, playbook: Playbook, case: Case, found: Iterable[Credential], at: Tenants) -> Offers:
    """Ask the tenants that offer it for the machine of the case. Nothing is asked that the playbook has no use for."""
    wanted = {item.verb for phase in playbook.phases for item in phase.case} & ORDERS
    wanted = {verb for verb in wanted if str(verb) not in config.hooks}
    devices = [c for c in found if _meant(c, case)]
    machines: dict[CaseVerb, tuple[tuple[str, Machine], ...]] = {}
    gaps: list[Gap] = []
    for tenant in config.tenants:
        row = row_of(tenant.provider)
        asked = row is not None and tenant.settings.get(row.setting) is True
        in_scope = not playbook.providers or tenant.provider in playbook.providers
        if row is None or not (asked and in_scope and case.workstation and wanted):
            continue
        ids = tuple(c.attributes["device_id"] for c in devices if c.tenant == tenant.name)
        try:
            there = at.get(tenant.name)
            found_there = shown(there, row, case.workstation, ids)
        except ProviderError as error:
            why = f"{row.title} could not be asked for {case.workstation}: {refusal(error)}"
            gaps.append(Gap(source=f"tenant:{tenant.name}", reason=why))
            continue
        for verb in (v for v in wanted if str(v) in row.verbs):
            machines[verb] = (*machines.get(verb, ()), *((tenant.name, m) for m in found_there))
    return Offers(machines={v: m for v, m in machines.items() if m}, gaps=tuple(gaps))


def _meant(c: Credential, case: Case) -> bool:
    """Tell whether a device is the machine of the case: called so, and nobody else's by the provider's word. A name anybody may give."""
    others = {Ownership.PROTECTED, Ownership.OPERATOR, *([Ownership.OTHER] if case.person else [])}
    return bool(c.attributes.get("workstation") and c.attributes.get("device_id")) and c.ownership not in others


def order(step: CaseStep, run: str, reader: Reader) -> tuple[EndState, str, str]:
    """Send one order, unless it may have been sent, and say what is shown of it: end state, evidence, and what became of the call."""
    log = reader.log
    try:
        there = reader.tenants.get(step.tenant)
        row = row_of(there.tenant.provider)
        if row is None or there.tenant.settings.get(row.setting) is not True:
            return EndState.MANUAL, f"{step.tenant} does not offer it any more", ""
        earlier = log.last("intent", run, step.id)
        if earlier is None:
            gone = _gone(step, there, row)
            if gone:
                return EndState.FAILED, gone, ""
    except (ProviderError, RefusedError) as error:
        return EndState.UNKNOWN, f"nothing was ordered: {error.message}", ""
    if earlier is not None:
        seen = look(step, run, reader)
        return (
            _state(seen),
            f"it was being ordered when the run was stopped, and is not ordered again: {seen.evidence}",
            "unknown",
        )
    told = {
        "verb": str(step.verb), "kind": "case", "phase": step.phase, "tenant": step.tenant, "identifier": step.machine,
        "account": there.identity.account, "as": there.identity.principal,
    }  # fmt: skip
    log.append("intent", run=run, step=step.id, data=told)
    call = "accepted"
    try:
        there.ask(lambda: load(row.send)(there.client, step.machine, str(step.verb)), repeatable=False)
    except ProviderError as error:
        if not error.maybe_sent:
            return EndState.FAILED, f"it was not taken: {reason(error)}", "failed"
        call = "unknown"
    seen = look(step, run, reader)
    if call == "unknown" and seen.standing is Standing.NONE:
        return (
            EndState.UNKNOWN,
            f"whether it was taken is not known, and it is not ordered again: {seen.evidence}",
            call,
        )
    return _state(seen), seen.evidence, call


def _gone(step: CaseStep, there: Any, row: Machines) -> str:
    """Return why a machine is not to be ordered anything any more: it is not one of those that the case means now."""
    if step.machine in {m.identifier for m in shown(there, row, step.workstation, (step.device,))}:
        return ""
    return f"{row.title} does not show the machine of the plan as {step.workstation} any more; nothing was ordered"


def look(step: CaseStep, run: str, reader: Reader) -> Order:
    """Return what is shown of an order since it was sent. Never raises for what a provider does."""
    sent = reader.log.last("intent", run, step.id)
    try:
        there = reader.tenants.get(step.tenant)
        row = row_of(there.tenant.provider)
        assert row is not None and sent is not None  # noqa: PT018, S101  the caller saw both
        seen: Order = there.ask(lambda: load(row.look)(there.client, step.machine, str(step.verb), sent.at))[0]
    except ProviderError as error:
        return Order(standing=Standing.NONE, evidence=reason(error))
    except RefusedError as error:
        return Order(standing=Standing.NONE, evidence=error.message)
    return seen


def _state(seen: Order) -> EndState:
    return _CLOSED.get(seen.standing, EndState.UNKNOWN)


def again(reader: Reader, steps: Sequence[CaseStep]) -> int:
    """Look again at every order that is not known to be done, and record it; returns how many were looked at."""
    looked = 0
    for step in steps:
        sent = reader.log.last("intent", reader.run, step.id) if step.machine else None
        before = last_seen(reader.log, reader.run, step.id) if sent is not None else None
        if before is None or before.data["end_state"] == EndState.ACKNOWLEDGED:
            continue
        seen = look(step, reader.run, reader)
        looked += 1
        if seen.standing is Standing.NONE and before.data["end_state"] == EndState.FAILED:
            continue  # that it was refused stays known, though nothing is shown of it
        facts = {"verb": str(step.verb), "kind": "case", "end_state": str(_state(seen)), "evidence": seen.evidence}
        reader.log.append(SEEN, run=reader.run, step=step.id, data={**facts, "at": rfc3339(reader.clock.now())})
    return looked


def last_seen(log: AuditLog, run: str, step: str) -> Any:
    """Return the newest entry that says how a case step stands, None when there is none."""
    return log.last(SEEN, run, step) or log.last("outcome", run, step)
