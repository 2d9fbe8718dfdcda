"""More stores against the tools that own the formats: Git, Docker, npm, kubectl and gcloud write, the parsers read."""

from __future__ import annotations

import base64
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.models.clock import parse_rfc3339
from rescind.models.evidence import Finding, State
from rescind.stores import _github
from tests import counterparts
from tests.contract import store_vectors as vectors
from tests.contract.store_templates import jwt

STORES = catalogue.stores()
_TOKEN = "ghp_" + "FAKE" * 9


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A throw-away home, so that no tool sees or touches the one of whoever runs this."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(home: Path, *argv: object, stdin: str = "", **env: object) -> str:
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home)} | {k: str(v) for k, v in env.items()}
    done = subprocess.run(
        [str(a) for a in argv],
        env=clean,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(store: str, home: Path) -> list[Finding]:
    findings, gaps = vectors.read(STORES[store], home)
    assert gaps == []
    return findings


def revealed(finding: Finding) -> str:
    assert finding.secret is not None
    return finding.secret.reveal()


@contextmanager
def answering(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve on loopback; yields the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


_ODD = "fa:ke@horse/battery%%42 é"


def test_what_git_stores_and_forgets(home: Path) -> None:
    git = counterparts.require("git")
    run(home, git, "config", "--global", "credential.helper", "store")
    wanted = [("github.com", "ada", _TOKEN), ("git.example.com", "ada@example.com", _ODD)]
    for host, user, password in wanted:
        text = f"protocol=https\nhost={host}\nusername={user}\npassword={password}\n\n"
        run(home, git, "credential", "approve", stdin=text)
    found = read("git-credentials", home)
    assert sorted((f.issuer, f.subject, revealed(f)) for f in found) == sorted(wanted)
    assert {f.kind for f in found} == {"github.token", "git.password"}
    text = "protocol=https\nhost=github.com\nusername=ada\n\n"
    run(home, git, "credential", "reject", stdin=text)
    assert [f.issuer for f in read("git-credentials", home)] == ["git.example.com"]


def test_remotes_of_a_repository(home: Path) -> None:
    git = counterparts.require("git")
    run(home, git, "init", "-q", "work/app")
    add = ("-C", "work/app", "remote", "add")
    run(home, git, *add, "origin", f"https://{_TOKEN}@github.com/example/app.git")
    run(home, git, *add, "lab", "https://oauth2:fake-horse-42@gitlab.example.com/a/b.git")
    run(home, git, *add, "plain", "https://ada@git.example.com/a.git")
    run(home, git, *add, "ssh", "git@github.com:example/app.git")
    found = read("git-credentials", home)
    assert [(f.kind, f.issuer, revealed(f)) for f in found] == [
        ("github.token", "github.com", _TOKEN),
        ("git.password", "gitlab.example.com", "fake-horse-42"),
    ]
    assert {f.location.path for f in found} == {"work/app/.git/config"}


class _Registry(_Quiet):
    def do_GET(self) -> None:
        if self.headers.get("authorization"):
            self.reply(200, b"{}")
        else:
            self.reply(401, b"{}", **{"WWW-Authenticate": 'Basic realm="test"'})


def test_docker_login_and_logout(home: Path) -> None:
    docker = counterparts.require("docker")
    with answering(_Registry) as port:
        registry = f"127.0.0.1:{port}"
        run(home, docker, "login", "-u", "ada", "--password-stdin", registry, stdin="fake:horse battery\n")
        (login,) = read("docker-config", home)
        assert (login.kind, login.issuer, login.subject) == ("docker.login", registry, "ada")
        assert revealed(login) == "fake:horse battery"
        run(home, docker, "logout", registry)
    assert [f.state for f in read("docker-config", home)] == [State.LOGGED_OUT]


def test_what_npm_writes(home: Path) -> None:
    npm = counterparts.require("npm")
    auth = base64.b64encode(b"ada:fake-horse-42").decode()
    run(
        home,
        npm,
        "--userconfig",
        home / ".npmrc",
        "--offline",
        "config",
        "set",
        "//registry.example.com/:_authToken=npm_" + "FAKE" * 9,
        f"//nexus.example.com/repo/:_auth={auth}",
        f"//npm.pkg.github.com/:_authToken={_TOKEN}",
        "@example:registry=https://registry.example.com/",
    )
    found = {f.attributes["registry"]: f for f in read("npmrc", home)}
    assert revealed(found["registry.example.com"]) == "npm_" + "FAKE" * 9
    assert found["registry.example.com"].attributes["scope"] == "@example"
    assert (found["nexus.example.com/repo"].subject, revealed(found["nexus.example.com/repo"])) == (
        "ada",
        "fake-horse-42",
    )
    assert found["npm.pkg.github.com"].kind == "github.token"
    assert found["npm.pkg.github.com"].issuer == "github.com"


def test_what_kubectl_writes(home: Path) -> None:
    kubectl = counterparts.require("kubectl")
    config = (kubectl, f"--kubeconfig={home}/.kube/config", "config")
    (home / "client.pem").write_bytes(vectors.render("cert client"))
    (home / "client.key").write_bytes(vectors.render("key ecdsa pkcs8"))
    token = jwt({"iss": "https://kubernetes.default.svc", "sub": "system:serviceaccount:ci:x", "jti": "fa4e"})
    run(home, *config, "set-cluster", "prod", "--server=https://k8s.example.com:6443")
    run(home, *config, "set-credentials", "sa", f"--token={token}")
    run(home, *config, "set-credentials", "basic", "--username=ada", "--password=1e10")
    pem = ("--client-certificate=client.pem", "--client-key=client.key", "--embed-certs=true")
    run(home, *config, "set-credentials", "admin", *pem)
    run(home, *config, "set-credentials", "cloud", "--exec-command=/bin/false", "--exec-api-version=v1")
    for user in ("sa", "admin"):
        run(home, *config, "set-context", user, "--cluster=prod", f"--user={user}")
    found = {f.attributes["user"]: f for f in read("kubeconfig", home)}
    assert set(found) == {"sa", "basic", "admin"}
    assert (found["sa"].identifier, found["sa"].issuer) == ("fa4e", "https://k8s.example.com:6443")
    assert revealed(found["sa"]) == token
    assert revealed(found["basic"]) == "1e10"
    (alone,) = STORES["client-certs"].parse((home / "client.pem").read_bytes(), found["admin"].location)
    assert (found["admin"].kind, found["admin"].identifier) == (alone.kind, alone.identifier)
    assert found["admin"].attributes["has_key"] == "yes"
    run(home, *config, "delete-user", "sa")
    assert "sa" not in {f.attributes["user"] for f in read("kubeconfig", home)}


class _Tokens(_Quiet):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        answer = {"access_token": "ya29.fake-horse-battery-42", "expires_in": 3600, "token_type": "Bearer"}
        self.reply(200, json.dumps(answer).encode())


def test_what_gcloud_keeps_of_a_service_account(home: Path) -> None:
    gcloud = counterparts.require("gcloud")
    with answering(_Tokens) as port:
        uri = f"http://127.0.0.1:{port}/token"
        email, key_id = "ci@example-project.iam.gserviceaccount.com", "fa4e" * 10
        account = {"type": "service_account", "project_id": "example-project", "private_key_id": key_id}
        account |= {"client_email": email, "client_id": "1", "token_uri": uri, "auth_uri": uri}
        account["private_key"] = subprocess.run(
            [counterparts.require("openssl"), "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        (home / "key.json").write_text(json.dumps(account))
        env = {"CLOUDSDK_CONFIG": home / ".config/gcloud", "CLOUDSDK_AUTH_TOKEN_HOST": uri}
        env |= {"CLOUDSDK_CORE_DISABLE_PROMPTS": 1, "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": 1}
        run(home, gcloud, "auth", "activate-service-account", f"--key-file={home}/key.json", **env)
        run(home, gcloud, "auth", "print-access-token", **env)
    found = {(f.kind, f.location.path.rpartition("/")[2]): f for f in read("gcloud-credentials", home)}
    key = found["google.service-account-key", "credentials.db"]
    assert (key.identifier, key.subject, revealed(key)) == (key_id, email, account["private_key"])
    token = found["oauth.access-token", "access_tokens.db"]
    assert (revealed(token), token.attributes["account"]) == ("ya29.fake-horse-battery-42", email)
    assert token.expires_at
    left = parse_rfc3339(token.expires_at) - datetime.now(UTC)
    assert timedelta(minutes=50) < left < timedelta(minutes=61)
    (copy,) = read("gcloud-adc", home)  # the `.boto` beside it only points to this copy
    assert copy.location.path.endswith(f"legacy_credentials/{email}/adc.json")
    assert (copy.identifier, revealed(copy)) == (key.identifier, revealed(key))


def test_openssl_makes_the_digest_that_github_documents(home: Path) -> None:
    openssl = counterparts.require("openssl")
    run(home, openssl, "dgst", "-sha256", "-binary", "-out", "digest", stdin=_TOKEN)
    assert base64.b64encode((home / "digest").read_bytes()).decode() == _github.hashed_token(_TOKEN)
