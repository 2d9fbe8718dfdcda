"""A person's sign-ins to IAM Identity Center, and all the role sessions that these can get: denied everything, not ended.

No API lists a user's sign-ins, ends one, or says whose a token is: the console can
(https://docs.aws.amazon.com/singlesignon/latest/userguide/manage-app-session.html; `identitystore-auth:BatchDeleteSession` is a
permission without an operation). So the credential here is "whatever this user has signed in to", one for each user, and a token
that was found on a machine stays a task for a person. Each permission set that reaches the user denies them everything, in sessions
that are out already too. The sign-in lives on, for up to 90 days, and so do applications that are no AWS accounts: the best end is
`contained`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import (
    BY_HAND,
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
from rescind.providers.aws import _center
from rescind.providers.aws._center import PREFIX, User
from rescind.providers.aws._connect import Answer, AwsClient
from rescind.secret import Secret

_STAYS = "the sign-in itself goes on, for up to 90 days, until somebody deletes it in the console"
_CHANGE = threading.Lock()  # reading, adding and writing back: two steps of one run must not undo each other's


def _known(client: AwsClient, user: User, owner: str) -> Known:
    return Known(
        identifier=user.identifier,
        issuer=client.account,
        subject=user.id,
        owner=owner,
        attributes={"instance": user.instance, "directory": user.store, "user_id": user.id},
        liveness=_look(client, user)[0],
    )


def _of_machine(client: AwsClient, credential: Credential) -> NotFound:
    """Say what becomes of a token from a machine: a task, where it is a sign-in to one of this tenant's portals."""
    url = credential.attributes.get("start_url", "") or credential.issuer
    mine = [i for pair in _center.instances(client) for i in (pair[0].rpartition("/")[2], pair[1]) if i]
    portal = client.tenant.text("sso_start_url").rstrip("/#")
    if any(i in url for i in mine) or (portal and url.startswith(portal)):
        why = "a sign-in to this tenant's Identity Center, which says of no token whose it is and ends none by API"
        return NotFound(why, code=BY_HAND)
    return NotFound("the portal is none of this tenant's that we know (sso_start_url)", code="NoSuchEntity")


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Ask the directory for the user. Raises `NotFound` for a token from a machine: nothing tells whose it is."""
    store, slash, user_id = credential.identifier.partition("/")
    if not slash:
        raise _of_machine(client, credential)
    found = next((arn for arn, directory in _center.instances(client) if directory == store), "")
    if not found:
        raise NotFound("this account shows no Identity Center instance with that directory", code="NoSuchEntity")
    name, _ = _center.describe(client, store, user_id)
    owner = PREFIX + name
    asked = credential.owner.removeprefix(PREFIX)
    if asked and asked not in {name, user_id} and _center.resolve(client, store, asked) == user_id:
        owner = credential.owner
    return _known(client, User(found, store, user_id), PREFIX + user_id if asked == user_id else owner)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's users, by the names that the configuration marks with `sso:` (user name, e-mail or user id).

    A name that no instance has is a `Gap`. Raises what may be worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    names = [n for n in subject.names if n.startswith(PREFIX)]
    there = _center.instances(client) if names else []
    for name in names:
        seen = 0
        for instance, store in there:
            try:
                user_id = _center.resolve(client, store, name.removeprefix(PREFIX))
                yield _known(client, User(instance, store, user_id), name)
            except NotFound:
                continue
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                yield Gap(source=source, reason=f"Identity Center user {name} could not be read: {error.message}")
            seen += 1
        if not seen:
            yield Gap(source=source, reason=f"no Identity Center instance here has a user {name.removeprefix(PREFIX)}")


def _look(client: AwsClient, user: User) -> tuple[Liveness, str, Answer | None]:
    answer, open_sets, behind = None, [], []
    sets = _center.sets_of(client, user)
    for arn in sets:
        policy = _center.read(client, user.instance, arn)
        accounts, answer = _center.stale(client, user.instance, arn)
        if user.id not in _center.denied(policy.document):
            open_sets.append(_short(arn))
        elif accounts:
            behind.append(f"{_short(arn)} in {', '.join(sorted(map(str, accounts))[:5])}")
    if not sets:
        why = "no permission set is assigned to the user: nothing here to deny; sessions of sets taken away before may live on"
        return Liveness.UNKNOWN, why, answer
    if open_sets:
        return Liveness.LIVE, f"these permission sets do not deny the user: {', '.join(open_sets)}", answer
    if behind:
        return Liveness.LIVE, f"the deny is not in effect yet everywhere: {'; '.join(behind)}", answer
    shown = f"each of the user's {len(sets)} permission sets denies them everything, in every account that has it"
    return Liveness.DEAD, f"{shown}; {_STAYS}", answer


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Add the user to the deny of each permission set that reaches them, and have the sets provisioned again.

    `ALREADY` when all of that was there. Raises typed provider errors; what was done before one is found again by the next attempt.
    """
    user = _center.user_of(credential)
    name, shown = _center.describe(client, user.store, user.id)
    me = client.identity().principal
    if ":assumed-role/AWSReservedSSO_" in me and me.rpartition("/")[2] == name:
        raise Rejected(
            "this run itself works with such a session: sign in as somebody else to cut it", code="OwnSession"
        )
    done: list[str] = []
    sets = _center.sets_of(client, user)
    for arn in sets:
        with _CHANGE:
            policy = _center.read(client, user.instance, arn)
            wrote = user.id not in _center.denied(policy.document)
            if wrote:
                made = _center.changed(policy.document, user.id, deny=True)
                _center.write(client, user.instance, arn, _center.as_text(made))
        if wrote or _center.stale(client, user.instance, arn)[0]:
            shown = _center.provision(client, user.instance, arn)
            done.append(_short(arn))
    status = CallStatus.DONE if done else CallStatus.ALREADY if sets else CallStatus.NOTHING
    return _result(status, shown, {"user": user.id, "sets": ",".join(done)})


def _result(status: CallStatus, answer: Answer, notes: Mapping[str, str]) -> CallResult:
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes=notes,
    )


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return the inline policy, word for word, of each permission set that reaches the user. Raises typed provider errors."""
    user = _center.user_of(credential)
    policies = [_center.read(client, user.instance, arn) for arn in _center.sets_of(client, user)]
    facts = {f"inline.{_short(p.set_arn)}": p.text for p in policies}
    return {"sets": ",".join(p.set_arn for p in policies), **facts}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Put back each inline policy as it was; where somebody changed one since, take out only this user. Raises typed errors."""
    user, facts = _center.user_of(credential), credential.attributes
    if "before.sets" not in facts:
        raise Rejected("the policies before the deny are not known; nothing was removed", code="no-snapshot")
    _, shown = _center.describe(client, user.store, user.id)
    back: list[str] = []
    for arn in filter(None, facts["before.sets"].split(",")):
        was = facts.get(f"before.inline.{_short(arn)}", "")
        before = json.loads(was) if was else {}
        with _CHANGE:
            now = _center.read(client, user.instance, arn)
            ours = user.id in _center.denied(now.document) and user.id not in _center.denied(before)
            if ours:
                exact = now.document == _center.changed(before, user.id, deny=True)
                without = _center.as_text(_center.changed(now.document, user.id, deny=False))
                _center.write(client, user.instance, arn, was if exact else without)
        if ours or _center.stale(client, user.instance, arn)[0]:
            shown = _center.provision(client, user.instance, arn)
            back.append(_short(arn))
    return _result(CallStatus.DONE if back else CallStatus.ALREADY, shown, {"user": user.id, "sets": ",".join(back)})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the policies back, and where they are in effect: `DEAD` only when all deny the user, everywhere. Raises typed errors."""
    user = _center.user_of(credential)
    _, shown = _center.describe(client, user.store, user.id)
    liveness, evidence, answer = _look(client, user)
    return _seen(answer or shown, liveness, evidence)


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the directory can be read in this run: DescribeUser of this user. Raises typed provider errors.

    Without a user (`rescind doctor`): that the instances and their permission sets can be listed.
    """
    if not credential.identifier:
        answer, sets = _center.permission_sets(client)
        return _seen(answer, Liveness.LIVE, f"ListPermissionSets shows {sets} of this account's Identity Center")
    user = _center.user_of(credential)
    _, answer = _center.describe(client, user.store, user.id)
    return _seen(answer, Liveness.LIVE, f"DescribeUser shows {user.identifier}")


def _seen(answer: Answer, liveness: Liveness, evidence: str) -> Observation:
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=liveness is Liveness.DEAD,
    )


KIND = Kind(
    id="aws.sso-session",
    title="AWS IAM Identity Center sign-ins of a user",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=deny,
            reversible=True,
            idempotent=True,
            permissions=(
                "identitystore:DescribeUser",
                "identitystore:ListGroupMembershipsForMember",
                "sso:DeleteInlinePolicyFromPermissionSet",
                "sso:GetInlinePolicyForPermissionSet",
                "sso:ListAccountAssignmentsForPrincipal",
                "sso:ListAccountsForProvisionedPermissionSet",
                "sso:ProvisionPermissionSet",
                "sso:PutInlinePolicyToPermissionSet",
            ),
            ends=EndState.CONTAINED,
            undo="take the user out of the statement RescindDenyUsers of each permission set's inline policy, and provision the sets again",
            snapshot=snapshot,
            restore=restore,
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "identitystore:ListGroupMembershipsForMember",
        "sso:GetInlinePolicyForPermissionSet",
        "sso:ListAccountAssignmentsForPrincipal",
        "sso:ListAccountsForProvisionedPermissionSet",
        "sso:ListInstances",
        "sso:ListPermissionSets",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=7_776_000,
        what=(
            "the sign-in itself, for up to 90 days, and what it opens beside AWS accounts (applications); for up to 12 hours sessions of "
            "permission sets that were taken from the user before the deny; GetCallerIdentity, and what takes a signed one for a login"
        ),
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
    ),
    steps_by_hand=(
        "As an administrator of IAM Identity Center: Users, the person, Active sessions, delete every session; the device must sign in "
        "again. Role sessions that were made before live on for up to 12 hours: have the person's permission sets, or a service control "
        "policy, deny everything to their identitystore:UserId until then. With Identity Center's own directory disable the user last, "
        "after the assignments are gone."
    ),
    reference="https://docs.aws.amazon.com/singlesignon/latest/userguide/prereqs-revoking-user-permissions.html",
    since="0.1",
    tested=(
        "moto 5.2.5 (sso-admin, identitystore), with the provisioning state scripted; requests checked by botocore's models",
    ),
)
