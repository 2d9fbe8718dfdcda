"""When check-ins reached their sink: a time that who has the machine and its key did not choose, beside the one that he signed.

A machine says of each check-in when it was made. Who has stolen it signs whatever time he likes; the sink's own clock he does not set.
So one that reached the sink only after the loss counts as made after it, whatever it says. One that was made in time and could not be
sent before is then lost with the others: nobody can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from rescind.errors import NotFound, ProviderError
from rescind.models.checkin import Arrival, Envelope, Sink
from rescind.models.clock import parse_rfc3339
from rescind.pipeline.envelope import file_name

SKEW = timedelta(minutes=5)
LATE = timedelta(hours=1)
"""A check-in is sent as soon as it is made; what took longer was sent again, or dated back."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a sink says of when it received one machine's check-ins; `silent` is why it does not."""

    by_name: Mapping[str, Arrival] = field(default_factory=dict)
    silent: str = ""

    def of(self, envelope: Envelope) -> Arrival | None:
        """Return when one was received, None where that is not known."""
        return self.by_name.get(file_name(envelope))

    def came_after(self, envelope: Envelope, moment: str) -> bool:
        """Tell whether the sink's own clock says that it came after a moment, by more than clocks differ."""
        said = self.of(envelope)
        return said is not None and said.sure and parse_rfc3339(said.at) > parse_rfc3339(moment) + SKEW

    def came_before(self, envelope: Envelope, moment: str) -> bool:
        """Tell whether the sink's own clock says that it was there before a moment."""
        said = self.of(envelope)
        return said is not None and said.sure and not self.came_after(envelope, moment)


def arrivals(sink: Sink, workstation: str) -> Arrivals:
    """Ask a sink when it received a machine's check-ins; that it does not say is no error."""
    try:
        return Arrivals(sink.arrivals(workstation))
    except NotFound:
        return Arrivals()
    except ProviderError as error:
        return Arrivals(silent=error.message)


def before(good: list[Envelope], lost_at: str, now: str, told: Arrivals) -> tuple[list[Envelope], list[str]]:
    """Return those made before the loss, newest first as they were given, and what is to be said of the others.

    What follows one that was made after the loss was so too, and so was what the sink received after it, except what one that it
    received in time names as its predecessors: who stores an old one anew does not make it late. Where nothing is left, because
    the sink was written anew, the times count that were signed.
    """
    if not lost_at:
        return good, []
    anchor = max((e.number for e in good if told.came_before(e, lost_at)), default=0)
    known = _predecessors([e for e in good if told.came_before(e, lost_at)], good)
    late = [e for e in good if told.came_after(e, lost_at) and e.digest not in known]
    after = [e.number for e in good if (lost_at < e.at <= now or e in late) and e.number > anchor]
    usable = [e for e in good if e.at <= lost_at and e.number < min(after, default=e.number + 1) and e not in late]
    if not (count := sum(e.at <= lost_at for e in late)):
        return usable, []
    if usable:
        return usable, [f"{count} said to be made before the loss reached the sink after it: dated back, or sent late"]
    return before(good, lost_at, now, Arrivals())[0], [
        "no check-in was in the sink before the loss, as its clock says: it was written anew, and times count as signed"
    ]


def _predecessors(sure: list[Envelope], good: list[Envelope]) -> set[str]:
    by_digest = {e.digest: e for e in good}
    found: set[str] = set()
    for envelope in sure:
        at: Envelope | None = envelope
        while at is not None and at.digest not in found:
            found.add(at.digest)
            at = by_digest.get(at.previous)
    return found


def doubts(told: Arrivals, used: Iterable[Envelope]) -> list[str]:
    """Return what is to be said of the times of those that are used: made long before they came, or after; not known; not sure."""
    found: list[str] = []
    for envelope in used:
        said = told.of(envelope)
        if said is None:
            why = f" ({told.silent})" if told.silent else ""
            found.append(f"the sink does not say when it received check-ins{why}: who had the key could date one back")
            continue
        came, made = parse_rfc3339(said.at), parse_rfc3339(envelope.at)
        if came > made + LATE:
            which = (
                f"check-in {envelope.number} says that it was made at {envelope.at} and reached the sink at {said.at}"
            )
            found.append(f"{which}: it was sent late{'' if said.sure else ', copied'}, or dated back")
        elif came < made - SKEW:
            found.append(
                f"check-in {envelope.number} says {envelope.at} and was in the sink at {said.at}: a clock is wrong"
            )
        if not said.sure:
            found.append("when check-ins reached the sink could be chosen by who sends them, or changed by a copy")
    return list(dict.fromkeys(found))
