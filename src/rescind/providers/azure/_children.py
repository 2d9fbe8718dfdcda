"""What lies below a resource and ends by being deleted; that the resource's whole listing does not show it any more is the evidence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation, Subject
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, Row
from rescind.secret import Secret
from rescind.wire.http import raise_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A type of child (`Microsoft.Storage/storageAccounts/localUsers`), and the facts of one that a person should see.

    `clear` tells whether a listing shows what has to be known of one. `long`: it may be deleted in the background.
    """

    sort: str
    version: str
    facts: Callable[[Row], dict[str, str]]
    clear: Callable[[Row], bool] = bool
    long: bool = False

    @property
    def parent(self) -> str:
        """The type of the resource that it lies below."""
        return self.sort.rpartition("/")[0]


def of(credential: Credential, child: Child) -> tuple[str, str]:
    """Return the id of a child, and of the resource that it lies below. Raises `Rejected` for anything else."""
    if not _resources.is_of(credential.identifier, child.sort):
        raise Rejected("this names no such thing below a resource", code="incomplete")
    return credential.identifier, credential.identifier.rsplit("/", 2)[0]


def rows(client: Azure, parent: str, child: Child) -> list[Row]:
    """Return every child of a resource. Raises typed errors."""
    where, word = _resources.path(parent, child.parent), child.sort.rpartition("/")[2]
    found = list(client.listed(f"{where}/{word}", child.version, what=word))
    if not all(_resources.is_of(str(r.get("id")), child.sort) and child.clear(r) for r in found):
        raise Unrecognised(f"{word}: one without an id, or not as it is known")
    return found


def listed(client: Azure, credential: Credential, child: Child) -> Row | None:
    """Return a child as its resource's listing, read whole, shows it: None when it does not. Raises typed errors."""
    ident, parent = of(credential, child)
    return next((r for r in rows(client, parent, child) if str(r["id"]).lower() == ident.lower()), None)


def _known(client: Azure, row: Row, child: Child) -> Known:
    ident = str(row["id"])
    return Known(
        identifier=ident,
        issuer=client.tenant_id,
        subject=ident.rpartition("/")[2],
        owner=ident.rsplit("/", 2)[0],
        attributes={k: v for k, v in child.facts(row).items() if v},
        liveness=Liveness.LIVE,
    )


def _deleted(client: Azure, credential: Credential, child: Child) -> CallResult:
    ident, _ = of(credential, child)
    answer = client.http.send("DELETE", _resources.path(ident, child.sort), query={"api-version": child.version})
    if child.long and answer.status == 202:
        return _resources.accepted(client, answer, "removal")
    raise_for(answer, what="removal")
    if answer.status not in {200, 204} or answer.body.strip():
        raise Unrecognised(f"removal: {answer.status}", status=answer.status, request_id=answer.request_id)
    # an empty answer says little: whether it is gone, the listing says
    gone = listed(client, credential, child) is None
    return _resources.called(answer, CallStatus.DONE if gone else CallStatus.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """What a kind needs."""

    identify: Callable[[Azure, Credential, Secret | None], Known]
    enumerate: Callable[[Azure, Subject], Iterator[Known | Gap]]
    delete: Callable[[Azure, Credential], CallResult]
    verify: Callable[[Azure, Credential], Observation]
    control: Callable[[Azure, Credential], Observation]


def functions(child: Child) -> Functions:
    """Return the functions of a kind of children."""

    def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  none is known by value
        row = listed(client, credential, child)
        if row is None:
            raise NotFound("the resource has none that is called so")
        return _known(client, row, child)

    def every(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
        for parent in _resources.mapped(client, subject, child.parent, child.version):
            if isinstance(parent, Gap):
                yield parent
                continue
            told = f"{child.sort.rpartition('/')[2]} of {parent['id']} could not be listed"
            found = _resources.tried(client, functools.partial(rows, client, str(parent["id"]), child), told)
            yield from (found,) if isinstance(found, Gap) else (_known(client, r, child) for r in found)

    def delete(client: Azure, credential: Credential) -> CallResult:
        return _deleted(client, credential, child)

    def listing(client: Azure, credential: Credential) -> Observation:
        if listed(client, credential, child) is None:
            told = "the resource's listing, read whole, does not show it"
            return Observation(liveness=Liveness.DEAD, evidence=told)
        return Observation(liveness=Liveness.LIVE, evidence="the resource lists it")

    def resource(client: Azure, credential: Credential) -> Observation:
        parent = credential.identifier and of(credential, child)[1]
        return _resources.control(client, parent, child.parent, child.version)

    return Functions(identify=identify, enumerate=every, delete=delete, verify=listing, control=resource)
