"""Private keys in files of their own: of local authorities (mkcert, minikube, easy-rsa), of web servers, of ACME accounts, of Apple's APIs.

Whoever has an authority's key makes certificates that every machine trusting it accepts. `spki_sha256` is what a key and its certificate
have in common. SSH's own keys are for `ssh-keys`; a key beside its certificate in one file is for `client-certs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import public_half
from rescind.stores._json import load, text
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_APPLE = re.compile(r"AuthKey_([A-Z0-9]{10})\.p8")
_ROLES = (("rootca-key", "authority"), ("ca.key", "authority"), ("ca-key", "authority"), ("root_ca_key", "authority"), ("intermediate_ca_key", "authority"), ("privkey", "server"), ("account", "acme-account"))  # fmt: skip

_OTHERS = ("OPENSSH", "NEBULA", "ENCRYPTED SIGSTORE", "ENCRYPTED COSIGN")  # stores of their own read these


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each key. Raises `Unparsable` after the rest for a key that cannot be read."""
    name, trouble = at.path.rpartition("/")[2], ""
    if name == "private_key.json":
        if text(load(blob), "kty"):
            yield sighting("acme.account-key", at, secret=blob, attributes={"role": "acme-account"})
        return
    plain = decode(blob)
    found = list(blocks(plain)) if "-----BEGIN " in plain else []
    if any(b.label.endswith("CERTIFICATE") for b in found):
        return
    apple = _APPLE.fullmatch(name)
    role = "app-store" if apple else next((r for mark, r in _ROLES if mark in name.lower()), "")
    for block in found:
        if (
            not block.label.endswith("PRIVATE KEY")
            or block.label.startswith(_OTHERS)
            or any(f"/{d}/" in f"/{at.path}" for d in (".docker/trust", ".oci"))
        ):
            continue
        more, place = {"role": role, "form": block.label}, replace(at, line=block.line)
        if block.encrypted:
            yield locked("x509.private-key", place, "passphrase", more=more)
            continue
        try:
            body = block.body()
        except Unparsable as e:
            trouble = e.message
            continue
        half = public_half(body)
        trouble = trouble if half else "a private key that cannot be read"
        if apple:
            yield sighting("apple.api-key", place, identifier=apple[1], secret=body, attributes=more)
        elif half:
            yield sighting(
                "x509.private-key", place, identifier=half, secret=body, attributes={**more, "spki_sha256": half}
            )
    if trouble:
        raise Unparsable(trouble)


_SKIP = (
    "node_modules",
    "site-packages",
    "vendor",
    "testdata",
    "fixtures",
    "test",
    "tests",
    ".cache",
    ".venv",
    "venv",
    ".gem",
    ".cargo",
)
_NAMES = (
    "*.key",
    "*-key.pem",
    "*_key.pem",
    "*.key.pem",
    "privkey*.pem",
    "AuthKey_*.p8",
    "*_ca_key",
    "private_key.json",
)
_SYSTEM = ("etc/letsencrypt/live/*/privkey.pem", "etc/letsencrypt/accounts/*/*/*/private_key.json", "etc/ssl/private/*.key", "etc/kubernetes/pki/*.key", "var/lib/rancher/k3s/server/tls/*.key", "etc/openvpn/**/*.key")  # fmt: skip
STORE = Store(
    id="private-keys",
    title="Private keys in files of their own",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _NAMES),
        *(
            At(root=r, glob="mkcert/rootCA-key.pem", env="CAROOT")
            for r in (Root.XDG_DATA, Root.XDG_CONFIG, Root.MAC_SUPPORT, Root.LOCALAPPDATA)
        ),
        *(At(root=Root.SYSTEM, glob=name) for name in _SYSTEM),
    ),
    yields=("x509.private-key", "acme.account-key", "apple.api-key"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.rfc-editor.org/rfc/rfc7468#section-10",
)
