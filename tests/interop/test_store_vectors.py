"""Store parsers against the tools that own the formats: what each tool writes is read, and what the vectors claim each tool confirms."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.errors import Unparsable
from rescind.models.clock import SystemClock
from rescind.models.evidence import Finding, Location, State
from rescind.pipeline.scan import scan
from tests import counterparts
from tests.contract import store_vectors as vectors

STORES = catalogue.stores()


def run(*argv: object, env: dict[str, str] | None = None, stdin: str = "", check: bool = True) -> str:
    """Run a tool with a clean environment and return what it prints."""
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(env or {})}
    done = subprocess.run(
        [str(a) for a in argv], env=clean, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def parse(store: str, path: Path) -> list[Finding]:
    """Parse one file that a tool wrote."""
    return list(STORES[store].parse(path.read_bytes(), Location(root="home", path=path.name)))


@pytest.fixture
def ssh_keygen() -> str:
    return counterparts.require("ssh-keygen")


@pytest.fixture
def openssl() -> str:
    return counterparts.require("openssl")


_KEYS = {
    "ed25519": ("-t", "ed25519", "-N", ""),
    "ed25519-locked": ("-t", "ed25519", "-N", "fake passphrase", "-a", "17"),
    "rsa": ("-t", "rsa", "-b", "2048", "-N", ""),
    "rsa-locked": ("-t", "rsa", "-b", "3072", "-N", "fake passphrase"),
    "rsa-pem": ("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""),
    "rsa-pkcs8": ("-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", ""),
    "ecdsa-256": ("-t", "ecdsa", "-b", "256", "-N", ""),
    "ecdsa-384-pem": ("-t", "ecdsa", "-b", "384", "-m", "PEM", "-N", ""),
    "ecdsa-521": ("-t", "ecdsa", "-b", "521", "-N", ""),
    "ecdsa-521-pkcs8": ("-t", "ecdsa", "-b", "521", "-m", "PKCS8", "-N", ""),
}


@pytest.mark.parametrize("name", _KEYS)
def test_keys_that_ssh_keygen_writes(ssh_keygen: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / "key"
    run(ssh_keygen, "-q", *_KEYS[name], "-C", "ada@laptop", "-f", path)
    (finding,) = parse("ssh-keys", path)
    size, fingerprint, *_ = run(ssh_keygen, "-lf", path).split()
    assert finding.identifier == fingerprint
    assert finding.attributes["bits"] == size
    assert finding.attributes["type"] == path.with_suffix(".pub").read_text().split()[0]
    locked = name.endswith("locked")
    assert finding.attributes["protected"] == ("yes" if locked else "no")
    assert (finding.secret is None) == locked
    if name == "ed25519-locked":
        assert finding.attributes["kdf_rounds"] == "17"
    if name in {"ed25519", "rsa", "ecdsa-256", "ecdsa-521"}:
        assert finding.attributes["comment"] == "ada@laptop"
    assert parse("ssh-keys", path.with_suffix(".pub")) == []


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
def test_locked_pem_keys_that_ssh_keygen_writes_are_named_by_the_pub_beside_them(
    ssh_keygen: str, tmp_path: Path, form: str
) -> None:
    path = tmp_path / ".ssh" / "id_rsa"
    path.parent.mkdir()
    run(ssh_keygen, "-q", "-t", "rsa", "-b", "2048", "-m", form, "-N", "fake passphrase", "-f", path)
    (hidden,) = parse("ssh-keys", path)
    assert (hidden.identifier, hidden.secret, hidden.attributes["protected"]) == ("", None, "yes")
    fingerprint = run(ssh_keygen, "-lf", path.with_suffix(".pub")).split()[1]
    row = [catalogue.stores()["ssh-keys"]]
    seen = scan(tmp_path, clock=SystemClock(), environ={}, stores=row)
    assert [f.identifier for _, f in seen.findings] == [fingerprint]
    path.with_suffix(".pub").unlink()
    alone = scan(tmp_path, clock=SystemClock(), environ={}, stores=row)
    assert [f.identifier for _, f in alone.findings] == [""]
    assert any(g.path.endswith("id_rsa") for g in alone.gaps), "what cannot be named is not passed over"


def test_certificates_known_hosts_and_revocation_lists_are_no_keys(ssh_keygen: str, tmp_path: Path) -> None:
    run(ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ca")
    run(ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key")
    run(ssh_keygen, "-q", "-s", tmp_path / "ca", "-I", "ada", "-n", "ada", tmp_path / "key.pub")
    run(ssh_keygen, "-q", "-k", "-f", tmp_path / "krl", tmp_path / "key.pub")
    (tmp_path / "known_hosts").write_text("host " + (tmp_path / "key.pub").read_text())
    assert [parse("ssh-keys", tmp_path / n) for n in ("key-cert.pub", "krl", "known_hosts")] == [[], [], []]


def test_ssh_keygen_confirms_the_fingerprints_of_the_vectors(ssh_keygen: str, tmp_path: Path) -> None:
    confirmed = 0
    for case in vectors.cases("ssh-keys"):
        home = vectors.build(case, tmp_path / case.name)
        for finding in vectors.expected(case)["findings"]:
            path = home / finding["path"]
            blob = path.read_bytes()
            if not finding["identifier"]:  # locked: its public half is not in it
                continue
            if b"PuTTY" in blob:  # ssh-keygen does not read these; their public half is the one of the OpenSSH vector
                continue
            path.write_bytes(blob[blob.index(b"-----BEGIN") :].replace(b"\r", b""))  # nor past prose, nor with CRLF
            path.chmod(0o600)
            public = "" if b"OPENSSH" in blob else run(ssh_keygen, "-yf", path)
            shown = run(ssh_keygen, "-lf", "-" if public else path, stdin=public)
            assert shown.split()[1] == finding["identifier"]
            confirmed += 1
    assert confirmed >= 6


def _issue(openssl: str, tmp: Path) -> Path:
    """Make an authority and a client certificate with openssl."""
    run(
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        tmp / "ca.key",
        "-out",
        tmp / "ca.crt",
        "-subj",
        "/C=DE/O=Example GmbH/CN=Test CA",
        "-days",
        "30",
    )
    run(
        openssl,
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        tmp / "ada.key",
        "-out",
        tmp / "ada.csr",
        "-subj",
        "/O=Example GmbH/CN=Ada, L./emailAddress=ada@example.com",
    )
    (tmp / "ext").write_text(
        "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectAltName=email:ada@example.com,DNS:ada.example.com\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    run(
        openssl,
        "x509",
        "-req",
        "-in",
        tmp / "ada.csr",
        "-CA",
        tmp / "ca.crt",
        "-CAkey",
        tmp / "ca.key",
        "-set_serial",
        "0x00a0b1c2d3",
        "-days",
        "20",
        "-extfile",
        tmp / "ext",
        "-out",
        tmp / "ada.crt",
    )
    return tmp / "ada.crt"


def _issuer_der(openssl: str, certificate: Path) -> bytes:
    """Cut the issuer's DER out of a certificate at the offset openssl prints (the third sequence of the second level)."""
    der = certificate.with_suffix(".der")
    run(openssl, "x509", "-in", certificate, "-outform", "DER", "-out", der)
    lines = run(openssl, "asn1parse", "-inform", "DER", "-in", der).splitlines()
    level = [m for m in (re.match(r"\s*(\d+):d=2\s+hl=(\d+)\s+l=\s*(\d+) cons: SEQUENCE", line) for line in lines) if m]
    start, head, size = map(int, level[1].groups())
    return der.read_bytes()[start : start + head + size]


def _facts(openssl: str, certificate: Path) -> dict[str, str]:
    shown = run(
        openssl,
        "x509",
        "-in",
        certificate,
        "-noout",
        "-serial",
        "-enddate",
        "-dateopt",
        "iso_8601",
        "-fingerprint",
        "-sha256",
    )
    return {k.strip().lower(): v for k, v in (line.split("=", 1) for line in shown.splitlines())}


def test_certificates_that_openssl_writes(openssl: str, tmp_path: Path) -> None:
    crt = _issue(openssl, tmp_path)
    (bare,) = parse("client-certs", crt)
    assert bare.state is State.PUBLIC_ONLY
    both = tmp_path / "both.pem"
    run(openssl, "x509", "-in", crt, "-text", "-out", tmp_path / "text.pem")
    both.write_bytes(
        (tmp_path / "ca.crt").read_bytes() + (tmp_path / "ada.key").read_bytes() + (tmp_path / "text.pem").read_bytes()
    )
    (finding,) = parse("client-certs", both)
    facts = _facts(openssl, crt)
    issuer = hashlib.sha256(_issuer_der(openssl, crt)).hexdigest()[:16]
    assert finding.identifier == bare.identifier == f"{facts['serial'].lower().lstrip('0')}@{issuer}"
    assert finding.attributes["serial"] == "a0b1c2d3"
    assert finding.attributes["sha256"] == facts["sha256 fingerprint"].replace(":", "").lower()
    assert finding.expires_at == facts["notafter"].replace(" ", "T")
    assert finding.issuer == run(
        openssl, "x509", "-in", crt, "-noout", "-issuer", "-nameopt", "RFC2253"
    ).strip().removeprefix("issuer=")
    assert finding.attributes["san"] == "ada@example.com,ada.example.com"
    assert (finding.attributes["has_key"], finding.attributes["key_usage"]) == ("yes", "client")
    assert finding.secret is not None
    assert "Ada" in finding.subject
    assert parse("client-certs", tmp_path / "ca.crt") == []
    assert parse("client-certs", tmp_path / "ada.key") == []
    run(openssl, "ec", "-in", tmp_path / "ada.key", "-aes256", "-passout", "pass:fake", "-out", tmp_path / "locked.key")
    both.write_bytes(crt.read_bytes() + (tmp_path / "locked.key").read_bytes())
    (sealed,) = parse("client-certs", both)
    assert (sealed.attributes["has_key"], sealed.secret) == ("encrypted", None)


_P12 = {
    "clear": (("-keypbe", "NONE", "-certpbe", "NONE", "-passout", "pass:"), ""),
    "clear-no-mac": (("-keypbe", "NONE", "-certpbe", "NONE", "-nomac", "-passout", "pass:"), ""),
    "key-under-empty-password": (("-certpbe", "NONE", "-passout", "pass:"), ""),
    "all-under-empty-password": (("-passout", "pass:"), "encrypted"),
    "locked": (("-passout", "pass:fake"), "encrypted"),
    "locked-legacy": (("-legacy", "-passout", "pass:fake"), "encrypted"),
    "key-locked": (("-certpbe", "NONE", "-passout", "pass:fake"), "encrypted"),
    "patient": (("-certpbe", "NONE", "-passout", "pass:", "-iter", "1500000", "-nomac"), "amount of work"),
}


@pytest.mark.parametrize("name", _P12)
def test_pkcs12_that_openssl_writes(openssl: str, tmp_path: Path, name: str) -> None:
    crt, (options, trouble) = _issue(openssl, tmp_path), _P12[name]
    path = tmp_path / "ada.p12"
    run(
        openssl,
        "pkcs12",
        "-export",
        "-in",
        crt,
        "-inkey",
        tmp_path / "ada.key",
        "-certfile",
        tmp_path / "ca.crt",
        "-out",
        path,
        *options,
    )
    if trouble:
        with pytest.raises(Unparsable, match=trouble):
            parse("client-certs", path)
        return
    (finding,) = parse("client-certs", path)
    assert finding.attributes["sha256"] == _facts(openssl, crt)["sha256 fingerprint"].replace(":", "").lower()
    assert finding.attributes["has_key"] == "yes"


def test_openssl_confirms_the_vectors(openssl: str, tmp_path: Path) -> None:
    confirmed = 0
    for case in vectors.cases("client-certs"):
        home = vectors.build(case, tmp_path / case.name)
        for finding in vectors.expected(case)["findings"]:
            path = home / finding["path"]
            if path.suffix in {".p12", ".cer"} or not finding["identifier"]:
                continue
            facts = _facts(openssl, path)
            assert finding["attributes"]["serial"] == facts["serial"].lower().lstrip("0")
            assert finding["attributes"]["sha256"] == facts["sha256 fingerprint"].replace(":", "").lower()
            assert finding["expires_at"] == facts["notafter"].replace(" ", "T")
            confirmed += 1
    assert confirmed >= 5


@pytest.fixture
def bao(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    program, port = counterparts.require("bao"), counterparts.free_port()
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "BAO_ADDR": f"http://127.0.0.1:{port}", "PATH": os.environ["PATH"]}
    argv = [
        program,
        "server",
        "-dev",
        "-dev-root-token-id=root",
        "-dev-no-store-token",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        counterparts.wait_url(env["BAO_ADDR"] + "/v1/sys/health", process)
        yield program, env
    finally:
        process.terminate()
        process.wait(10)


def test_tokens_that_bao_login_writes(bao: tuple[str, dict[str, str]]) -> None:
    program, env = bao
    home, root = Path(env["HOME"]), {**env, "BAO_TOKEN": "root"}
    service = run(program, "token", "create", "-policy=default", "-field=token", env=root)
    batch = run(program, "token", "create", "-policy=default", "-type=batch", "-field=token", env=root)
    for token, form in ((service, "service-legacy"), (batch, "batch-legacy")):
        run(program, "login", "-", env=env, stdin=token)
        (finding,) = parse("vault-token", home / ".vault-token")
        assert finding.attributes["form"] == form
        assert finding.secret is not None
        assert finding.secret.reveal() == token.strip()
        assert finding.identifier == ""
    run(program, "login", "-", env={**env, "BAO_TOKEN_PATH": str(home / "moved")}, stdin=service)
    run(program, "login", "-", env={**env, "VAULT_TOKEN_PATH": str(home / "moved too")}, stdin=service)
    assert len(parse("vault-token", home / "moved") + parse("vault-token", home / "moved too")) == 2
    assert {at.env for at in STORES["vault-token"].where} == {"VAULT_TOKEN_PATH", "BAO_TOKEN_PATH", "VAULT_CONFIG_PATH"}
    run(program, "login", "-", env=env, stdin="root")
    assert [f.state for f in parse("vault-token", home / ".vault-token")] == [State.PLACEHOLDER]


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[str]:
    program, port = counterparts.require("ministack"), counterparts.free_port()
    own = tmp_path / "ministack"
    own.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(own), "TMPDIR": str(own), "STATE_DIR": str(own), "AUTH": "true"}
    env |= {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "GATEWAY_PORT": str(port)}
    process = subprocess.Popen([program], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        counterparts.wait_url(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def test_files_that_the_aws_cli_writes(ministack: str, tmp_path: Path) -> None:
    aws, home = counterparts.require("aws"), tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    env = {
        "HOME": str(home),
        "AWS_ENDPOINT_URL": ministack,
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYENV_VERSION": os.environ.get("PYENV_VERSION", ""),
    }
    env["PYENV_ROOT"] = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    root = {**env, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    run(aws, "iam", "create-user", "--user-name", "ada", env=root)
    key = json.loads(run(aws, "iam", "create-access-key", "--user-name", "ada", env=root))["AccessKey"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    run(
        aws,
        "iam",
        "put-user-policy",
        "--user-name",
        "ada",
        "--policy-name",
        "all",
        "--policy-document",
        json.dumps(allow),
        env=root,
    )
    run(aws, "iam", "create-role", "--role-name", "dev", "--assume-role-policy-document", json.dumps(_TRUST), env=root)
    run(aws, "configure", "set", "aws_access_key_id", key["AccessKeyId"], "--profile", "ada", env=env)
    run(aws, "configure", "set", "aws_secret_access_key", key["SecretAccessKey"], "--profile", "ada", env=env)
    run(aws, "configure", "set", "role_arn", "arn:aws:iam::000000000000:role/dev", "--profile", "dev", env=env)
    run(aws, "configure", "set", "source_profile", "ada", "--profile", "dev", env=env)
    who = json.loads(run(aws, "sts", "get-caller-identity", "--profile", "dev", env=env))

    (found,) = parse("aws-credentials", home / ".aws/credentials")
    assert (found.kind, found.identifier) == ("aws.access-key", key["AccessKeyId"])
    assert found.secret is not None
    assert found.secret.reveal() == key["SecretAccessKey"]
    assert parse("aws-credentials", home / ".aws/config") == []

    (cached,) = vectors.matched(STORES["aws-cli-cache"], home)
    (session,) = parse("aws-cli-cache", home / cached)
    written = json.loads((home / cached).read_text())["Credentials"]
    assert (session.kind, session.identifier) == ("aws.role-session", written["AccessKeyId"])
    assert session.subject == session.attributes["assumed_role"] == who["Arn"]
    assert session.expires_at is not None
    assert session.expires_at[:16] == written["Expiration"][:16]


def test_configparser_reads_the_same_keys_in_the_vectors() -> None:
    """botocore reads these files with the standard library's parser: where that can, it must see no key that we do not."""
    seen = 0
    for case in vectors.cases("aws-credentials"):
        ours = {f["identifier"] for f in vectors.expected(case)["findings"]}
        for path in (case / "home/.aws").glob("*"):
            reader = configparser.RawConfigParser(default_section="", strict=False)
            try:
                reader.read_string(path.read_text("utf-8-sig"))
            except (configparser.Error, UnicodeDecodeError):
                continue
            theirs = {
                reader.get(s, "aws_access_key_id", fallback="").split(" ;")[0].strip('"') for s in reader.sections()
            }
            if "unrelated" not in path.name:
                assert {k for k in theirs if re.match("A[KS]IA", k)} <= ours
                seen += len(theirs)
    assert seen > 5


def test_a_shell_reads_the_same_values_in_the_dotenv_vector(tmp_path: Path) -> None:
    sh = counterparts.require("sh")
    (case,) = [c for c in vectors.cases("dotenv") if c.name == "typical"]
    path = vectors.build(case, tmp_path) / "work/shop/.env"
    shown = run(sh, "-c", 'set -a; . "$0"; env -0', path)
    theirs = dict(line.split("=", 1) for line in shown.split("\0") if "=" in line)
    findings = parse("dotenv", path)
    checked = 0
    for finding in findings:
        name = finding.attributes["name"].replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
        if finding.secret is not None and name != "DATABASE_URL":
            assert finding.secret.reveal() == theirs[name]
            checked += 1
    assert checked >= 5
