"""What AWS records of the use of credentials, and which uses it does not: CloudTrail's event history, that of management events only."""

from __future__ import annotations

from rescind.models.use import Source, Trace

_DATA = (
    "CloudTrail's event history holds management events only; what was done with data (objects of S3, items of DynamoDB, calls of a Lambda "
    "function and the like) is not in it"
)
_CERTIFICATE = "CloudTrail does not say which certificate, key or token a request was made with"

CLOUDTRAIL = Source(
    id="cloudtrail",
    title="CloudTrail event history",
    read="rescind.providers.aws._activity:read",
    check="rescind.providers.aws._activity:check",
    retention_days=90,
    # "typically within 15 minutes", which AWS does not guarantee: four times that
    lag_seconds=3600,
    covers=(
        "management events of the case's IAM users and sessions, in every region that the account has switched on, and sign-ins to the "
        "console: AWS records every one of an IAM user, the refused ones too"
    ),
    lacks=(
        "data events; what a role did for somebody under another session name; other accounts; requests whose signature was refused, which "
        "AWS records nowhere"
    ),
    permissions=("cloudtrail:LookupEvents", "account:ListRegions"),
    traces={
        # every way in with a password is a sign-in: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-non-api-events.html
        "aws.login-profile": Trace(marks=("console:{owner}", "console:{attributes.user_id}"), holder=("user:{owner}",)),
        "aws.access-key": Trace(marks=("key:{identifier}",), holder=("user:{owner}",), unseen=_DATA),
        "aws.role-session": Trace(marks=("key:{identifier}",), unseen=_DATA),
        "aws.root-user": Trace(marks=("{identifier}",), unseen=_DATA),
        "aws.user": Trace(marks=("user:{owner}",), unseen=_DATA),
        "aws.sso-session": Trace(marks=("identity:{subject}", "{owner}"), unseen=_DATA),
        "aws.sso-user": Trace(marks=("identity:{subject}", "{owner}"), unseen=_DATA),
        "aws.mfa-device": Trace(
            marks=("mfa:{identifier}",),
            holder=("user:{owner}",),
            unseen="a device is also used to delete versions of objects in S3, which is no management event",
        ),
        "aws.service-specific-credential": Trace(
            marks=("credential:{identifier}",), holder=("user:{owner}",), unseen=_DATA
        ),
        "aws.login-session": Trace(holder=("user:{owner}",), unseen=_CERTIFICATE),
        "aws.ssh-public-key": Trace(holder=("user:{owner}",), unseen=_CERTIFICATE),
        "aws.signing-certificate": Trace(holder=("user:{owner}",), unseen=_CERTIFICATE),
        "aws.rolesanywhere-certificate": Trace(unseen=_CERTIFICATE),
        "aws.iot-certificate": Trace(unseen="what a device publishes and reads over MQTT is no management event"),
        "aws.eks-access-entry": Trace(
            unseen="what was done in a cluster stands in that cluster's own audit log, where one is kept"
        ),
        "aws.ecr-token": Trace(unseen=_DATA),
        "aws.codeartifact-token": Trace(unseen=_DATA),
    },
    reference="https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html",
)
