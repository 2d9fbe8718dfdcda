"""The throw-away world of a drill: a lost home, its owner's credentials at three providers, bystanders, and a responder.

Everything lies in one temporary folder and on loopback. Secrets are made at random each time and belong to nobody.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rescind.drill import aws, tls

ADA, GRACE = "ada@example.com", "grace@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One credential that the drill itself holds: how to use it, and what must be true of it after the run.

    `must` is "refused" (the run ended it), "works" (a bystander's, the responder's, or held) or "open" (only a person can end it).
    """

    name: str
    kind: str
    identifier: str
    must: str
    use: Callable[[], str] = field(repr=False)


@dataclass(slots=True)
class World:
    """Where everything is, and what to try before and after."""

    folder: Path
    home: Path
    config: Path
    keychain: Any
    aws: aws.Emulator
    server: tls.Server
    probes: list[Probe]
    emulated: tuple[str, ...]
    left_out: tuple[str, ...]

    def stop(self) -> None:
        """End the servers."""
        self.aws.stop()
        self.server.stop()


def _write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(0o600)
    return path


def _keychain(folder: Path) -> Any:
    from keyrings.alt.file import PlaintextKeyring

    backend = PlaintextKeyring()
    backend.file_path = str(folder / "keychain" / "items.cfg")
    Path(backend.file_path).parent.mkdir()
    return backend


def _config(folder: Path, account: str, endpoint: str, responder: aws.Key, ca: Path) -> Path:
    _write(folder / "responder.id", responder.id)
    _write(folder / "responder.secret", responder.secret)
    return _write(
        folder / "operator" / "rescind.toml",
        f"""[org]
domains = ["example.com"]
protected = ["arn:aws:iam::{account}:user/break-glass"]

[person."{ADA}"]
aws = ["ada"]

[tenant.rehearsal-aws]
provider = "aws"
account_id = "{account}"
endpoint_url = "{endpoint}"
region = "us-east-1"
access_key_id = {{ file = "{folder}/responder.id" }}
secret_access_key = {{ file = "{folder}/responder.secret" }}

[tenant.rehearsal-ca]
provider = "x509"
ca = "file"
ca_cert = "{ca}/ca.pem"
ca_key = {{ file = "{ca}/ca.key" }}
crl = "{ca}/ca.crl"
index = "{ca}/index.txt"
propagation_seconds = 0
""",
    )


def _home(home: Path, ada: aws.Key, grace: aws.Key, session: aws.Key, certificate: bytes, token: str) -> None:
    _write(
        home / ".aws" / "credentials",
        f"[default]\naws_access_key_id = {ada.id}\naws_secret_access_key = {ada.secret}\n\n"
        f"[prod-shared]\naws_access_key_id = {grace.id}\naws_secret_access_key = {grace.secret}\n\n"
        f"[mfa]\naws_access_key_id = {session.id}\naws_secret_access_key = {session.secret}\naws_session_token = {session.token}\n\n"
        "[tutorial]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    )
    # planted: an address that a careless tool would send the responder's rights to
    _write(home / ".aws" / "config", "[default]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9/hostile\n")
    _write(home / ".certs" / "ada.pem", certificate)
    _write(home / "work" / "shop" / ".env", f"DEBUG=true\nPAYMENT_API_TOKEN={token}\n")


def _ssh(home: Path) -> bool:
    program = shutil.which("ssh-keygen")
    if program is None:
        return False
    (home / ".ssh").mkdir(mode=0o700)
    command = [program, "-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f", str(home / ".ssh" / "id_ed25519")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return True


def build(folder: Path) -> World:
    """Start the servers, mint the credentials and write the home. Raises `RescindError` when a part cannot be had."""
    home = folder / "home" / "ada"
    home.mkdir(parents=True)
    emulator = aws.Emulator(folder / "aws")
    ca = tls.authority(folder / "ca")
    server = tls.Server(ca)
    for user in ("ada", "grace", "linus", "responder"):
        emulator.user(user)
    ada, hidden, grace, linus, responder = (emulator.key(u) for u in ("ada", "ada", "grace", "linus", "responder"))
    session = emulator.session(ada)
    token = secrets.token_urlsafe(30)
    _home(home, ada, grace, session, ca.issue(ADA), token)
    other = _write(folder / "bystander" / "grace.pem", ca.issue(GRACE))
    stolen = _write(folder / "thief" / "ada.pem", (home / ".certs" / "ada.pem").read_bytes())
    backend = _keychain(folder)
    backend.set_password("chat.example.com", "ada", secrets.token_urlsafe(24))
    config = _config(folder, emulator.account(), emulator.endpoint, responder, folder / "ca")
    ssh = _ssh(home)
    env = home / "work" / "shop" / ".env"

    def in_keychain() -> str:
        return "works" if backend.get_password("chat.example.com", "ada") else "refused: no such item"

    def in_file() -> str:
        return "works" if token in env.read_text() else "refused: not in the file"

    def key(k: aws.Key) -> Callable[[], str]:
        return lambda: emulator.try_key(k)

    probes = [
        Probe(name="ada's key on the laptop", kind="aws.access-key", identifier=ada.id, must="refused", use=key(ada)),
        Probe(
            name="ada's second key, not on the laptop",
            kind="aws.access-key",
            identifier=hidden.id,
            must="refused",
            use=key(hidden),
        ),
        Probe(
            name="a session minted from ada's key",
            kind="aws.role-session",
            identifier=session.id,
            must="refused",
            use=key(session),
        ),
        Probe(
            name="ada's client certificate",
            kind="x509.client-cert",
            identifier="",
            must="refused",
            use=lambda: server.try_certificate(stolen),
        ),
        Probe(name="the copy in ada's keychain", kind="keychain.item", identifier="", must="refused", use=in_keychain),
        Probe(name="the copy in ada's .env", kind="file.secret", identifier="", must="refused", use=in_file),
        Probe(
            name="grace's key, planted on the laptop",
            kind="aws.access-key",
            identifier=grace.id,
            must="works",
            use=key(grace),
        ),
        Probe(name="linus's key, elsewhere", kind="bystander", identifier=linus.id, must="works", use=key(linus)),
        Probe(
            name="grace's client certificate",
            kind="bystander",
            identifier="",
            must="works",
            use=lambda: server.try_certificate(other),
        ),
        Probe(
            name="the responder's own key", kind="responder", identifier=responder.id, must="works", use=key(responder)
        ),
    ]
    return World(
        folder=folder,
        home=home,
        config=config,
        keychain=backend,
        aws=emulator,
        server=server,
        probes=probes,
        emulated=(
            "AWS is ministack, an emulator that enforces IAM; propagation delays of AWS itself are not rehearsed",
            "the CA and the TLS server are ours; OpenSSL, through Python's ssl module, does the checking",
            "the keychain is a plaintext file of keyrings.alt, not the operating system's",
        ),
        left_out=() if ssh else ("SSH not rehearsed: no ssh-keygen",),
    )
