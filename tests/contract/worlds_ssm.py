"""The worlds of open shells and of users of user pools, in servers made of botocore's models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
from tests.contract.worlds import Held, World
from tests.interop.aws_model import serve
from tests.interop.aws_pools import Pools
from tests.interop.aws_shells import Shells


@contextmanager
def shells(_: Path) -> Iterator[World]:
    """Shells of one person, each found by its id."""
    aws = Shells()
    numbers = iter(range(10**6))

    def make(name: str = "") -> Held:
        name = name or f"ada-{next(numbers)}"
        ident = aws.shell(name)
        found = Credential(
            kind="aws.ssm-session", provider="aws", identifier=ident, owner=name, attributes={"region": "us-east-1"}
        )
        return Held(found, None, lambda: aws.open(ident))

    make("ada")
    make("bob")
    with serve(aws) as url:
        row = catalogue.kinds()["aws.ssm-session"]
        yield World(row, url, aws.client, make, Subject(names=("ada",)), lambda: set())


@contextmanager
def pools(_: Path) -> Iterator[World]:
    """Users of one pool, each with a sign-in."""
    aws = Pools()
    pool, numbers = aws.pool(), iter(range(10**6))

    def make(name: str = "") -> Held:
        name = name or f"ada-{next(numbers)}"
        ident = aws.member(pool, name)
        token = aws.sign_in(ident)
        found = Credential(
            kind="aws.cognito-user", provider="aws", identifier=ident, owner=f"cognito:{name}",
            attributes={"region": "us-east-1"},
        )  # fmt: skip
        return Held(found, None, lambda: aws.refreshes(token))

    make("ada")
    make("bob")
    with serve(aws) as url:
        row = catalogue.kinds()["aws.cognito-user"]
        yield World(row, url, aws.client, make, Subject(names=("cognito:ada",)), lambda: set())


SSM = {"aws.ssm-session/model": shells, "aws.cognito-user/model": pools}
WRITES = {"aws.ssm-session": r"\.TerminateSession", "aws.cognito-user": r"\.AdminDisableUser"}
