"""Which account an AWS profile of the operator is of, asked only when the operator agrees."""

from __future__ import annotations


def account(profile: str) -> str:
    """Return the account id that STS names for a profile, "" where it cannot be asked.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return ""
    quick = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
    try:
        client = Session(profile_name=profile).client("sts", region_name="us-east-1", config=quick)
        found = str(client.get_caller_identity().get("Account", ""))
    except (BotoCoreError, ClientError):
        return ""
    return found if found.isdecimal() and len(found) == 12 else ""
