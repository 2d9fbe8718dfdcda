"""Where to look for what AWS keeps by region: in the configured regions, or in every one that the account has switched on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from weakref import WeakKeyDictionary

from rescind.errors import Denied, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.evidence import Gap
from rescind.models.kind import Known
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import AwsClient

_KNOWN: WeakKeyDictionary[AwsClient, list[str]] = (
    WeakKeyDictionary()
)  # an account's regions do not change within a command


def regions(client: AwsClient) -> tuple[list[str], str]:
    """Return the regions to look in, and why these may not be all of them ("": they are). Raises typed provider errors.

    A tenant with an `endpoint_url` has one endpoint, and with it one region.
    """
    named = re.findall(r"[a-z0-9-]+", client.tenant.text("regions"))
    own = client.tenant.text("region", "us-east-1")
    if named or client.tenant.text("endpoint_url"):
        return named or [own], ""
    if client not in _KNOWN:
        try:
            rows, _ = everything(
                client.service("account").list_regions,
                "Regions",
                RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"],
            )
        except (Denied, Rejected) as error:
            return [own], f"not every region was looked at, for the account's could not be listed: {error.message}"
        _KNOWN[client] = sorted(str(row.get("RegionName", "")) for row in rows)
    return list(_KNOWN[client]), ""


def each(client: AwsClient, what: str, look: Callable[[str], Iterable[Known | Gap]]) -> Iterator[Known | Gap]:
    """Look for `what` in every region. What could not be read whole is a `Gap`, no short list.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    places, doubt = regions(client)
    if doubt:
        yield Gap(source=source, reason=f"{what}: {doubt}")
    for region in places:
        try:
            yield from look(region)
        except (Throttled, Unreachable):
            raise  # the caller asks again, and makes the gap if that does not help
        except ProviderError as error:
            yield Gap(source=source, reason=f"{what} in {region} could not be read: {error.message}")
