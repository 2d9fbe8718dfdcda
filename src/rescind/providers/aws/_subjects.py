"""Subjects of Roles Anywhere: who has shown it a certificate, which it keeps beside the time it was seen.

Roles Anywhere prints serials in a form of its own, so a certificate's serial and issuer are read from the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions


def certificate(text: str) -> tuple[str, str]:
    """Return serial (decimal) and issuer of a PEM certificate. Raises `Unrecognised` for anything else."""
    try:
        read = x509.load_pem_x509_certificate(text.encode())
        return str(read.serial_number), read.issuer.rfc4514_string()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unrecognised("the subject shows something that is no certificate") from None


def subject(client: AwsClient, region: str, subject_id: str) -> tuple[Mapping[str, Any], Answer]:
    """Return a subject: what has shown certificates of one name. Raises `NotFound` for none, other typed errors."""
    answer = call(client.service("rolesanywhere", region).get_subject, subjectId=subject_id)
    shown = answer.body.get("subject")
    if not isinstance(shown, Mapping) or shown.get("subjectId") != subject_id:
        raise Unrecognised("GetSubject did not show the subject", request_id=answer.request_id)
    return shown, answer


def certificates(client: AwsClient, region: str, owner: str, shown: Mapping[str, Any]) -> Iterator[Known]:
    """Return the certificates that a subject has shown, as the catalogue shows them."""
    for row in shown.get("credentials") or []:
        serial, ca = certificate(str(row.get("x509CertificateData", "")))
        yield Known(
            identifier=f"{shown['subjectId']}/{serial}",
            issuer=client.account,
            subject=str(shown.get("x509Subject", "")),
            owner=owner,
            attributes={
                "region": region,
                "serial": serial,
                "ca": ca,
                "enabled": "yes" if row.get("enabled") else "no",
            },
            created_at=_held.time(shown.get("createdAt")),
            last_used=_held.time(row.get("seenAt")),
        )


def place(credential: Credential) -> tuple[str, str, str]:
    """Return region, subject and serial number of a certificate. Raises `Rejected` where one is not known."""
    subject_id, _, serial = credential.identifier.partition("/")
    where = credential.attributes.get("region", ""), subject_id, serial
    if not all(where) or credential.attributes.get("serial") != serial:
        raise Rejected("it is not known which certificate of which region this is", code="incomplete")
    return where


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that subjects of this account can be read in this run: GetSubject of this one. Raises typed provider errors.

    Without a credential (`rescind doctor`): that subjects can be listed in the first region.
    """
    if not credential.identifier:
        region = regions(client)[0][0]
        rows, answer = everything(client.service("rolesanywhere", region).list_subjects, "subjects", "nextToken")
        return _held.seen(answer, Liveness.LIVE, f"ListSubjects shows {len(rows)} in {region}")
    region, subject_id, _ = place(credential)
    shown, answer = subject(client, region, subject_id)
    return _held.seen(answer, Liveness.LIVE, f"GetSubject shows {shown.get('x509Subject')}")
