"""The drill's certificate authority and a server that asks for client certificates.

OpenSSL does the checking, through the standard library: it reads the CRL afresh for every connection, because loading a newer
CRL into a living context still accepts a revoked client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(slots=True)
class Authority:
    """A CA in a folder, as an operator would keep one: certificate, key, CRL, and OpenSSL's index of what it issued."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def crl(self) -> Path:
        """Where the CRL is published."""
        return self.folder / "ca.crl"

    @property
    def index(self) -> Path:
        """Where the CA records what it issued (the format of openssl-ca(1))."""
        return self.folder / "index.txt"

    def issue(self, person: str, *, server: bool = False) -> bytes:
        """Issue a certificate and return it with its key, as PEM. A client's names the person's e-mail as SAN."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        serial = x509.random_serial_number()
        names: list[x509.GeneralName] = [x509.DNSName("localhost")] if server else [x509.RFC822Name(person)]
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(person))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        ends = made.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
        with self.index.open("a", encoding="utf-8") as out:
            hexed = f"{serial:X}"
            out.write(f"V\t{ends}\t\t{hexed.zfill(len(hexed) + len(hexed) % 2)}\tunknown\t/CN={person}\n")
        return made.public_bytes(_PEM) + _key_pem(key)


def authority(folder: Path) -> Authority:
    """Make a CA with an empty, valid CRL."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(_name("Rehearsal CA"))
        .issuer_name(_name("Rehearsal CA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=60))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(_PEM))
    (folder / "ca.key").write_bytes(_key_pem(key))
    (folder / "ca.key").chmod(0o600)
    empty = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(made.subject)
        .last_update(now - timedelta(minutes=1))
        .next_update(now + timedelta(days=7))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca = Authority(folder, key, made)
    ca.crl.write_bytes(empty.public_bytes(_PEM))
    ca.index.write_bytes(b"")
    return ca


class Server:
    """A TLS server on loopback that admits holders of a client certificate of the CA that is not on the CRL."""

    def __init__(self, ca: Authority) -> None:
        self._ca = ca
        self._own = ca.folder / "server.pem"
        self._own.write_bytes(ca.issue("localhost", server=True))
        self._own.chmod(0o600)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, name="drill-tls", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError, ssl.SSLError):
                self._answer(plain)

    def _answer(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._own)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        context.load_verify_locations(self._ca.folder / "ca.pem")
        context.load_verify_locations(self._ca.crl)
        with plain, context.wrap_socket(plain, server_side=True) as secured:
            secured.sendall(b"welcome\n")

    def try_certificate(self, pem: Path) -> str:
        """Connect with a client certificate, as a thief would: "works", or the server's refusal."""
        context = ssl.create_default_context(cafile=str(self._ca.folder / "ca.pem"))
        try:
            context.load_cert_chain(pem)
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                return "works" if secured.recv(16) == b"welcome\n" else "refused: connection closed"
        except ssl.SSLError as error:
            return f"refused: {error.reason or 'TLS alert'}"
        except OSError as error:
            return f"refused: {type(error).__name__}"

    def stop(self) -> None:
        """Stop accepting connections."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)
