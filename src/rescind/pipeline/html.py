"""A run as one HTML file to read and to keep: it loads nothing, works without script, and shows hostile text as text.

The policy in its head forbids everything but its own style and its own script, both by digest
(https://www.w3.org/TR/CSP3/#framework-directive-source-list), so markup that got in by a fault here would still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.resources import files

from rescind.models.clock import rfc3339
from rescind.models.credential import WORST_FIRST, EndState, Relation
from rescind.models.plan import Case, Plan
from rescind.models.run import RunResult
from rescind.pipeline import chart, sections, use_section
from rescind.pipeline.case_section import for_the_case
from rescind.pipeline.derived import CUT_NOT_PROVEN
from rescind.pipeline.markup import Html, count, el, foreign, join, plain, when
from rescind.pipeline.report import LIVE_OR_PRESUMED, line_one


def html(result: RunResult, *, plans: Sequence[Plan], now: datetime) -> str:
    """Return the whole run as one page. `plans` are the run's plan and its addenda, `now` is when residual clocks are read."""
    style, script = _part("report.css"), _part("report.js")
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="format-detection" content="telephone=no">',
        el("title", plain(f"{result.playbook}: {line_one(result)}")),
        f"<style>{style}</style>",
    ]
    shown = (
        sections.gaps(result),
        sections.decide(result),
        use_section.section_of(result),
        for_the_case(result),
        sections.by_hand(result),
        sections.residual(result, now),
        sections.timeline(result),
        sections.coverage(result),
        sections.credentials(result),
        sections.audit(result, plans),
    )
    main = el("main", _top(result, plans[0].case, now), _contents(), *shown)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n' + "\n".join(head) + "\n</head>\n"
        f"<body>\n{main}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _part(file: str) -> str:
    return (files("rescind.pipeline") / file).read_text(encoding="utf-8")


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def _contents() -> Html:
    parts = {
        "unseen": "Not seen",
        "decide": "Decide",
        "use": "Used?",
        "case": "For the case",
        "tasks": "By hand",
        "residual": "Still works",
        "timeline": "Timeline",
        "coverage": "Coverage",
        "credentials": "Credentials",
        "audit": "Audit",
    }
    return el("nav", el("ul", *(el("li", el("a", t, href=f"#{a}")) for a, t in parts.items())), aria_label="Contents")


def _total(result: RunResult, states: Iterable[EndState]) -> int:
    return sum(result.counts.get(str(s), 0) for s in states)


def _top(result: RunResult, case: Case, now: datetime) -> Html:
    head = el("h1", join((el("span", part) for part in line_one(result).split(" · ")), " · "))
    about = el(
        "p",
        f"Playbook {result.playbook}, run {result.run}, {result.status}. As it stood at ",
        when(rfc3339(now)),
        ".",
        class_="about",
    )
    still = () if result.status == "ended" else (el("p", _not_ended(result), class_="warn"),)
    tiles = el(
        "ul",
        *(
            el("li", sections.badge(s), el("strong", str(result.counts[str(s)])))
            for s in WORST_FIRST
            if result.counts.get(str(s))
        ),
        class_="tiles",
    )
    return el(
        "header",
        el("p", "rescind · incident report", class_="brand"),
        head,
        about,
        *still,
        *(
            [el("p", "NOT ISOLATED, on purpose: ", foreign(result.not_isolated), class_="warn")]
            if result.not_isolated
            else []
        ),
        chart.bar(result),
        tiles,
        _happened(result, case),
    )


def _not_ended(result: RunResult) -> Html:
    rests = [" It rests for ", foreign(result.waiting_for), " ", when(result.waiting_until), "."]
    return join(["This run has not ended: what follows will change.", *(rests if result.waiting_for else [])])


def _happened(result: RunResult, case: Case) -> Html:
    n = {r: sum(c.relation == r for c in result.credentials) for r in Relation}
    ended, proven = _total(result, CUT_NOT_PROVEN | {EndState.DEAD}), _total(result, [EndState.DEAD])
    working, soon = _total(result, LIVE_OR_PRESUMED), _total(result, [EndState.RESIDUAL])
    used = sum(c.used_after_loss == "yes" for c in result.credentials)
    first = (
        f" The first cut came {result.time_to_first_cut:.0f} s after the start."
        if result.time_to_first_cut is not None
        else ""
    )
    last = max((c.residual_until for c in result.credentials if c.residual_until), default="")
    lost = [", lost at ", when(case.lost_at)] if case.lost_at else [", time of the loss not stated"]
    whose: list[str] = [el("strong", foreign(case.person or "person not stated"))]
    whose += [", machine ", el("strong", foreign(case.workstation))] if case.workstation else []
    found = (
        f" found: {n[Relation.OBSERVED]} on the machine, {n[Relation.ATTRIBUTED]} bound to it, "
        f"{n[Relation.INHERITED]} at the provider only; {count(result.candidates, 'string')} could not be identified."
    )
    unseen = f"{count(len(result.gaps), 'place')} not seen" if result.gaps else "Nothing known to be unseen"
    unused = sum(c.used_after_loss == "no" for c in result.credentials)
    after = (
        f"; {count(used, 'credential was', 'credentials were')} used after the loss."
        if used
        else f"; no use after the loss is known: proven of {unused} of {len(result.credentials)}, of the others nothing proves that there was none."
        if unused
        else "; no use after the loss is known, which does not prove that there was none."
    )
    derived = f"; {soon} cut at the source with something derived that may still work"
    lines = (
        (*whose, *lost, "; rescind began at ", when(result.started_at), "."),
        (el("strong", count(len(result.credentials), "credential")), found),
        (el("strong", f"{ended} ended"), f", {proven} of them proven dead.{first}"),
        (el("strong", f"{working} live or presumed live"), derived, *((" until ", when(last)) if last else ()), "."),
        (el("strong", unseen), after),
    )
    return el("ol", *(el("li", *line) for line in lines), class_="happened", aria_label="What happened, in five lines")
