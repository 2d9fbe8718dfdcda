"""A private, throw-away AWS for tests: ministack, with authorisation enforced, on one loopback port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from tests.counterparts import free_port, require, wait_url

ACCOUNT = "000000000000"
ROOT = ("test", "test")  # ministack's root key
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REFUSED = {
    "InvalidClientTokenId",
    "AccessDenied",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "UnrecognizedClientException",
}
QUIET = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=15)


@dataclass(slots=True)
class World:
    """A running AWS double. `stop` ends the process and removes its files."""

    endpoint: str
    account: str
    process: subprocess.Popen[bytes]
    folder: Path
    root: tuple[str, str] = ROOT
    _clients: dict[Any, Any] = field(default_factory=dict)

    def stop(self) -> None:
        """End the process that `start` began, and remove its folder."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, service: str, key: str = "", secret: str = "", token: str | None = None) -> Any:
        """Return a plain boto3 client, as root unless a key is given."""
        who = (service, key or self.root[0], secret or self.root[1], token)
        if who not in self._clients:
            self._clients[who] = boto3.session.Session().client(
                service, endpoint_url=self.endpoint, region_name="us-east-1", config=QUIET,
                aws_access_key_id=who[1], aws_secret_access_key=who[2], aws_session_token=token,
            )  # fmt: skip
        return self._clients[who]

    def make_user(self, name: str, policy: dict[str, Any] | None = None) -> str:
        """Make an IAM user who may do everything (or what `policy` says)."""
        self.client("iam").create_user(UserName=name)
        self.client("iam").put_user_policy(
            UserName=name, PolicyName="rights", PolicyDocument=json.dumps(policy or ALLOW_ALL)
        )
        return name

    def make_key(self, user: str) -> tuple[str, str]:
        """Make an access key: its id and its secret."""
        made = self.client("iam").create_access_key(UserName=user)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def make_session(self, key: str, secret: str) -> tuple[str, str, str]:
        """Let a key make a session of its own (GetSessionToken): id, secret, token."""
        made = self.client("sts", key, secret).get_session_token()["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]

    def works(self, key: str, secret: str, token: str | None = None) -> bool:
        """Tell whether a key still opens iam:ListUsers. Anything but a clear yes or a clear refusal is raised."""
        try:
            self.client("iam", key, secret, token).list_users()
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED:
                return False
            raise
        return True

    def tenant(self, key: tuple[str, str] | None = None, **settings: str) -> tuple[Tenant, dict[str, Secret]]:
        """Return a tenant of this world and the secrets that its references name (root unless a key is given)."""
        key = key or self.root
        values = {"RESCIND_TEST_KEY_ID": Secret(key[0]), "RESCIND_TEST_SECRET": Secret(key[1])}
        row = Tenant(
            name="prod-aws",
            provider="aws",
            settings={"account_id": self.account, "endpoint_url": self.endpoint, **settings},
            refs={
                "access_key_id": SecretRef(env="RESCIND_TEST_KEY_ID"),
                "secret_access_key": SecretRef(env="RESCIND_TEST_SECRET"),
            },
            rate=1000,
        )
        return row, values


def _run(command: list[str], folder: Path, environment: dict[str, str], url: str) -> subprocess.Popen[bytes]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MINISTACK_", "MOTO_"))}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**env, **environment}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_url(url, process)
    except RuntimeError:
        process.kill()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return process


def start() -> World:
    """Start ministack with authorisation on. Skips (or fails, when counterparts are required) where it is absent."""
    program, port = require("ministack"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="rescind-aws-"))
    (folder / "tmp").mkdir()
    (folder / "state").mkdir()
    # Without BIND_HOST it listens on every address, and without IOT_MTLS_ENABLED=0 also on 8883; without AUTH nothing is refused.
    environment = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder / "tmp"),
        "STATE_DIR": str(folder / "state"),
    }
    url = f"http://127.0.0.1:{port}"
    return World(url, ACCOUNT, _run([program], folder, environment, url + "/_ministack/health"), folder)


def start_moto() -> World:
    """Start moto with authorisation off; it is switched on through its own admin call."""
    program, port = require("moto"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="rescind-moto-"))
    url = f"http://127.0.0.1:{port}"
    process = _run([program, "-H", "127.0.0.1", "-p", str(port)], folder, {}, url + "/moto-api/")
    return World(url, "123456789012", process, folder)


@pytest.fixture(scope="session")
def ministack() -> Iterator[World]:
    """One ministack for the module that imports this fixture."""
    world = start()
    yield world
    world.stop()


@pytest.fixture(scope="session")
def moto() -> Iterator[World]:
    """One moto for the module that imports this fixture."""
    world = start_moto()
    yield world
    world.stop()
