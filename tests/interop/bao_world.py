"""A private, throw-away OpenBao for tests: the real server in its development mode, on one loopback port."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rescind.models.clock import Clock, SystemClock
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.vault._connect import Vault, connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.counterparts import free_port, require, wait_url


@dataclass
class Bao:
    url: str
    log: Path

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str = "root", namespace: str = ""
    ) -> tuple[int, Any]:
        headers = {"X-Vault-Token": token} | ({"X-Vault-Namespace": namespace} if namespace else {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/v1/{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def new(self, *, token: str = "root", namespace: str = "", **body: Any) -> dict[str, Any]:
        status, answer = self.ask(
            "POST",
            "auth/token/create",
            {"policies": ["default"], "ttl": "1h", **body},
            token=token,
            namespace=namespace,
        )
        assert status == 200, answer
        return dict(answer["auth"])

    def works(self, token: str) -> bool:
        return self.ask("GET", "auth/token/lookup-self", token=token)[0] == 200

    def client(
        self, *, token: str = "root", write: str = "", on: bool = False, clock: Clock | None = None, **settings: Any
    ) -> Vault:
        values = {"token": token, "write": write}
        tenant = Tenant(
            name="bao",
            provider="vault",
            settings={"base_url": self.url, **settings},
            refs={"token": SecretRef(env="token")},
            write_refs={"token": SecretRef(env="write")} if write else {},
        )
        return connect(tenant, lambda ref: Secret(values[ref.env]), Pacer(1000, clock or SystemClock()), write=on)


@contextmanager
def start(home: Path) -> Iterator[Bao]:
    """Run a server with its files in `home`. Skips (or fails, when counterparts are required) where it is absent."""
    program, port, audit = require("bao"), free_port(), home / "audit.log"
    # The API refuses to add an audit device; the configuration may declare one.
    (home / "audit.hcl").write_text(f'audit "file" "trail" {{\n  options = {{ file_path = "{audit}" }}\n}}\n')
    argv = [
        program,
        "server",
        "-dev",
        "-dev-root-token-id=root",
        "-dev-no-store-token",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    argv.append(f"-config={home / 'audit.hcl'}")
    with (home / "out.log").open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, env={"HOME": str(home), "PATH": "/usr/bin:/bin"})
    try:
        server = Bao(f"http://127.0.0.1:{port}", audit)
        wait_url(f"{server.url}/v1/sys/health", process)
        yield server
    finally:
        process.terminate()
        process.wait(10)
