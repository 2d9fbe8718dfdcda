"""Certificates of applications and service principals, removed by their key id.

Graph has no call that removes one without its private key: the whole collection is written back without it
(https://learn.microsoft.com/en-us/graph/api/application-update). So what is read is written whole, with every other key; a key that came without
its own bytes stops it; and afterwards every other one must still be there. One that somebody adds in between is lost: nothing that
Graph offers prevents that, so the look afterwards names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Observation, Subject, Verb
from rescind.providers.entra import _application, _keypair, _keys, _next_certificate, _principal
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import DEATH, TESTED, called, text
from rescind.secret import Secret


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:
    """Find a certificate by where it lies, else by its application and key id, or by its bytes. Raises typed provider errors."""
    if secret and not (credential.identifier or credential.attributes.get("key_id")):
        thumbprint = _keypair.thumbprint(secret)
        shown = _application.listed(client, Subject(names=(credential.owner or credential.subject,)), _keys.MEMBER)
        for known in shown:
            if isinstance(known, Known) and known.attributes.get("thumbprint", "").upper() == thumbprint:
                return known
        raise NotFound("the application has no such certificate")
    return _application.find(client, credential, _keys.MEMBER)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the certificates of every application and service principal that the person owns."""
    yield from _application.listed(client, subject, _keys.MEMBER)


def remove(client: Entra, credential: Credential) -> CallResult:
    """Write the collection back without this certificate. Raises typed errors, `Unrecognised` when another one is missing after it."""
    at = _application.place(credential)
    _, rows, answer = _application.held(client, at.path, _keys.MEMBER)
    kept = [r for r in rows if text(r, "keyId").lower() != at.ident.lower()]
    if len(kept) == len(rows):
        return called(answer, CallStatus.ALREADY)
    return _keys.written_whole(client, at.path, kept)


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for the certificate on its object. Raises typed provider errors."""
    return _application.looked(client, credential, _keys.MEMBER)


KIND = Kind(
    id="entra.certificate",
    title="Certificate of a Microsoft Entra application",
    provider="entra",
    actions={
        Verb.DENY: _principal.DENY,
        Verb.REVOKE: Act(
            call=remove,
            reversible=False,
            idempotent=True,
            permissions=_application.WRITE,
            undo="none: upload another certificate",
        ),
    },
    verify=verify,
    control=_application.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=_application.READ,
    issuer_is_account=True,
    residual=_application.RESIDUAL,
    rotation=_next_certificate.ROTATION,
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/application-update",
    since="0.1",
    tested=TESTED,
    steps_by_hand=(
        "Entra admin center, Enterprise applications, the application: Properties, Enabled for users to sign in: No. Then App "
        "registrations, Certificates & secrets, Certificates: delete it, upload another, and enable the application again."
    ),
)
