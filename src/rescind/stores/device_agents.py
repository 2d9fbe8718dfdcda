"""How the machine proves itself to whoever manages it: Wazuh, osquery, Elastic, Jamf and Puppet-like agents, by the device's id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the enrolment that a file is. Raises `Unparsable` for a damaged one."""
    name = at.path.rpartition("/")[2]
    if name == "client.keys":
        for number, line in enumerate(lines(decode(blob)), 1):
            words = line.split()
            if len(words) == 4 and not words[1].startswith("!"):
                own = {"agent_id": words[0], "name": words[1], "address": words[2]}
                place = replace(at, line=number)
                yield sighting(
                    "wazuh.agent", place, identifier=words[0], subject=words[1], secret=words[3], attributes=own
                )
            elif line.strip() and len(words) != 4:
                raise Unparsable("the file is not a list of Wazuh's keys")
    elif "enroll" in name or "secret" in name:
        plain = decode(blob).strip()
        if len(plain.split()) == 1:
            yield from token("osquery.enroll-secret", plain, at)
    elif blob:
        kind = "elastic.agent" if name.startswith("fleet") else "jamf.device"
        yield locked(kind, at, "app", more={"file": name})


_WAZUH = ("var/ossec/etc/client.keys", "Program Files (x86)/ossec-agent/client.keys", "Library/Ossec/etc/client.keys")
_OSQUERY = (
    "etc/osquery/*enroll*",
    "etc/osquery/*secret*",
    "etc/kolide-k2/secret",
    "var/osquery/*enroll*",
    "ProgramData/osquery/*secret*",
)
_ELASTIC = ("opt/Elastic/Agent/fleet.enc", "Library/Elastic/Agent/fleet.enc", "Program Files/Elastic/Agent/fleet.enc")
STORE = Store(
    id="device-agents",
    title="Device management agents",
    where=tuple(
        At(root=Root.SYSTEM, glob=g)
        for g in (*_WAZUH, *_OSQUERY, *_ELASTIC, "Library/Application Support/JAMF/JAMF.keychain")
    ),
    yields=("wazuh.agent", "osquery.enroll-secret", "elastic.agent", "jamf.device", "github.token"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://documentation.wazuh.com/current/user-manual/agent/agent-enrollment/requirements.html",
)
