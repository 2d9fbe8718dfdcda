"""Ask the configured tenants whose a credential from evidence is. What none knows, or none could be asked, is decided as that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rescind.errors import Denied, NotFound, ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, Kind, Known, Liveness
from rescind.models.plan import Decision
from rescind.models.tenant import AUTHORITY
from rescind.pipeline.people import People, ownership
from rescind.pipeline.tenants import LOCAL, Connected, Tenants, kind_of
from rescind.secret import Secret


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
        attributes={**credential.attributes, **_authority(credential.kind, at), **known.attributes},
        expires_at=known.expires_at or credential.expires_at,
        created_at=known.created_at,
        last_used=known.last_used,
        parent=known.parent,
    )


def _authority(kind: str, at: Connected) -> Mapping[str, str]:
    """Return what the operator says of an identity's source of authority; the provider's own word goes before it."""
    row, where = kind_of(kind), at.tenant.text(AUTHORITY)
    return {AUTHORITY: where} if row is not None and row.identity and where else {}


def refusal(error: ProviderError) -> str:
    """Say in one clause why a provider could not be asked."""
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
    except NotFound as error:
        if error.code == BY_HAND:
            raise
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
            if isinstance(error, NotFound) and error.code == BY_HAND:
                return c, _manual(c, error.message, kind.steps_by_hand), unknown
            open_questions.append(f"{name}: {refusal(error)}")
            continue
        if known is None:
            continue
        found = enrich(c, known, at, people)
        if left := beyond(found, known, kind):
            return found, left, known.liveness
        if c.provider == LOCAL:
            found = replace(found, ownership=Ownership.CASE)
        return placed(found, kind, tenants), None, known.liveness
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


def beyond(c: Credential, known: Known, kind: Kind) -> Decision | None:
    """Return what becomes of a credential that no step of ours can end, by the provider's word: what is somebody else's stays held."""
    if known.irrevocable:
        return Decision(
            credential=c.id, end_state=EndState.IRREVOCABLE, reason=known.irrevocable, task=kind.steps_by_hand
        )
    if known.by_hand and c.ownership is Ownership.CASE:
        return replace(_manual(c, known.by_hand, kind.steps_by_hand), owner=known.hands)
    return None


def placed(c: Credential, kind: Kind, tenants: Tenants) -> Credential:
    """Return the credential as one of its tenant only, where several may accept the same one."""
    return replace(c, place=c.tenant) if kind.shared and len(tenants.names(c.provider)) > 1 else c


def elsewhere(
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
            why = f"it could not be asked whether it accepts {c.kind} {c.identifier} too: {refusal(error)}"
            gaps.append(Gap(source=f"tenant:{name}", reason=why))
            continue
        if known is not None:
            yield placed(enrich(c, known, at, people), kind, tenants), known.liveness
