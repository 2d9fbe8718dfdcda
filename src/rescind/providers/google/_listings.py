"""What is listed for a person, one holder after the other: all of it, or a gap that says of which holder it was not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.evidence import Gap
from rescind.models.kind import Known
from rescind.providers.google._connect import Google

Holder = TypeVar("Holder")


def gap(client: Google, reason: str) -> Gap:
    """Return a gap in what was asked of a tenant."""
    return Gap(source=f"tenant:{client.tenant.name}", reason=reason)


def whole(
    client: Google,
    holders: Iterable[Holder | Gap],
    held: Callable[[Holder], Iterable[Known]],
    what: Callable[[Holder], str],
) -> Iterator[Known | Gap]:
    """Show what each holder has; `what` could not be listed whole is a `Gap`. Raises what is worth another try."""
    for holder in holders:
        if isinstance(holder, Gap):
            yield holder
            continue
        try:
            rows = list(held(holder))
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield gap(client, f"{what(holder)} could not be listed: {error.message}")
        else:
            yield from rows
