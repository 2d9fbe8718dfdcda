"""Export what a provider's record says of the case's credentials since the loss, before anything is ended; and again, later, to know the rest.

Nothing is written at the provider. The file (JSON Lines, chosen fields only, 0600) gets its digest into the trail together with what the
events say of each credential. What could not be read is a `problem` there, a gap in the report and never a short file that looks whole. A
killed run reads again: a file is replaced whole, and its entry comes after it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.audit.log import AuditLog
from rescind.errors import ProviderError, RefusedError, RescindError, Unreachable, redact
from rescind.models.clock import Clock, parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.plan import CaseStep
from rescind.models.tenant import Tenant
from rescind.models.use import Asked, Event, Reading, Source, Span
from rescind.pipeline import use
from rescind.pipeline.tenants import Connected, Tenants
from rescind.wire.files import write_atomic

LONGEST_SECONDS = 300.0
"""How long one record is read before the first cut: what takes longer is read again by `rescind verify`."""
MOST_EVENTS = 100_000
_PRODUCT = re.compile(r"[\w.+-]{1,48}/[\w.:+~-]{1,24}")
_LONG, _MOST_TOLD = 23, 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What reading a record takes. `folder` is the run's own; `names` whom the case is about at a provider."""

    run: str
    tenants: Tenants
    log: AuditLog
    clock: Clock
    folder: Path
    names: Callable[[str], tuple[str, ...]]


def folder_of(state_dir: Path, run: str) -> Path:
    """Return the folder of a run's exports."""
    return state_dir / "runs" / run


def sources(tenant: Tenant) -> tuple[Source, ...]:
    """Return a tenant's records, those that are kept shortest first."""
    row = catalogue.providers().get(tenant.provider)
    mine = (s for s in row.activity if not s.needs or tenant.settings.get(s.needs)) if row else ()
    return tuple(sorted(mine, key=lambda s: s.retention_days))


def load(path: str) -> Callable[..., Any]:
    """Return the function that a row names as `module:function`."""
    module, _, name = path.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def export(
    reader: Reader,
    tenant: str,
    source: Source,
    credentials: tuple[Credential, ...],
    lost_at: str,
    *,
    step: str = "",
    mark: str = "",
) -> Reading:
    """Read one record of one tenant, keep it as a file, tell the trail, and return what was read. `mark` names a later file.

    Never raises for what a provider does. Raises `AuditError` when the trail cannot be written.
    """
    mine = tuple(c for c in credentials if c.tenant == tenant)
    since, started = rfc3339(parse_rfc3339(lost_at) - use.MARGIN), rfc3339(reader.clock.now())
    row = reader.tenants.row(tenant)
    blank = Reading(tenant=tenant, provider=row.provider, source=source.id, at=started, since="", until="")
    try:
        at = reader.tenants.get(tenant)
    except RescindError as error:
        return _told(reader, step, replace(blank, problem=f"the tenant could not be asked: {error.message}"))
    asked = Asked(names=reader.names(row.provider), credentials=mine, since=since)
    tally, events, spans = use.Tally(source, mine, lost_at), dict[str, Event](), list[Span]()
    for seen in _read(reader, at, source, asked):
        if isinstance(seen, Span):
            spans.append(seen)
        elif seen.id not in events and seen.at >= since:
            events[seen.id] = seen
            tally.take(seen)
    done = replace(
        _covered(blank, source, spans, since, started),
        events=len(events),
        ours=sum(map(use.ours, events.values())),
        proves=tuple(c.id for c in mine if use.proves(source, c)),
        uses=tally.uses(),
    )
    return _told(reader, step, _kept(reader, done, events, mark))


def again(reader: Reader, steps: Iterable[CaseStep], credentials: Iterable[Credential], lost_at: str) -> int:
    """Read the records of a run once more, each into a file of its own; returns how many. What came after the first time is in them now."""
    held, mark = tuple(credentials), reader.clock.now().strftime("%Y%m%dT%H%M%SZ")
    wanted = [(s, source) for s in steps if not s.left_out and (source := source_at(reader, s))]
    for step, source in wanted:
        export(reader, step.tenant, source, held, lost_at, step=step.id, mark=mark)
    return len(wanted)


def source_at(reader: Reader, step: CaseStep) -> Source | None:
    """Return the record that a step reads; None where this version has none such, or its tenant is not configured any more."""
    try:
        rows = sources(reader.tenants.row(step.tenant)) if step.source else ()
    except RefusedError:
        return None
    return next((s for s in rows if s.id == step.source), None)


def _read(reader: Reader, at: Connected, source: Source, asked: Asked) -> Iterator[Event | Span]:
    """Go through what a record holds, as long as there is time and room for it."""
    end = reader.clock.monotonic() + LONGEST_SECONDS

    def ask(fn: Callable[[], Any]) -> Any:
        if reader.clock.monotonic() > end:
            raise Unreachable(f"it took longer than {LONGEST_SECONDS / 60:.0f} minutes", maybe_sent=False)
        return at.ask(fn)[0]

    count = 0
    try:
        for seen in load(source.read)(at.client, asked, ask):
            yield seen
            count += isinstance(seen, Event)
            if count >= MOST_EVENTS:
                yield Span(part="the rest", problem=f"there are more than {MOST_EVENTS} events")
                return
    except RescindError as error:
        yield Span(part=source.title, problem=error.message)
    except Exception as error:  # noqa: BLE001  what a provider answered must not stop the run before its first cut; its text may hold anything
        yield Span(part=source.title, problem=f"an answer was not understood ({type(error).__name__})")


def _covered(blank: Reading, source: Source, spans: list[Span], since: str, started: str) -> Reading:
    """Say from when to when all of it was read, and what was not."""
    problems = [f"{s.part}: {s.problem}" for s in spans if s.problem]
    good = [s for s in spans if not s.problem]
    if not spans:
        return replace(blank, problem="nothing of this case is known there to ask about")
    oldest = rfc3339(parse_rfc3339(started) - timedelta(days=source.retention_days))
    begins = [s.since or max(since, oldest) for s in good]
    # by the slower of the two clocks: an event that the provider has not written down yet is not missing
    ends = [
        s.until
        or rfc3339(min(parse_rfc3339(t) for t in (started, s.asked_at) if t) - timedelta(seconds=source.lag_seconds))
        for s in good
    ]
    short = [f"it is kept for {source.retention_days} days"] if good and max(begins) > since and oldest > since else []
    return replace(
        blank,
        since=max(begins, default=""),
        until=min(ends, default=""),
        problem="; ".join(dict.fromkeys([*problems, *short]))[:_MOST_TOLD],
        parts=tuple(s.part for s in good),
    )


def _kept(reader: Reader, reading: Reading, events: Mapping[str, Event], mark: str) -> Reading:
    """Write the events as a file of the run's own folder, whole or not at all."""
    rows = sorted((line(e) for e in events.values()), key=lambda r: (r["at"], r["id"]))
    blob = "".join(json.dumps(r, ensure_ascii=True, sort_keys=True) + "\n" for r in rows).encode()
    path = reader.folder / (".".join(filter(None, (reading.tenant, reading.source, mark))) + ".jsonl")
    try:
        reader.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, blob, mode=0o600)
    except (OSError, ProviderError) as error:
        why = error.message if isinstance(error, ProviderError) else (error.strerror or type(error).__name__)
        return replace(
            reading, problem="; ".join(filter(None, (reading.problem, f"the file could not be written: {why}")))
        )
    return replace(reading, file=path.name, sha256=hashlib.sha256(blob).hexdigest())


def line(event: Event) -> dict[str, Any]:
    """Return what is kept of an event: what tells who did what, when and from where; nothing that a request carried."""
    facts = {
        "action": event.action,
        "who": event.who,
        "key": event.key,
        "ip": event.ip,
        "outcome": event.outcome,
        "place": event.place,
    }
    return {
        "id": use.printable(event.id),
        "at": event.at,
        **{k: use.printable(v) for k, v in facts.items() if v},
        **({"agent": _agent(event.agent)} if event.agent else {}),
        **({"ours": True} if use.ours(event) else {}),
    }


@functools.lru_cache(maxsize=1024)
def _agent(text: str) -> str:
    """Return a User-Agent, which the caller chose: products with versions are kept, anything else that is long might be a secret."""
    words = (w if len(w) <= _LONG or _PRODUCT.fullmatch(w) else redact(w) for w in use.printable(text).split(" "))
    return " ".join(words)


def _told(reader: Reader, step: str, reading: Reading) -> Reading:
    reader.log.append(use.ENTRY, run=reader.run, step=step, data=use.to_json(reading))
    return reading


def readings(log: AuditLog, run: str) -> tuple[Reading, ...]:
    """Return every reading of a run, oldest first."""
    return tuple(use.from_json(e.data, e.at) for e in log.entries(run=run, type=use.ENTRY))
