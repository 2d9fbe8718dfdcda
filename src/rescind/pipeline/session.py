"""From what the operator says to a plan, and from a plan to the right to apply it: the checks around the pure stages.

A session holds the configuration, the clock and the state folder; it never holds a raw secret longer than one survey.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rescind import __version__, catalogue
from rescind.errors import EvidenceError, ProviderError, RefusedError
from rescind.host import erase
from rescind.models.clock import Clock
from rescind.models.config import Config
from rescind.models.credential import Credential, Inventory
from rescind.models.plan import Case, Plan
from rescind.models.playbook import Playbook
from rescind.models.tenant import SecretRef
from rescind.models.use import Source
from rescind.pipeline import inventory as inventories
from rescind.pipeline import orders, received
from rescind.pipeline.case import is_live
from rescind.pipeline.case_plan import check_gate, check_hold, on_hold
from rescind.pipeline.enumerate import enumerate_all
from rescind.pipeline.machine import fingerprint_key, hidden, inventory_of, pinned
from rescind.pipeline.people import People
from rescind.pipeline.plan import make_plan
from rescind.pipeline.preserve import sources
from rescind.pipeline.tenants import Tenants
from rescind.providers.local._connect import local_client
from rescind.schema import plan as plan_file
from rescind.schema.policy import policy_digest
from rescind.secret import Secret

Progress = Callable[[str], None]


def quiet(_: str) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one invocation works with. `keychain` is a keyring back end (None: the operating system's own).

    `patience` is how many seconds a provider that does not answer is asked again. `seen` gets the inventory that passed the gate.
    `identity` opens sealed inventories; `values` are the raw values that one held, by fingerprint.
    """

    config: Config
    resolve: Callable[[SecretRef], Secret]
    clock: Clock
    state_dir: Path
    keychain: Any = None
    progress: Progress = quiet
    patience: float = 120.0
    seen: list[Inventory] = field(default_factory=list)
    identity: Path | None = None
    values: dict[str, Secret] = field(default_factory=dict, repr=False)


def people(session: Session, case: Case) -> People:
    """Return whom the case is about, by every name the configuration maps, and who is protected."""
    mapped = dict(session.config.persons.get(case.person, {}))
    for row in session.config.rotations:
        if row.name in case.rotations:  # what the configuration rotates is the case's own
            provider = catalogue.kinds()[row.kind].provider
            mapped[provider] = (*mapped.get(provider, ()), row.subject)
    return People(
        person=case.person, workstation=case.workstation, mapped=mapped, protected=session.config.org.protected
    )


def local_host(session: Session, case: Case) -> Any:
    """Return what may erase local copies: only for a live target (or a drill's own back end), otherwise None."""
    if not case.target or not (session.keychain is not None or is_live(Path(case.target))):
        return None
    return local_client(
        erase.local_host(
            Path(case.target),
            key=fingerprint_key(session),
            backend=session.keychain,
            recipients=session.config.org.recipients,
            sealed_dir=session.state_dir / "sealed",
            clock=session.clock,
        )
    )


def tenants(session: Session, case: Case, *, write: bool, expected: Mapping[str, str] | None = None) -> Tenants:
    """Return the configured tenants, unconnected. `write` loads their write identities."""
    return Tenants(
        session.config.tenants,
        resolve=session.resolve,
        clock=session.clock,
        write=write,
        expected=expected,
        local=local_host(session, case),
        retry_deadline=session.patience,
    )


def survey(
    session: Session, playbook: Playbook, case: Case, *, self_allowed: bool = False, at: Tenants | None = None
) -> Plan:
    """Scan, build the inventory, ask the providers, and plan. Writes nothing anywhere. Raises `RescindError`s.

    `at`: tenants that are connected already.
    """
    if "rotations" in playbook.sides:
        from rescind.pipeline import rotations

        return rotations.survey(session, playbook, case, at=at)
    case, checkin, unseen = pinned(session, case) if playbook.evidence else (case, None, ())
    check_inputs(playbook, case)
    check_gate(playbook, case)
    case = replace(case, hold=case.hold or on_hold(session.config, case.person))
    seen, raw = inventory_of(session, case, scope=playbook.evidence)
    who = people(session, case)
    if session.config.missing:
        session.progress("no rescind.toml: every provider credential stays manual (rescind init)")
    at = at or tenants(session, case, write=False)
    session.progress(f"{len(seen.credentials)} credentials on the machine; asking the providers")
    found = enumerate_all(
        seen,
        raw,
        at,
        who,
        providers=in_scope(session, playbook),
        provider_side="provider" in playbook.sides,
        kinds=playbook.kinds,
    )
    later = received.since(found.credentials, checkin.newest) if checkin else None
    lost = hidden(session, case, checkin, seen)
    offered = orders.offers(session.config, playbook, case, found.credentials, at)
    found = replace(found, gaps=(*found.gaps, *unseen, *lost, *((later,) if later else ()), *offered.gaps))
    names = tuple(n for p in catalogue.providers() for n in who.subject(p).names)
    plan = make_plan(
        found,
        playbook,
        case,
        now=session.clock.now(),
        inventory_digest=inventories.digest(seen),
        policy_digest=policy_digest(session.config),
        limit=session.config.org.max_credentials,
        subject_names=names,
        self_allowed=self_allowed,
        hooks=session.config.hooks,
        records=records(session, playbook, who, found.credentials),
        machines=offered.machines,
    )
    return replace(plan, digest=plan_file.digest_of(plan))


def records(
    session: Session, playbook: Playbook, who: People, found: Iterable[Credential]
) -> tuple[tuple[str, Source], ...]:
    """Return the tenants in scope with their records of what credentials did, where anybody or anything of the case is known; those kept shortest first."""
    known = {c.tenant for c in found}
    rows = [
        (t.name, source)
        for t in session.config.tenants
        if t.provider in in_scope(session, playbook) and (t.name in known or who.subject(t.provider).names)
        for source in sources(t)
    ]
    return tuple(sorted(rows, key=lambda row: row[1].retention_days))


def in_scope(session: Session, playbook: Playbook) -> tuple[str, ...]:
    """Return the providers a playbook asks: those it names, or every configured one."""
    return tuple(playbook.providers) or tuple(dict.fromkeys(t.provider for t in session.config.tenants))


def check_inputs(playbook: Playbook, case: Case) -> None:
    """Refuse a case that lacks what its playbook needs. Raises `EvidenceError`."""
    for name, need in playbook.inputs.items():
        if need == "required" and not getattr(case, name, ""):
            raise EvidenceError(f"playbook {playbook.name!r} needs a {name}", hint=f"give --{name}")
    if not (case.target or case.inventory or case.checkin or case.person):
        raise EvidenceError(
            "nothing was given to work from", hint="give --target PATH, --inventory FILE or --person EMAIL"
        )


def gate(
    session: Session, plan: Plan, playbook: Playbook, *, self_allowed: bool = False, at: Tenants | None = None
) -> Tenants:
    """Check that the world is still the one the plan was made for; return the tenants with their write identities.

    Raises `RefusedError` naming what changed. Called before the first write of a run, not on resume. `at`: tenants that this same
    command connected for writing, and planned with.
    """
    again = "make the plan again: rescind plan"
    check_hold(plan, hold=on_hold(session.config, plan.case.person))
    if plan.case.target and is_live(Path(plan.case.target)) and not self_allowed:
        raise RefusedError(
            "the machine of this case is the one you are working on: its credentials may be the ones you need",
            hint="work from another machine, or say --self if you are ending your own access here",
        )
    fingerprint_key(session, keep=True)
    if plan.digest != plan_file.digest_of(plan):
        raise RefusedError("the plan was edited after it was made", hint=again)
    if plan.tool_version != __version__ or plan.catalogue_version != catalogue.version():
        raise RefusedError("the plan was made by another version of rescind or of its catalogue", hint=again)
    if plan.policy_digest != policy_digest(session.config):
        raise RefusedError(
            "the configuration changed since the plan was made: tenants, people, limits, holds, rotations, machines or tools",
            hint=again,
        )
    seen, _ = inventory_of(session, plan.case, scope=playbook.evidence)
    if plan.inventory_digest != inventories.digest(seen):
        raise RefusedError(
            "the evidence changed since the plan was made: other credentials are on the machine now", hint=again
        )
    session.seen.append(seen)
    if plan.case.checkin:
        received.remember(session.state_dir, plan.case.workstation, int(plan.case.checkin.partition("-")[0]))
    at = at or tenants(session, plan.case, write=True, expected=plan.tenants)
    for name in plan.tenants:
        try:
            at.get(name)
        except ProviderError as error:  # its steps will end `unknown`; one provider's outage shields no other
            session.progress(f"tenant {name} cannot be reached now: {error.message}")
    return at


def signers(session: Session) -> Path:
    """Return the file that says who may approve. Raises `RefusedError` when none is configured."""
    named = session.config.org.allowed_signers
    if named is None:
        raise RefusedError(
            "nobody may approve: no file of allowed signers is configured", hint="set [org] allowed_signers"
        )
    return named


def subjects(session: Session, plan: Plan) -> tuple[str, ...]:
    """Return every name of the person of a case: none of them may approve it."""
    mapped = people(session, plan.case).mapped
    return tuple({plan.case.person, *(n for names in mapped.values() for n in names)} - {""})
