"""The section of the HTML report about what is done for the case as a whole."""

from __future__ import annotations

from rescind.models.credential import EndState
from rescind.models.run import CaseResult, RunResult
from rescind.pipeline.markup import Html, count, el, foreign, join, table, when
from rescind.pipeline.sections import badge, section


def for_the_case(result: RunResult) -> Html:
    """Return every step for the case with its owner, its instruction and how it stands. None of them is a credential."""
    if not result.case_steps:
        return section("case", "For the case", el("p", "This playbook does nothing beside its credentials."))
    rows = [
        (
            join([el("span", "☑" if s.closed else "☐", class_="box", aria_hidden="true"), " ", str(s.verb)]),
            join([foreign(s.task), el("p", "Done when: ", foreign(s.done_when), class_="fine")]),
            foreign(s.owner),
            _stands(s),
        )
        for s in result.case_steps
    ]
    head = ("Step", "What", "Owner", "How it stands")
    note = el(
        "p", "A tool that accepted, or a person who attests, closes the task; neither proves that a credential ended."
    )
    return section("case", "For the case", note, table(count(len(rows), "step") + " for the case", head, rows))


def _stands(s: CaseResult) -> Html:
    parts: list[str] = [badge(s.end_state), " ", foreign(s.reason), " ", when(s.at)]
    if s.attested_by:
        said = ["attested by ", foreign(s.attested_by), " ", when(s.attested_at), ": ", foreign(s.evidence)]
        parts.append(el("p", *said, class_="fine"))
    elif not s.closed and s.end_state is not EndState.HELD:
        parts.append(el("p", "open: ", el("code", s.id), class_="fine"))
    return join(parts)
