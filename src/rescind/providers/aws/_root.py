"""What an account's root user has: counted by IAM for anybody who may ask, taken away from the organisation's management account only.

`sts:AssumeRoot` gives a session of a member account's root user for one task and a quarter of an hour at most
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html). Root access has to be managed centrally for that, and
the caller be of the management account or of a delegated administrator: the AWS profile that the tenant names in `root_profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Unrecognised
from rescind.models.kind import BY_HAND
from rescind.providers.aws._connect import Answer, AwsClient, call, pages
from rescind.secret import Secret

TASK = "iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
SECONDS = 900
FIELDS = {
    "access keys": "AccountAccessKeysPresent",
    "signing certificates": "AccountSigningCertificatesPresent",
    "a password": "AccountPasswordPresent",
}
"""What IAM's summary says of the root user, 0 or 1 each: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html."""


def summary(client: AwsClient) -> tuple[dict[str, int], Answer]:
    """Return of each sort whether the root user has one. Raises `Unrecognised` where IAM leaves one out, other typed errors."""
    answer = call(client.service("iam").get_account_summary)
    told = answer.body.get("SummaryMap")
    counts = {what: told.get(field) for what, field in FIELDS.items()} if isinstance(told, Mapping) else {}
    if not counts or not all(isinstance(n, int) for n in counts.values()):
        raise Unrecognised("GetAccountSummary does not say what the root user has", request_id=answer.request_id)
    return {what: int(n) for what, n in counts.items() if n is not None}, answer


def refuse_key(client: AwsClient, account: str) -> None:
    """Raise that a key of this account, which IAM names no user for, may be its root user's, where that one has keys."""
    try:
        has = account == client.account and summary(client)[0]["access keys"]
    except ProviderError:
        return
    if has:
        why = f"IAM names no user for this key of account {account}, whose root user has access keys: it may be one of these"
        raise NotFound(f"{why}. Only the root user, or central root access, can end it", code=BY_HAND)


def profile(client: AwsClient) -> str:
    """Return the AWS profile that may assume the root user, "" for none."""
    return client.tenant.text("root_profile")


def assumed(client: AwsClient) -> Any:
    """Return an IAM client of the account's root user, for deleting its credentials and nothing else. Raises typed provider errors."""
    if not profile(client):
        raise Rejected("the tenant names no profile that may assume the root user (root_profile)", code="NoProfile")
    sts = client.as_profile("sts", profile(client))
    task = {"arn": f"arn:{client.partition}:{TASK}"}
    answer = call(sts.assume_root, TargetPrincipal=client.account, TaskPolicyArn=task, DurationSeconds=SECONDS)
    given = answer.body.get("Credentials")
    parts = (
        [given.get(p) for p in ("AccessKeyId", "SecretAccessKey", "SessionToken")] if isinstance(given, Mapping) else []
    )
    if not parts or not all(isinstance(p, str) and p for p in parts):
        raise Unrecognised("AssumeRoot did not answer with credentials", request_id=answer.request_id)
    key, secret, token = map(str, parts)
    return client.as_key("iam", key, Secret(secret), Secret(token))


def emptied(root: Any) -> tuple[Answer, dict[str, str]]:
    """Delete access keys, signing certificates and the password of who asks; without a user name IAM takes the caller for it.

    Returns the last answer and how many of each were deleted. Raises typed provider errors.
    """
    keys, answer = pages(root.list_access_keys, "AccessKeyMetadata")
    certificates, answer = pages(root.list_signing_certificates, "Certificates")
    for row in keys:
        answer = call(root.delete_access_key, AccessKeyId=str(row["AccessKeyId"]))
    for row in certificates:
        answer = call(root.delete_signing_certificate, CertificateId=str(row["CertificateId"]))
    passwords = 1
    try:
        answer = call(root.delete_login_profile)
    except NotFound:
        passwords = 0
    notes = {"access_keys": str(len(keys)), "signing_certificates": str(len(certificates)), "passwords": str(passwords)}
    return answer, notes
