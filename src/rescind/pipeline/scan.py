"""The first arrow: evidence in, findings and gaps out. Contacts nothing, writes nothing, executes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rescind import catalogue
from rescind.errors import EvidenceError, Unparsable, redact
from rescind.host.detector import Detector
from rescind.host.live import SOURCES, Live
from rescind.host.opening import open_host
from rescind.host.streams import PASS_SECONDS
from rescind.host.view import Host, Opened
from rescind.host.walk import WALK_SECONDS
from rescind.models.clock import Clock, rfc3339
from rescind.models.evidence import Finding, Gap
from rescind.models.store import Store
from rescind.pipeline.alarm import TimeUp, alarm
from rescind.pipeline.free_text import Queue

STORE_SECONDS = 60.0
MAX_FINDINGS_PER_FILE = 10_000
KEYCHAIN = "keychain"
"""The store id of findings that come from a keychain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What one scan saw. Findings stand beside the id of their store and may hold a `Secret`; `scanned_at` is RFC 3339 UTC."""

    workstation: Mapping[str, str]
    findings: tuple[tuple[str, Finding], ...]
    gaps: tuple[Gap, ...]
    scanned_at: str = ""


@dataclass(slots=True)
class _Sheet:
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    queue: Queue | None = None

    def take(self, found: Iterable[tuple[Store, Finding | Gap]]) -> None:
        for store, item in found:
            if isinstance(item, Gap):
                self.gaps.append(item)
            else:
                self.findings.append((store.id, item))


def scan(
    target: Path,
    *,
    clock: Clock,
    stores: Iterable[Store] | None = None,
    keychain: Iterable[Finding | Gap] = (),
    progress: Callable[[str], None] | None = None,
    environ: Mapping[str, str] | None = None,
    exclude: Callable[[str], str] = lambda _path: "",
    detector: Detector | None = None,
) -> ScanResult:
    """Read every store of a home or of a mounted root. Raises `EvidenceError` only when nothing at all can be read.

    Each store may take 60 s. In the main thread even a parser that never returns is stopped then; in other threads the time is
    looked at between files and findings. `progress` is told how many names the walk has seen,
    and before each store its id, how many there are, and about how long the rest will take. `exclude` names the declared pattern
    that keeps a path from being parsed; each that kept something out is a gap. `detector` searches free text beside our own formats.
    """
    rows = sorted(catalogue.stores().values() if stores is None else stores, key=_turn)
    sheet = _Sheet(queue=Queue(detector) if detector is not None else None)
    if detector is not None and any(row.text is not None for row in rows):
        detector.begin()
    with _opened(target, clock, environ, rows) as host:
        if progress is not None:
            host.tell = lambda seen: progress(f"folders, {seen:,} names seen")
        known = os.environ if environ is None else environ
        own = Path.home().resolve() if host.live else None
        running = [Live(home, known if home.resolve() == own else {}) for home in host.live]
        begun, early = clock.monotonic(), sum(not _turn(row)[0] for row in rows)
        for number, store in enumerate(rows):
            if number == early:
                if sheet.queue is not None:
                    sheet.queue.send()
                _walk(host, rows, sheet)
            if progress is not None:
                progress(
                    f"{number + 1} of {len(rows)} stores: {store.id}{_left(clock.monotonic() - begun, number, len(rows))}"
                )
            _read_store(host, store, running, sheet, clock, exclude)
        _drain(sheet)
        sheet.gaps += host.gaps
        workstation = host.workstation
    _take(KEYCHAIN, keychain, sheet)
    gaps = sorted(set(sheet.gaps), key=lambda g: (g.source, g.root, g.path, g.reason))
    return ScanResult(
        workstation=workstation, findings=tuple(sheet.findings), gaps=tuple(gaps), scanned_at=rfc3339(clock.now())
    )


def _turn(store: Store) -> tuple[int, str]:
    """Return when a store is read: free text in known places before the walk, so that the engine starts meanwhile."""
    walked = any("**" in at.glob for at in store.where)
    return (0 if store.text is not None and not walked else 1 if store.text is not None else 2, store.id)


def _opened(target: Path, clock: Clock, environ: Mapping[str, str] | None, rows: list[Store]) -> Host:
    try:
        with alarm(
            PASS_SECONDS * 2
        ):  # reading an archive has bounds of its own; this is for a file system that does not answer
            return open_host(target, clock=clock, environ=environ, stores=rows)
    except TimeUp:
        raise EvidenceError(
            "the evidence did not come to an end", hint="Copy or mount it where it can be read."
        ) from None


def _left(spent: float, done: int, total: int) -> str:
    """Return about how long the rest will take, once there is something to judge by."""
    seconds = spent / done * (total - done) if done else 0.0
    return f", about {seconds:.0f} s left" if seconds >= 1 else ""


def _walk(host: Host, rows: Iterable[Store], sheet: _Sheet) -> None:
    try:
        # the walk has bounds of its own; this is for a file system that does not answer
        with alarm(WALK_SECONDS * (1 + len(host.homes))):
            host.prepare(rows)
    except TimeUp:
        sheet.gaps.append(Gap(source="scan", reason="the walk did not come back; folders were not looked into"))


def _items(host: Host, store: Store, running: Sequence[Live]) -> Iterator[Opened | Gap]:
    """Yield a store's files, and on a running machine what it holds besides files."""
    yield from host.candidates(store)
    for item in (i for home in running if store.live for i in SOURCES[store.live](home)):
        yield item if isinstance(item, Gap) else Opened(store=store, location=item[0], blob=item[1], siblings={})


def _read_store(
    host: Host,
    store: Store,
    running: Sequence[Live],
    sheet: _Sheet,
    clock: Clock,
    exclude: Callable[[str], str],
) -> None:
    end = clock.monotonic() + STORE_SECONDS
    at = ("", "")
    try:
        with alarm(STORE_SECONDS):
            for item in _items(host, store, running):
                path = item.path if isinstance(item, Gap) else item.location.path
                if pattern := exclude(path):
                    sheet.gaps.append(Gap(source="scan", reason=f"left out by the declared scope: {pattern}"))
                    continue
                if isinstance(item, Gap):
                    sheet.gaps.append(item)
                    continue
                at = (item.location.path, item.location.root)
                _parse(item, sheet, lambda: clock.monotonic() > end)
    except TimeUp:
        reason = f"not finished within {STORE_SECONDS:.0f} s; the rest of this store was not read"
        sheet.gaps.append(Gap(source=store.id, reason=reason, path=at[0], root=at[1]))


def _parse(item: Opened, sheet: _Sheet, late: Callable[[], bool]) -> None:
    """Run one parser over one file; keep what it found before it failed."""

    def gap(reason: str) -> None:
        sheet.gaps.append(Gap(source=item.store.id, reason=reason, path=item.location.path, root=item.location.root))

    count, before = 0, len(sheet.findings)
    try:
        for finding in item.store.parse(item.blob, item.location):
            if count >= MAX_FINDINGS_PER_FILE:
                gap(f"holds more than {MAX_FINDINGS_PER_FILE} findings; the rest was not taken")
                break
            count += 1
            found = _in_snapshot(_with_public_half(finding, item.siblings), item.snapshot)
            sheet.findings.append((item.store.id, found))
            if found.kind == "ssh.user-key" and not found.identifier:
                gap("an encrypted key without its public half beside it: which key it is cannot be told")
            if late():
                break
    except Unparsable as exc:
        gap(f"not understood: {redact(exc.message)}")
    except Exception as exc:  # noqa: BLE001 - hostile bytes; the type is all that may be told of it
        gap(f"parser stopped: {type(exc).__name__}")
    if sheet.queue is not None and item.store.text is not None:
        known = [finding for _, finding in sheet.findings[before:]]
        sheet.take(sheet.queue.put(item.store, item.blob, item.location, known))
    if late():
        raise TimeUp


def _drain(sheet: _Sheet) -> None:
    """Let the engine finish what waits for it."""
    try:
        with alarm(STORE_SECONDS):
            sheet.take(sheet.queue.drain() if sheet.queue is not None else ())
    except TimeUp:
        reason = f"the detection engine was not finished within {STORE_SECONDS:.0f} s"
        sheet.gaps.append(Gap(source="scan", reason=reason))


def _in_snapshot(finding: Finding, snapshot: str) -> Finding:
    return replace(finding, attributes={**finding.attributes, "snapshot": snapshot}) if snapshot else finding


def _with_public_half(finding: Finding, siblings: Mapping[str, bytes]) -> Finding:
    """Give an SSH key that hides its public half the fingerprint of the `.pub` beside it (a hint, so it is marked as one)."""
    if finding.identifier or not finding.kind.startswith("ssh.") or ".pub" not in siblings:
        return finding
    words = siblings[".pub"].split(maxsplit=2)
    digest = _ssh_fingerprint(words[1]) if len(words) > 1 else ""
    if not digest:
        return finding
    return replace(finding, identifier=digest, attributes={**finding.attributes, "identifier_from": ".pub"})


def _ssh_fingerprint(encoded: bytes) -> str:
    """Return OpenSSH's `SHA256:` fingerprint (https://www.rfc-editor.org/rfc/rfc4253#section-6.6 blob), "" when it is no key."""
    import base64
    import binascii
    import hashlib

    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return ""
    size = int.from_bytes(blob[:4], "big")
    if not 4 <= size <= 64 or not blob[4 : 4 + size].isascii():
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()


def _take(source: str, items: Iterable[Finding | Gap], sheet: _Sheet) -> None:
    try:
        for item in items:
            if isinstance(item, Gap):
                sheet.gaps.append(item)
            else:
                sheet.findings.append((source, item))
    except Exception as exc:  # noqa: BLE001 - one keychain's failure must not lose the files
        sheet.gaps.append(Gap(source=source, reason=f"reading stopped: {type(exc).__name__}"))
