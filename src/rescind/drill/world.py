"""The throw-away world of a drill: a home, its owner's credentials at their providers, bystanders, and a responder.

Everything lies in one temporary folder and on loopback. Secrets are made at random each time and belong to nobody. What a world is
made of is in `rescind.drill.pieces`; which pieces a drill has, in `rescind.drill.drills`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rescind.drill.proxy import Proxy
from rescind.drill.trouble import Script

ADA, GRACE = "ada@example.com", "grace@example.com"
MACHINE = "ada-laptop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One credential that the drill itself holds: how to use it, and what must be true of it after the run.

    `must` is "refused" (the run ends it) or "works" (a bystander's, the responder's, or held).
    """

    name: str
    kind: str
    identifier: str = ""
    must: str = "refused"
    use: Callable[[], str] = field(repr=False)


@dataclass(slots=True)
class World:
    """Where everything is, what to try before and after, and what is configured. Pieces add to it."""

    folder: Path
    script: Script
    keychain: Any = None
    probes: list[Probe] = field(default_factory=list)
    emulated: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    org: list[str] = field(default_factory=lambda: ['domains = ["example.com"]'])
    names: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    stops: list[Callable[[], None]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The home of the person."""
        return self.folder / "home" / "ada"

    def write(self, path: str, data: bytes | str) -> Path:
        """Write a file that only its owner can read, below the world's folder."""
        at = self.folder / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(data.encode() if isinstance(data, str) else data)
        at.chmod(0o600)
        return at

    def through(self, provider: str, target: str) -> str:
        """Return the address that rescind is given for a provider: its own, or that of a proxy which makes the asked trouble."""
        if not any(f.provider == provider for f in self.script.faults):
            return target
        proxy = Proxy(provider, target, self.script)
        self.stops.append(proxy.stop)
        return proxy.url

    def configure(self) -> Path:
        """Write the operator's configuration from what the pieces said."""
        lines = ["[org]", *self.org, "", f'[person."{ADA}"]', *(f'{p} = ["{n}"]' for p, n in self.names.items())]
        for name, text in self.sections.items():
            lines += ["", f"[{name}]", text.strip()]
        return self.write("operator/rescind.toml", "\n".join(lines) + "\n")

    def stop(self) -> None:
        """End the servers, the youngest first."""
        for stop in reversed(self.stops):
            stop()


def build(folder: Path, pieces: Iterable[Callable[[World], None]], script: Script) -> World:
    """Build a world of these pieces. Raises `RescindError` when a part cannot be had; nothing is left running then."""
    world = World(folder, script)
    world.home.mkdir(parents=True)
    try:
        for piece in pieces:
            piece(world)
    except BaseException:
        world.stop()
        raise
    return world
