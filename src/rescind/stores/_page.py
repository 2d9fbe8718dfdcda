"""A piece of free text while it is searched, and the tally of what its file holds."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores._epoch import epoch

MOST = 500  # findings of one file
_ZSH, _BASH, _FISH = (
    re.compile(p) for p in (r": (\d{9,10}):\d{1,9};", r"#(\d{9,10})\r?$", r"\s{1,4}when: (\d{9,10})\r?$")
)
_TRIES = 10_000  # strings of one file that are looked at closely


@dataclass(slots=True)
class Page:
    """One piece of a text while it is searched: what was found where, and what was looked at already."""

    text: str
    at: Location
    first: int
    breaks: list[int] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)

    def line(self, position: int) -> int:
        """Return the number of the line that a position is in."""
        if not self.breaks:
            self.breaks = [m.start() for m in re.finditer("\n", self.text)] or [len(self.text)]
        return self.first + bisect_left(self.breaks, position)

    def typed_at(self, line: int) -> str | None:
        """Return when a history says that a line was typed: in the line itself (zsh), before it (bash) or after it (fish)."""
        self.line(0)
        here = line - self.first
        for number, shape in ((here, _ZSH), (here - 1, _BASH), (here + 1, _FISH)):
            if 0 <= number <= len(self.breaks):
                start = self.breaks[number - 1] + 1 if number else 0
                end = self.breaks[number] if number < len(self.breaks) else len(self.text)
                if found := shape.match(self.text, start, min(end, start + 40)):
                    return epoch(int(found[1]))
        return None

    def place(self, position: int) -> Location:
        """Return where a position lies."""
        return replace(self.at, line=self.line(position))

    def free(self, start: int, end: int) -> bool:
        """Tell whether nothing was found there yet."""
        return not any(a < end and start < b for a, b in self.taken[-200:])


@dataclass(slots=True)
class Tally:
    """The findings of a file by what tells them apart, with how often and where last each was seen."""

    tries: int = 0
    known: dict[tuple[str, str], Finding] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, finding: Finding, page: Page) -> None:
        """Take a finding of a page, or count it where it is known. Raises `Unparsable` above 500 of them."""
        value = finding.secret.reveal() if finding.secret else ""
        key = ("", value) if value else (finding.kind, finding.identifier or str(finding.attributes))
        if finding.state is State.PUBLIC_ONLY and any(f.identifier == finding.identifier for f in self.known.values()):
            return
        self.seen.setdefault(key, []).append(finding.location.line or 0)
        if key not in self.known:
            typed = page.typed_at(finding.location.line or 0)
            more = {"first_seen": typed} if typed else {}
            self.known[key] = replace(finding, attributes={**finding.attributes, **more})
        if len(self.known) > MOST:
            raise Unparsable(f"holds more than {MOST} secrets; the rest was not taken")

    def look(self) -> None:
        """Count a string that is looked at closely. Raises `Unparsable` where that was often enough."""
        self.tries += 1
        if self.tries > _TRIES:
            raise Unparsable("holds more that looks like secrets than can be looked at; the rest was not")

    def findings(self) -> Iterator[Finding]:
        """Yield what was found, line by line."""
        for key, finding in sorted(self.known.items(), key=lambda item: item[1].location.line or 0):
            lines = set(self.seen[key])
            more = {"seen": str(len(lines)), "last_line": str(max(lines))} if len(lines) > 1 else {}
            yield replace(finding, attributes={**finding.attributes, **more})
