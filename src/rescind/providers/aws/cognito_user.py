"""Users of Cognito user pools: whom an application of ours knows by its own sign-in. Disabled, with their tokens, and signed out everywhere.

Listed under the names that the configuration maps to the person (`cognito:NAME`, a user name or an alias of one) in every pool of every region. What an
application checks by itself, without asking Cognito, goes on until the token says that it is over: a day at most
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws import _held, _pools
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._regions import each
from rescind.secret import Secret

PREFIX = "cognito:"
_DOC = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html"


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  none is known by value
    """Look the user up in its pool. Raises `NotFound` where it is not, other typed errors."""
    region, pool, name = _pools.place(credential)
    row, _ = _pools.user(client, region, pool, name)
    return _pools.known(client, region, pool, credential.owner, row)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's users in every pool. What could not be read is a `Gap`, as is a name that no pool has."""
    names = [n for n in subject.names if n.startswith(PREFIX)]
    missing = set(names)

    def look(region: str) -> Iterator[Known]:
        for pool in _pools.listed(client, region)[0]:
            for name in names:
                try:
                    row, _ = _pools.user(client, region, pool, name.removeprefix(PREFIX))
                except NotFound:
                    continue
                missing.discard(name)
                yield _pools.known(client, region, pool, name, row)

    if names:
        yield from each(client, "Cognito user pools", look)
    for name in sorted(missing):
        why = f"no user pool that was read has a user {name.removeprefix(PREFIX)}"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def deactivate(client: AwsClient, credential: Credential) -> CallResult:
    """Disable the user, which ends its tokens at Cognito; then sign it out, so that they stay ended when it is enabled. Raises typed errors."""
    region, pool, name = _pools.place(credential)
    service = client.service("cognito-idp", region)
    answer = call(service.admin_disable_user, UserPoolId=pool, Username=name)
    call(service.admin_user_global_sign_out, UserPoolId=pool, Username=name)
    return _held.done(answer, credential.owner)


def activate(client: AwsClient, credential: Credential) -> CallResult:
    """Enable the user again, if it was before the run. Raises typed errors."""
    if credential.attributes.get("status") != "enabled":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the user was not known to be enabled before"})
    region, pool, name = _pools.place(credential)
    answer = call(client.service("cognito-idp", region).admin_enable_user, UserPoolId=pool, Username=name)
    return _held.done(answer, credential.owner)


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
    verify=_pools.verify,
    control=_pools.control,
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
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
