"""The row of a provider family: how it is reached, what a tenant of it may set, and what holds for all of its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rescind.models.machine import Machines
from rescind.models.use import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider family: `connect` is `module:function` (imported only when a tenant is used), `settings` what a tenant may set.

    `connect(tenant, resolve, pacer, write=…)` returns a `Client`; `required` settings are checked before anything is contacted.
    `controls_email`: an owner that equals the person's e-mail is the provider's own attestation (a CA's SAN), not a free text.
    `eventual`: it says that something is done before that holds everywhere, so a playbook's sweeps look again after a while.
    `paces` are classes of endpoint that it allows fewer requests per second than a tenant's rate; a tenant with an `endpoint_url` of
    its own is somebody else's service, which these do not hold for. `activity` are its records of what credentials did. `machines`:
    it manages machines, which a tenant may offer to lock, retire or wipe.
    """

    id: str
    title: str
    connect: str
    required: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    reference: str = ""
    controls_email: bool = False
    eventual: bool = False
    paces: Mapping[str, float] = field(default_factory=dict)
    activity: tuple[Source, ...] = ()
    machines: Machines | None = None
