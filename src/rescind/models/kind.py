"""Rows that say what a class of credential is, how it is ended, and how its death is proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.rotation import Rotation
from rescind.secret import Secret


class Verb(StrEnum):
    """The closed list of what a step can do to a credential (case verbs are in `CaseVerb`)."""

    REVOKE = "revoke"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    INVALIDATE = "invalidate"
    ROTATE = "rotate"
    DENY = "deny"
    ERASE_LOCAL = "erase-local"


class CaseVerb(StrEnum):
    """The closed list of what a step can do for the case as a whole."""

    PRESERVE = "preserve"
    ISOLATE = "isolate"
    LOCK = "lock"
    RETIRE = "retire"  # takes the organisation's data off a machine, and it out of its management
    WIPE = "wipe"
    HOLD = "hold"
    TRANSFER = "transfer"
    NOTIFY = "notify"


class Liveness(StrEnum):
    """The three answers of a verification."""

    DEAD = "dead"
    LIVE = "live"
    UNKNOWN = "unknown"


class CallStatus(StrEnum):
    """What a provider said to an action. Never an end state: accepted is not dead."""

    DONE = "done"
    ALREADY = "already"
    ACCEPTED = "accepted"
    NOTHING = "nothing"  # a 2xx that says nothing was found


BY_HAND = "by-hand"
"""The code of a `NotFound` that says: it is of this tenant, and only a person can end it. Its message is then the reason shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to one action. `provider_time` is the provider's own clock (`Date` header), RFC 3339 UTC, when it gave one.

    `notes` are non-secret facts worth auditing (a CRL number, a policy name).
    """

    status: CallStatus
    request_id: str = ""
    provider_time: str = ""
    http_status: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at the provider: liveness and the evidence for it, in words an auditor can follow.

    `reversible` is True when it is dead but could be switched on again (a deactivated key). `residual_until` overrides the
    kind's bound when the provider's own data gives a better one; `residual_seconds` (-1: without an end of its own) and
    `deaf_seconds` are what this tenant makes of the bounds of `Residual`, counted from the cut. `unverifiable` marks that this tenant
    offers no way to look at all: the best end state is then `acknowledged`, as for a kind without `verify`.
    """

    liveness: Liveness
    evidence: str
    request_id: str = ""
    provider_time: str = ""
    reversible: bool = False
    residual_until: str = ""
    residual_seconds: int | None = None
    deaf_seconds: int | None = None
    unverifiable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom an enumeration is about: the person's e-mail, the names this tenant knows them by, the machine's names."""

    person: str = ""
    names: tuple[str, ...] = ()
    workstation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the provider says of one credential: its id and owner as the provider's identity authority controls them.

    `owner` is comparable with `Subject.names`; empty when the provider does not say. `not_after` and other facts go to
    `attributes`. `parent` is the identifier of the credential it was derived from. `by_hand` says why none of our steps can end it
    although it is the person's, and `hands` who can: it is their task then. An attribute `source_of_authority` names what may put it
    back as it was unless the cut is made there too.
    """

    identifier: str
    issuer: str = ""
    subject: str = ""
    owner: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    expires_at: str | None = None
    created_at: str | None = None
    last_used: str | None = None
    parent: str = ""
    liveness: Liveness = Liveness.UNKNOWN
    irrevocable: str = ""
    by_hand: str = ""
    hands: str = "incident responder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a client is at its tenant: `account` is checked against the configuration before the first write."""

    account: str
    principal: str
    identifiers: tuple[str, ...] = ()


class Client(Protocol):
    """What every provider's `connect` returns. Kinds narrow it to their own provider's client."""

    def identity(self) -> Identity:
        """Ask the provider who we are. Raises a `ProviderError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition on an answer: this status, and (if given) `contains` in the JSON value at `pointer` ("" = whole body).

    `equals` asks for the whole value instead ("active" is contained in "inactive"); a list holds when one of its values does.
    """

    status: int
    contains: str = ""
    pointer: str = ""
    equals: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """One HTTP request as data, and how its answers are read. Never holds a host: that is the operator's tenant.

    `path` and the string values of `body`, `form` and `query` are templates over the credential's fields
    (`{identifier}`, `{issuer}`, `{subject}`, `{attributes.name}`), the tenant's settings (`{settings.name}`) and the operator's
    own identity (`{self.account}`, `{self.principal}`, `{self.id}` = the first of `Identity.identifiers`); path values are
    percent-encoded, and a field that is empty or unknown stops the request before it is sent. In a kind that `needs_secret`, a
    whole value of `body` or `form` may be `{secret}`. For an action `done`, `already`, `accepted`
    and `nothing` sort the answers; for a verification `live` and `dead` do. Anything not listed is `Unrecognised`.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None
    done: tuple[int | When, ...] = ()
    already: tuple[int | When, ...] = ()
    accepted: tuple[int | When, ...] = ()
    nothing: tuple[int | When, ...] = ()
    live: tuple[int | When, ...] = ()
    dead: tuple[int | When, ...] = ()


EnumerateFn = Callable[[Any, Subject], Iterator[Known | Gap]]
IdentifyFn = Callable[[Any, Credential, Secret | None], Known]
CallFn = Callable[[Any, Credential], CallResult] | Callable[[Any, Credential, Secret], CallResult]
LookFn = Callable[[Any, Credential], Observation] | Callable[[Any, Credential, Secret], Observation]
SnapshotFn = Callable[[Any, Credential], Mapping[str, str]]
CoversFn = Callable[[Credential, Credential], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One way to act on a credential: the request (a row or a function), and what an operator must know before it is used.

    `ends` is the best end state that a proven success gives: `DEAD`, or `CONTAINED` when only access is cut.
    `supports` marks an action that shortens what is derived from the credential but does not end the credential itself.
    `approval`: no playbook does it without one, whatever it says (it wipes a machine).
    `permissions` are the provider's own names for the least rights needed. `undo` says in words what puts it back.
    `snapshot` tells, in non-secret facts, what is there before the action and may be hidden by it; it is asked once, and recorded
    before the action. `restore` puts back exactly what was there: the credential it is given also carries the snapshot as
    `attributes["before.<fact>"]` and the action's notes as `attributes["did.<note>"]`. A `left` in its result's notes says why there
    was nothing to put back.
    """

    call: Rest | CallFn
    reversible: bool
    idempotent: bool
    permissions: tuple[str, ...]
    ends: EndState = EndState.DEAD
    supports: bool = False
    approval: bool = False
    verify: Rest | LookFn | None = None
    undo: str = ""
    snapshot: SnapshotFn | None = None
    restore: Rest | CallFn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """What keeps working after the credential itself is dead: `seconds` is the upper bound, `source` who says so.

    `shortened_by` maps a supporting verb to the smaller bound that holds once that verb was proven. 0 seconds: nothing does; -1: it goes
    on until something of `hears` ends it. `hears` maps a supporting verb, or a kind of the same owner, to the seconds within which
    what was derived hears that this one was cut; what does not listen (`deaf`) ends so many seconds after the last moment in which
    it could be made. `rescind.pipeline.residuals` counts.
    """

    seconds: int = 0
    what: str = ""
    source: str = ""
    shortened_by: Mapping[Verb, int] = field(default_factory=dict)
    hears: Mapping[str, int] = field(default_factory=dict)
    deaf: int = 0


NONE = Residual()


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How many consistent negatives over how many seconds count as dead; `source` says where the propagation is documented."""

    negatives: int = 1
    seconds: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the catalogue: one class of credential at one provider.

    `verify` may be absent: the best end state is then `acknowledged`. `control` proves in the same run that such objects can be
    read here; without it a `dead` by 404 is refused by the catalogue. `read_permissions` are those of enumerate, identify, verify.
    `tested` records the counterparts that the kind was shown against. `steps_by_hand` is for kinds without an API.
    `issuer_is_account`: the issuer that `identify` returns must equal the tenant's account, else the tenant does not know it.
    `needs_secret`: the provider ends it by its value only. The value is read from the evidence again when a step acts, never kept;
    functions of such a kind get it as a third argument. Without it the step is a task for a person (`steps_by_hand`).
    `shared`: several tenants may accept the same one (an SSH key); it is looked for, ended and counted at each.
    `identity`: it is whom credentials belong to, or what such a one was given; listed only for a playbook whose scope names the kind.
    `rotation`: how a successor is made and shown to work; it carries out the verb `rotate`, which is not among the `actions`.
    `covers(c, other)`: `other`, of whichever kind, was made under `c` and ends with it, by the provider's word.
    """

    id: str
    title: str
    provider: str
    actions: Mapping[Verb, Act]
    reference: str
    since: str
    tested: tuple[str, ...]
    verify: Rest | LookFn | None = None
    control: Rest | LookFn | None = None
    enumerate: EnumerateFn | None = None
    identify: IdentifyFn | None = None
    read_permissions: tuple[str, ...] = ()
    residual: Residual = NONE
    death: Death = Death()
    steps_by_hand: str = ""
    issuer_is_account: bool = False
    needs_secret: bool = False
    identity: bool = False
    shared: bool = False
    rotation: Rotation | None = None
    covers: CoversFn | None = None

    def permissions(self, verb: Verb) -> tuple[str, ...]:
        """Return the least rights that a verb needs; none for one that the kind does not offer."""
        if verb is Verb.ROTATE:
            return self.rotation.permissions if self.rotation else ()
        return self.actions[verb].permissions if verb in self.actions else ()

    def supports(self, verb: Verb) -> bool:
        """Tell whether a verb helps without ending the credential itself, as a rotation does."""
        return verb is Verb.ROTATE or (verb in self.actions and self.actions[verb].supports)
