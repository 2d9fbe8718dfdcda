"""User pools of Cognito, and their users: by name, as each pool shows them to its administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions

PAGE = 60


def user(client: AwsClient, region: str, pool: str, name: str) -> tuple[Mapping[str, Any], Answer]:
    """Return a user of a pool. Raises `NotFound` where the pool has none of that name, other typed errors."""
    try:
        answer = call(client.service("cognito-idp", region).admin_get_user, UserPoolId=pool, Username=name)
    except Rejected as error:
        if error.code != "UserNotFoundException":
            raise
        raise NotFound("the pool has no such user", code=error.code, request_id=error.request_id) from None
    if not answer.body.get("Username") or not isinstance(answer.body.get("Enabled"), bool):
        raise Unrecognised("AdminGetUser showed no user, or not whether it is enabled", request_id=answer.request_id)
    return answer.body, answer


def place(credential: Credential) -> tuple[str, str, str]:
    """Return region, pool and name of a user. Raises `Rejected` where one is not known."""
    pool, _, name = credential.identifier.partition("/")
    region = credential.attributes.get("region", "")
    if not region or not pool.startswith(f"{region}_") or not name:
        raise Rejected("it is not known which user of which pool it is", code="incomplete")
    return region, pool, name


def known(client: AwsClient, region: str, pool: str, owner: str, row: Mapping[str, Any]) -> Known:
    """Return a user as the catalogue shows it."""
    enabled = row["Enabled"]
    return Known(
        identifier=f"{pool}/{row['Username']}",
        issuer=client.account,
        subject=str(row["Username"]),
        owner=owner,
        attributes={"region": region, "pool": pool, "status": "enabled" if enabled else "disabled"},
        created_at=_held.time(row.get("UserCreateDate")),
        liveness=Liveness.LIVE if enabled else Liveness.DEAD,
    )


def listed(client: AwsClient, region: str) -> tuple[list[str], Answer]:
    """Return the ids of a region's pools. Raises typed errors."""
    method = client.service("cognito-idp", region).list_user_pools
    rows, answer = everything(method, "UserPools", MaxResults=PAGE)
    if not all(isinstance(r, Mapping) and r.get("Id") for r in rows):
        raise Unrecognised("ListUserPools showed a pool without an id", request_id=answer.request_id)
    return [str(r["Id"]) for r in rows], answer


def verify(client: AwsClient, credential: Credential) -> Observation:
    """See whether the user is enabled. One that is not shown is no proof: `NotFound`. Raises other typed errors."""
    row, answer = user(client, *place(credential))
    told = f"AdminGetUser shows it as {'enabled' if row['Enabled'] else 'disabled'}"
    return _held.seen(answer, Liveness.LIVE if row["Enabled"] else Liveness.DEAD, told, reversible=not row["Enabled"])


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that user pools can be listed in this run, and the user's among them. Raises typed errors."""
    if not credential.identifier:
        region = regions(client)[0][0]
        pools, answer = listed(client, region)
        return _held.seen(answer, Liveness.LIVE, f"ListUserPools lists {len(pools)} pools in {region}")
    region, pool, _ = place(credential)
    pools, answer = listed(client, region)
    if pool not in pools:
        raise NotFound("the user's pool is not listed")
    return _held.seen(answer, Liveness.LIVE, "ListUserPools lists the user's pool")
