"""Certificates of IoT things: a machine's own identity at AWS IoT, made inactive or revoked, and disconnected by that within minutes.

Listed for the things that the configuration maps to the person (`thing:NAME`). A certificate that is switched off cannot connect again
(https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html); credentials that it was given for a role live on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

PREFIX = "thing:"
_LIVENESS = {"ACTIVE": Liveness.LIVE, "INACTIVE": Liveness.DEAD, "REVOKED": Liveness.DEAD}


def _described(client: AwsClient, region: str, certificate: str) -> tuple[Mapping[str, Any], Answer]:
    answer = call(client.service("iot", region).describe_certificate, certificateId=certificate)
    shown = answer.body.get("certificateDescription")
    if not isinstance(shown, Mapping) or shown.get("certificateId") != certificate:
        raise Unrecognised("DescribeCertificate did not show the certificate", request_id=answer.request_id)
    return shown, answer


def _known(client: AwsClient, region: str, owner: str, shown: Mapping[str, Any]) -> Known:
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


def _region(credential: Credential) -> str:
    if not credential.attributes.get("region"):
        raise Rejected("it is not known which region the certificate is of", code="incomplete")
    return credential.attributes["region"]


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
    """Look the certificate up, and whether it is still the thing's. Raises `NotFound` where it is not, other typed errors else."""
    region, thing = _region(credential), credential.owner.removeprefix(PREFIX)
    shown, _ = _described(client, region, credential.identifier)
    if thing and shown.get("certificateArn") not in _principals(client, region, thing):
        raise NotFound(f"thing {thing} has this certificate no more", code="ResourceNotFoundException")
    return _known(client, region, credential.owner, shown)


def _principals(client: AwsClient, region: str, thing: str) -> list[str]:
    rows, _ = everything(
        client.service("iot", region).list_thing_principals, "principals", "nextToken", thingName=thing
    )
    return [str(arn) for arn in rows if ":cert/" in str(arn)]


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the certificates of the person's things in every region. What could not be read is a `Gap`."""
    source, names = f"tenant:{client.tenant.name}", [n for n in subject.names if n.startswith(PREFIX)]
    places, doubt = regions(client) if names else ([], "")
    if doubt:
        yield Gap(source=source, reason=f"IoT certificates: {doubt}")
    for name in names:
        thing, seen = name.removeprefix(PREFIX), 0
        for region in places:
            try:
                arns = _principals(client, region, thing)
                seen += 1
                for arn in arns:
                    yield _known(client, region, name, _described(client, region, arn.rpartition("/")[2])[0])
            except NotFound:
                continue
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                seen += 1
                yield Gap(source=source, reason=f"thing {thing} could not be read in {region}: {error.message}")
        if not seen:
            yield Gap(source=source, reason=f"no region that was looked at has a thing {thing}")


def _set(status: str) -> Callable[[AwsClient, Credential], CallResult]:
    def set_(client: AwsClient, credential: Credential) -> CallResult:
        was = credential.attributes.get("status", "")
        if status == "ACTIVE" and was != "ACTIVE":
            notes = {"left": f"the certificate was {was or 'not known to be ACTIVE'} before the run"}
            return CallResult(status=CallStatus.ALREADY, notes=notes)
        method = client.service("iot", _region(credential)).update_certificate
        answer = call(method, certificateId=credential.identifier, newStatus=status)
        return replace(_held.done(answer, credential.owner), notes={"certificate": credential.identifier})

    return set_


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look at the certificate's status. Raises typed provider errors, `NotFound` when it is not shown."""
    shown, answer = _described(client, _region(credential), credential.identifier)
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
            _principals(client, region, "rescind-doctor")
        except NotFound as error:
            shown = Answer({}, error.request_id, "")
            return _held.seen(shown, Liveness.LIVE, f"ListThingPrincipals answers in {region}")
    _, answer = _described(client, _region(credential), credential.identifier)
    return _held.seen(answer, Liveness.LIVE, "DescribeCertificate shows the certificate")


KIND = Kind(
    id="aws.iot-certificate",
    title="AWS IoT certificate of a thing",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=_set("INACTIVE"),
            reversible=True,
            idempotent=True,
            permissions=("iot:UpdateCertificate",),
            undo="set it to ACTIVE again (iot:UpdateCertificate)",
            restore=_set("ACTIVE"),
        ),
        Verb.REVOKE: Act(
            call=_set("REVOKED"),
            reversible=False,
            idempotent=True,
            permissions=("iot:UpdateCertificate",),
            undo="none: give the thing a new certificate (iot:CreateCertificateFromCsr)",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("account:ListRegions", "iot:DescribeCertificate", "iot:ListThingPrincipals"),
    issuer_is_account=True,
    residual=Residual(
        seconds=_held.ROLE_SECONDS + 5,  # it is honoured for as long as its death is watched
        what="an open connection for some minutes, and credentials of a role alias that the certificate was given, for up to 12 hours",
        source="https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html",
    ),
    death=Death(
        negatives=2,
        seconds=5.0,
        source="https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html",
    ),
    steps_by_hand=(
        "As an IoT administrator: IoT console, Security, Certificates: deactivate the thing's certificate, later revoke it. For a role "
        "alias, revoke older sessions of its role."
    ),
    reference="https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html",
    since="0.1",
    tested=("moto 5.2.5", "a server of ours made of botocore's model"),
)
