"""A small CA in files, made with cryptography, for the unit tests of the x509 provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from rescind.models.credential import Credential
from rescind.models.tenant import Tenant
from rescind.providers.x509 import _connect
from rescind.providers.x509._authority import issuer_tag
from rescind.wire.pace import Pacer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class At:
    def __init__(self, moment: datetime = NOW) -> None:
        self.moment, self.seconds = moment, 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds + 1e-6  # a wait shorter than a microsecond must still end


def name(cn: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Ca:
    """CA certificate, key, an empty CRL (number 1) and an index in a folder."""

    def __init__(self, folder: Path, cn: str = "Test CA", *, days: int = 7) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.subject = name(cn)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        self.cert = (
            self._builder(self.subject, self.key.public_key(), 1)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage, True)
            .sign(self.key, hashes.SHA256())
        )
        self.crl_path, self.index = folder / "ca.crl", folder / "index.txt"
        (folder / "ca.crt").write_bytes(self.cert.public_bytes(Encoding.PEM))
        (folder / "ca.key").write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.publish(self.crl(days=days))
        self.index.write_text("")

    def _builder(self, subject, public, serial):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=30))
        )

    def crl(self, serials=(), *, number=1, at=None, days=7, critical=(), reason=None, issuer=None, key=None):
        at = at or NOW - timedelta(hours=1)
        b = x509.CertificateRevocationListBuilder().issuer_name(issuer or self.subject).last_update(at)
        b = b.next_update(at + timedelta(days=days)).add_extension(x509.CRLNumber(number), False)
        for extension in critical:
            b = b.add_extension(extension, True)
        for serial in serials:
            r = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            if reason:
                r = r.add_extension(x509.CRLReason(reason), False)
            b = b.add_revoked_certificate(r.build())
        return b.sign(key or self.key, hashes.SHA256())

    def publish(self, crl, encoding=Encoding.PEM) -> None:
        self.crl_path.write_bytes(crl.public_bytes(encoding))

    def published(self):
        return x509.load_pem_x509_crl(self.crl_path.read_bytes())

    def record(self, serial: int, dn: str, status="V", revoked="", expiry="261223120000Z") -> None:
        with self.index.open("a") as f:
            f.write(f"{status}\t{expiry}\t{revoked}\t{serial:04X}\tunknown\t{dn}\n")

    def archive(self, serial: int, cn: str, emails=()) -> None:
        (self.folder / "new").mkdir(exist_ok=True)
        b = self._builder(name(cn), ec.generate_private_key(ec.SECP256R1()).public_key(), serial)
        if emails:
            b = b.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(e) for e in emails]), False)
        cert = b.sign(self.key, hashes.SHA256())
        (self.folder / "new" / f"{serial:04X}.pem").write_bytes(cert.public_bytes(Encoding.PEM))

    def tenant(self, **more) -> Tenant:
        f = self.folder
        base = {
            "ca": "file",
            "ca_cert": f"{f}/ca.crt",
            "ca_key": f"{f}/ca.key",
            "crl": f"{f}/ca.crl",
            "index": f"{f}/index.txt",
        }
        return Tenant(
            name="corp-ca", provider="x509", settings={k: v for k, v in {**base, **more}.items() if v is not None}
        )

    def client(self, *, write=True, clock=None, **more):
        clock = clock or At()
        return _connect.connect(self.tenant(**more), lambda ref: None, Pacer(1000, clock), write=write, clock=clock)

    def credential(self, serial: int, **more) -> Credential:
        tag = issuer_tag(more.pop("issuer", self.subject))
        return Credential(kind="x509.client-cert", provider="x509", identifier=f"{serial:x}@{tag}", **more)
