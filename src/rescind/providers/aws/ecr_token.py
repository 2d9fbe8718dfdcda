"""Tokens of ECR: made of a key or session, for up to 12 hours, and ended by nothing but that or a deny on who asked for them."""

from __future__ import annotations

from rescind.models.kind import Kind, Residual
from rescind.providers.aws import _service_tokens

KIND = Kind(
    id="aws.ecr-token",
    title="ECR authorization token",
    provider="aws",
    actions={},
    control=_service_tokens.control,
    enumerate=_service_tokens.lister("ecr", "ecr.amazonaws.com"),
    identify=_service_tokens.identify,
    read_permissions=("account:ListRegions", "cloudtrail:LookupEvents"),
    issuer_is_account=True,
    residual=Residual(
        seconds=43_200,
        what="the token itself, until it runs out",
        source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html",
    ),
    steps_by_hand=(
        "No API ends one. Deny everything, or ecr:*, to the user or role that asked for it until it has run out (12 hours at most), and take "
        "the entry out of the machine's configuration."
    ),
    reference="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html",
    since="0.1",
    tested=("a server of ours made of botocore's model, with CloudTrail's answers scripted",),
)
