"""A deny for one user of IAM Identity Center: in the organisation's policy first, where there is one, then in every permission set.

Nobody in an account can take off the organisation's deny, and it holds at once; it does not bind the management account, so the
permission sets deny the user as well. `undo` goes the other way round.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta

from rescind.errors import ProviderError, Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.aws import _center, _center_policy, _scp
from rescind.providers.aws._center import User
from rescind.providers.aws._center_people import facts, somebody_else
from rescind.providers.aws._connect import Answer, AwsClient
from rescind.providers.aws._held import HONOURED

STAYS = "the sign-in itself goes on, for up to 90 days, until somebody deletes it in the console"
SETS = "permission_sets"
READ = (
    "identitystore:DescribeUser",
    "identitystore:GetUserId",
    "identitystore:ListGroupMembershipsForMember",
    "organizations:DescribePolicy",
    "sso:DescribePermissionSetProvisioningStatus",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:ListAccountAssignmentsForPrincipal",
    "sso:ListAccountsForProvisionedPermissionSet",
    "sso:ListInstances",
    "sso:ListPermissionSetProvisioningStatus",
    "sso:ListPermissionSets",
)
WRITE = (
    "identitystore:DescribeUser",
    "identitystore:ListGroupMembershipsForMember",
    "organizations:DescribePolicy",
    "organizations:ListTargetsForPolicy",
    "organizations:UpdatePolicy",
    "sso:DeleteInlinePolicyFromPermissionSet",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:ListAccountAssignmentsForPrincipal",
    "sso:ListAccountsForProvisionedPermissionSet",
    "sso:ProvisionPermissionSet",
    "sso:PutInlinePolicyToPermissionSet",
)
UNDO = (
    "take the user out of the statement RescindDenyUsers of each permission set's inline policy, provision the sets again, and then take "
    "them out of RescindDenyUsers in the organisation's policy (organizations:UpdatePolicy)"
)
_CHANGE = threading.Lock()  # reading, adding and writing back: two steps of one run must not undo each other's


def recorded(credential: Credential) -> list[str]:
    """Return the permission sets that reached the user when the plan was made: later steps may have taken the user off them."""
    return [s for s in credential.attributes.get(SETS, "").split(",") if s]


def look(client: AwsClient, user: User, sets: Iterable[str]) -> tuple[Liveness, str, Answer | None]:
    """Say whether these permission sets, and the organisation's policy where there is one, deny the user, and where that holds."""
    answer: Answer | None = None
    open_sets: list[str] = []
    behind: dict[str, str] = {}
    wanted = sorted(set(sets))
    if _scp.policy_id(client):
        document, answer = _scp.read(client)
        if user.id not in _scp.denied(document, _scp.USERS):
            why = "the organisation's policy does not deny the user, and a deny in an account alone can be taken off there"
            return Liveness.LIVE, why, answer
    for arn in wanted:
        policy = _center_policy.read(client, user.instance, arn)
        accounts, answer = _center_policy.stale(client, user.instance, arn)
        if user.id not in _center_policy.denied(policy.document):
            open_sets.append(_center.short(arn))
        elif accounts:
            behind[arn] = f"{_center.short(arn)} in {', '.join(sorted(map(str, accounts))[:5])}"
    if not wanted:
        why = "no permission set is assigned to the user: nothing here to deny; sessions of sets taken away before may live on"
        return Liveness.UNKNOWN, why, answer
    if open_sets:
        return Liveness.LIVE, f"these permission sets do not deny the user: {', '.join(open_sets)}", answer
    if behind and len(_center_policy.under_way(client, user.instance, behind)) == len(behind):
        return Liveness.UNKNOWN, f"AWS is still bringing the deny into effect: {'; '.join(behind.values())}", answer
    if behind:
        return Liveness.LIVE, f"the deny is not in effect yet everywhere: {'; '.join(behind.values())}", answer
    shown = f"each of the user's {len(wanted)} permission sets denies them everything, in every account that has it"
    above = "; the organisation's policy denies them as well" if _scp.policy_id(client) else ""
    return Liveness.DEAD, f"{shown}{above}; {STAYS}", answer


def _cut(client: AwsClient, user: User) -> tuple[list[str], list[str], list[bool], Answer | None]:
    done: list[str] = []
    going: list[bool] = []
    shown: Answer | None = None
    sets = _center.sets_of(client, user)
    for arn in sets:
        with _CHANGE:
            policy = _center_policy.read(client, user.instance, arn)
            wrote = user.id not in _center_policy.denied(policy.document)
            if wrote:
                made = _center_policy.changed(policy.document, user.id, deny=True)
                _center_policy.write(client, user.instance, arn, _center_policy.as_text(made))
        if wrote or _center_policy.stale(client, user.instance, arn)[0]:
            shown, more = _center_policy.provision(client, user.instance, arn)
            going.append(more)
            done.append(_center.short(arn))
    return sets, done, going, shown


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Deny everything to the user: in the organisation's policy first, then in each permission set that reaches them.

    What keeps the organisation from it does not keep the sets: it is raised after the deny there. `ACCEPTED` while AWS goes on
    provisioning, `ALREADY` when all was there. Raises typed provider errors; what was done before one is found again by the next attempt.
    """
    user = _center.user_of(credential)
    name, shown = _center.describe(client, user.store, user.id)
    somebody_else(client, name)
    notes = {"user": user.id}
    above = _scp.policy_id(client)
    if above:
        try:
            wrote = _scp.change(client, user.id, deny=True, which=_scp.USERS)
        except ProviderError:
            _cut(client, user)
            raise
        notes |= {"scp": above, "scp_wrote": "yes" if wrote else "no"}
    sets, done, going, last = _cut(client, user)
    status = CallStatus.DONE if done or notes.get("scp_wrote") == "yes" else CallStatus.ALREADY
    if any(going):
        status = CallStatus.ACCEPTED
    elif not sets and status is CallStatus.ALREADY:
        status = CallStatus.NOTHING
    return result(status, last or shown, {**notes, "sets": ",".join(done)})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return the inline policy, word for word, of each permission set that reaches the user, and whether the organisation denies them.

    Raises typed provider errors.
    """
    user = _center.user_of(credential)
    policies = [_center_policy.read(client, user.instance, arn) for arn in _center.sets_of(client, user)]
    found = {f"inline.{_center.short(p.set_arn)}": p.text for p in policies}
    if _scp.policy_id(client):
        there = user.id in _scp.denied(_scp.read(client)[0], _scp.USERS)
        found["scp"] = "yes" if there else "no"
    return {"sets": ",".join(p.set_arn for p in policies), **found}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Put back each inline policy as it was; where somebody changed one since, take out only this user. The organisation's is last.

    Raises typed provider errors.
    """
    user, known = _center.user_of(credential), credential.attributes
    if "before.sets" not in known:
        raise Rejected("the policies before the deny are not known; nothing was removed", code="no-snapshot")
    _, shown = _center.describe(client, user.store, user.id)
    back: list[str] = []
    stayed = 0
    arns = [arn for arn in known["before.sets"].split(",") if arn]
    for arn in arns:
        was = known.get(f"before.inline.{_center.short(arn)}", "")
        before = json.loads(was) if was else {}
        stayed += user.id in _center_policy.denied(before)
        with _CHANGE:
            now = _center_policy.read(client, user.instance, arn)
            ours = user.id in _center_policy.denied(now.document) and user.id not in _center_policy.denied(before)
            if ours:
                exact = now.document == _center_policy.changed(before, user.id, deny=True)
                without = _center_policy.as_text(_center_policy.changed(now.document, user.id, deny=False))
                _center_policy.write(client, user.instance, arn, was if exact else without)
        if ours or _center_policy.stale(client, user.instance, arn)[0]:
            shown, _ = _center_policy.provision(client, user.instance, arn)
            back.append(_center.short(arn))
    notes = {"user": user.id, "sets": ",".join(back)}
    if _scp.policy_id(client) and known.get("before.scp") == "no":
        wrote = _scp.change(client, user.id, deny=False, which=_scp.USERS)
        notes |= {"scp": _scp.policy_id(client), "scp_wrote": "yes" if wrote else "no"}
    if arns and stayed == len(arns):
        notes["left"] = "the permission sets denied the user before this step"
    done = back or notes.get("scp_wrote") == "yes"
    return result(CallStatus.DONE if done else CallStatus.ALREADY, shown, notes)


def sessions_until(client: AwsClient, user: User, sets: Iterable[str], at: str) -> tuple[str, str]:
    """Return until when role sessions of these sets can live that were made before `at` (AWS's clock), and how that is known.

    A session of a set that denies the user, in effect everywhere, can do nothing: it counts as over at `at`.
    """
    last, longest = 0, ""
    for arn in sorted(set(sets)):
        policy = _center_policy.read(client, user.instance, arn)
        if (
            user.id in _center_policy.denied(policy.document)
            and not _center_policy.stale(client, user.instance, arn)[0]
        ):
            continue
        seconds = _center.session_seconds(client, user.instance, arn)
        if seconds > last:
            last, longest = seconds, _center.short(arn)
    if not last:
        return at, "sessions of it that are out can do nothing: the permission set denies the user"
    until = rfc3339(parse_rfc3339(at) + timedelta(seconds=last + HONOURED))
    return until, f"a role session of {longest} lasts {last // 60} minutes, and nothing denies those that are out"


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the policies back, and where they are in effect: `DEAD` only when all deny the user, everywhere. Raises typed errors."""
    user = _center.user_of(credential)
    _, shown = _center.describe(client, user.store, user.id)
    sets = [*_center.sets_of(client, user), *recorded(credential)]
    liveness, evidence, answer = look(client, user, sets)
    status = shown.body.get("UserStatus")
    switched = f"; the directory shows the user as {status}" if status in {"ENABLED", "DISABLED"} else ""
    return seen(answer or shown, liveness, evidence + switched)


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the directory can be read in this run: DescribeUser of this user. Raises typed provider errors.

    Without a user (`rescind doctor`): that the instances and their permission sets can be listed.
    """
    if not credential.identifier:
        answer, sets = _center.permission_sets(client)
        return seen(answer, Liveness.LIVE, f"ListPermissionSets shows {sets} of this account's Identity Center")
    store, _, rest = credential.identifier.partition("/")
    user_id = rest.partition("/")[0]
    _, answer = _center.describe(client, store, user_id)
    return seen(answer, Liveness.LIVE, f"DescribeUser shows {store}/{user_id}")


def known(client: AwsClient, user: User, owner: str, answer: Answer, *, quick: bool = False) -> Known:
    """Return what is known of a user: which permission sets reach them, and (unless `quick`) whether these deny them already.

    Raises typed provider errors.
    """
    sets = _center.sets_of(client, user)
    return Known(
        identifier=user.identifier,
        issuer=client.account,
        subject=user.id,
        owner=owner,
        attributes={**facts(user, answer), SETS: ",".join(sets)},
        liveness=Liveness.UNKNOWN if quick else look(client, user, sets)[0],
    )


def result(status: CallStatus, answer: Answer, notes: Mapping[str, str]) -> CallResult:
    """Return what became of a call, with AWS's own time and request id."""
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes=notes,
    )


def seen(answer: Answer, liveness: Liveness, evidence: str, until: str = "") -> Observation:
    """Return what was seen, with AWS's own time and request id."""
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=liveness is Liveness.DEAD,
        residual_until=until if liveness is Liveness.DEAD else "",
    )


DENY = Act(
    call=deny,
    reversible=True,
    idempotent=True,
    permissions=WRITE,
    ends=EndState.CONTAINED,
    undo=UNDO,
    snapshot=snapshot,
    restore=restore,
)
