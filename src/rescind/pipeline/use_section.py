"""The section of the HTML report about the use of credentials after the loss, and about the records that tell of it."""

from __future__ import annotations

from rescind.models.run import RunResult
from rescind.models.use import Reading
from rescind.pipeline.markup import Html, count, el, foreign, join, table, when
from rescind.pipeline.sections import section
from rescind.pipeline.use import source_of
from rescind.pipeline.use_words import counted, used

_NOBODY = "Nobody asked what the credentials did: no tenant keeps a record that rescind reads, or the time of the loss is not stated."


def _row(r: Reading) -> tuple[str, ...]:
    source = source_of(r)
    words = (
        [el("p", "Holds: ", source.covers, "."), el("p", "Does not hold: ", source.lacks, ".", class_="fine")]
        if source
        else []
    )
    span = join(["since ", when(r.since), ", complete until ", when(r.until)]) if r.until else Html("nothing")
    mine = f", {r.ours} in rescind's own name" if r.ours else ""
    kept = (
        [el("code", foreign(r.file)), el("p", "sha256 ", el("code", r.sha256), class_="fine")]
        if r.file
        else [Html("nothing")]
    )
    whole = el("p", "Not whole: ", foreign(r.problem), class_="fine") if r.problem else Html("")
    return (
        join([el("strong", source.title if source else r.source), el("p", foreign(r.tenant), class_="fine")]),
        join([span, whole]),
        f"{count(r.events, 'event')}{mine}",
        join(kept),
        join(words),
    )


def section_of(result: RunResult) -> Html:
    """Return what the providers' records say of the credentials since the loss, and what these records are."""
    note = el(
        "p",
        f"Used after the loss: {counted(result)}. A no needs a record that holds every use of such a credential, read whole from the loss until after "
        "it was proven dead; everything else is unknown.",
    )
    mine = [
        (join([el("span", c.kind, class_="kind"), " ", el("strong", foreign(c.identifier or c.fingerprint or c.id))]), when(c.first_use_after_loss),
         when(c.last_use_after_loss), foreign(c.used_after_loss_source))
        for c in used(result)
    ]  # fmt: skip
    parts = [note]
    if mine:
        parts.append(
            table(
                count(len(mine), "credential") + " used after the loss",
                ("Credential", "First", "Last", "Shown by"),
                mine,
            )
        )
    if result.activity:
        head = ("Record", "Read", "Events", "Kept in the run's folder", "What it is")
        parts.append(table(count(len(result.activity), "record") + " read", head, [_row(r) for r in result.activity]))
    else:
        parts.append(el("p", _NOBODY))
    return section("use", "Was it used after the loss?", *parts)
