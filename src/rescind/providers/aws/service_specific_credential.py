"""Service-specific credentials of IAM users (`ACCA…`): Git over HTTPS for CodeCommit, Keyspaces, and API keys for Bedrock and CloudWatch Logs.

Without an expiry they never end by themselves. AWS's own quarantine policy does not reach them, and the credential report does not list them.
"""

from __future__ import annotations

from rescind.models.kind import Act, Kind, Verb
from rescind.providers.aws import _held
from rescind.providers.aws._connect import AwsClient, pages

HELD = _held.Held(
    what="service-specific credential",
    listing="list_service_specific_credentials",
    field="ServiceSpecificCredentials",
    id="ServiceSpecificCredentialId",
    update="update_service_specific_credential",
    delete="delete_service_specific_credential",
    made="CreateDate",
    facts=(("service", "ServiceName"), ("service_user", "ServiceUserName"), ("alias", "ServiceCredentialAlias")),
)


def _owner(client: AwsClient, credential_id: str) -> str:
    """Return the user that the account's whole listing names for an id, "" for none."""
    rows, _ = pages(client.service("iam").list_service_specific_credentials, HELD.field, AllUsers=True)
    return next((str(row.get("UserName", "")) for row in rows if row.get(HELD.id) == credential_id), "")


KIND = Kind(
    id="aws.service-specific-credential",
    title="Service-specific credential of an IAM user (CodeCommit, Keyspaces, Bedrock, CloudWatch Logs)",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=_held.setter(HELD, "Inactive"),
            reversible=True,
            idempotent=True,
            permissions=("iam:UpdateServiceSpecificCredential",),
            undo="set it to Active again (iam:UpdateServiceSpecificCredential)",
            restore=_held.setter(HELD, "Active"),
        ),
        Verb.DELETE: Act(
            call=_held.deleter(HELD),
            reversible=False,
            idempotent=True,
            permissions=("iam:DeleteServiceSpecificCredential",),
            undo="none: create a new one (iam:CreateServiceSpecificCredential)",
        ),
    },
    verify=_held.verifier(HELD),
    control=_held.control,
    enumerate=_held.lister(HELD),
    identify=_held.identifier(HELD, _owner),
    read_permissions=("iam:GetUser", "iam:ListServiceSpecificCredentials"),
    issuer_is_account=True,
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator: IAM console, Users, the user, Security credentials, the section of the service "
        "(HTTPS Git credentials for AWS CodeCommit, Credentials for Amazon Keyspaces, API keys for Amazon Bedrock): make it inactive, later delete it."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServiceSpecificCredential.html",
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
