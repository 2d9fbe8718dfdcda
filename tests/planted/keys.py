"""Keys and certificates of planted homes, made by the tools that make them on a workstation."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.planted import tokens as t


def run(*argv: object, env: dict[str, str] | None = None, stdin: str = "") -> str:
    """Run a tool away from the operator's own settings."""
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(env or {})}
    done = subprocess.run(
        [str(a) for a in argv], env=clean, input=stdin, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def ssh(path: Path, *options: str, passphrase: str = "") -> str:
    """Let ssh-keygen write a key; return its SHA256 fingerprint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    run("ssh-keygen", "-q", "-N", passphrase, "-C", "ada@laptop", *(options or ("-t", "ed25519")), "-f", path)
    return run("ssh-keygen", "-lf", f"{path}.pub").split()[1]


def private_text(path: Path) -> str:
    """Return what in a private key's file is secret: its last lines before the end."""
    lines = [x for x in path.read_text().splitlines() if x and not x.startswith("-")]
    return lines[-2]


@functools.cache
def authority(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate(name, name, key, key, days=3650, ca=True), key


def _certificate(subject, issuer, key, signer, *, days, ca=False, org=()):
    start = t.NOW.replace(tzinfo=None) - dt.timedelta(days=400 if days < 0 else 1)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, subject)]
    names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in org]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(t.NOW.replace(tzinfo=None) + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


class Pair:
    """A certificate of our authority with its key."""

    def __init__(self, subject: str, *, days: int = 365, org: tuple[str, ...] = (), kind: str = "ec") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        ca, signer = authority("Example Device CA")
        self.certificate = _certificate(subject, ca.subject.rfc4514_string()[3:], self.key, signer, days=days, org=org)
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.spki = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def want(self) -> tuple[str, ...]:
        serial = f"{self.certificate.serial_number:x}"
        return (
            serial,
            serial.rjust(40, "0"),
            hashlib.sha256(self.der).hexdigest(),
            str(self.certificate.serial_number),
        )

    @property
    def key_want(self) -> tuple[str, ...]:
        import base64

        ssh_blob = self.key.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        ssh_print = (
            base64.b64encode(hashlib.sha256(base64.b64decode(ssh_blob.split()[1])).digest()).decode().rstrip("=")
        )
        return (*self.want, hashlib.sha256(self.spki).hexdigest(), ssh_print)

    def private(self, form=serialization.PrivateFormat.PKCS8, passphrase: str = "") -> str:
        how = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, how).decode()

    @property
    def secret(self) -> str:
        return "".join(self.private().splitlines()[1:-1])[48:90]

    def p12(self, passphrase: str) -> bytes:
        how = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        return pkcs12.serialize_key_and_certificates(b"ada", self.key, self.certificate, None, how)


@functools.cache
def rsa_pem() -> str:
    """Return one RSA key in PKCS#8; service accounts share it, for its making is slow."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def rsa_secret() -> str:
    return "".join(rsa_pem().splitlines()[1:-1])[500:560]


def gnupg(folder: Path, who: str, passphrase: str = "") -> str:
    """Let gpg make a key below a folder; return its fingerprint."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp") as short:
        env = {"GNUPGHOME": short, "HOME": short}
        run(
            "gpg",
            "--batch",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            passphrase,
            "--quick-gen-key",
            who,
            "ed25519",
            "sign",
            "1y",
            env=env,
        )
        listed = run("gpg", "--batch", "--with-colons", "-K", env=env)
        run("gpgconf", "--kill", "all", env=env)
        run("cp", "-r", *[str(p) for p in Path(short).iterdir() if not p.name.startswith("S.")], folder)
    return next(x.split(":")[9] for x in listed.splitlines() if x[:2] == "fp")


@functools.cache
def java_keystore(kind: str) -> tuple[bytes, str, str]:
    """Let keytool make a keystore; return it, its certificate's serial and its password."""
    word = t.pick(14)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "ks"
        run(
            "keytool",
            "-genkeypair",
            "-keyalg",
            "EC",
            "-alias",
            "upload",
            "-dname",
            "CN=upload",
            "-storetype",
            kind,
            "-keystore",
            path,
            "-storepass",
            word,
            "-keypass",
            word,
            "-validity",
            "900",
        )
        shown = run("keytool", "-list", "-v", "-keystore", path, "-storepass", word)
        serial = next(x.split(":")[1].strip() for x in shown.splitlines() if x.strip().startswith("Serial number"))
        return path.read_bytes(), serial, word
