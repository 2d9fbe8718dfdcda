"""X.509 client certificates in files: PEM, DER and PKCS#12, in the folders where people and VPN, database and Docker clients keep them.

Read: `certs`, `.certs`, `.ssl`, `.pki` (two levels), `.step/certs`, `.globalprotect`, `.docker`, `.postgresql`; by ending only: the home
itself, Desktop, Documents, Downloads, `.ssh`, and one folder below `.config`. The identifier is `<serial hex>@<16 hex digits of
SHA-256(issuer DN)>`, the serial alone is in `attributes`. Authorities and servers count only with
their key; a key in a file of its own is for `ssh-keys`, and `spki_sha256` is what a key and its certificate have in common.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import contents, finding, usage
from rescind.stores._locked import locked
from rescind.stores._pkcs12 import locked_pkcs12


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every certificate with its key, and bare ones made for clients (public only); then raise for what was unreadable."""
    if locked_pkcs12(blob):
        own = {"file": at.path.rpartition("/")[2], "has_key": "encrypted", "form": "PKCS#12"}
        yield locked("x509.client-cert", at, "passphrase", more=own)
    found, trouble = contents(blob, container=at.path.lower().endswith((".p12", ".pfx", ".der")))
    for held in found:
        if held.has_key != "no" or (usage(held.certificate) == "client" and not held.authority):
            yield finding(held, at)
    if trouble:
        raise Unparsable(trouble)


_WHOLE = (
    "certs/*",
    ".certs/*",
    ".ssl/*",
    ".pki/*",
    ".pki/*/*",
    ".step/certs/*",
    ".globalprotect/*",
    ".docker/*.pem",
    ".postgresql/*",
    ".docker/contexts/tls/*/*/*.pem",
    ".minikube/profiles/*/*.crt",
    ".minikube/*.crt",
    ".step/identity/*.crt",
    ".mysql/*",
)
_FOLDERS = ("", "Desktop/", "Documents/", "Downloads/", ".ssh/", ".config/*/")
_ENDING = tuple(f"{folder}*.{end}" for folder in _FOLDERS for end in ("pem", "crt", "cer", "der", "p12", "pfx"))
STORE = Store(
    id="client-certs",
    title="X.509 client certificates in files",
    where=(
        *(
            At(
                root=Root.HOME,
                glob=g,
                env={".step/certs/*": "STEPPATH", ".docker/*.pem": "DOCKER_CERT_PATH"}.get(g, ""),
            )
            for g in (*_WHOLE, *_ENDING)
        ),
        *(
            At(root=Root.HOME, glob=".azure/client.pem", env=name)
            for name in ("AZURE_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PATH")
        ),
        *(At(root=Root.SYSTEM, glob=f"etc/letsencrypt/live/*/{n}") for n in ("cert.pem", "fullchain.pem")),
    ),
    yields=("x509.client-cert",),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.rfc-editor.org/rfc/rfc5280#section-4.1",
)
