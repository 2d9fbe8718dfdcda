"""Ask the providers: whose is each credential that was found, and what else do they hold of this person.

Two-sided: evidence is identified at the tenants (`observed`), and each kind lists what the person has (`inherited`). Whatever
could not be asked becomes a `Gap` or leaves the credential's fate open, never absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rescind import catalogue
from rescind.errors import ProviderError, RefusedError
from rescind.models.credential import Credential, EndState, Inventory, Relation
from rescind.models.evidence import Gap, State
from rescind.models.kind import Kind, Known, Liveness, Subject
from rescind.models.plan import Decision
from rescind.models.playbook import EVERY_KIND
from rescind.models.tenant import AUTHORITY
from rescind.pipeline.identify import beyond, elsewhere, enrich, identify_one, placed, refusal
from rescind.pipeline.people import People
from rescind.pipeline.rotating import ROTATION
from rescind.pipeline.tenants import LOCAL, Connected, Tenants
from rescind.secret import Secret

_OURS = ("before.", "did.")  # what a run itself knows of a credential; an undo puts it back
_FIRST_HAND = frozenset(
    {
        ROTATION,
        *("seen_active_by", "seen_alive_by"),  # that we saw a token live: only then is a refusal a death
        *("seen_at", "evaluated", "expires"),  # since when Entra's sessions count, and how long a token outlives them
        "slot_created",  # since when a slot of a storage account has its key
        *("slot_mark", "token_secrets", "cluster_authority"),  # what opened an Azure resource when we first looked
        *("cut", "only", "unique", "issued_by", "bound_by"),  # whose sessions AWS denies, and which of them
        "permission_sets",  # which of Identity Center's reached the user before anything was taken away
        "workstation",  # that a provider calls something like the lost machine
        AUTHORITY,  # who may put back what was cut
    }
)
"""Attributes that a provider's kind sets by what it saw, and trusts later. No store sets one."""
_MADE_ANEW = ("slot_created", "slot_mark", "cluster_authority")
_OPEN = {EndState.MANUAL, EndState.UNKNOWN}


def made_anew(then: Credential, now: Credential) -> bool:
    """Tell whether a place holds another value than the one that was ended there: its successor, by which nothing came back."""
    return any(
        k in then.attributes and k in now.attributes and then.attributes[k] != now.attributes[k] for k in _MADE_ANEW
    )


def _from_outside(c: Credential) -> Credential:
    """Return a credential of an inventory without the attributes that only this program may set: a machine could plant them."""
    said = {k: v for k, v in c.attributes.items() if k not in _FIRST_HAND and not k.startswith(_OURS)}
    return c if len(said) == len(c.attributes) else replace(c, attributes=said)


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


def _kinds_of(provider: str, only: Iterable[str]) -> list[Kind]:
    """Return the kinds of a provider that a listing asks for: those named, every one, or all that are no identities."""
    rows = [k for k in catalogue.kinds().values() if k.provider == provider and k.enumerate is not None]
    named = set(only)
    return [k for k in rows if (k.id in named or EVERY_KIND in named if named else not k.identity)]


def listed(
    tenants: Tenants,
    people: People,
    providers: Iterable[str],
    kinds: tuple[str, ...] = (),
    left: dict[str, Decision] | None = None,
) -> tuple[list[tuple[Credential, Liveness]], list[Gap], dict[str, Connected]]:
    """List the person's credentials at every tenant in scope. A page that could not be read is a gap.

    `kinds` restricts what is listed; a provider that has none of them is not asked. `left` gets what no step of ours can end.
    """
    found: list[tuple[Credential, Liveness]] = []
    gaps: list[Gap] = []
    used: dict[str, Connected] = {}
    for provider in providers:
        if provider == LOCAL:
            continue
        subject, rows = people.subject(provider), _kinds_of(provider, kinds)
        if kinds and EVERY_KIND not in kinds and not rows:
            continue
        for name in tenants.names(provider):
            try:
                at = used[name] = tenants.get(name)
            except ProviderError as error:
                gaps.append(Gap(source=f"tenant:{name}", reason=f"could not be reached: {refusal(error)}"))
                continue
            except RefusedError as error:
                if not tenants.planned:
                    raise
                gaps.append(Gap(source=f"tenant:{name}", reason=f"not asked again: {error.message}"))
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
                for bare, known in _list_kind(kind, at, subject, people, gaps):
                    c = placed(bare, kind, tenants)
                    found.append((c, known.liveness))
                    if left is not None and (decision := beyond(c, known, kind)):
                        left[c.id] = decision
    return found, gaps, used


def _list_kind(
    kind: Kind, at: Connected, subject: Subject, people: People, gaps: list[Gap]
) -> list[tuple[Credential, Known]]:
    enumerate_ = kind.enumerate
    assert enumerate_ is not None  # noqa: S101  the caller filtered
    try:
        items, _ = at.ask(lambda: list(enumerate_(at.client, subject)))
    except ProviderError as error:
        gaps.append(Gap(source=f"tenant:{at.tenant.name}", reason=f"{kind.id} could not be listed: {refusal(error)}"))
        return []
    gaps += [replace(item, source=f"tenant:{at.tenant.name}") for item in items if isinstance(item, Gap)]
    found = []
    for known in (item for item in items if isinstance(item, Known)):
        blank = Credential(
            kind=kind.id, provider=kind.provider, identifier=known.identifier, relation=Relation.INHERITED
        )
        found.append((enrich(blank, known, at, people), known))
    return found


def merge(observed: Credential, inherited: Credential) -> Credential:
    """Join both sides' sightings of one credential: the provider's facts, the machine's places."""
    return replace(
        inherited,
        findings=observed.findings,
        fingerprint=observed.fingerprint,
        relation=observed.relation,  # two listings of one credential do not put it on the machine
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


def _under(found: tuple[Credential, ...]) -> Iterable[Credential]:
    """Name, for what ends with something else that was found, that as its parent."""
    above = [(c, kind.covers) for c in found if (kind := catalogue.kinds().get(c.kind)) and kind.covers and c.tenant]
    for c in found:
        over = [p.id for p, covers in above if p.id != c.id and covers(p, c)] if not c.parent else []
        yield replace(c, parent=over[0]) if len(over) == 1 else c


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
    gaps = list(inventory.gaps)
    for c in map(_from_outside, inventory.credentials):
        if c.state is State.LOGGED_OUT:
            continue  # the inventory shows that somebody was logged in here; there is nothing left to end
        found, decision, liveness = identify_one(c, secrets.get(c.id), tenants, people)
        by_id[found.id] = _joined(by_id[found.id], found) if found.id in by_id else found
        if decision is not None:
            decided[found.id] = replace(decision, credential=found.id)
        if liveness is Liveness.LIVE:
            live.add(found.id)
        for other, lives in (
            elsewhere(c, found.tenant, secrets.get(c.id), tenants, people, gaps) if found.tenant else ()
        ):
            by_id[other.id] = _joined(by_id[other.id], other) if other.id in by_id else other
            if lives is Liveness.LIVE:
                live.add(other.id)
    if provider_side:
        left: dict[str, Decision] = {}
        extra, more_gaps, _ = listed(tenants, people, providers, kinds, left)
        gaps += more_gaps
        for c, liveness in extra:
            by_id[c.id] = merge(by_id[c.id], c) if c.id in by_id else c
            if c.id in decided and decided[c.id].end_state in _OPEN:
                del decided[c.id]  # the provider's own listing says whose it is: what evidence said of it hides nothing
            if liveness is Liveness.LIVE:
                live.add(c.id)
        decided |= left
    else:
        gaps.append(Gap(source="enumerate", reason="the providers' side was not asked"))
    opened = {c.tenant for c in by_id.values() if c.tenant} | {n for p in providers for n in tenants.names(p)}
    accounts, principals = {}, {}
    for name in sorted(opened):
        try:
            at = tenants.get(name)
        except ProviderError:
            continue  # already a gap, or an open question on every credential it concerns
        except RefusedError:
            if not tenants.planned:
                raise
            continue
        accounts[name], principals[name] = at.identity.account, at.identity.principal
    ids = {c.identifier: c.id for c in by_id.values() if c.identifier}
    linked = tuple(replace(c, parent=ids.get(c.parent, c.parent)) for c in by_id.values())
    return Enumerated(
        credentials=tuple(sorted(_under(linked), key=lambda c: (c.kind, c.id))),
        candidates=inventory.candidates,
        decided=decided,
        gaps=tuple(dict.fromkeys(gaps)),
        accounts=accounts,
        principals=principals,
        live_at_provider=frozenset(live),
    )
