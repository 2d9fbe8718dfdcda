"""The shape of `[rotation.NAME]` in `rescind.toml`, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

from pydantic import AfterValidator, Field

from rescind import catalogue
from rescind.models.rotation import Rotating, TargetRow
from rescind.models.tenant import Tenant
from rescind.schema.faults import Edge, KeyPath, nearest

_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
Refuse = Callable[..., NoReturn]


def seconds(text: str) -> float:
    """Return the seconds in `30s`, `24h` or `90d`. Raises `ValueError` for anything else."""
    hit = _DURATION.fullmatch(text)
    if hit is None:
        raise ValueError("a duration like 30s, 24h or 90d")
    return float(int(hit[1]) * _UNITS[hit[2]])


def _duration(value: str) -> str:
    seconds(value)
    return value


Duration = Annotated[str, AfterValidator(_duration), Field(json_schema_extra={"pattern": "^[0-9]{1,6}[smhd]$"})]


class RotationShape(Edge):
    """One rotation: whose credential it is, where its user reads it, and the times."""

    kind: Annotated[str, Field(min_length=1, description="A kind that can be rotated, such as aws.access-key.")]
    tenant: Annotated[str, Field(min_length=1, description="The tenant, by its name in this file.")]
    subject: Annotated[
        str, Field(min_length=1, description="Whose it is there: an IAM user; mount/role of an AppRole (approle/ci).")
    ]
    deliver: Annotated[
        dict[str, str],
        Field(
            min_length=1, description="Where its user reads it: { profile_file, profile }, { file } or { keychain }."
        ),
    ]
    overlap: Annotated[
        Duration, Field(description="How long both work after the delivery, before the old one ends.")
    ] = "10s"
    grace: Annotated[
        Duration, Field(description="How long the old one is kept, switched off, before it is deleted.")
    ] = "24h"
    max_age: Annotated[Duration, Field(description="How old one may get before `rescind due` names it; 0s: never.")] = (
        "0s"
    )


def _deliver(name: str, given: Mapping[str, str], folder: Path, refuse: Refuse) -> Mapping[str, str]:
    key: KeyPath = ("rotation", name, "deliver")
    known: Mapping[str, TargetRow] = catalogue.targets()
    named = [known[k] for k in given if k in known]
    if len(named) != 1:
        refuse(key, " and ".join(given), f"exactly one of {', '.join(known)}")
    row = named[0]
    for word, value in given.items():
        if word != row.id and word not in row.options:
            allowed = (row.id, *row.options)
            refuse((*key, word), f"the unknown key {word[:60]!r}", ", ".join(allowed), nearest(word, allowed))
        if not value:
            refuse((*key, word), "nothing", "text")
    return {k: str(folder / Path(v).expanduser()) if k in row.files else v for k, v in given.items()}


def rotations(
    shapes: Mapping[str, RotationShape], tenants: Iterable[Tenant], folder: Path, refuse: Refuse
) -> tuple[Rotating, ...]:
    """Return the rotations of a configuration; `refuse(key, found, allowed, near)` raises for the first that cannot be carried out."""
    by_name = {t.name: t for t in tenants}
    kinds = {k.id: k for k in catalogue.kinds().values() if k.rotation is not None}
    made: dict[tuple[tuple[str, str], ...], Rotating] = {}
    for name, shape in shapes.items():
        key: KeyPath = ("rotation", name)
        if not _WORD.fullmatch(name):
            refuse(key, "a name that is not a word", "letters, digits, dots, hyphens and underscores")
        if shape.kind not in kinds:
            refuse((*key, "kind"), repr(shape.kind[:60]), ", ".join(kinds), nearest(shape.kind, kinds))
        offered = [t.name for t in by_name.values() if t.provider == kinds[shape.kind].provider]
        if shape.tenant not in offered:
            what = ", ".join(offered) or f"a tenant of provider {kinds[shape.kind].provider}, and there is none"
            refuse((*key, "tenant"), repr(shape.tenant[:60]), what, nearest(shape.tenant, offered))
        deliver = _deliver(name, shape.deliver, folder, refuse)
        place = tuple(sorted(deliver.items()))
        if place in made:
            refuse(
                (*key, "deliver"), f"the place of rotation {made[place].name!r} again", "a place of its own for each"
            )
        made[place] = Rotating(
            name=name,
            kind=shape.kind,
            tenant=shape.tenant,
            subject=shape.subject,
            deliver=deliver,
            overlap=seconds(shape.overlap),
            grace=seconds(shape.grace),
            max_age=seconds(shape.max_age),
        )
    return tuple(made.values())
