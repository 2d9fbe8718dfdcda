"""Keys that an SSH agent holds ready: their public halves. Whoever reaches the socket can sign with them while the machine runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import KiB, Store
from rescind.stores._openssh_cert import SUFFIX, Cut, finding, fingerprint, read
from rescind.stores._sighting import sighting

_MOST = 2000


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per identity of an SSH_AGENT_IDENTITIES_ANSWER. Raises `Unparsable` for another message."""
    cut = Cut(blob)
    if cut.number(1) != 12:
        raise Unparsable("not a list of identities")
    for number in range(1, min(cut.number(4), _MOST) + 1):
        key, comment = cut.string(), cut.string().decode("utf-8", "replace")
        kind = Cut(key).string().decode("ascii", "replace")
        if kind.endswith(SUFFIX):
            held = read(kind, base64.b64encode(key).decode())
            if held.user:
                found = finding(held, at, number)
                yield replace(found, attributes={**found.attributes, "in_agent": "yes"})
            continue
        facts = {
            "type": kind,
            "comment": comment,
            "in_agent": "yes",
            "hardware": "yes" if kind.startswith("sk-") else "",
        }
        yield sighting(
            "ssh.user-key", at, line=number, identifier=fingerprint(key), attributes=facts, state=State.PUBLIC_ONLY
        )


STORE = Store(
    id="ssh-agent",
    title="Keys in SSH agents",
    where=(),
    live="ssh-agent",
    yields=("ssh.user-key", "ssh.user-cert"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://datatracker.ietf.org/doc/draft-ietf-sshm-ssh-agent/",
)
