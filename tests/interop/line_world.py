"""One case over every counterpart at once: ministack, OpenBao, an openssl CA behind nginx, and gnome-keyring, all real processes.

Ada's laptop is at hand and compromised: her home holds her own credentials, a colleague's, decoys and a hostile address. What she has
beside the laptop, and what others have, exists too. The home is her HOME, so that the keychain is the live one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.faults import FaultServer
from tests.counterparts import require
from tests.interop import aws_world, bao_world

ADA = "ada@example.com"
SESSION = """set -eu
printf 'correct horse' | gnome-keyring-daemon --unlock --components=secrets >"$RESCIND_TEST_RUN/env" 2>/dev/null
trap 'kill $(sed -n s/^GNOME_KEYRING_PID=//p "$RESCIND_TEST_RUN/env") 2>/dev/null || true' EXIT
"$@"
"""


class Trap:
    """A hostile address that the home names: counts whoever connects."""

    def __init__(self) -> None:
        self.hits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@dataclass
class LineWorld:
    base: Path
    home: Path
    state: Path
    config: Path
    aws: Any
    bao: Any
    ca: Any
    trap: Trap
    aws_proxy: FaultServer
    bao_proxy: FaultServer
    env: dict[str, str]
    secrets: set[str] = field(default_factory=set)
    keys: dict[str, Any] = field(default_factory=dict)

    def rescind(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line inside a desktop session with an unlocked keyring."""
        return self.session(
            sys.executable,
            "-m",
            "rescind",
            "--config",
            str(self.config),
            "--state",
            str(self.state),
            *args,
            stdin=stdin,
        )

    def session(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        inner = ["dbus-run-session", "--", "bash", "-c", SESSION, "session", *command]
        return subprocess.run(
            inner, env=self.env, capture_output=True, text=True, input=stdin, timeout=240, cwd=self.base, check=False
        )

    def remember(self, account: str, value: str) -> None:
        done = self.session(
            "bash",
            "-c",
            'printf %s "$0" | secret-tool store --label="$1" service chat.example.com username "$1"',
            value,
            account,
        )
        assert done.returncode == 0, done.stderr

    def recall(self, account: str) -> str:
        return self.session("secret-tool", "lookup", "service", "chat.example.com", "username", account).stdout

    def login(self, name: str) -> str:
        status, answer = self.bao.ask("POST", f"auth/userpass/login/{name}", {"password": f"pw-{name}-fake"})
        assert status == 200, answer
        self.secrets.add(answer["auth"]["client_token"])
        return str(answer["auth"]["client_token"])

    def tree(self) -> str:
        """Return a digest over every name, mode, link and byte of the home."""
        h = hashlib.sha256()
        for path in sorted(self.home.rglob("*")):
            st = path.lstat()
            h.update(repr((str(path), st.st_mode, st.st_size, st.st_mtime_ns)).encode())
            if path.is_symlink():
                h.update(os.readlink(path).encode())
            elif path.is_file():
                h.update(path.read_bytes())
        return h.hexdigest()

    def write(self, path: str, text: str) -> Path:
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o600)
        return target


def _fill(w: LineWorld) -> None:
    k = w.keys
    for user in ("ada", "grace", "responder"):
        w.aws.make_user(user)
    for name, user in (("ada", "ada"), ("hidden", "ada"), ("grace", "grace"), ("responder", "responder")):
        k[name] = w.aws.make_key(user)
        w.secrets.add(k[name][1])
    w.bao.ask("POST", "sys/auth/userpass", {"type": "userpass"})
    for name in ("ada", "bob"):
        w.bao.ask("POST", f"auth/userpass/users/{name}", {"password": f"pw-{name}-fake", "token_policies": "default"})
    k["token"], k["other_token"], k["bob_token"] = w.login("ada"), w.login("ada"), w.login("bob")
    k["child_token"] = w.bao.new(token="root", policies=["default"])["client_token"]
    k["chat"], k["bystander_chat"], k["shop"] = (secrets.token_urlsafe(24) for _ in range(3))
    w.secrets |= {k["chat"], k["bystander_chat"], k["shop"]}
    w.remember("ada", k["chat"])
    w.write(
        ".aws/credentials",
        f"[default]\naws_access_key_id={k['ada'][0]}\naws_secret_access_key={k['ada'][1]}\n\n"
        f"[prod]\naws_access_key_id={k['grace'][0]}\naws_secret_access_key={k['grace'][1]}\n\n"
        "[docs]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    )
    w.write(".aws/config", f"[default]\nregion=us-east-1\nendpoint_url={w.trap.url}\n")
    w.write(
        ".bashrc",
        f"export AWS_ENDPOINT_URL={w.trap.url}\nexport VAULT_ADDR={w.trap.url}\nexport HTTPS_PROXY={w.trap.url}\n",
    )
    w.write(".vault-token", k["token"] + "\n")
    w.write("project/.env", f"VAULT_ADDR={w.trap.url}\nSHOP_API_TOKEN={k['shop']}\n")
    certificate = (w.ca.d / "alice.crt").read_text() + (w.ca.d / "alice.key").read_text()
    w.secrets |= {line for line in (w.ca.d / "alice.key").read_text().splitlines() if len(line) > 40}
    w.write(".certs/laptop.pem", certificate)


def _config(w: LineWorld) -> None:
    (w.base / "bao.token").write_text("root")
    (w.base / "aws.id").write_text(w.keys["responder"][0])
    (w.base / "aws.secret").write_text(w.keys["responder"][1])
    for name in ("bao.token", "aws.id", "aws.secret"):
        (w.base / name).chmod(0o600)
    reload = json.dumps([str(c) for c in w.ca.reload])
    w.config.write_text(
        f"""[org]
domains = ["example.com"]

[person."{ADA}"]
aws = ["ada"]
vault = ["ada"]
x509 = ["alice@example.com"]

[tenant.aws]
provider = "aws"
account_id = "{w.aws.account}"
endpoint_url = "{w.aws_proxy.url}"
region = "us-east-1"
rate = 50
access_key_id = {{ file = "{w.base}/aws.id" }}
secret_access_key = {{ file = "{w.base}/aws.secret" }}

[tenant.bao]
provider = "vault"
base_url = "{w.bao_proxy.url}"
rate = 50
token = {{ file = "{w.base}/bao.token" }}

[tenant.ca]
provider = "x509"
ca = "file"
ca_cert = "{w.ca.d}/ca.crt"
ca_key = {{ file = "{w.ca.d}/ca.key" }}
crl = "{w.ca.d}/ca.crl"
index = "{w.ca.d}/index.txt"
certs = "{w.ca.d}/new"
crl_number = "{w.ca.d}/crlnumber"
reload = {reload}
propagation_seconds = 2
"""
    )
    w.config.chmod(0o600)


@contextmanager
def line_world(base: Path, ca: Any) -> Iterator[LineWorld]:
    """Start everything and fill it. `ca` is a running openssl CA with nginx in front (it has `d`, `port` and `reload`)."""
    for name in ("dbus-run-session", "gnome-keyring-daemon", "secret-tool"):
        require(name)
    home, run = base / "home", base / "run"
    home.mkdir()
    run.mkdir(mode=0o700)
    env = {
        "HOME": str(home), "PATH": os.environ["PATH"] + ":/usr/sbin:/usr/bin:/bin", "LANG": "C.UTF-8", "NO_COLOR": "1",
        "XDG_DATA_HOME": str(base / "share"), "XDG_CACHE_HOME": str(base / "cache"), "XDG_RUNTIME_DIR": str(run), "RESCIND_TEST_RUN": str(run),
    }  # fmt: skip
    for name in ("share", "cache"):
        (base / name).mkdir()
    (base / "bao").mkdir()
    with ExitStack() as stack:
        aws = aws_world.start()
        stack.callback(aws.stop)
        bao = stack.enter_context(bao_world.start(base / "bao"))
        trap = Trap()
        stack.callback(trap.close)
        aws_proxy = stack.enter_context(FaultServer(aws.endpoint))
        bao_proxy = stack.enter_context(FaultServer(bao.url))
        w = LineWorld(base, home, base / "state", base / "rescind.toml", aws, bao, ca, trap, aws_proxy, bao_proxy, env)
        _fill(w)
        _config(w)
        yield w
