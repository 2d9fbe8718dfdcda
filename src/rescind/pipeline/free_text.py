"""What a detection engine adds to our own reading of free text: each hit as a finding of a kind, or as a candidate with its rule.

What our exact formats and the structure around a value already said is not said twice, and what they know to be a decoy stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace

from rescind.errors import EvidenceError, Unparsable
from rescind.host.detector import ABSENT, PIECE, Detector, Hit
from rescind.models.evidence import Finding, Gap, Location
from rescind.models.store import Store
from rescind.pipeline.decoys import is_decoy
from rescind.stores import _forms, _github
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._jwt import claims
from rescind.stores._lines import pieces, slices
from rescind.stores._sighting import sighting

_WAITING = 16 << 20  # bytes that wait for the engine while it starts
_GENERIC = re.compile(r"generic|curl-auth|credential-uri|basic-auth|password|jwt|private-key|sourcegraph|\bsidekiq")
_PUBLIC = re.compile(r"publishable|public|client-id|access-key-id|account-id|-sid$|username|-id$")
_PROVIDERS = {form.partition(".")[0]: form for form in _forms.KINDS}
_KINDS = {**_PROVIDERS, "azure": "entra.client-secret", "hashicorp": "vault.token", "aws": "", "gcp": "google.api-key"}


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of one file's text, its first line, and the values that are known of the file."""

    store: Store
    at: Location
    held: set[str] = field(repr=False)
    text: str = field(repr=False)
    first: int


@dataclass(slots=True)
class Queue:
    """Files that wait for the engine: it starts before the first of them, and they are read by our own formats meanwhile."""

    detector: Detector
    parts: list[_Part] = field(default_factory=list)
    size: int = 0
    asked: list[tuple[list[_Part], Future[list[Hit]]]] = field(default_factory=list)

    def put(
        self, store: Store, blob: bytes, at: Location, known: list[Finding]
    ) -> Iterator[tuple[Store, Finding | Gap]]:
        """Take one file of free text; yield what the engine finds once many wait."""
        held = {f.secret.reveal() for f in known if f.secret} | {f.identifier for f in known if f.identifier}
        for text, first in _pieces(store, blob):
            if text.strip():
                self.parts.append(_Part(store, at, held, text, first))
                self.size += len(text)
            if self.size > _WAITING:
                yield from self.drain()

    def send(self) -> None:
        """Hand what waits to the engine, small files together, and go on."""
        batch: list[_Part] = []
        for part in (*self.parts, None):
            if batch and (part is None or sum(len(p.text) + 2 for p in (*batch, part)) > PIECE):
                self.asked.append((batch, self.detector.ask("\n\n".join(p.text for p in batch))))
                batch = []
            if part is not None:
                batch.append(part)
        self.parts, self.size = [], 0

    def drain(self) -> Iterator[tuple[Store, Finding | Gap]]:
        """Yield what the engine finds in all that waits, and a gap for each file that it did not answer for."""
        self.send()
        asked, self.asked = self.asked, []
        for batch, answer in asked:
            yield from self._read(batch, answer)

    def _read(self, batch: list[_Part], answer: Future[list[Hit]]) -> Iterator[tuple[Store, Finding | Gap]]:
        """Read an answer; where there was none each file is looked at alone: one of them may be to blame."""
        try:
            hits = answer.result()
        except EvidenceError as exc:
            if len(batch) > 1 and exc.message != ABSENT:
                for part in batch:
                    yield from self._read([part], self.detector.ask(part.text))
                return
            lost = exc.message == ABSENT
            for part in batch[:1] if lost else batch:
                path, root, source = ("", "", "scan") if lost else (part.at.path, part.at.root, part.store.id)
                yield part.store, Gap(source=source, reason=exc.message, path=path, root=root)
            return
        for hit in hits:
            for part in batch:  # the engine names a value once, wherever else it is
                if (found := part.text.find(hit.value)) >= 0 and _is_news(hit, part.held):
                    part.held.add(hit.value)
                    yield part.store, _finding(hit, replace(part.at, line=part.first + part.text.count("\n", 0, found)))


def _pieces(store: Store, blob: bytes) -> Iterator[tuple[str, int]]:
    if store.text is None:
        return
    with suppress(Unparsable):  # the store's own parser said so
        for part, line in slices(blob):
            for piece, more in pieces(store.text(part)):
                yield piece, line + more - 1


def _is_news(hit: Hit, held: set[str]) -> bool:
    """Tell whether a hit says something that our own reading did not, and is no decoy."""
    value = hit.value
    if (
        len(value) < 8
        or _GENERIC.search(hit.rule)
        or _PUBLIC.search(hit.rule)
        or any(value in h or h in value for h in held)
    ):
        return False
    if is_placeholder(value) or is_harmless(value) or not literal(value) or claims(value):
        return False
    wrong = _github.checksum(value) == "wrong" and value.startswith(("gh", "npm_"))
    own = sighting("file.secret", Location(root="", path=""), secret=value)
    return not wrong and not is_decoy(value, own.secret) and len(set(value)) >= 6


def _finding(hit: Hit, at: Location) -> Finding:
    rule = hit.rule.rpartition(".")[2]
    provider = re.split(r"[-_.]", rule)[0]
    if _forms.identify(hit.value):
        return _forms.finding(hit.value, at, {"rule": hit.rule})
    kind = _KINDS.get(provider, "")
    found = sighting(kind or "file.secret", at, secret=hit.value, attributes={"rule": hit.rule, "provider": provider})
    return found if kind else replace(found, candidate=True)
