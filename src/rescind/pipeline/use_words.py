"""What is told of the use of credentials after the loss, in plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rescind.models.run import CredentialResult, RunResult
from rescind.pipeline.use import source_of

ANSWERS = ("yes", "no", "unknown")


def counted(result: RunResult) -> str:
    """Return how many credentials were used after the loss, how many were proven not to be, and of how many nobody can tell."""
    n = Counter(c.used_after_loss for c in result.credentials)
    return ", ".join(f"{n[a]} {a}" for a in ANSWERS)


def used(result: RunResult) -> list[CredentialResult]:
    """Return the credentials that were used, the last use first."""
    mine = (c for c in result.credentials if c.used_after_loss == "yes")
    return sorted(mine, key=lambda c: c.last_use_after_loss, reverse=True)


def lines(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield head and telling of each line for the screen; none where nothing was read and nothing is known."""
    if result.activity or used(result):
        yield f"Used after the loss: {counted(result)}", ""
    for c in used(result):
        yield f"{c.kind}  {c.identifier or c.fingerprint or c.id}", c.used_after_loss_source


def read(result: RunResult) -> Iterator[str]:
    """Yield what was read, where it is kept, and what is missing."""
    for r in result.activity:
        source = source_of(r)
        kept = f"{r.file} (sha256 {r.sha256})" if r.file else "kept nowhere"
        span = f"since {r.since}, complete until {r.until}" if r.until else "nothing was read"
        yield f"{source.title if source else r.source} of {r.tenant}: {span}, {r.events} events, {kept}" + (
            f"; not whole: {r.problem}" if r.problem else ""
        )
