"""Client secrets of applications and service principals, removed by their key id; labels and first characters may repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.entra import _application, _next_secret, _principal
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import DEATH, TESTED, called, written
from rescind.secret import Secret

_SECRETS = "passwordCredentials"


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:
    """Find a secret by key id, else by its application and first three characters. It is not presented. Raises typed provider errors."""
    given = credential.attributes
    if secret and not (credential.identifier or given.get("hint") or given.get("key_id")):
        credential = replace(credential, attributes={**given, "hint": secret.reveal()[:3]})
    return _application.find(client, credential, _SECRETS)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the secrets of every application and service principal that the person owns."""
    yield from _application.listed(client, subject, _SECRETS)


def remove(client: Entra, credential: Credential) -> CallResult:
    """Remove the secret. Raises typed provider errors; the refusal for one that is gone is `already`, after a look."""
    at = _application.place(credential)
    answer = client.http.send("POST", f"{at.path}/removePassword", json={"keyId": at.ident})
    if answer.status == 400:
        try:
            return written(answer, "removePassword")
        except Rejected:
            if verify(client, credential).liveness is not Liveness.DEAD:
                raise
            return called(answer, CallStatus.ALREADY)
    return written(answer, "removePassword")


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for the secret on its object. Raises typed provider errors."""
    return _application.looked(client, credential, _SECRETS)


KIND = Kind(
    id="entra.client-secret",
    title="Client secret of a Microsoft Entra application",
    provider="entra",
    actions={
        Verb.DENY: _principal.DENY,
        Verb.REVOKE: Act(
            call=remove,
            reversible=False,
            idempotent=True,
            permissions=_application.WRITE,
            undo="none: add a new secret, and hand it to whatever ran with the old one",
        ),
    },
    verify=verify,
    control=_application.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=_application.READ,
    issuer_is_account=True,
    residual=_application.RESIDUAL,
    rotation=_next_secret.ROTATION,
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/application-removepassword",
    since="0.1",
    tested=TESTED,
    steps_by_hand=(
        "Entra admin center, Enterprise applications, the application: Properties, Enabled for users to sign in: No. Then App "
        "registrations, Certificates & secrets: delete the secret, add a new one, and enable the application again."
    ),
)
