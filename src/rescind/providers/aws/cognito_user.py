"""Users of Cognito user pools: whom an application of ours knows by its own sign-in. Disabled, with their tokens, and signed out everywhere.

Listed under the names that the configuration maps to the person (`cognito:NAME`, a user name or an alias of one) in every pool of every region. What an
application checks by itself, without asking Cognito, goes on until the token says that it is over: a day at most
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

PREFIX = "cognito:"
PAGE = 60
_DOC = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html"


def _user(client: AwsClient, region: str, pool: str, name: str) -> tuple[Mapping[str, Any], Answer]:
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


def _place(credential: Credential) -> tuple[str, str, str]:
    pool, _, name = credential.identifier.partition("/")
    region = credential.attributes.get("region", "")
    if not region or not pool.startswith(f"{region}_") or not name:
        raise Rejected("it is not known which user of which pool it is", code="incomplete")
    return region, pool, name


def _known(client: AwsClient, region: str, pool: str, owner: str, row: Mapping[str, Any]) -> Known:
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


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  none is known by value
    """Look the user up in its pool. Raises `NotFound` where it is not, other typed errors."""
    region, pool, name = _place(credential)
    row, _ = _user(client, region, pool, name)
    return _known(client, region, pool, credential.owner, row)


def _pools(client: AwsClient, region: str) -> tuple[list[str], Answer]:
    method = client.service("cognito-idp", region).list_user_pools
    rows, answer = everything(method, "UserPools", MaxResults=PAGE)
    if not all(isinstance(r, Mapping) and r.get("Id") for r in rows):
        raise Unrecognised("ListUserPools showed a pool without an id", request_id=answer.request_id)
    return [str(r["Id"]) for r in rows], answer


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's users in every pool. What could not be read is a `Gap`, as is a name that no pool has."""
    source, names = f"tenant:{client.tenant.name}", [n for n in subject.names if n.startswith(PREFIX)]
    places, doubt = regions(client) if names else ([], "")
    if doubt:
        yield Gap(source=source, reason=f"Cognito user pools: {doubt}")
    missing = set(names)
    for region in places:
        try:
            for pool in _pools(client, region)[0]:
                for name in names:
                    try:
                        row, _ = _user(client, region, pool, name.removeprefix(PREFIX))
                    except NotFound:
                        continue
                    missing.discard(name)
                    yield _known(client, region, pool, name, row)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(source=source, reason=f"Cognito user pools in {region} could not be read: {error.message}")
    for name in sorted(missing):
        yield Gap(source=source, reason=f"no user pool that was read has a user {name.removeprefix(PREFIX)}")


def deactivate(client: AwsClient, credential: Credential) -> CallResult:
    """Disable the user, which ends its tokens at Cognito; then sign it out, so that they stay ended when it is enabled. Raises typed errors."""
    region, pool, name = _place(credential)
    service = client.service("cognito-idp", region)
    answer = call(service.admin_disable_user, UserPoolId=pool, Username=name)
    call(service.admin_user_global_sign_out, UserPoolId=pool, Username=name)
    return _held.done(answer, credential.owner)


def activate(client: AwsClient, credential: Credential) -> CallResult:
    """Enable the user again, if it was before the run. Raises typed errors."""
    if credential.attributes.get("status") != "enabled":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the user was not known to be enabled before"})
    region, pool, name = _place(credential)
    answer = call(client.service("cognito-idp", region).admin_enable_user, UserPoolId=pool, Username=name)
    return _held.done(answer, credential.owner)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """See whether the user is enabled. One that is not shown is no proof: `NotFound`. Raises other typed errors."""
    row, answer = _user(client, *_place(credential))
    told = f"AdminGetUser shows it as {'enabled' if row['Enabled'] else 'disabled'}"
    return _held.seen(answer, Liveness.LIVE if row["Enabled"] else Liveness.DEAD, told, reversible=not row["Enabled"])


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that user pools can be listed in this run, and the user's among them. Raises typed errors."""
    if not credential.identifier:
        region = regions(client)[0][0]
        pools, answer = _pools(client, region)
        return _held.seen(answer, Liveness.LIVE, f"ListUserPools lists {len(pools)} pools in {region}")
    region, pool, _ = _place(credential)
    pools, answer = _pools(client, region)
    if pool not in pools:
        raise NotFound("the user's pool is not listed")
    return _held.seen(answer, Liveness.LIVE, "ListUserPools lists the user's pool")


KIND = Kind(
    id="aws.cognito-user",
    title="User of an Amazon Cognito user pool",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=deactivate,
            reversible=True,
            idempotent=True,
            permissions=("cognito-idp:AdminDisableUser", "cognito-idp:AdminUserGlobalSignOut"),
            undo="enable the user again (cognito-idp:AdminEnableUser); it signs in anew",
            restore=activate,
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("account:ListRegions", "cognito-idp:AdminGetUser", "cognito-idp:ListUserPools"),
    issuer_is_account=True,
    residual=Residual(
        seconds=86_400,
        what="tokens that an application checks by itself, and credentials that an identity pool gave for them",
        source="https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html",
    ),
    death=Death(negatives=2, seconds=10.0, source=_DOC),
    steps_by_hand="Cognito console, the user pool, Users, the user: Actions, Disable user access, and Sign out all sessions.",
    reference=_DOC,
    since="0.2",
    tested=("a server of ours made of botocore's model",),
)
