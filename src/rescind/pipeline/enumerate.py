"""Ask the providers: whose is each credential that was found, and what else do they hold of this person.

Two-sided: evidence is identified at the tenants (`observed`), and each kind lists what the person has (`inherited`). Whatever
could not be asked becomes a `Gap` or leaves the credential's fate open, never absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rescind import catalogue
from rescind.errors import Denied, NotFound, ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential, EndState, Inventory, Ownership, Relation
from rescind.models.evidence import Gap, State
from rescind.models.kind import Identity, Kind, Known, Liveness, Subject
from rescind.models.plan import Decision
from rescind.pipeline.tenants import LOCAL, Connected, Tenants, kind_of
from rescind.secret import Secret

NOT_ENDED = {State.PLACEHOLDER, State.LOGGED_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Whom the case is about and who must not be touched. `mapped` gives the person's names per provider (rescind.toml)."""

    person: str = ""
    workstation: str = ""
    mapped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protected: tuple[str, ...] = ()

    def subject(self, provider: str) -> Subject:
        """Return the subject as one provider knows it. An e-mail counts only where the provider's authority controls it."""
        row = catalogue.providers().get(provider)
        names = self.mapped.get(provider, ())
        if row is not None and row.controls_email and self.person:
            names = (*names, self.person)
        return Subject(person=self.person, names=names, workstation=self.workstation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumerated:
    """What both sides hold: credentials with owner and tenant, what could not be decided, gaps, and who we are where."""

    credentials: tuple[Credential, ...]
    candidates: tuple[Credential, ...]
    decided: Mapping[str, Decision]
    gaps: tuple[Gap, ...]
    accounts: Mapping[str, str]
    principals: Mapping[str, str]
    live_at_provider: frozenset[str] = frozenset()


def ownership(known: Known, people: People, provider: str, identity: Identity) -> Ownership:
    """Say whose a credential is, from the provider's own word only."""
    names = people.subject(provider).names
    said = [known.identifier, known.owner, known.subject, *known.attributes.values()]
    marks = {
        part.strip().casefold() for text in said for part in (text, *text.split(","))
    }  # several names may share a fact
    if known.identifier and known.identifier in identity.identifiers:
        return Ownership.OPERATOR
    if marks & {name.casefold() for name in people.protected if name}:
        return Ownership.PROTECTED
    if not known.owner:
        return Ownership.UNPROVEN
    row = catalogue.providers().get(provider)
    if row is not None and row.controls_email:  # mail addresses are compared without case, names are not
        return Ownership.CASE if known.owner.casefold() in {n.casefold() for n in names} else Ownership.OTHER
    return Ownership.CASE if known.owner in names else Ownership.OTHER


def enrich(credential: Credential, known: Known, at: Connected, people: People) -> Credential:
    """Return the credential with what the provider said of it."""
    return replace(
        credential,
        identifier=known.identifier or credential.identifier,
        issuer=known.issuer or credential.issuer or at.identity.account,
        subject=known.subject or credential.subject,
        owner=known.owner,
        ownership=ownership(known, people, at.tenant.provider, at.identity),
        tenant=at.tenant.name,
        attributes={**credential.attributes, **known.attributes},
        expires_at=known.expires_at or credential.expires_at,
        created_at=known.created_at,
        last_used=known.last_used,
        parent=known.parent,
    )


def _why(error: ProviderError) -> str:
    match error:
        case Denied():
            return f"access denied to us: {error.message}"
        case Throttled():
            return "the provider kept asking to slow down"
        case Unreachable():
            return f"the provider did not answer: {error.message}"
        case _:
            return error.message


def _manual(credential: Credential, reason: str, task: str) -> Decision:
    return Decision(
        credential=credential.id, end_state=EndState.MANUAL, reason=reason, task=task, owner="incident responder"
    )


def _identify_at(kind: Kind, c: Credential, secret: Secret | None, at: Connected) -> Known | None:
    """Ask one tenant. None: it does not know the credential. Raises what left the question open."""
    identify = kind.identify
    if identify is None:
        return Known(identifier=c.identifier, issuer=c.issuer, subject=c.subject, owner="")
    try:
        known, _ = at.ask(lambda: identify(at.client, c, secret))
    except NotFound:
        return None
    mine = at.tenant.text("account_id") or at.identity.account
    return known if not known.issuer or not kind.issuer_is_account or known.issuer == mine else None


def identify_one(
    c: Credential, secret: Secret | None, tenants: Tenants, people: People
) -> tuple[Credential, Decision | None, Liveness]:
    """Find the tenant that knows a credential from evidence. Where none does, or none could be asked, a `Decision` says so."""
    kind = kind_of(c.kind)
    unknown = Liveness.UNKNOWN
    if kind is None:
        return (
            c,
            _manual(
                c,
                "this version knows no way to end this kind",
                f"End {c.kind} {c.identifier or c.fingerprint} at its issuer.",
            ),
            unknown,
        )
    names = tenants.names(c.provider)
    if not names:
        where = (
            "the scanned copy is not the live machine"
            if c.provider == LOCAL
            else f"no {c.provider} tenant is configured: run `rescind init`"
        )
        return (
            c,
            _manual(c, where, kind.steps_by_hand or f"End {c.kind} {c.identifier or c.fingerprint} at its issuer."),
            unknown,
        )
    open_questions: list[str] = []
    for name in names:
        try:
            at = tenants.get(name)
            known = _identify_at(kind, c, secret, at)
        except ProviderError as error:
            open_questions.append(f"{name}: {_why(error)}")
            continue
        if known is None:
            continue
        found = enrich(c, known, at, people)
        if known.irrevocable:
            reason = known.irrevocable
            return (
                found,
                Decision(credential=found.id, end_state=EndState.IRREVOCABLE, reason=reason, task=kind.steps_by_hand),
                known.liveness,
            )
        if c.provider == LOCAL:
            found = replace(found, ownership=Ownership.CASE)
        return _placed(found, kind, tenants), None, known.liveness
    if open_questions:
        why = "; ".join(open_questions)
        return (
            c,
            Decision(
                credential=c.id, end_state=EndState.UNKNOWN, reason=f"no tenant could be asked whose it is ({why})"
            ),
            unknown,
        )
    reason = "no configured tenant knows it: it may be another organisation's, or already gone"
    return (
        c,
        _manual(
            c,
            reason,
            kind.steps_by_hand or f"Find the issuer of {c.kind} {c.identifier or c.fingerprint} and end it there.",
        ),
        unknown,
    )


def _placed(c: Credential, kind: Kind, tenants: Tenants) -> Credential:
    """Return the credential as one of its tenant only, where several may accept the same one."""
    return replace(c, place=c.tenant) if kind.shared and len(tenants.names(c.provider)) > 1 else c


def _elsewhere(
    c: Credential, first: str, secret: Secret | None, tenants: Tenants, people: People, gaps: list[Gap]
) -> Iterable[tuple[Credential, Liveness]]:
    """Ask the other tenants for a credential that `first` accepts: ended there only, it would live on at them."""
    kind = kind_of(c.kind)
    if kind is None or not kind.shared:
        return
    for name in tenants.names(c.provider):
        if name == first:
            continue
        try:
            at = tenants.get(name)
            known = _identify_at(kind, c, secret, at)
        except ProviderError as error:
            why = f"it could not be asked whether it accepts {c.kind} {c.identifier} too: {_why(error)}"
            gaps.append(Gap(source=f"tenant:{name}", reason=why))
            continue
        if known is not None:
            yield _placed(enrich(c, known, at, people), kind, tenants), known.liveness


def _kinds_of(provider: str, only: Iterable[str]) -> list[Kind]:
    """Return the kinds of a provider that a listing asks for: those named, or all that are no identities."""
    rows = [k for k in catalogue.kinds().values() if k.provider == provider and k.enumerate is not None]
    named = set(only)
    return [k for k in rows if (k.id in named if named else not k.identity)]


def listed(
    tenants: Tenants, people: People, providers: Iterable[str], kinds: tuple[str, ...] = ()
) -> tuple[list[tuple[Credential, Liveness]], list[Gap], dict[str, Connected]]:
    """List the person's credentials at every tenant in scope. A page that could not be read is a gap.

    `kinds` restricts what is listed; a provider that has none of them is not asked.
    """
    found: list[tuple[Credential, Liveness]] = []
    gaps: list[Gap] = []
    used: dict[str, Connected] = {}
    for provider in providers:
        if provider == LOCAL:
            continue
        subject, rows = people.subject(provider), _kinds_of(provider, kinds)
        if kinds and not rows:
            continue
        for name in tenants.names(provider):
            try:
                at = used[name] = tenants.get(name)
            except ProviderError as error:
                gaps.append(Gap(source=f"tenant:{name}", reason=f"could not be reached: {_why(error)}"))
                continue
            if not subject.names:
                gaps.append(
                    Gap(
                        source=f"tenant:{name}",
                        reason=f"not enumerated: no {provider} name is mapped for this person (rescind.toml, [person])",
                    )
                )
                continue
            for kind in rows:
                rows_here: list[tuple[Credential, Liveness]] = []
                _list_kind(kind, at, subject, people, rows_here, gaps)
                found += [(_placed(c, kind, tenants), liveness) for c, liveness in rows_here]
    return found, gaps, used


def _list_kind(
    kind: Kind,
    at: Connected,
    subject: Subject,
    people: People,
    found: list[tuple[Credential, Liveness]],
    gaps: list[Gap],
) -> None:
    enumerate_ = kind.enumerate
    assert enumerate_ is not None  # noqa: S101  the caller filtered
    try:
        items, _ = at.ask(lambda: list(enumerate_(at.client, subject)))
    except ProviderError as error:
        gaps.append(Gap(source=f"tenant:{at.tenant.name}", reason=f"{kind.id} could not be listed: {_why(error)}"))
        return
    for item in items:
        if isinstance(item, Gap):
            gaps.append(replace(item, source=f"tenant:{at.tenant.name}"))
            continue
        blank = Credential(
            kind=kind.id, provider=kind.provider, identifier=item.identifier, relation=Relation.INHERITED
        )
        found.append((enrich(blank, item, at, people), item.liveness))


def merge(observed: Credential, inherited: Credential) -> Credential:
    """Join both sides' sightings of one credential: the provider's facts, the machine's places."""
    return replace(
        inherited,
        findings=observed.findings,
        fingerprint=observed.fingerprint,
        relation=Relation.OBSERVED,
        state=observed.state,
        attributes={**observed.attributes, **inherited.attributes},
        last_used=inherited.last_used or observed.last_used,
    )


def _joined(one: Credential, other: Credential) -> Credential:
    """Join two sightings on the machine that turned out to be one credential. The one whose value was there is kept."""
    first, second = (other, one) if one.state is State.PUBLIC_ONLY else (one, other)
    return replace(
        first,
        findings=tuple(dict.fromkeys((*first.findings, *second.findings))),
        fingerprint=first.fingerprint or second.fingerprint,
        attributes={**second.attributes, **first.attributes},
        last_used=first.last_used or second.last_used,
    )


def enumerate_all(
    inventory: Inventory,
    secrets: Mapping[str, Secret],
    tenants: Tenants,
    people: People,
    *,
    providers: tuple[str, ...],
    provider_side: bool = True,
    kinds: tuple[str, ...] = (),
) -> Enumerated:
    """Identify what was found and list what was not; returns every credential once, with both gaps reported."""
    by_id: dict[str, Credential] = {}
    decided: dict[str, Decision] = {}
    live: set[str] = set()
    aside: list[Credential] = list(inventory.candidates)
    gaps = list(inventory.gaps)
    for c in inventory.credentials:
        if c.state in NOT_ENDED:
            aside.append(c)
            continue
        found, decision, liveness = identify_one(c, secrets.get(c.id), tenants, people)
        by_id[found.id] = _joined(by_id[found.id], found) if found.id in by_id else found
        if decision is not None:
            decided[found.id] = replace(decision, credential=found.id)
        if liveness is Liveness.LIVE:
            live.add(found.id)
        for other, lives in (
            _elsewhere(c, found.tenant, secrets.get(c.id), tenants, people, gaps) if found.tenant else ()
        ):
            by_id[other.id] = _joined(by_id[other.id], other) if other.id in by_id else other
            if lives is Liveness.LIVE:
                live.add(other.id)
    if provider_side:
        extra, more_gaps, _ = listed(tenants, people, providers, kinds)
        gaps += more_gaps
        for c, liveness in extra:
            by_id[c.id] = merge(by_id[c.id], c) if c.id in by_id else c
            if liveness is Liveness.LIVE:
                live.add(c.id)
    else:
        gaps.append(Gap(source="enumerate", reason="the providers' side was not asked"))
    opened = {c.tenant for c in by_id.values() if c.tenant} | {n for p in providers for n in tenants.names(p)}
    accounts, principals = {}, {}
    for name in sorted(opened):
        try:
            at = tenants.get(name)
        except ProviderError:
            continue  # already a gap, or an open question on every credential it concerns
        accounts[name], principals[name] = at.identity.account, at.identity.principal
    ids = {c.identifier: c.id for c in by_id.values() if c.identifier}
    linked = tuple(replace(c, parent=ids.get(c.parent, c.parent)) for c in by_id.values())
    return Enumerated(
        credentials=tuple(sorted(linked, key=lambda c: (c.kind, c.id))),
        candidates=tuple(aside),
        decided=decided,
        gaps=tuple(dict.fromkeys(gaps)),
        accounts=accounts,
        principals=principals,
        live_at_provider=frozenset(live),
    )


__all__ = ["Enumerated", "People", "enrich", "enumerate_all", "identify_one", "listed", "merge", "ownership"]
