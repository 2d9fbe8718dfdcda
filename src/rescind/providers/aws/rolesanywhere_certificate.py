"""Certificates that IAM Roles Anywhere gave a machine credentials for: shut out by a revocation list that is imported and switched on.

Roles Anywhere asks no CRL or OCSP responder: only a list that was imported and enabled counts, and only when credentials are asked for
(https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html). rescind signs no list: the certificate authority
does, after `x509.client-cert` was revoked there, and the tenant's `rolesanywhere_crl` names the file it publishes, in PEM. A list without
the certificate is refused. Listed for the subjects that the configuration maps to the person (`cert:COMMON NAME`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    Death,
    Kind,
    Known,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws import _crls, _held, _subjects
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._regions import each
from rescind.secret import Secret

PREFIX = "cert:"


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
    """Look the certificate up among what its subject used. Raises `NotFound` where it is not, other typed errors else."""
    region, subject_id, _ = _subjects.place(credential)
    shown, _ = _subjects.subject(client, region, subject_id)
    for known in _subjects.certificates(client, region, credential.owner, shown):
        if known.identifier == credential.identifier:
            whole = replace(credential, attributes=known.attributes, subject=known.subject)
            return replace(known, liveness=_crls.verify(client, whole).liveness)
    raise NotFound("the subject has not shown this certificate", code="ResourceNotFoundException")


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the certificates that the person's subjects used, in every region. What could not be read is a `Gap`."""
    wanted = {f"CN={n.removeprefix(PREFIX)}": n for n in subject.names if n.startswith(PREFIX)}

    def look(region: str) -> Iterator[Known]:
        rows, _ = everything(client.service("rolesanywhere", region).list_subjects, "subjects", "nextToken")
        for row in rows:
            parts = {part.strip() for part in str(row.get("x509Subject", "")).split(",")}
            for name in (wanted[p] for p in wanted.keys() & parts):
                shown, _ = _subjects.subject(client, region, str(row.get("subjectId", "")))
                yield from _subjects.certificates(client, region, name, shown)

    if wanted:
        yield from each(client, "Roles Anywhere", look)


KIND = Kind(
    id="aws.rolesanywhere-certificate",
    title="Certificate of IAM Roles Anywhere",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=_crls.revoke,
            reversible=False,
            idempotent=True,
            permissions=("rolesanywhere:EnableCrl", "rolesanywhere:ImportCrl", "rolesanywhere:UpdateCrl"),
            undo="none: the authority issues a new certificate",
            snapshot=_crls.snapshot,
        ),
    },
    verify=_crls.verify,
    control=_subjects.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "account:ListRegions",
        "rolesanywhere:GetSubject",
        "rolesanywhere:ListCrls",
        "rolesanywhere:ListSubjects",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=_held.ROLE_SECONDS + _held.HONOURED,
        what="role sessions that were made with it, for up to 12 hours: revoke older sessions of the profile's roles",
        source="https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html",
    ),
    steps_by_hand=(
        "Have the certificate authority revoke the certificate and publish its list, then import that under the trust anchor and switch it "
        "on (aws rolesanywhere import-crl --enabled). At once, and for everybody: disable the profile or the trust anchor."
    ),
    reference="https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html",
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
