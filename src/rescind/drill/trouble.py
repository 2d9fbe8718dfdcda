"""What can go wrong on purpose in a drill: the words of `--fail`, and the script of which request meets what.

    PROVIDER=FAULT[,FAULT…]      aws=429x5,reset-after      oauth=down

Faults are met in the order written: each request of the run takes the first one that applies to it and is not used up.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from rescind.errors import UsageError
from rescind.schema.faults import nearest

FAULTS = {
    "429": "429[xN]: asked to slow down, Retry-After 1",
    "503": "503[xN]: not available",
    "403": "403[xN]: we may not",
    "html": "html[xN]: a sign-in page instead of an answer",
    "reset-before": "reset-before[xN]: the connection is cut before the provider saw a change that was asked for",
    "reset-after": "reset-after[xN]: the provider made the change, and the connection is cut before we hear of it",
    "slow": "slow=SECONDS[xN]: the answer comes late",
    "down": "down: no answer to anything during the whole run",
}
"""Every fault and what it does. N is 1 unless given."""
ON_CHANGES = frozenset({"reset-before", "reset-after"})
CHANGES = {
    "aws": r"[?&]Action=(?!Get|List|Simulate)|\.(Put|Delete|Create|Update|Attach|Detach)\w+$",
    "oauth": r"/revoke\b",
}
"""How a request that changes something is told from a read, by provider. A provider without a row cannot be troubled."""
MOST, LONGEST = 1000, 60.0
_WORD = re.compile(r"(?P<name>[a-z0-9-]+?)(?:=(?P<seconds>\d+(?:\.\d+)?))?(?:x(?P<times>\d+))?")


@dataclass(slots=True)
class Fault:
    """One fault at one provider, and how often it struck. `times` -1: for the whole run."""

    provider: str
    name: str
    times: int = 1
    seconds: float = 0.0
    struck: int = 0

    @property
    def asked(self) -> str:
        """The fault as an operator writes it."""
        amount = f"={self.seconds:g}" if self.name == "slow" else ""
        return self.name + amount + (f"x{self.times}" if self.times > 1 else "")


@dataclass(slots=True)
class Script:
    """The faults of one drill. Nothing strikes before `armed` is set: building, surveying and the drill's own probes are spared."""

    faults: tuple[Fault, ...] = ()
    armed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def meets(self, provider: str, request: str) -> Fault | None:
        """Return what a request meets, and count it. `request` is method, path and what names the operation."""
        changes = re.search(CHANGES.get(provider, "$."), request) is not None
        with self._lock:
            for fault in self.faults if self.armed else ():
                used_up = 0 <= fault.times <= fault.struck
                if fault.provider != provider or used_up or (fault.name in ON_CHANGES and not changes):
                    continue
                fault.struck += 1
                return fault
        return None

    @property
    def struck(self) -> bool:
        """Whether anything went wrong at all."""
        return any(f.struck for f in self.faults)


def _fault(provider: str, word: str) -> Fault:
    hint = "faults: " + "; ".join(FAULTS.values())
    shape = _WORD.fullmatch(word)
    name = shape["name"] if shape else word
    if shape is None or name not in FAULTS:
        near = nearest(re.split(r"[=x]", word)[0] or word, FAULTS)
        meant = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"--fail {provider}: there is no fault {word!r}{meant}", hint=hint)
    if (name == "slow") != (shape["seconds"] is not None):
        raise UsageError(f"--fail {provider}: {word!r} is not how {name} is written", hint=FAULTS[name])
    times, seconds = int(shape["times"] or 1), float(shape["seconds"] or 0)
    if (name == "down" and shape["times"]) or not 1 <= times <= MOST or seconds > LONGEST:
        why = f"N is 1 to {MOST}, SECONDS at most {LONGEST:g}, and down has neither"
        raise UsageError(f"--fail {provider}: {word!r} is not how {name} is written", hint=why)
    return Fault(provider, name, -1 if name == "down" else times, seconds)


def parse(texts: Iterable[str], providers: Iterable[str]) -> tuple[Fault, ...]:
    """Read what was given to `--fail`. `providers` are those that the drill can trouble.

    Raises `UsageError` with the nearest valid word and everything that is allowed.
    """
    allowed = sorted(providers)
    found: list[Fault] = []
    for text in texts:
        provider, equals, words = text.partition("=")
        if not equals or provider not in allowed:
            near = nearest(provider, allowed)
            meant = f"; did you mean {near!r}?" if near and near != provider else ""
            raise UsageError(
                f"--fail {text!r}: this drill has no provider {provider!r} to trouble{meant}"
                if equals
                else f"--fail {text!r}: it is PROVIDER=FAULT,…",
                hint=f"providers: {', '.join(allowed) or 'none in this drill'}",
            )
        found += [_fault(provider, word.strip()) for word in words.split(",")]
    return tuple(found)
