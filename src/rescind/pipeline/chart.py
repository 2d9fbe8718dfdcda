"""The report's drawings as inline SVG; every number in them stands in a table as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from rescind.models.credential import WORST_FIRST
from rescind.models.run import CredentialResult, Receipt, RunResult
from rescind.pipeline.markup import Html, count, el, join, moment, plain
from rescind.pipeline.render import title

WIDTH, LANE, LEFT, DOT = 960, 56, 90, 8
_BINS = (WIDTH - LEFT - 20) // (DOT + 2)


def bar(result: RunResult) -> Html:
    """Return one bar that is divided as the end states are, worst first."""
    total = len(result.credentials)
    if not total:
        return Html("")
    at, parts = 0.0, []
    for state in WORST_FIRST:
        n = result.counts.get(str(state), 0)
        if n:
            wide = 1000 * n / total
            parts.append(el("rect", x=f"{at:.1f}", y="0", width=f"{wide:.1f}", height="14", class_=f"f-{state}"))
            at += wide
    told = ", ".join(f"{n} {s}" for s, n in result.counts.items() if n)
    return el(
        "svg", *parts, class_="bar", viewBox="0 0 1000 14", preserveAspectRatio="none", role="img", aria_label=told
    )


def remaining(c: CredentialResult, now: datetime) -> Html:
    """Return how much of a residual window is still to run, as of `now`."""
    end = moment(c.residual_until)
    cuts = [m for m in (moment(r.cut_at) for r in c.steps) if m]
    if end is None or not cuts or end <= min(cuts):
        return Html("")
    share = max(0.0, min(1.0, (end - now) / (end - min(cuts))))
    inside = el("rect", x="0", y="0", width=f"{100 * share:.1f}", height="6", class_="f-residual")
    return el("svg", inside, class_="remaining", viewBox="0 0 100 6", preserveAspectRatio="none", aria_hidden="true")


def timeline(result: RunResult, steps: Sequence[Receipt]) -> Html:
    """Return every step as a mark on its provider's lane; marks of about the same time stand above each other."""
    by_id = {c.id: c for c in result.credentials}
    marked = [(at, r) for r in steps if (at := moment(r.cut_at or r.at))]
    if not marked:
        return Html("")
    first = min([m for m in [moment(result.started_at)] if m] + [at for at, _ in marked])
    span = max((at - first for at, _ in marked), default=timedelta()) or timedelta(seconds=1)
    lanes = sorted({by_id[r.credential].provider for _, r in marked})
    placed = [
        (lanes.index(by_id[r.credential].provider), round((at - first) / span * (_BINS - 1)), r) for at, r in marked
    ]
    tall = max(Counter((lane, x) for lane, x, _ in placed).values())
    rise = min(float(DOT + 2), LANE * 4 / tall)
    high = max(LANE, round(rise * tall) + 16)
    stacked: Counter[tuple[int, int]] = Counter()
    marks = []
    for lane, x, r in placed:
        y = (lane + 1) * high - DOT - 2 - stacked[lane, x] * rise
        stacked[lane, x] += 1
        told = f"{r.cut_at or r.at} {r.verb} {by_id[r.credential].kind} {by_id[r.credential].identifier}: {title(r.end_state)}"
        marks.append(
            el(
                "rect",
                el("title", plain(told)),
                x=str(LEFT + x * (DOT + 2)),
                y=f"{y:.1f}",
                width=str(DOT),
                height=f"{min(DOT, rise):.1f}",
                class_=f"f-{r.end_state}",
            )
        )
    rows = []
    for i, name in enumerate(lanes):
        rows.append(
            el("line", x1=str(LEFT), x2=str(WIDTH), y1=str((i + 1) * high), y2=str((i + 1) * high), class_="axis")
        )
        rows.append(el("text", plain(name[:12]), x="0", y=str((i + 1) * high - 6)))
    bottom = len(lanes) * high
    ticks = []
    for i in range(5):
        instant, across = first + span * i / 4, LEFT + (WIDTH - LEFT - 20) * i / 4
        anchor = "start" if i == 0 else "end" if i == 4 else "middle"
        label = plain(_tick(instant, span))
        ticks.append(el("text", label, x=f"{across:.0f}", y=str(bottom + 18), text_anchor=anchor))
    told = f"{count(len(marked), 'step')} between {first:%Y-%m-%d %H:%M:%SZ} and {first + span:%Y-%m-%d %H:%M:%SZ}, by provider"
    drawing = el(
        "svg",
        join(rows),
        join(ticks),
        join(marks),
        class_="timeline",
        viewBox=f"0 0 {WIDTH} {bottom + 24}",
        role="img",
        aria_label=told,
    )
    return el("figure", drawing, el("figcaption", told + ". One mark is one step; the table below says the same."))


def _tick(at: datetime, span: timedelta) -> str:
    return at.strftime("%m-%d %H:%MZ" if span > timedelta(days=1) else "%H:%M:%SZ")
