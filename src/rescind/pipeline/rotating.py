"""One rotation in use: its kind, the place where its user reads it, and what the provider has of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rescind.errors import NotFound, ProviderError
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Kind, Known, Liveness, Subject
from rescind.models.rotation import Rotating, Rotation, Target, Value
from rescind.pipeline.tenants import Connected

ROTATION, PLACE = "rotation", "place"
"""The attributes of a planned credential that name its rotation, and where its user reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One rotation with its kind and its place."""

    row: Rotating
    kind: Kind
    how: Rotation
    target: Target


def listing(kind: Kind, owner: str, at: Connected) -> dict[str, Known]:
    """Return everything of the kind that an owner has, by identifier. Raises a typed error unless it is all of it."""
    enumerate_ = kind.enumerate
    assert enumerate_ is not None  # noqa: S101  the catalogue refuses a rotation without
    items, _ = at.ask(lambda: list(enumerate_(at.client, Subject(names=(owner,)))))
    for item in items:
        if isinstance(item, Gap):
            raise ProviderError(f"not listed whole: {item.reason}")
    return {i.identifier: i for i in items if isinstance(i, Known)}


def named(kind: Kind, owner: str, value: Value, at: Connected) -> str:
    """Return the identifier of a value that a place holds, "" for one that the provider does not know. Raises typed errors."""
    if value.identifier:
        return value.identifier
    identify = kind.identify
    assert identify is not None  # noqa: S101  the catalogue refuses a rotation without
    blank = Credential(kind=kind.id, provider=kind.provider, subject=owner, owner=owner)
    try:
        return at.ask(lambda: identify(at.client, blank, value.secret))[0].identifier
    except NotFound:
        return ""


def too_many(one: Opened, known: Mapping[str, Known], current: str) -> str:
    """Say why there is no room for a successor, and what takes it."""
    others = ", ".join(
        f"{k.identifier} ({'switched off' if k.liveness is Liveness.DEAD else 'live'}, made {k.created_at or 'at an unknown time'})"
        for k in known.values()
        if k.identifier != current
    )
    return (
        f"{one.row.subject} already has {len(known)} and the provider allows {one.how.limit}; of unknown origin here, and never "
        f"deleted for room: {others}"
    )
