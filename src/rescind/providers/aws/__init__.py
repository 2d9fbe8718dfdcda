"""AWS: what IAM users, roles and machines hold, read and ended with an operator's own identity in one configured account."""

from __future__ import annotations

from rescind.models.provider import Provider
from rescind.providers.aws._records import CLOUDTRAIL

PROVIDER = Provider(
    id="aws",
    title="Amazon Web Services",
    connect="rescind.providers.aws._connect:connect",
    required=("account_id",),
    settings=(
        "account_id",
        "profile",
        "region",
        "regions",
        "endpoint_url",
        "role_arn",
        "root_profile",
        "rolesanywhere_crl",
        "rolesanywhere_trust_anchor",
        "external_id",
        "ca_bundle",
        "scp_policy_id",
        "sso_region",
        "sso_start_url",
    ),
    eventual=True,
    activity=(CLOUDTRAIL,),
    paces={
        "aws.cloudtrail": 2.0
    },  # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html",
)
