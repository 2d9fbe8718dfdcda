"""What a drill's world can be made of: each piece starts a server or writes files, and adds what is to be tried with them."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rescind.drill import aws as emulator
from rescind.drill import oauth as authorization
from rescind.drill import tls
from rescind.drill.judge import IDENTITY
from rescind.drill.world import ADA, GRACE, Probe, World

USERS = ("ada", "grace", "linus", "responder", "build")


def aws_account(w: World) -> None:
    """An AWS account with four users, and the responder's key as the operator's own."""
    aws = emulator.Emulator(w.folder / "aws")
    w.stops.append(aws.stop)
    for user in USERS:
        aws.user(user)
    account, responder, linus = aws.account(), aws.key("responder"), aws.key("linus")
    w.write("responder.id", responder.id)
    w.write("responder.secret", responder.secret)
    w.names["aws"] = "ada"
    w.held["aws"] = aws
    w.org.append(f'protected = ["arn:aws:iam::{account}:user/break-glass"]')
    w.sections["tenant.rehearsal-aws"] = f"""
provider = "aws"
account_id = "{account}"
endpoint_url = "{w.through("aws", aws.endpoint)}"
region = "us-east-1"
access_key_id = {{ file = "{w.folder}/responder.id" }}
secret_access_key = {{ file = "{w.folder}/responder.secret" }}
"""
    w.probes += [
        _key(w, "linus's key, elsewhere", "bystander", linus, "works"),
        _key(w, "the responder's own key", "responder", responder, "works"),
    ]
    w.emulated.append(
        "AWS is ministack, an emulator that enforces IAM; propagation delays of AWS itself are not rehearsed"
    )


def _key(w: World, name: str, kind: str, key: emulator.Key, must: str = "refused") -> Probe:
    aws: emulator.Emulator = w.held["aws"]
    return Probe(name=name, kind=kind, identifier=key.id, must=must, use=lambda: aws.try_key(key))


def aws_keys(w: World) -> None:
    """Ada's keys, on her laptop and elsewhere, a session of hers, and Grace's key planted beside them."""
    aws: emulator.Emulator = w.held["aws"]
    ada, hidden, grace = aws.key("ada"), aws.key("ada"), aws.key("grace")
    session = aws.session(ada)
    w.write(
        "home/ada/.aws/credentials",
        f"[default]\naws_access_key_id = {ada.id}\naws_secret_access_key = {ada.secret}\n\n"
        f"[prod-shared]\naws_access_key_id = {grace.id}\naws_secret_access_key = {grace.secret}\n\n"
        f"[mfa]\naws_access_key_id = {session.id}\naws_secret_access_key = {session.secret}\naws_session_token = {session.token}\n\n"
        "[tutorial]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    )
    # planted: an address that a careless tool would send the responder's rights to
    w.write("home/ada/.aws/config", "[default]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9/hostile\n")
    w.probes += [
        _key(w, "ada's key on the laptop", "aws.access-key", ada),
        _key(w, "ada's second key, not on the laptop", "aws.access-key", hidden),
        _key(w, "a session minted from ada's key", "aws.role-session", session),
        _key(w, "grace's key, planted on the laptop", "aws.access-key", grace, "works"),
    ]


def identity(w: World) -> None:
    """Ada as an identity: a key and a session, which work as long as she may do anything."""
    aws: emulator.Emulator = w.held["aws"]
    key = aws.key("ada")
    w.probes += [
        replace(_key(w, "ada's key", IDENTITY, key, "works"), identifier=""),
        replace(_key(w, "a session minted from ada's key", IDENTITY, aws.session(key), "works"), identifier=""),
    ]


def rotating_key(w: World) -> None:
    """A key of the user `build` in a profile file, as a job reads it, and its rotation in the operator's configuration."""
    aws: emulator.Emulator = w.held["aws"]
    old = aws.key("build")
    text = f"# read by a job\n[default]\nregion = us-east-1\naws_access_key_id = {old.id}\naws_secret_access_key = {old.secret}\n"
    w.held["profile"] = profile = w.write("home/build/.aws/credentials", text)
    w.sections["rotation.build"] = f"""
kind = "aws.access-key"
tenant = "rehearsal-aws"
subject = "build"
overlap = "0s"
grace = "0s"
deliver = {{ profile_file = "{profile}" }}
"""
    w.probes.append(_key(w, "the key from before the rotation", "aws.access-key", old))
    w.emulated.append(
        "the overlap and the grace of the rotation are 0 s: a real one leaves the old key for as long as you say"
    )


def certificates(w: World) -> None:
    """A certificate authority in files, and a TLS server that admits its clients."""
    folder = w.folder / "ca"
    ca = tls.authority(folder)
    server = tls.Server(ca)
    w.stops.append(server.stop)
    w.sections["tenant.rehearsal-ca"] = f"""
provider = "x509"
ca = "file"
ca_cert = "{folder}/ca.pem"
ca_key = {{ file = "{folder}/ca.key" }}
crl = "{folder}/ca.crl"
index = "{folder}/index.txt"
propagation_seconds = 0
"""
    mine = ca.issue(ADA)
    w.write("home/ada/.certs/ada.pem", mine)
    stolen, other = w.write("thief/ada.pem", mine), w.write("bystander/grace.pem", ca.issue(GRACE))
    w.probes += [
        Probe(name="ada's client certificate", kind="x509.client-cert", use=_certificate(server, stolen)),
        Probe(name="grace's client certificate", kind="bystander", must="works", use=_certificate(server, other)),
    ]
    w.emulated.append("the CA and the TLS server are ours; OpenSSL, through Python's ssl module, does the checking")


def _certificate(server: tls.Server, pem: Path) -> Callable[[], str]:
    return lambda: server.try_certificate(pem)


def sign_ins(w: World) -> None:
    """An authorization server, Ada's gcloud sign-in on her laptop, and Grace's elsewhere."""
    secret = secrets.token_urlsafe(24)
    server = authorization.Server(secret)
    w.stops.append(server.stop)
    mine, other = (server.issue("1//0" + secrets.token_urlsafe(48), user) for user in ("ada", "grace"))
    w.write("operator.secret", secret)
    w.names["oauth"] = "ada"
    w.sections["tenant.rehearsal-oauth"] = f"""
provider = "oauth"
base_url = "{w.through("oauth", server.url)}"
issuer = "{authorization.ISSUER}"
client_id = "{authorization.OPERATOR}"
client_secret = {{ file = "{w.folder}/operator.secret" }}
"""
    document = {
        "type": "authorized_user",
        "client_id": authorization.PUBLIC,
        "client_secret": "",
        "refresh_token": mine,
        "account": ADA,
    }
    w.write("home/ada/.config/gcloud/application_default_credentials.json", json.dumps(document))
    w.probes += [
        Probe(name="ada's gcloud sign-in", kind="oauth.refresh-token", use=lambda: server.try_refresh(mine)),
        Probe(name="grace's sign-in", kind="bystander", must="works", use=lambda: server.try_refresh(other)),
    ]
    w.emulated.append(
        "the authorization server is ours, built on Authlib; it calls itself accounts.google.com, whose tokens gcloud's files hold"
    )


def local_copies(w: World) -> None:
    """Secrets of which only copies are known: one in a keychain, one in a file of a project."""
    token = secrets.token_urlsafe(30)
    env = w.write("home/ada/work/shop/.env", f"DEBUG=true\nPAYMENT_API_TOKEN={token}\n")
    w.keychain = backend = _keychain(w.folder)
    backend.set_password("chat.example.com", "ada", secrets.token_urlsafe(24))

    def in_keychain() -> str:
        return "works" if backend.get_password("chat.example.com", "ada") else "refused: no such item"

    def in_file() -> str:
        return "works" if token in env.read_text() else "refused: not in the file"

    w.probes += [
        Probe(name="the copy in ada's keychain", kind="keychain.item", use=in_keychain),
        Probe(name="the copy in ada's .env", kind="file.secret", use=in_file),
    ]
    w.emulated.append("the keychain is a plaintext file of keyrings.alt, not the operating system's")


def copies_left(w: World) -> None:
    """The same copies, in a drill whose playbook leaves them on the machine as evidence."""
    local_copies(w)
    w.probes = [replace(p, must="works") if p.kind in {"keychain.item", "file.secret"} else p for p in w.probes]


def _keychain(folder: Path) -> Any:
    from keyrings.alt.file import PlaintextKeyring

    backend = PlaintextKeyring()
    backend.file_path = str(folder / "keychain" / "items.cfg")
    Path(backend.file_path).parent.mkdir()
    return backend


def ssh_key(w: World) -> None:
    """An SSH key of Ada's that no configured host lists."""
    program = shutil.which("ssh-keygen")
    if program is None:
        w.left_out.append("SSH not rehearsed: no ssh-keygen")
        return
    folder = w.home / ".ssh"
    folder.mkdir(mode=0o700)
    command = [program, "-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f", str(folder / "id_ed25519")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
