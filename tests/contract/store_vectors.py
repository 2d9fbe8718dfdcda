"""Store vectors: small home trees under `tests/vectors/stores/<store>/<case>/home`, and how a test reads one through its store.

Files named `*.recipe` are rendered here at test time (one line of words, see `render`), because private keys, however fake, would set
off every secret scanner that reads this repository. The keys are made of visible constants: anybody can make them again.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import Root, Store
from tests.contract import store_templates as templates

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "stores"
_ROOTS = {
    Root.HOME: "",
    Root.XDG_CONFIG: ".config/",
    Root.XDG_DATA: ".local/share/",
    Root.XDG_CACHE: ".cache/",
    Root.XDG_STATE: ".local/state/",
    Root.APPDATA: "AppData/Roaming/",
    Root.LOCALAPPDATA: "AppData/Local/",
    Root.LOCALAPPDATA_LOW: "AppData/LocalLow/",
    Root.MAC_LIBRARY: "Library/",
    Root.MAC_SUPPORT: "Library/Application Support/",
    Root.SYSTEM: "@system/",  # a vector's home holds what is not in a home in these two folders
    Root.TEMP: "@temp/",
}
PASSPHRASE = b"fake passphrase of the vectors"
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
_FORMS = {
    "openssh": serialization.PrivateFormat.OpenSSH,
    "pem": serialization.PrivateFormat.TraditionalOpenSSL,
    "pkcs8": _PKCS8,
}


def cases(store: str) -> list[Path]:
    """Return the folders of a store's cases."""
    return sorted(p.parent for p in (VECTORS / store).glob("*/expected.json"))


def build(case: Path, home: Path) -> Path:
    """Copy a case's home tree to `home`, recipes rendered."""
    shutil.copytree(case / "home", home, dirs_exist_ok=True)
    for recipe in sorted(home.rglob("*.recipe")):
        recipe.with_suffix("").write_bytes(render(recipe.read_text()))
        recipe.unlink()
    return home


def matched(store: Store, home: Path) -> list[str]:
    """Return the relative paths of the files that a store's rows name, each once."""
    found = set()
    for at in store.where:
        for path in home.glob(_ROOTS[at.root] + at.glob):
            relative = path.relative_to(home)
            skipped = any(fnmatch.fnmatch(part, s) for part in relative.parts[:-1] for s in at.skip)
            if path.is_file() and not skipped:
                found.add(relative.as_posix())
    return sorted(found)


def read(store: Store, home: Path) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Parse every matching file; return the findings and, as (path, reason), what could not be read."""
    findings, gaps = [], []
    for path in matched(store, home):
        try:
            for finding in store.parse((home / path).read_bytes(), Location(root="home", path=path)):
                findings.append(finding)
        except Unparsable as e:
            gaps.append((path, e.message))
    return findings, gaps


def plain(finding: Finding) -> dict[str, object]:
    """Return what an `expected.json` may say of a finding."""
    return {
        "path": finding.location.path,
        "kind": finding.kind,
        "identifier": finding.identifier,
        "state": finding.state.value,
        "line": finding.location.line,
        "issuer": finding.issuer,
        "subject": finding.subject,
        "expires_at": finding.expires_at,
        "secret": finding.secret is not None,
        "attributes": dict(finding.attributes),
    }


def expected(case: Path) -> dict:
    """Return a case's expectation."""
    return json.loads((case / "expected.json").read_text())


@cache
def key(name: str):
    """Return a constant private key: everybody can compute it, so it protects nothing."""
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(b"a test key that protects nothing")
    if name == "ecdsa":
        return ec.derive_private_key(int("0123456789ABCDEF" * 4, 16), ec.SECP256R1())
    p, q = 2**1024 - 105, 3 * 2**1022 + 1037  # two primes that no generator would ever choose
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, public).private_key()


def _certificate(use: str) -> x509.Certificate:
    authority = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Vector CA"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")]
    )
    subject = authority if use == "ca" else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ada {use}")])
    signer = key("ed25519")
    public = signer.public_key() if use == "ca" else key("ecdsa").public_key()
    usages = {"client": [ExtendedKeyUsageOID.CLIENT_AUTH], "server": [ExtendedKeyUsageOID.SERVER_AUTH]}.get(use)
    build = (
        x509.CertificateBuilder(
            authority, subject, public, {"ca": 1, "client": 0x0AB1, "server": 0xC2, "any": 0xD3}[use]
        )
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=use == "ca", path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name("ada@example.com"), x509.DNSName("ada.example.com")]),
            critical=False,
        )
    )
    return (build.add_extension(x509.ExtendedKeyUsage(usages), critical=False) if usages else build).sign(signer, None)


def _pem_key(name: str, form: str, words: list[str]) -> bytes:
    if form == "openssh" and "protected" in words:
        return _locked_openssh(name)
    lock = serialization.BestAvailableEncryption(PASSPHRASE) if "protected" in words else serialization.NoEncryption()
    return key(name).private_bytes(_PEM, _FORMS[form], lock)


def _locked_openssh(name: str) -> bytes:
    """An encrypted OpenSSH key of which only the public half is real: its private part is zeros."""
    line = key(name).public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    salt = string(bytes(16)) + (24).to_bytes(4, "big")
    body = b"openssh-key-v1\0" + b"".join(map(string, (b"aes256-ctr", b"bcrypt", salt)))
    body += b"\0\0\0\1" + string(base64.b64decode(line.split()[1])) + string(bytes(272))
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(body) + b"-----END OPENSSH PRIVATE KEY-----\n"


def string(data: bytes) -> bytes:
    """Return data as an SSH string: its length in four bytes, then itself."""
    return len(data).to_bytes(4, "big") + data


def _ppk(words: list[str]) -> bytes:
    public = (
        key("ed25519")
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .split()[1]
    )
    lock = "aes256-cbc" if "protected" in words else "none"
    lines = [
        "PuTTY-User-Key-File-3: ssh-ed25519",
        f"Encryption: {lock}",
        "Comment: ada at the vectors",
        "Public-Lines: 2",
    ]
    lines += [public[:64].decode(), public[64:].decode(), "Private-Lines: 1", "AAAA", "Private-MAC: 00"]
    return "\r\n".join(lines).encode() + b"\r\n"


def render(recipe: str) -> bytes:
    """Return the bytes a recipe names.

    `key <ed25519|ecdsa|rsa> <openssh|pem|pkcs8> [protected] [crlf] [prose] [cut]`, `ppk [protected]`,
    `cert <client|server|any|ca> [key] [sealed] [der] [p12] [p12-locked] [cut]`, or a text for `store_templates.render`
    """
    if templates.is_template(recipe):
        return templates.render(recipe, render)
    first, *words = recipe.split()
    if first == "key":
        blob = _pem_key(words[0], words[1], words)
    elif first == "ppk":
        blob = _ppk(words)
    else:
        certificate, own = _certificate(words[0]), key("ed25519" if words[0] == "ca" else "ecdsa")
        blob = certificate.public_bytes(serialization.Encoding.DER if "der" in words else _PEM)
        blob += own.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()) if "key" in words else b""
        blob += (
            own.private_bytes(_PEM, _PKCS8, serialization.BestAvailableEncryption(PASSPHRASE))
            if "sealed" in words
            else b""
        )
        if "p12" in words or "p12-locked" in words:
            lock = (
                serialization.BestAvailableEncryption(PASSPHRASE)
                if "p12-locked" in words
                else serialization.NoEncryption()
            )
            blob = pkcs12.serialize_key_and_certificates(b"ada", own, certificate, [_certificate("ca")], lock)
    blob = b"Here is the key you asked for:\n\n" + blob + b"\nBest,\nAda\n" if "prose" in words else blob
    blob = blob.replace(b"\n", b"\r\n") if "crlf" in words else blob
    return blob[: len(blob) // 2] if "cut" in words else blob


def secrets_of(findings: list[Finding]) -> Iterator[str]:
    """Yield the raw secrets that findings hold, longer than what occurs in text by chance."""
    for finding in findings:
        if finding.secret is not None and len(finding.secret) >= 8:
            yield finding.secret.reveal()
