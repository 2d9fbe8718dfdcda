"""The configured rotations: what each one's user holds now, and what that makes of a plan.

Places and subjects come from the operator's configuration only. A rotation whose place or provider cannot be read is a gap; one that
would need something of unknown origin to be deleted first is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from rescind import catalogue
from rescind.errors import ConfigError, ProviderError, RefusedError, UsageError
from rescind.host import keychain
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState, Relation
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness
from rescind.models.plan import Case, Decision, Plan
from rescind.models.playbook import Playbook
from rescind.models.rotation import Rotating
from rescind.pipeline import inventory as inventories
from rescind.pipeline.enumerate import Enumerated
from rescind.pipeline.identify import enrich
from rescind.pipeline.machine import inventory_of
from rescind.pipeline.people import People
from rescind.pipeline.plan import DECIDE_WITHIN, make_plan
from rescind.pipeline.rotating import PLACE, ROTATION, Opened, listing, named, too_many
from rescind.pipeline.session import Session, people
from rescind.pipeline.session import tenants as connect
from rescind.pipeline.tenants import Connected, Tenants
from rescind.schema import plan as plan_file
from rescind.schema.faults import nearest
from rescind.schema.policy import policy_digest
from rescind.secret import Secret


@dataclass(frozen=True, slots=True)
class _Keys:
    """The operator's keychain, or the back end that a session was given."""

    backend: object | None

    def get(self, name: str) -> Secret | None:
        """Return an item's value."""
        return keychain.get_password(name, self.backend)

    def set(self, name: str, value: Secret) -> None:
        """Keep a value."""
        keychain.set_password(name, value, self.backend)


def chosen(session: Session, names: Iterable[str]) -> list[Rotating]:
    """Return the rotations that are named, all without a name. Raises `UsageError` for an unknown name or when there is none."""
    known = {r.name: r for r in session.config.rotations}
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"there is no rotation {name[:60]!r} in rescind.toml" + (f"; did you mean {near!r}?" if near else ""),
                hint="configured: " + (", ".join(known) or "none; docs/guides/rotate.md shows one"),
            )
    if not known:
        raise UsageError("no rotation is configured", hint="add [rotation.NAME] to rescind.toml: docs/guides/rotate.md")
    return [r for r in known.values() if r.name in set(names or known)]


def opened(session: Session, names: Iterable[str] = ()) -> dict[str, Opened]:
    """Return every configured rotation (or those named), with its place; nothing is read yet."""
    wanted = set(names)
    found: dict[str, Opened] = {}
    for row in session.config.rotations:
        kind = catalogue.kinds()[row.kind]
        if (wanted and row.name not in wanted) or kind.rotation is None:
            continue
        target = next(t for k, t in catalogue.targets().items() if k in row.deliver)
        place = target.open(row.deliver, kind.rotation, _Keys(session.keychain))
        found[row.name] = Opened(row=row, kind=kind, how=kind.rotation, target=place)
    return found


def _held(c: Credential, why: str, now: datetime) -> Decision:
    return Decision(
        credential=c.id,
        end_state=EndState.HELD,
        reason=why,
        task="Find out whose the other one is; end it or move its user, then rotate again.",
        owner=c.owner,
        decide_by=rfc3339(now + DECIDE_WITHIN),
        would_break="nothing now: its user goes on with the one it has",
    )


def _look(one: Opened, at: Connected, who: People) -> tuple[Credential, dict[str, Known]] | str:
    value = one.target.read()
    if value is None:
        return f"{one.target.place} holds nothing to rotate: put a first one there by hand"
    owner = one.row.subject
    known, name = listing(one.kind, owner, at), named(one.kind, owner, value, at)
    if name not in known:
        return f"{one.target.place} holds something that {owner} does not have at {one.row.tenant}: nothing was rotated"
    blank = Credential(
        kind=one.kind.id,
        provider=one.kind.provider,
        identifier=name,
        relation=Relation.ATTRIBUTED,
        tenant=at.tenant.name,
    )
    c = enrich(blank, known[name], at, who)
    facts = {**c.attributes, ROTATION: one.row.name, PLACE: one.target.place}
    return replace(c, attributes=facts), known


def configured(rows: Mapping[str, Opened], at: Tenants, who: People, now: datetime) -> Enumerated:
    """Return what each rotation's user holds now, with decisions for those that must wait, and gaps."""
    found: dict[str, Credential] = {}
    decided: dict[str, Decision] = {}
    gaps: list[Gap] = []
    accounts: dict[str, str] = {}
    principals: dict[str, str] = {}
    for name, one in rows.items():
        try:
            there = at.get(one.row.tenant)
            accounts[one.row.tenant], principals[one.row.tenant] = there.identity.account, there.identity.principal
            seen = _look(one, there, who)
        except ProviderError as error:
            seen = error.message
        if isinstance(seen, str):
            gaps.append(Gap(source=f"rotation:{name}", reason=seen))
            continue
        c, known = seen
        if c.id in found:
            gaps.append(
                Gap(source=f"rotation:{name}", reason=f"{one.target.place} holds what another rotation rotates")
            )
            continue
        found[c.id] = c
        if known[c.identifier].liveness is not Liveness.LIVE:
            decided[c.id] = _held(c, "it is not live at its provider: it was switched off by somebody", now)
        elif one.how.limit and len(known) >= one.how.limit:
            decided[c.id] = _held(c, too_many(one, known, c.identifier), now)
    return Enumerated(
        credentials=tuple(sorted(found.values(), key=lambda c: (c.kind, c.id))),
        candidates=(),
        decided=decided,
        gaps=tuple(gaps),
        accounts=accounts,
        principals=principals,
    )


def survey(session: Session, playbook: Playbook, case: Case, *, at: Tenants | None = None) -> Plan:
    """Look at the configured rotations (those that the case names, or all) and plan them. Writes nothing. Raises `RescindError`s."""
    rows = opened(session, [r.name for r in chosen(session, case.rotations)])
    case = replace(case, rotations=tuple(rows))
    at = at or connect(session, case, write=False)
    session.progress(f"{len(rows)} rotations; asking the providers")
    found = configured(rows, at, people(session, case), session.clock.now())
    # a phase with a grace period waits as long as the configuration says: the longest of what is rotated together
    grace = max(one.row.grace for one in rows.values())
    phases = tuple(replace(p, after_seconds=grace) if p.after_seconds else p for p in playbook.phases)
    plan = make_plan(
        found,
        replace(playbook, phases=phases),
        case,
        now=session.clock.now(),
        inventory_digest=inventories.digest(inventory_of(session, case, scope=())[0]),
        policy_digest=policy_digest(session.config),
        limit=session.config.org.max_credentials,
    )
    return replace(plan, digest=plan_file.digest_of(plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old the credential of a rotation is. `seconds` is None when it could not be established, and `why` says why."""

    row: Rotating
    identifier: str = ""
    created_at: str = ""
    seconds: float | None = None
    why: str = ""

    @property
    def due(self) -> bool:
        """Whether it is past its age."""
        return bool(self.row.max_age and self.seconds is not None and self.seconds > self.row.max_age)


def ages(session: Session) -> list[Age]:
    """Return the age of what each configured rotation's user holds, by the provider's own date. Read-only."""
    if not session.config.rotations:
        return []
    rows, case = opened(session), Case(rotations=tuple(r.name for r in session.config.rotations))
    at, who, found = connect(session, case, write=False), people(session, case), list[Age]()
    for one in rows.values():
        try:
            seen = _look(one, at.get(one.row.tenant), who)
        except (ProviderError, RefusedError, ConfigError) as error:
            seen = error.message
        if isinstance(seen, str):
            found.append(Age(row=one.row, why=seen))
            continue
        c = seen[0]
        if not c.created_at:
            found.append(Age(row=one.row, identifier=c.identifier, why="the provider does not say when it was made"))
            continue
        old = (session.clock.now() - parse_rfc3339(c.created_at)).total_seconds()
        found.append(Age(row=one.row, identifier=c.identifier, created_at=c.created_at, seconds=old))
    return found
