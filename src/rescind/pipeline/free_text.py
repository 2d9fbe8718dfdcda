"""What a detection engine adds to our own reading of free text: each hit as a finding of a kind, or as a candidate with its rule.

What our exact formats and the structure around a value already said is not said twice, and what they know to be a decoy stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rescind.errors import EvidenceError, Unparsable
from rescind.host.detector import ABSENT, Detector, Hit
from rescind.models.evidence import Finding, Gap, Location
from rescind.models.store import Store
from rescind.pipeline.decoys import is_decoy
from rescind.stores import _forms, _github
from rescind.stores._decoys import is_harmless, is_placeholder, literal
from rescind.stores._jwt import claims
from rescind.stores._lines import pieces, slices
from rescind.stores._sighting import sighting

MOST = 500  # hits of one file
_WAITING = 16 << 20  # bytes that wait for the engine while it starts
_GENERIC = re.compile(r"generic|curl-auth|credential-uri|basic-auth|password|jwt|private-key|sourcegraph|\bsidekiq")
_PUBLIC = re.compile(r"publishable|public|client-id|access-key-id|account-id|-sid$|username|-id$")
_PROVIDERS = {form.partition(".")[0]: form for form in _forms.KINDS}
_KINDS = {**_PROVIDERS, "azure": "entra.client-secret", "hashicorp": "vault.token", "aws": "", "gcp": "google.api-key"}


@dataclass(slots=True)
class Queue:
    """Files that wait for the engine: it starts with the first of them, while the next are read by our own formats."""

    detector: Detector
    items: list[tuple[Store, bytes, Location, list[Finding]]] = field(default_factory=list)
    size: int = 0

    def put(
        self, store: Store, blob: bytes, at: Location, known: list[Finding]
    ) -> Iterator[tuple[Store, Finding | Gap]]:
        """Take one file of free text; yield what the engine finds once many wait."""
        self.detector.begin()
        self.items.append((store, blob, at, known))
        self.size += len(blob)
        if self.size > _WAITING:
            yield from self.drain()

    def drain(self) -> Iterator[tuple[Store, Finding | Gap]]:
        """Yield what the engine finds in all that waits, and a gap for each file that it did not answer for."""
        items, self.items, self.size = self.items, [], 0
        for store, blob, at, known in items:
            try:
                for finding in searched(self.detector, store, blob, at, known):
                    yield store, finding
            except EvidenceError as exc:
                lost = exc.message == ABSENT
                yield (
                    store,
                    Gap(
                        source="scan" if lost else store.id,
                        reason=exc.message,
                        path="" if lost else at.path,
                        root="" if lost else at.root,
                    ),
                )
            except Unparsable:
                continue  # the store's own parser said so


def searched(
    detector: Detector, store: Store, blob: bytes, at: Location, known: Iterable[Finding]
) -> Iterator[Finding]:
    """Yield what the engine finds in a file beside the findings that are `known`. Raises `EvidenceError` when it does not answer."""
    held = {f.secret.reveal() for f in known if f.secret} | {f.identifier for f in known if f.identifier}
    count = 0
    for piece, first in _pieces(store, blob):
        for hit in detector.hits(piece) if piece.strip() else ():
            if not _is_news(hit, held, piece):
                continue
            held.add(hit.value)
            count += 1
            if count > MOST:
                raise EvidenceError(f"the detection engine found more than {MOST} things; the rest was not taken")
            yield _finding(hit, replace(at, line=first + hit.line - 1))


def _pieces(store: Store, blob: bytes) -> Iterator[tuple[str, int]]:
    for part, line in slices(blob) if store.text else ():
        for piece, more in pieces(store.text(part) if store.text else ""):
            yield piece, line + more - 1


def _is_news(hit: Hit, held: set[str], text: str) -> bool:
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
    return not wrong and not is_decoy(value, own.secret) and len(set(value)) >= 6 and value in text


def _finding(hit: Hit, at: Location) -> Finding:
    rule = hit.rule.rpartition(".")[2]
    provider = re.split(r"[-_.]", rule)[0]
    if _forms.identify(hit.value):
        return _forms.finding(hit.value, at, {"rule": hit.rule})
    kind = _KINDS.get(provider, "")
    found = sighting(kind or "file.secret", at, secret=hit.value, attributes={"rule": hit.rule, "provider": provider})
    return found if kind else replace(found, candidate=True)
