"""What a provider that manages machines can do to one: lock it, take the organisation's data off it, wipe it.

An order that was taken is not carried out: the machine has to come online, and to do it. So an order is looked at until its provider says
that it was done, and nothing is ever called done because it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a provider shows of an order."""

    NONE = "none"  # it shows no such order
    ORDERED = "ordered"  # it was taken; the machine has not done it
    DONE = "done"
    REFUSED = "refused"  # the machine or its provider could not, or somebody called it off


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine as its provider manages it, found by the id of a device of the case.

    `told` tells it from others in words; `personal`: it is not the organisation's.
    """

    identifier: str
    device: str
    told: str
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One look at an order, with the evidence for it in words that an auditor can follow."""

    standing: Standing
    evidence: str
    request_id: str = ""
    provider_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """A provider's management of machines, offered by a tenant that sets `setting` to true.

    `verbs` maps the case verbs that it carries out to the least rights that they need. The rest are `module:function`, imported when used:
    `find(client, workstation, device_ids)` returns the machines that are meant, `send(client, identifier, verb)` orders once and returns
    the request's id, `look(client, identifier, verb, since)` returns an `Order` given at or after `since`. All raise typed provider errors.
    """

    title: str
    setting: str
    verbs: Mapping[str, tuple[str, ...]]
    find: str
    send: str
    look: str
    read_permissions: tuple[str, ...]
    reference: str
