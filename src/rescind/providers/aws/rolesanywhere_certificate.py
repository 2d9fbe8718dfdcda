"""Certificates that IAM Roles Anywhere gave a machine credentials for: shut out by a revocation list that is imported and switched on.

Roles Anywhere asks no CRL or OCSP responder: only a list that was imported and enabled counts, and only when credentials are asked for
(https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html). rescind signs no list: the certificate authority
does, after `x509.client-cert` was revoked there, and the tenant's `rolesanywhere_crl` names the file it publishes, in PEM. A list without
the certificate is refused. Listed for the subjects that the configuration maps to the person (`cert:COMMON NAME`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws import _crls, _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

PREFIX = "cert:"


def _subject(client: AwsClient, region: str, subject_id: str) -> tuple[Mapping[str, Any], Answer]:
    answer = call(client.service("rolesanywhere", region).get_subject, subjectId=subject_id)
    shown = answer.body.get("subject")
    if not isinstance(shown, Mapping) or shown.get("subjectId") != subject_id:
        raise Unrecognised("GetSubject did not show the subject", request_id=answer.request_id)
    return shown, answer


def _known(client: AwsClient, region: str, owner: str, shown: Mapping[str, Any]) -> Iterator[Known]:
    for row in shown.get("credentials") or []:
        serial, ca = _crls.certificate(str(row.get("x509CertificateData", "")))
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


def _place(credential: Credential) -> tuple[str, str, str]:
    subject_id, _, serial = credential.identifier.partition("/")
    place = credential.attributes.get("region", ""), subject_id, serial
    if not all(place) or credential.attributes.get("serial") != serial:
        raise Rejected("it is not known which certificate of which region this is", code="incomplete")
    return place


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
    """Look the certificate up among what its subject used. Raises `NotFound` where it is not, other typed errors else."""
    region, subject_id, _ = _place(credential)
    shown, _ = _subject(client, region, subject_id)
    for known in _known(client, region, credential.owner, shown):
        if known.identifier == credential.identifier:
            whole = replace(credential, attributes=known.attributes, subject=known.subject)
            return replace(known, liveness=verify(client, whole).liveness)
    raise NotFound("the subject has not shown this certificate", code="ResourceNotFoundException")


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the certificates that the person's subjects used, in every region. What could not be read is a `Gap`."""
    source, names = f"tenant:{client.tenant.name}", [n for n in subject.names if n.startswith(PREFIX)]
    wanted = {f"CN={n.removeprefix(PREFIX)}": n for n in names}
    places, doubt = regions(client) if names else ([], "")
    if doubt:
        yield Gap(source=source, reason=f"Roles Anywhere: {doubt}")
    for region in places:
        try:
            rows, _ = everything(client.service("rolesanywhere", region).list_subjects, "subjects", "nextToken")
            for row in rows:
                parts = {part.strip() for part in str(row.get("x509Subject", "")).split(",")}
                for name in (wanted[p] for p in wanted.keys() & parts):
                    shown, _ = _subject(client, region, str(row.get("subjectId", "")))
                    yield from _known(client, region, name, shown)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(source=source, reason=f"Roles Anywhere in {region} could not be read: {error.message}")


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Import the authority's list, or bring the imported one up to date, and switch it on. Raises typed provider errors."""
    region, _, serial = _place(credential)
    published = _crls.published(client, serial, credential.attributes.get("ca", ""))
    wrote, answer, notes = _crls.install(client, region, published)
    status = CallStatus.DONE if wrote else CallStatus.ALREADY
    return replace(_held.done(answer, credential.owner, status), notes={"serial": serial, **notes})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return which lists are there, and which of them are on. Raises typed provider errors."""
    region, _, _ = _place(credential)
    rows, _ = _crls.imported(client, region)
    return {f"crl.{row.get('crlId', '')}": "enabled" if row.get("enabled") else "disabled" for row in rows}


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the imported lists back: `DEAD` when one that is on, and still valid, holds the certificate. Raises typed errors."""
    (region, _, serial), ca = _place(credential), credential.attributes.get("ca", "")
    rows, answer = _crls.imported(client, region)
    for row in rows:
        if row.get("enabled") and _crls.holds(row.get("crlData"), serial, ca, answer.provider_time):
            why = f"ListCrls shows list {row.get('crlId')} of {row.get('trustAnchorArn')} switched on, with serial {serial} in it"
            return _held.seen(answer, Liveness.DEAD, why)
    return _held.seen(answer, Liveness.LIVE, f"no list that is switched on in {region} holds serial {serial}")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that subjects of this account can be read in this run: GetSubject of this one. Raises typed provider errors.

    Without a credential (`rescind doctor`): that subjects can be listed in the first region.
    """
    if not credential.identifier:
        region = regions(client)[0][0]
        rows, answer = everything(client.service("rolesanywhere", region).list_subjects, "subjects", "nextToken")
        return _held.seen(answer, Liveness.LIVE, f"ListSubjects shows {len(rows)} in {region}")
    region, subject_id, _ = _place(credential)
    shown, answer = _subject(client, region, subject_id)
    return _held.seen(answer, Liveness.LIVE, f"GetSubject shows {shown.get('x509Subject')}")


KIND = Kind(
    id="aws.rolesanywhere-certificate",
    title="Certificate of IAM Roles Anywhere",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=("rolesanywhere:EnableCrl", "rolesanywhere:ImportCrl", "rolesanywhere:UpdateCrl"),
            undo="none: the authority issues a new certificate",
            snapshot=snapshot,
        ),
    },
    verify=verify,
    control=control,
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
