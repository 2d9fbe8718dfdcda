"""Teleport's `tsh`: who is signed in at which proxy, with certificates for clusters, applications, databases and Kubernetes.

They live for hours, and their key lies in a file of its own beside them. Locking the person in the cluster ends all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography.x509.oid import NameOID

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import Held, contents, finding
from rescind.stores._json import text
from rescind.stores._sighting import sighting
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the profile's person, or each certificate of a file. Raises `Unparsable` for a file of another shape."""
    if at.path.endswith((".yaml", ".yml")):
        for document in load(blob):
            if document and not isinstance(document, dict):
                raise Unparsable("the file is not a YAML map")
            if user := text(document, "user"):
                own = {"cluster": text(document, "cluster"), "login_via": text(document, "auth_type")}
                own |= {"kube_proxy": text(document, "kube_proxy_addr"), "ssh_proxy": text(document, "ssh_proxy_addr")}
                proxy = text(document, "web_proxy_addr")
                yield sighting("teleport.session", at, issuer=proxy, subject=user, attributes=own)
        return
    found, trouble = contents(blob, container=False)
    for held in found:
        if not held.authority:
            yield _certificate(held, at)
    if trouble:
        raise Unparsable(trouble)


def _certificate(held: Held, at: Location) -> Finding:
    """Return the certificate; its key is in the file beside it where it is not in its own, so it is no mere public half."""
    seen, subject = finding(held, at), held.certificate.subject
    names = {"user": NameOID.COMMON_NAME, "roles": NameOID.ORGANIZATION_NAME, "cluster": NameOID.COUNTRY_NAME}
    own = {
        n: ", ".join(str(a.value) for a in subject.get_attributes_for_oid(oid)[:20])[:300] for n, oid in names.items()
    }
    more = sighting("x509.client-cert", at, attributes=own).attributes
    beside = {"has_key": "beside"} if held.has_key == "no" else {}
    state = State.LIVE_UNVERIFIED if beside else seen.state
    return replace(seen, attributes={**seen.attributes, **more, **beside}, state=state)


_KEYS = (
    "*.crt",
    "*-x509.pem",
    "*/*.crt",
    "*/*/*.crt",
    "*/*-x509.pem",
    "*/*/*-x509.pem",
    "*/*/*.pem",
    "*/*/*/*.crt",
    "*/*/*.cred",
)
STORE = Store(
    id="teleport",
    title="Teleport sign-ins (tsh)",
    where=(
        *(
            At(root=Root.HOME, glob=f".tsh/{g}", env="TELEPORT_HOME")
            for g in ("*.yaml", *(f"keys/*/{k}" for k in _KEYS))
        ),
        *(At(root=Root.HOME, glob=f"{d}/tlscert") for d in ("tbot", ".tbot", "machine-id")),
        At(root=Root.SYSTEM, glob="var/lib/teleport/bot/tlscert"),
        At(root=Root.SYSTEM, glob="opt/machine-id/tlscert"),
    ),
    yields=("teleport.session", "x509.client-cert"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/gravitational/teleport/blob/master/api/utils/keypaths/keypaths.go",
)
