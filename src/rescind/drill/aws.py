"""The drill's AWS: ministack (https://pypi.org/project/ministack/) as a subprocess on one loopback socket, with IAM enforced.

It is an emulator and the drill says so. It refuses inactive and deleted keys and evaluates deny policies, as AWS does.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rescind.errors import RescindError

ROOT = ("test", "test")  # the emulator's documented root key
_ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key pair or session as its holder has it. Only the drill's own made-up users have these."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Emulator:
    """The emulator's process and the administrator's view of it."""

    def __init__(self, folder: Path) -> None:
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        (folder / "tmp").mkdir(parents=True)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GATEWAY", "MINISTACK"))}
        env |= {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "GATEWAY_PORT": self.endpoint.rsplit(":", 1)[1],
            "TMPDIR": str(folder / "tmp"),
            "STATE_DIR": str(folder / "state"),
        }
        self._clients: dict[tuple[str, Key], Any] = {}
        self._lock = threading.Lock()
        self._log = (folder / "ministack.log").open("wb")
        program = Path(sys.executable).with_name("ministack")
        if not program.exists():
            raise RescindError("the drill needs ministack", hint="pip install 'rescind[drill]'")
        self.process = subprocess.Popen([str(program)], env=env, stdout=self._log, stderr=self._log, cwd=folder)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(self.endpoint + "/_ministack/health", timeout=1).close()  # noqa: S310  ours, on loopback
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RescindError("the drill's AWS emulator did not start", hint=f"see {self._log.name}")

    def client(self, service: str, key: Key | None = None) -> Any:
        """Return a plain SDK client for the emulator, as somebody who holds `key` (default: its root) would make one."""
        import boto3
        from botocore.config import Config

        held = key or Key(id=ROOT[0], secret=ROOT[1])
        with self._lock:  # building one takes longer than using it
            if (service, held) not in self._clients:
                self._clients[service, held] = boto3.session.Session().client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name="us-east-1",
                    aws_access_key_id=held.id,
                    aws_secret_access_key=held.secret,
                    aws_session_token=held.token or None,
                    config=Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=15),
                )
            return self._clients[service, held]

    def user(self, name: str) -> None:
        """Create an IAM user who may do anything."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=_ALLOW)

    def key(self, user: str) -> Key:
        """Give a user an access key."""
        made: Mapping[str, Any] = self.client("iam").create_access_key(UserName=user)["AccessKey"]
        return Key(id=made["AccessKeyId"], secret=made["SecretAccessKey"])

    def session(self, key: Key) -> Key:
        """Mint a session from a key, as a tool on the laptop would have."""
        made = self.client("sts", key).get_session_token()["Credentials"]
        return Key(id=made["AccessKeyId"], secret=made["SecretAccessKey"], token=made["SessionToken"])

    def try_key(self, key: Key) -> str:
        """Use a key for a normal read, as a thief would: "works", or the emulator's refusal."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client("iam", key).list_users()
        except ClientError as error:
            return f"refused: {error.response['Error']['Code']}"
        except BotoCoreError as error:
            return f"no answer: {type(error).__name__}"
        return "works"

    def keys_of(self, user: str) -> dict[str, str]:
        """Return the keys that a user has, with their status."""
        rows = self.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        return {str(row["AccessKeyId"]): str(row["Status"]) for row in rows}

    def policies_of(self, user: str) -> str:
        """Return the policies of a user, word for word, as one comparable text."""
        iam = self.client("iam")
        names = sorted(iam.list_user_policies(UserName=user)["PolicyNames"])
        inline = {n: iam.get_user_policy(UserName=user, PolicyName=n)["PolicyDocument"] for n in names}
        return json.dumps([inline, iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]], sort_keys=True)

    @staticmethod
    def read_profile(file: Path) -> Key:
        """Return the key that a profile file holds, as a job would read it."""
        section = ConfigParser(interpolation=None)
        section.read_string(file.read_text())
        return Key(id=section["default"]["aws_access_key_id"], secret=section["default"]["aws_secret_access_key"])

    def account(self) -> str:
        """Return the emulator's account id."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
