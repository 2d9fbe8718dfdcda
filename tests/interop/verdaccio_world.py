"""A private, throw-away verdaccio for tests: a real npm registry on one loopback port, and the real npm as its user."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.counterparts import free_port, require, wait_url
from tests.interop.oidc_world import require_npm

CONFIG = """
storage: {home}/storage
auth: {{htpasswd: {{file: {home}/htpasswd, algorithm: bcrypt, rounds: 4}}}}
packages: {{"**": {{access: $all, publish: $authenticated}}}}
security: {{api: {{legacy: false, jwt: {{sign: {{expiresIn: 1d}}}}}}}}
log: {{type: stdout, format: json, level: error}}
"""


@dataclass
class Verdaccio:
    url: str
    home: Path

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def login(self, user: str) -> str:
        """Return the token that `npm login` would write, of a new user."""
        body = {"name": user, "password": f"pw-{user}-fake1", "type": "user", "roles": []}
        status, answer = self.ask("PUT", f"/-/user/org.couchdb.user:{user}", body)
        assert status == 201, answer
        return str(answer["token"])

    def create(self, user: str, session: str) -> tuple[str, str]:
        """Return a token made as `npm token create` makes it, and its key."""
        body = {"password": f"pw-{user}-fake1", "readonly": False, "cidr_whitelist": []}
        status, answer = self.ask("POST", "/-/npm/v1/tokens", body, session)
        assert status == 200, answer
        return str(answer["token"]), str(answer["key"])

    def whoami(self, token: str) -> str:
        """Return whom the registry takes a token's bearer for, "" for nobody."""
        status, answer = self.ask("GET", "/-/whoami", token=token)
        return str(answer.get("username", "")) if status == 200 else ""

    def npm(self, token: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the real npm with a token in its own `.npmrc`."""
        rc = self.home / "npmrc"
        rc.write_text(f"registry={self.url}/\n{self.url.partition(':')[2]}/:_authToken={token}\n")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "NPM_CONFIG_USERCONFIG": str(rc)}
        env["NPM_CONFIG_UPDATE_NOTIFIER"] = "false"
        return subprocess.run(
            [require("npm"), *words], capture_output=True, text=True, env=env, cwd=self.home, timeout=60, check=False
        )


@contextmanager
def start(home: Path) -> Iterator[Verdaccio]:
    """Run the registry; skip when it is not installed."""
    node, folder, port = require("node"), require_npm("verdaccio"), free_port()
    (home / "config.yaml").write_text(CONFIG.format(home=home))
    program = folder / "node_modules" / "verdaccio" / "bin" / "verdaccio"
    process = subprocess.Popen(
        [node, str(program), "-c", str(home / "config.yaml"), "-l", f"127.0.0.1:{port}"],
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_url(f"{url}/-/ping", process, 30)
        yield Verdaccio(url, home)
    finally:
        process.terminate()
        process.wait(10)
