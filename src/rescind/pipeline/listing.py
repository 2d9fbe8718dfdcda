"""The catalogue as tables: what `rescind catalogue` prints and the reference pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rescind import catalogue
from rescind.models.kind import Kind, Rest
from rescind.models.store import Root, Store


def _path(store: Store) -> list[str]:
    return [
        f"{a.root}:{a.glob}" + (f" ({', '.join(a.os)})" if a.os else "") + (f" [{a.env}]" if a.env else "")
        for a in store.where
    ]


SYSTEMS = ("linux", "macos", "windows")
_OF_ROOT = {
    Root.XDG_CONFIG: ("linux", "macos"),
    Root.XDG_DATA: ("linux", "macos"),
    Root.XDG_CACHE: ("linux", "macos"),
    Root.XDG_STATE: ("linux", "macos"),
    Root.APPDATA: ("windows",),
    Root.LOCALAPPDATA: ("windows",),
    Root.LOCALAPPDATA_LOW: ("windows",),
    Root.MAC_LIBRARY: ("macos",),
    Root.MAC_SUPPORT: ("macos",),
}
_LIVE_ON = {
    "environ": ("linux",),
    "ssh-agent": ("linux", "macos"),
    "gpg-agent": ("linux", "macos"),
    "kerberos": ("linux",),
}


def _systems(store: Store) -> dict[str, str]:
    """Return where a store is read: from files (on a live machine, an image and an archive alike), or on a live machine only."""
    files = {s for a in store.where for s in (a.os or _OF_ROOT.get(a.root, SYSTEMS))}
    live = set(_LIVE_ON.get(store.live, ()))
    return {s: "live and offline" if s in files else "live" if s in live else "" for s in SYSTEMS}


def _method(kind: Kind) -> str:
    if kind.verify is None:
        return "none: at best acknowledged"
    return f"{kind.verify.method} {kind.verify.path}" if isinstance(kind.verify, Rest) else "provider's listing"


def _residual(kind: Kind) -> str:
    if not kind.residual.seconds:
        return "none known"
    bound = f"up to {_span(kind.residual.seconds)}" if kind.residual.seconds > 0 else "without an end of its own"
    shorter = "".join(f"; {_span(s)} after {v}" for v, s in kind.residual.shortened_by.items())
    least = f", {_span(kind.residual.deaf)} where nothing listens" if kind.residual.deaf > 0 else ""
    shorter += "".join(f"; {_span(s)} after {v}{least}" for v, s in kind.residual.hears.items())
    return f"{bound}{shorter}: {kind.residual.what}"


def _span(seconds: int) -> str:
    """Show a bound in whole minutes: the seconds in which a provider still honours what it called gone are counted, not shown."""
    minutes = seconds // 60
    return f"{minutes} min" if 0 < minutes < 60 else f"{minutes / 60:g} h"


def stores() -> list[dict[str, Any]]:
    """Return one row per store."""
    return [
        {
            "id": s.id,
            "title": s.title,
            "paths": _path(s),
            "yields": list(s.yields),
            "systems": _systems(s),
            "erase": str(s.erase),
            "reference": s.reference,
            "since": s.since,
        }
        for s in catalogue.stores().values()
    ]


def _rotation(k: Kind) -> dict[str, Any] | None:
    if k.rotation is None:
        return None
    how = k.rotation
    return {
        "permissions": list(how.permissions),
        "limit": how.limit,
        "works": f"{how.birth.positives} consistent positives over {how.birth.seconds:g} s",
    }


def kinds() -> list[dict[str, Any]]:
    """Return one row per kind."""
    return [
        {
            "id": k.id,
            "title": k.title,
            "provider": k.provider,
            "verbs": {
                str(v): {
                    "reversible": a.reversible,
                    "idempotent": a.idempotent,
                    "ends": str(a.ends),
                    "permissions": list(a.permissions),
                    "undo": a.undo,
                }
                for v, a in k.actions.items()
            },
            "enumerated": k.enumerate is not None,
            "verify": _method(k),
            "control": k.control is not None,
            "death": f"{k.death.negatives} consistent negatives over {k.death.seconds:g} s",
            "residual": _residual(k),
            "read_permissions": list(k.read_permissions),
            "rotation": _rotation(k),
            "tested": list(k.tested),
            "reference": k.reference,
            "since": k.since,
        }
        for k in catalogue.kinds().values()
    ]


def playbooks() -> list[dict[str, Any]]:
    """Return one row per shipped playbook."""
    from rescind.schema.playbook import load_playbook, shipped

    return [
        {"id": name, "title": load_playbook(name).title, "description": load_playbook(name).description}
        for name in shipped()
    ]


TABLES: Mapping[str, Callable[[], list[dict[str, Any]]]] = {"stores": stores, "kinds": kinds, "playbooks": playbooks}
"""Every table by its name."""
