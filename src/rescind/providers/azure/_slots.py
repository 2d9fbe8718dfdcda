"""Keys that a resource has in named slots, of which Azure tells the values and not the times: made anew one slot at a time.

Making one anew is not idempotent. So a keyed digest of the value is kept when we first look; a slot that holds another value than that is left alone,
and that it does is the evidence. The values are random and long (128 bits and more), so the 64 bits that are kept of a digest tell nothing of one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation, Subject
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, Row
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Where the keys of one type of resource are. `names` maps what the listing calls a slot to what `anew` calls it, in `member`.

    Without a `member` there is one slot, and nothing to name. `rights` are the actions of `tell` and `anew` where Azure does not call them so.
    `at` says which resource evidence means. `long`: keys are made anew in the background, and until the resource says that it is done
    the old value may go on working.
    """

    sort: str
    version: str
    tell: str
    anew: str
    member: str
    names: Mapping[str, str]
    at: Callable[[Row, str], bool]
    parent: str = ""
    long: bool = False
    rights: tuple[str, ...] = ()

    @property
    def permissions(self) -> tuple[str, str, str]:
        """What reading the resource, listing its keys and making one anew need."""
        tell, anew = self.rights or (f"{self.tell}/action", f"{self.anew}/action")
        return (f"{self.sort}/read", f"{self.sort}/{tell}", f"{self.sort}/{anew}")


def _mark(resource: str, value: str) -> str:
    return hmac.new(resource.lower().encode(), value.encode(), hashlib.sha256).hexdigest()[:16]


def _split(credential: Credential, slots: Slots) -> tuple[str, str]:
    resource, _, slot = credential.identifier.rpartition("/")
    if not _resources.is_of(resource, slots.sort) or slot not in slots.names:
        raise Rejected("such a key is named <resource>/<slot>", code="incomplete")
    return resource, slot


def _values(answer: Answer, slots: Slots) -> dict[str, str]:
    raise_for(answer, what=slots.tell)
    row = answer.json if isinstance(answer.json, dict) else {}
    if isinstance(row.get("properties"), dict):
        row = row["properties"]
    if isinstance(row.get("passwords"), list):
        row = {str(p.get("name")): p.get("value") for p in row["passwords"] if isinstance(p, dict)}
    found = {n: v for n, v in row.items() if n in slots.names and isinstance(v, str) and v}
    if not found:
        raise Unrecognised(f"{slots.tell}: no keys, or not as they are known", status=answer.status)
    return found


def keys(client: Azure, resource: str, slots: Slots) -> tuple[dict[str, str], Answer]:
    """Return the values of a resource's slots. Raises typed errors."""
    where = f"{_resources.path(resource, slots.sort)}/{slots.tell}"
    answer = client.http.send("POST", where, query={"api-version": slots.version})
    return _values(answer, slots), answer


def _whole(resource: str, slots: Slots) -> str:
    """Return what a person is mapped to: the resource, or the one that it is a rule of."""
    return resource.rsplit("/", 2)[0] if slots.parent else resource


def _known(client: Azure, slots: Slots, resource: str, slot: str, held: str, mark: str) -> Known:
    whole = _whole(resource, slots)
    return Known(
        identifier=f"{resource}/{slot}",
        issuer=client.tenant_id,
        subject=whole.rpartition("/")[2],
        owner=whole,
        attributes={"slot": slot, "slot_mark": held},
        liveness=Liveness.LIVE if mark == held else Liveness.DEAD,
    )


def _rules(client: Azure, whole: str, slots: Slots) -> Iterator[str]:
    """Name the resources that have the keys: the one that was found, or each of its rules. Raises typed errors."""
    if not slots.parent:
        yield whole
        return
    where = f"{_resources.path(whole, slots.parent)}/{slots.sort.rpartition('/')[2]}"
    for rule in client.listed(where, slots.version, what="rules of a namespace"):
        if not _resources.is_of(str(rule.get("id")), slots.sort):
            raise Unrecognised("rules of a namespace: one without an id")
        yield str(rule["id"])


def candidates(client: Azure, credential: Credential, slots: Slots) -> Iterator[str]:
    """Name the resources that evidence may mean: by id, or by the host that it was kept for. Raises typed errors."""
    if _resources.is_of(credential.identifier, slots.sort):
        yield credential.identifier
        return
    said = (credential.attributes.get("host"), credential.attributes.get("registry"), credential.issuer)
    host = next((h for h in said if h), "").rpartition("://")[2].partition("/")[0].partition(":")[0].lower()
    if not host:
        raise Rejected("the evidence does not say of which resource it is", code="incomplete")
    row = _resources.look(client, slots.parent or slots.sort, slots.version, lambda r: slots.at(r, host))
    yield from _rules(client, str(row["id"]), slots)


def identify(client: Azure, credential: Credential, secret: Secret | None, slots: Slots) -> Known:
    """Find the slot whose value is the found one. Raises `NotFound` when no slot has it, other typed errors."""
    held = credential.attributes.get("slot_mark")
    if held:  # one that was found here before
        resource, slot = _split(credential, slots)
        values, _ = keys(client, resource, slots)
        if slot not in values:
            raise NotFound("the resource has no such slot")
        return _known(client, slots, resource, slot, held, _mark(resource, values[slot]))
    if not secret:
        raise Rejected("which of a resource's keys it is can only be told by its value", code="incomplete")
    wanted = secret.reveal().strip().encode()
    for resource in candidates(client, credential, slots):
        values, _ = keys(client, resource, slots)
        slot = next((n for n, v in values.items() if hmac.compare_digest(v.encode(), wanted)), "")
        if slot:
            mark = _mark(resource, values[slot])
            return _known(client, slots, resource, slot, mark, mark)
    raise NotFound("no key of the resource has this value any more")


def enumerate_(client: Azure, subject: Subject, slots: Slots) -> Iterator[Known | Gap]:
    """Show every key of the resources that the person is mapped to. What could not be read is a `Gap`."""
    for row in _resources.mapped(client, subject, slots.parent or slots.sort, slots.version):
        if isinstance(row, Gap):
            yield row
            continue
        whole = str(row["id"])
        try:
            for resource in _rules(client, whole, slots):
                for slot, value in keys(client, resource, slots)[0].items():
                    mark = _mark(resource, value)
                    yield _known(client, slots, resource, slot, mark, mark)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield _resources.gap(client, f"keys of {whole} could not be listed: {error.message}")


def regenerate(client: Azure, credential: Credential, slots: Slots) -> CallResult:
    """Make the slot's key anew, unless it holds another one than when we first looked. Raises typed errors."""
    resource, slot = _split(credential, slots)
    values, seen = keys(client, resource, slots)
    held = credential.attributes.get("slot_mark")
    if not held or slot not in values:
        raise Rejected("nothing is known of the key that was in the slot", code="incomplete")
    if _mark(resource, values[slot]) != held:
        return _resources.called(seen, CallStatus.ALREADY)
    where = f"{_resources.path(resource, slots.sort)}/{slots.anew}"
    body = {slots.member: slots.names[slot]} if slots.member else None
    answer = client.http.send("POST", where, query={"api-version": slots.version}, json=body)
    if slots.long and answer.status == 202:
        return _resources.accepted(client, answer, slots.anew)
    if (slots.long or not body) and answer.status in {200, 204} and not answer.body.strip():
        return _resources.called(answer, CallStatus.ACCEPTED)
    _values(answer, slots)
    return _resources.called(answer, CallStatus.DONE)


def verify(client: Azure, credential: Credential, slots: Slots) -> Observation:
    """See whether the slot holds another key than the one found. Raises typed errors."""
    resource, slot = _split(credential, slots)
    values, answer = keys(client, resource, slots)
    held = credential.attributes.get("slot_mark")
    if not held or slot not in values:
        told = f"{slot} is not shown" if held else "nothing is known of the key before"
        return _resources.seen(answer, Liveness.UNKNOWN, f"{slots.tell}: {told}")
    if _mark(resource, values[slot]) == held:
        return _resources.seen(answer, Liveness.LIVE, f"{slots.tell} shows the same key in {slot}")
    if slots.long:
        row, _ = _resources.read(client, resource, slots.sort, slots.version)
        state = str(_resources.inner(row, "properties", "provisioningState") or "nothing")
        if state != "Succeeded":
            why = f"{slot} holds another key, but the resource is {state}: the old one may still be taken"
            return _resources.seen(answer, Liveness.UNKNOWN, why)
    return _resources.seen(answer, Liveness.DEAD, f"{slots.tell} shows another key in {slot} than the one found")


def control(client: Azure, credential: Credential, slots: Slots) -> Observation:
    """Show that such resources can be read in this run: this one, else our subscriptions. Raises typed errors."""
    whole = _whole(_split(credential, slots)[0], slots) if credential.identifier else ""
    return _resources.control(client, whole, slots.parent or slots.sort, slots.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """What a kind needs, for keys of one or several types of resource."""

    identify: Callable[[Azure, Credential, Secret | None], Known]
    enumerate: Callable[[Azure, Subject], Iterator[Known | Gap]]
    regenerate: Callable[[Azure, Credential], CallResult]
    verify: Callable[[Azure, Credential], Observation]
    control: Callable[[Azure, Credential], Observation]


def functions(*of: Slots) -> Functions:
    """Return the functions of a kind whose keys lie in these types of resource."""

    def one(credential: Credential) -> Slots:
        resource = credential.identifier.rpartition("/")[0]
        return next((s for s in of if _resources.is_of(resource, s.sort)), of[0])

    def who(client: Azure, credential: Credential, secret: Secret | None) -> Known:
        last: ProviderError | None = None
        for slots in (one(credential),) if credential.identifier.startswith("/") else of:
            try:
                return identify(client, credential, secret, slots)
            except (NotFound, Denied) as error:  # a name may be one of either type; what we may not see is not absent
                last = error if last is None or isinstance(error, Denied) else last
        raise last or NotFound("no such type of resource")

    def every(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
        gaps = set()
        for slots in of:
            for found in enumerate_(client, subject, slots):
                if isinstance(found, Gap) and found in gaps:
                    continue
                gaps |= {found} if isinstance(found, Gap) else set()
                yield found

    def anew(client: Azure, credential: Credential) -> CallResult:
        return regenerate(client, credential, one(credential))

    def list_keys(client: Azure, credential: Credential) -> Observation:
        return verify(client, credential, one(credential))

    def resource(client: Azure, credential: Credential) -> Observation:
        seen = [control(client, credential, s) for s in ((one(credential),) if credential.identifier else of)]
        return replace(seen[0], evidence="; ".join(s.evidence for s in seen))

    return Functions(identify=who, enumerate=every, regenerate=anew, verify=list_keys, control=resource)
