"""A private, throw-away oidc-provider for tests: a real OAuth 2.0 server in memory, on one loopback port."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rescind.providers.oauth._connect import OAuth
from tests.contract.worlds_by_value import oauth_client
from tests.counterparts import TARGETS, free_port, require, wait_url

SERVER = Path(__file__).with_name("oidc_server.mjs")


def require_npm(package: str) -> Path:
    """Return the folder that holds node_modules with a package; otherwise skip by name, or fail when counterparts are required."""
    folder = TARGETS / "npm"
    if (folder / "node_modules" / package).is_dir():
        return folder
    if os.environ.get("RESCIND_COUNTERPARTS") == "require":
        pytest.fail(f"counterpart absent: {package}")
    pytest.skip(f"counterpart absent: {package}")


@dataclass
class Oidc:
    url: str

    def ask(self, path: str, form: dict[str, str] | None = None, bearer: str = "") -> tuple[int, Any]:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def mint(self, account: str = "ada", client: str = "cli") -> tuple[str, str]:
        """Return a refresh token and an access token of one grant."""
        _, made = self.ask(f"/test/mint?account={account}&client={client}")
        return made["refresh"], made["access"]

    def opens(self, access: str) -> bool:
        """Use an access token the way an application does."""
        return self.ask("/me", bearer=access)[0] == 200

    def refreshes(self, refresh: str) -> bool:
        """Use a refresh token the way an application does."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "cli"}
        status, answer = self.ask("/token", form)
        assert status == 200 or answer["error"] == "invalid_grant", answer
        return status == 200

    def client(self, name: str = "responder", **settings: Any) -> OAuth:
        settings = {"issuer": self.url, "client_id": name, **settings}
        return oauth_client(settings.pop("base_url", self.url), secret=f"{name}-secret-fake", **settings)


@contextmanager
def start() -> Iterator[Oidc]:
    """Run the server; skip when it is not installed."""
    node, folder, port = require("node"), require_npm("oidc-provider"), free_port()
    process = subprocess.Popen(
        [node, str(SERVER), str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_url(f"{url}/.well-known/openid-configuration", process)
        yield Oidc(url)
    finally:
        process.terminate()
        process.wait(10)
