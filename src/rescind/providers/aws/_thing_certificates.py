"""Certificates as AWS IoT has them: of which thing and region one is, and its status, by which it is switched off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions

_LIVENESS = {"ACTIVE": Liveness.LIVE, "INACTIVE": Liveness.DEAD, "REVOKED": Liveness.DEAD}


def described(client: AwsClient, region: str, certificate: str) -> tuple[Mapping[str, Any], Answer]:
    """Return a certificate of a region. Raises `NotFound` for none, other typed errors."""
    answer = call(client.service("iot", region).describe_certificate, certificateId=certificate)
    shown = answer.body.get("certificateDescription")
    if not isinstance(shown, Mapping) or shown.get("certificateId") != certificate:
        raise Unrecognised("DescribeCertificate did not show the certificate", request_id=answer.request_id)
    return shown, answer


def known(client: AwsClient, region: str, owner: str, shown: Mapping[str, Any]) -> Known:
    """Return a certificate as the catalogue shows it."""
    validity, status = shown.get("validity"), str(shown.get("status", ""))
    return Known(
        identifier=str(shown["certificateId"]),
        issuer=client.account,
        subject=str(shown.get("certificateArn", "")),
        owner=owner,
        attributes={"region": region, "status": status},
        created_at=_held.time(shown.get("creationDate")),
        expires_at=_held.time(validity.get("notAfter")) if isinstance(validity, Mapping) else None,
        liveness=_LIVENESS.get(status, Liveness.UNKNOWN),
    )


def region_of(credential: Credential) -> str:
    """Return the region that a certificate is of. Raises `Rejected` where it is not known."""
    if not credential.attributes.get("region"):
        raise Rejected("it is not known which region the certificate is of", code="incomplete")
    return credential.attributes["region"]


def of_thing(client: AwsClient, region: str, thing: str) -> list[str]:
    """Return the ARNs of a thing's certificates. Raises `NotFound` for no such thing, other typed errors."""
    rows, _ = everything(
        client.service("iot", region).list_thing_principals, "principals", "nextToken", thingName=thing
    )
    return [str(arn) for arn in rows if ":cert/" in str(arn)]


def setter(status: str) -> Callable[[AwsClient, Credential], CallResult]:
    """Return what sets the status of one; `ACTIVE` only where that is what it was when the plan was made."""

    def set_(client: AwsClient, credential: Credential) -> CallResult:
        was = credential.attributes.get("status", "")
        if status == "ACTIVE" and was != "ACTIVE":
            notes = {"left": f"the certificate was {was or 'not known to be ACTIVE'} before the run"}
            return CallResult(status=CallStatus.ALREADY, notes=notes)
        method = client.service("iot", region_of(credential)).update_certificate
        answer = call(method, certificateId=credential.identifier, newStatus=status)
        return replace(_held.done(answer, credential.owner), notes={"certificate": credential.identifier})

    return set_


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look at the certificate's status. Raises typed provider errors, `NotFound` when it is not shown."""
    shown, answer = described(client, region_of(credential), credential.identifier)
    status = str(shown.get("status", ""))
    liveness = _LIVENESS.get(status, Liveness.UNKNOWN)
    return _held.seen(
        answer, liveness, f"DescribeCertificate shows it as {status or 'nothing'}", reversible=status == "INACTIVE"
    )


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that certificates of this account can be read in this run. Raises typed provider errors.

    Without a credential (`rescind doctor`) IoT's word that there is no such thing shows it.
    """
    if not credential.identifier:
        region = regions(client)[0][0]
        try:
            of_thing(client, region, "rescind-doctor")
        except NotFound as error:
            shown = Answer({}, error.request_id, "")
            return _held.seen(shown, Liveness.LIVE, f"ListThingPrincipals answers in {region}")
    _, answer = described(client, region_of(credential), credential.identifier)
    return _held.seen(answer, Liveness.LIVE, "DescribeCertificate shows the certificate")
