"""Deny everything to the sessions of a role or user that were issued before a moment, and see whether it is denied.

The policy is the one that IAM's console writes for "Revoke active sessions", under the same name, so that operators recognise it
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html). Long-term keys have no `aws:TokenIssueTime`
and are not touched by it
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus
from rescind.providers.aws._connect import Answer, AwsClient, call

NAME = "AWSRevokeOlderSessions"
MARGIN = timedelta(seconds=2)
"""Added to AWS's clock: its `Date` is cut to the second, and IAM and STS are two services. Whoever assumes the role in these two
seconds has to assume it once more; without them a session issued in the second of the cut would survive it."""
FIXED = ("AWSReservedSSO_", "AWSServiceRoleFor")
"""How roles begin that nobody can edit in IAM: Identity Center's, and a service's own."""
_FIXED = "this role cannot be changed in IAM; end the person's assignment and sessions in IAM Identity Center, or wait for the expiry"
_CHANGE = threading.Lock()  # reading, adding and writing back: two steps of one run must not undo each other's


class Target(NamedTuple):
    """Whose sessions: `what` is "role" or "user". `only` narrows it to one `aws:userid`, under a policy of its own named `label`."""

    what: str
    name: str
    only: str = ""
    label: str = ""

    @property
    def policy(self) -> str:
        """The name of the inline policy that is written."""
        return f"RescindRevoke-{self.label}" if self.only else NAME


def document(cut_off: str, only: str = "") -> dict[str, Any]:
    """Return the policy that denies all to sessions issued before `cut_off`, or to those of one `aws:userid` only."""
    condition: dict[str, Any] = {"DateLessThan": {"aws:TokenIssueTime": cut_off}}
    if only:
        condition["StringEquals"] = {"aws:userid": only}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _statements(shown: Mapping[str, Any]) -> list[Any]:
    rows = shown.get("Statement")
    return rows if isinstance(rows, list) else [rows]


def _cuts(row: object, only: str) -> datetime | None:
    """Return from when on a statement lets sessions be; None for one that is not exactly a denial of older sessions."""
    if not isinstance(row, Mapping) or set(row) - {"Sid"} != {"Effect", "Action", "Resource", "Condition"}:
        return None
    everything = all(row[part] in ("*", ["*"]) for part in ("Action", "Resource"))
    condition = row["Condition"]
    if row["Effect"] != "Deny" or not everything or not isinstance(condition, Mapping):
        return None
    at = condition.get("DateLessThan")
    named = {key: value for key, value in condition.items() if key != "DateLessThan"}
    if not isinstance(at, Mapping) or set(at) != {"aws:TokenIssueTime"}:
        return None
    if named and (not only or named != {"StringEquals": {"aws:userid": only}}):
        return None
    try:
        return parse_rfc3339(str(at["aws:TokenIssueTime"]))
    except ValueError:
        return None


def cut_off(shown: Mapping[str, Any], only: str = "") -> datetime | None:
    """Return the latest moment before which a policy denies everything to all sessions, or at least to those of `only`."""
    return max((at for row in _statements(shown) if (at := _cuts(row, only))), default=None)


def merged(shown: Mapping[str, Any], at: datetime, only: str = "") -> dict[str, Any]:
    """Return a policy that cuts before `at`, or later if it did already, and keeps every other statement that was in it."""
    latest = max(filter(None, (cut_off(shown, only), at)))
    others = [row for row in _statements(shown) if row is not None and _cuts(row, only) is None]
    made = document(rfc3339(latest), only)
    return {**made, "Statement": [*others, *made["Statement"]]}


def arguments(target: Target) -> dict[str, str]:
    """Return what names the target in a call."""
    return {f"{target.what.capitalize()}Name": target.name}


def target_of(client: AwsClient, credential: Credential, principal: str, what: str) -> Target:
    """Return whose a session or sign-in (`what`) is, by a fact that `identify` set. Raises `Rejected` where it did not tell."""
    kind, _, name = principal.partition(":")
    if kind not in {"role", "user"} or not name or not credential.owner:
        raise Rejected(f"it is not known whose {what} this is", code="NoOwner")
    if credential.issuer and credential.issuer != client.account:
        raise Rejected(f"the {what} belongs to another account than this tenant", code="OtherAccount")
    return Target(kind, name, credential.attributes.get("only", ""), credential.identifier)


def principal(client: AwsClient, target: Target, unique: str = "") -> tuple[Mapping[str, Any], Answer]:
    """Return the role or user, which must have the id in `unique` if one is given. Raises `NotFound`, and `Rejected` for one of another account."""
    kind = target.what.capitalize()
    answer = call(getattr(client.service("iam"), f"get_{target.what}"), **arguments(target))
    row = answer.body.get(kind)
    if not isinstance(row, Mapping) or row.get(f"{kind}Name") != target.name:
        raise Unrecognised(f"Get{kind} did not show {target.what} {target.name}", request_id=answer.request_id)
    if f":{client.account}:" not in str(row.get("Arn", "")):
        raise Rejected(f"Get{kind} shows one of another account", code="OtherAccount", request_id=answer.request_id)
    was = unique.partition(":")[0]
    if was and str(row.get(f"{kind}Id", "")) != was:
        raise NotFound(f"the {target.what} was deleted and made anew since: it is another one now", code="NoSuchEntity")
    return row, answer


def read(client: AwsClient, target: Target, name: str) -> tuple[Mapping[str, Any], Answer | None]:
    """Return an inline policy of the target, empty when there is none. Raises typed provider errors."""
    method = getattr(client.service("iam"), f"get_{target.what}_policy")
    try:
        answer = call(method, **arguments(target), PolicyName=name)
    except NotFound:
        return {}, None
    shown = answer.body.get("PolicyDocument")
    if isinstance(
        shown, str
    ):  # AWS sends it percent-encoded; boto3 decodes it, other implementations may leave that to the reader
        try:
            shown = json.loads(unquote(shown))
        except ValueError:
            shown = None
    if not isinstance(shown, Mapping):
        raise Unrecognised("IAM answered with something that is no policy", request_id=answer.request_id)
    return shown, answer


def _names(target: Target) -> Iterator[str]:
    yield from dict.fromkeys((target.policy, NAME))


def in_force(client: AwsClient, target: Target) -> tuple[datetime | None, str, Answer | None]:
    """Return the latest cut-off that holds for the target, the policy it is in, and the answer. Raises typed provider errors."""
    best: tuple[datetime | None, str, Answer | None] = (None, "", None)
    for name in _names(target):
        shown, answer = read(client, target, name)
        at = cut_off(shown, target.only)
        if at and (best[0] is None or at > best[0]):
            best = (at, name, answer)
    return best


def cut(client: AwsClient, target: Target, issued_by: str) -> CallResult:
    """Deny everything to the target's sessions issued so far. `ALREADY` when a cut-off after `issued_by` is there.

    `notes` hold what undoing needs: the policy's name, and its former document when there was one. Raises typed provider errors;
    `Rejected` for roles that nobody can edit (service-linked, Identity Center's).
    """
    _, answer = principal(client, target)  # read just before, for AWS's own clock
    if not answer.provider_time:
        raise Unrecognised("AWS gave no date to cut at", request_id=answer.request_id)
    with _CHANGE:
        now, name, seen = in_force(client, target)
        facts = {target.what: target.name, "only": target.only}
        if now and issued_by and now > parse_rfc3339(issued_by):
            return CallResult(
                status=CallStatus.ALREADY,
                request_id=seen.request_id if seen else "",
                provider_time=answer.provider_time,
                http_status=200,
                notes={**facts, "policy": name, "cut_off": rfc3339(now)},
            )
        former, _ = read(client, target, target.policy)
        wanted = parse_rfc3339(answer.provider_time) + MARGIN
        if issued_by:
            wanted = max(wanted, parse_rfc3339(issued_by) + MARGIN)
        made = merged(former, wanted, target.only)
        answer = _write(client, target, made)
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes={
            **facts,
            "policy": target.policy,
            "cut_off": made["Statement"][-1]["Condition"]["DateLessThan"]["aws:TokenIssueTime"],
            "former": json.dumps(former) if former else "",
        },
    )


def _write(client: AwsClient, target: Target, made: Mapping[str, Any]) -> Answer:
    method = getattr(client.service("iam"), f"put_{target.what}_policy")
    try:
        return call(method, **arguments(target), PolicyName=target.policy, PolicyDocument=json.dumps(made))
    except Rejected as error:
        if error.code not in {"UnmodifiableEntity", "UnmodifiableEntityException"}:
            raise
        raise Rejected(_FIXED, status=error.status, code=error.code, request_id=error.request_id) from None
