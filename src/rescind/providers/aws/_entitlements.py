"""Account access manager: roles in accounts that a user or a group of IAM Identity Center may assume, beside permission sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rescind.errors import Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Observation
from rescind.providers.aws._center import PAGE, User, everything
from rescind.providers.aws._center_deny import seen
from rescind.providers.aws._connect import Answer, AwsClient

SESSIONS = "sessions of the role that were made before, for as long as the role allows (12 hours at most), where nothing denies them"


class Entitlement(NamedTuple):
    """One role that somebody may assume, and the application that says so."""

    application: str
    id: str
    role: str
    account: str


def service(client: AwsClient) -> Any:
    """Return the client of account access manager, in the region of the instance."""
    return client.service("account-access", client.tenant.text("sso_region"))


def applications(client: AwsClient) -> tuple[list[str], Answer]:
    """Return the ARNs of this account's applications of account access manager, and the last answer. Raises typed provider errors."""
    rows, answer = everything(service(client).list_applications, "applications", "nextToken", maxResults=PAGE)
    return sorted({str(row.get("applicationArn", "")) for row in rows} - {""}), answer


def of(client: AwsClient, application: str, **who: str) -> tuple[list[Entitlement], Answer]:
    """Return what an application grants to a user (`userId`) or a group (`groupId`) itself, and the last answer. Raises typed errors."""
    rows, answer = everything(
        service(client).list_entitlements,
        "entitlements",
        "nextToken",
        applicationArn=application,
        filter={"principalRole": {"principal": {"identityCenter": who}}},
        maxResults=PAGE,
    )
    found = []
    for row in rows:
        granted = row.get("entitlement", {}).get("principalRole")
        if isinstance(granted, Mapping):
            role, account = str(granted.get("roleArn", "")), str(granted.get("account", ""))
            found.append(Entitlement(application, str(row.get("entitlementId", "")), role, account))
    return found, answer


def facts(user: User, one: Entitlement) -> dict[str, str]:
    """Return what an entitlement of a user is made of."""
    return {
        "instance": user.instance,
        "directory": user.store,
        "user_id": user.id,
        "application": one.application,
        "entitlement": one.id,
        "role": one.role,
        "account": one.account,
    }


def control(client: AwsClient, credential: Credential) -> Observation:  # noqa: ARG001  whichever one it is
    """Show that this account's applications can be listed. Raises typed provider errors."""
    found, answer = applications(client)
    return seen(answer, Liveness.LIVE, f"ListApplications shows {len(found)} of account access manager")


def offered(client: AwsClient, listing: Callable[[], Iterator[Known | Gap]]) -> Iterator[Known | Gap]:
    """Yield the rows of a listing. Where AWS does not run the service in the instance's region, nobody answers: that is a `Gap`.

    Raises what the listing raises for everything else.
    """
    try:
        yield from list(listing())
    except Unreachable as error:
        if error.maybe_sent:
            raise
        why = f"account access manager could not be reached in the instance's region: {error.message}"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
