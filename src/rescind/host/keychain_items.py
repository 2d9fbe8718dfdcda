"""What a keychain lists: items without their values, and which collections could be looked into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SERVICE = ("service", "server", "domain", "application", "host")
_USERNAME = ("username", "user", "account", "login")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One keychain item without its value. `identifier` is stable: service and user where named, and a digest over all attributes."""

    identifier: str
    collection: str
    service: str = ""
    username: str = ""
    label: str = ""
    modified: str | None = None
    handle: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a fresh look at the keychain shows: the items, and which collections could or could not be listed."""

    items: tuple[Item, ...]
    readable: tuple[str, ...]
    locked: tuple[str, ...] = ()


def make_item(collection: str, attributes: Mapping[str, str], label: str, modified: str | None, handle: object) -> Item:
    """Return the item that these attributes describe, whatever made it."""
    told = {k: v for k, v in attributes.items() if k != "xdg:schema"}
    service = next((told[k] for k in _SERVICE if told.get(k)), "")
    username = next((told[k] for k in _USERNAME if told.get(k)), "")
    named = sorted(attributes.items()) if told else [*sorted(attributes.items()), ("label", label)]
    digest = hashlib.sha256(json.dumps([collection, named]).encode()).hexdigest()[:12]
    shown = "/".join(short(part) for part in (service, username) if part) or "item"
    return Item(
        identifier=f"{shown}#{digest}",
        collection=collection,
        service=short(service),
        username=short(username),
        label=short(label),
        modified=modified,
        handle=handle,
    )


def short(text: str) -> str:
    """Return a name fit to print, cut at 120 characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:120])
