"""The macOS keychains of this session, listed by `security dump-keychain`: attributes only, so nothing is decrypted and nobody is asked.

The program is the system's own, by its full path, and without `-d` it prints no value (security(1)). Its text is parsed line by line.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from rescind.errors import Denied, Unreachable
from rescind.host.keychain_items import Item, Listing, make_item
from rescind.models.clock import rfc3339

PROGRAM = "/usr/bin/security"
SECONDS = 60.0
_ATTRIBUTE = re.compile(r'\s+(?:"(\w{4})"|0x0000000(\d))\s*<\w+>=(?:0x([0-9A-F]+)\s*)?(?:"(.*)")?')
_NAMES = {"svce": "service", "srvr": "server", "acct": "account", "sdmn": "domain"}


def macos_listing() -> Listing:
    """List the items of every keychain of the search list. Raises `Unreachable` or `Denied`."""
    try:
        done = subprocess.run(
            [PROGRAM, "dump-keychain"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise Unreachable(
            "the macOS keychain is not listed: /usr/bin/security does not answer", maybe_sent=False
        ) from None
    if done.returncode:
        raise Denied(f"the macOS keychain is not listed: /usr/bin/security ended with {done.returncode}")
    return parse(done.stdout.decode("utf-8", "replace"))


def parse(text: str) -> Listing:
    """Return what a dump shows: generic and internet passwords; certificates and keys are other stores' business."""
    items: list[Item] = []
    collections: dict[str, None] = {}
    for collection, kind, held in _entries(text):
        collections.setdefault(collection)
        if kind in {"genp", "inet"}:
            named = {_NAMES[k]: v for k, v in held.items() if k in _NAMES and v}
            handle = (named.get("service") or named.get("server", ""), named.get("account", ""))
            items.append(make_item(collection, named, held.get("7", ""), _moment(held.get("mdat", "")), handle))
    return Listing(items=tuple(items), readable=tuple(collections))


def _entries(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (keychain, class, attributes) of each entry."""
    collection, kind, held = "", "", dict[str, str]()
    for line in (*text.splitlines(), "keychain: "):
        word, _, rest = line.partition(": ")
        if word == "keychain":
            if kind:
                yield collection, kind, held
            collection, kind, held = rest.strip().strip('"').rpartition("/")[2], "", {}
        elif word == "class":
            kind = rest.strip().strip('"')
        elif found := _ATTRIBUTE.match(line):
            name, number, encoded, quoted = found.groups()
            held[name or number] = (
                bytes.fromhex(encoded).decode("utf-8", "replace") if encoded and not _odd(encoded) else quoted or ""
            )


def _odd(digits: str) -> bool:
    return len(digits) % 2 == 1


def _moment(text: str) -> str | None:
    try:
        return rfc3339(datetime.strptime(text.rstrip("\0").removesuffix("\\000"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC))
    except ValueError:
        return None
