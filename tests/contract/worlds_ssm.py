"""The world of open shells of Session Manager, in a server made of botocore's model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
from tests.contract.worlds import Held, World
from tests.interop.aws_model import serve
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


SSM = {"aws.ssm-session/model": shells}
WRITES = {"aws.ssm-session": r"\.TerminateSession"}
