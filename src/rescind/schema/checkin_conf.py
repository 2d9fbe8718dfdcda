"""What becomes of `[checkin]` and `[workstation.NAME]` in `rescind.toml`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from rescind.audit.note import parse_vkey
from rescind.errors import AuditError
from rescind.models.checkin import CheckinConf, Enrolled, SinkConf
from rescind.models.tenant import SecretRef
from rescind.schema.config_shape import CheckinShape, RefShape, WorkstationShape, named

Refuse = Callable[..., NoReturn]


def checkin(shape: CheckinShape | None, folder: Path, ref: Callable[[RefShape], SecretRef]) -> CheckinConf | None:
    """Return where check-ins go; paths are relative to `folder`. None where nothing is configured."""
    if shape is None:
        return None
    given = {"folder": shape.folder, "s3": shape.s3, "put": shape.put, "postgresql": shape.postgresql}
    form, sink = next((name, value) for name, value in given.items() if value is not None)
    held = {name: getattr(sink, name) for name in type(sink).model_fields}
    settings = {k: v for k, v in held.items() if isinstance(v, str) and v}
    if form == "folder":
        settings["path"] = str(folder / Path(settings["path"]).expanduser())
    refs = {k: ref(v) for k, v in held.items() if isinstance(v, RefShape)}
    conf = SinkConf(form=form, settings=settings, refs=refs)
    return CheckinConf(sink=conf, workstation=shape.workstation, values=shape.values)


def enrolled(name: str, shape: WorkstationShape, refuse: Refuse) -> Enrolled:
    """Return an enrolled machine; a key that is none, or another machine's, is refused."""
    if not named(name):
        refuse(("workstation", name), "a name that is none", "letters, digits, dots, hyphens and underscores")
    try:
        whose = parse_vkey(shape.key)[0].rpartition("/")[2]
    except AuditError:
        refuse(("workstation", name, "key"), "something else", "what `rescind checkin key` prints on that machine")
    if whose != name:
        refuse(("workstation", name, "key"), f"the key of {whose[:60]!r}", f"the key of {name!r}")
    return Enrolled(key=shape.key, person=shape.person)
