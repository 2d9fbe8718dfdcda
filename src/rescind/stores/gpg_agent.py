"""Keys that GnuPG's agent can use, by keygrip; `cached` ones need no passphrase while the machine runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import KiB, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_KEY = re.compile(r"S KEYINFO ([0-9A-F]{40}) ([DTX-]) (\S{1,100}) (\S{1,100}) ([01-]) ([PC-])")
_WHERE = {"D": "disk", "T": "card"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per key of a `KEYINFO --list` answer, then raise `Unparsable` where the agent answered an error."""
    trouble = ""
    for number, line in enumerate(lines(decode(blob)), 1):
        if line.startswith("ERR "):
            trouble = "the agent did not list its keys"
        if not (found := _KEY.match(line)):
            continue
        grip, place, _, _, cached, protection = found.groups()
        facts = {"keygrip": grip, "kept_in": _WHERE.get(place, ""), "in_agent": "yes"}
        facts |= {"cached": "yes" if cached == "1" else "", "protected": {"P": "yes", "C": "no"}.get(protection, "")}
        facts["hardware"] = "yes" if place == "T" else ""
        yield sighting("gnupg.key", at, line=number, identifier=grip, attributes=facts, state=State.PUBLIC_ONLY)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="gpg-agent",
    title="Keys in GnuPG's agent",
    where=(),
    live="gpg-agent",
    yields=("gnupg.key",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.gnupg.org/documentation/manuals/gnupg/Agent-KEYINFO.html",
)
