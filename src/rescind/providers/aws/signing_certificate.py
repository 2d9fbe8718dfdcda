"""X.509 signing certificates of IAM users, which sign requests of old SOAP interfaces: switched off, deleted, proven by IAM's listing."""

from __future__ import annotations

from rescind.models.kind import Act, Kind, Verb
from rescind.providers.aws import _held

HELD = _held.Held(
    what="signing certificate",
    listing="list_signing_certificates",
    field="Certificates",
    id="CertificateId",
    update="update_signing_certificate",
    delete="delete_signing_certificate",
    made="UploadDate",
)

KIND = Kind(
    id="aws.signing-certificate",
    title="X.509 signing certificate of an IAM user",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=_held.setter(HELD, "Inactive"),
            reversible=True,
            idempotent=True,
            permissions=("iam:UpdateSigningCertificate",),
            undo="set it to Active again (iam:UpdateSigningCertificate)",
            restore=_held.setter(HELD, "Active"),
        ),
        Verb.DELETE: Act(
            call=_held.deleter(HELD),
            reversible=False,
            idempotent=True,
            permissions=("iam:DeleteSigningCertificate",),
            undo="none: upload a new certificate (iam:UploadSigningCertificate)",
        ),
    },
    verify=_held.verifier(HELD),
    control=_held.control,
    enumerate=_held.lister(HELD),
    identify=_held.identifier(HELD),
    read_permissions=("iam:GetUser", "iam:ListSigningCertificates"),
    issuer_is_account=True,
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator: IAM console, Users, the user, Security credentials, X.509 signing certificates: "
        "make it inactive, later delete it."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSigningCertificate.html",
    since="0.1",
    tested=("moto 5.2.5", "a server of ours made of botocore's model"),
)
