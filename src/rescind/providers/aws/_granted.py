"""Roles that account access manager gives one user of IAM Identity Center: taken away, looked for, and given back."""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.aws import _center, _center_people, _entitlements
from rescind.providers.aws._center import User
from rescind.providers.aws._center_deny import result, seen
from rescind.providers.aws._connect import Answer, AwsClient, call


def _of(credential: Credential) -> tuple[User, str, str]:
    given = credential.attributes
    user = User(given.get("instance", ""), given.get("directory", ""), given.get("user_id", ""))
    application, one, role = (given.get(part, "") for part in ("application", "entitlement", "role"))
    if not all((*user, application, one, role)) or credential.identifier != f"{user.identifier}/{one}":
        raise Rejected("it is not known whose entitlement this is", code="NoOwner")
    return user, application, role


def _granted(client: AwsClient, user: User, application: str, role: str) -> tuple[list[str], Answer]:
    """Return the ids of the entitlements that give the user this role now: one that was made again has another id."""
    found, answer = _entitlements.of(client, application, userId=user.id)
    return [one.id for one in found if one.role == role], answer


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Take the role from the user. `ALREADY` when they do not have it. Raises typed provider errors."""
    user, application, role = _of(credential)
    name, _ = _center.describe(client, user.store, user.id)
    _center_people.somebody_else(client, name)
    found, shown = _granted(client, user, application, role)
    for one in found:
        shown = _center.settled(
            _entitlements.service(client).delete_entitlement, applicationArn=application, entitlementId=one
        )
    status = CallStatus.DONE if found else CallStatus.ALREADY
    return result(status, shown, {"user": user.id, "role": role})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """List what the application gives the user: `DEAD` when the role is not among it. Raises typed provider errors."""
    user, application, role = _of(credential)
    found, answer = _granted(client, user, application, role)
    if found:
        return seen(answer, Liveness.LIVE, f"ListEntitlements shows that the user may assume {role}")
    return seen(answer, Liveness.DEAD, f"ListEntitlements shows no entitlement of the user to {role} any more")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the user and the application can be read in this run. Raises typed provider errors.

    Without an entitlement (`rescind doctor`): that this account's applications can be listed.
    """
    if not credential.identifier:
        return _entitlements.control(client, credential)
    user, application, _ = _of(credential)
    _center.describe(client, user.store, user.id)
    answer = call(_entitlements.service(client).get_application, applicationArn=application)
    state = answer.body.get("status")
    if state != "ACTIVE":
        raise Unrecognised("GetApplication does not show the application as active", request_id=answer.request_id)
    return seen(answer, Liveness.LIVE, f"GetApplication shows {application} as active")


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return whether the user has the role. Raises typed provider errors."""
    user, application, role = _of(credential)
    return {"granted": "yes" if _granted(client, user, application, role)[0] else "no"}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Give the user the role again, if they had it before. Raises typed provider errors."""
    user, application, role = _of(credential)
    found, shown = _granted(client, user, application, role)
    notes = {"user": user.id, "role": role}
    if credential.attributes.get("before.granted") != "yes":
        return result(CallStatus.ALREADY, shown, {**notes, "left": "the user did not have the role before"})
    if found:
        return result(CallStatus.ALREADY, shown, notes)
    granted = {"principal": {"identityCenter": {"userId": user.id}}, "roleArn": role}
    shown = _center.settled(
        _entitlements.service(client).create_entitlement,
        applicationArn=application,
        entitlement={"principalRole": granted},
    )
    return result(CallStatus.DONE, shown, notes)
