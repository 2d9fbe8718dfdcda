"""Certificates of IoT things: a machine's own identity at AWS IoT, made inactive or revoked, and disconnected by that within minutes.

Listed for the things that the configuration maps to the person (`thing:NAME`). A certificate that is switched off cannot connect again
(https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html); credentials that it was given for a role live on.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _held, _thing_certificates
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

PREFIX = "thing:"


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
    """Look the certificate up, and whether it is still the thing's. Raises `NotFound` where it is not, other typed errors else."""
    region, thing = _thing_certificates.region_of(credential), credential.owner.removeprefix(PREFIX)
    shown, _ = _thing_certificates.described(client, region, credential.identifier)
    if thing and shown.get("certificateArn") not in _thing_certificates.of_thing(client, region, thing):
        raise NotFound(f"thing {thing} has this certificate no more", code="ResourceNotFoundException")
    return _thing_certificates.known(client, region, credential.owner, shown)


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
                arns = _thing_certificates.of_thing(client, region, thing)
                seen += 1
                for arn in arns:
                    yield _thing_certificates.known(
                        client, region, name, _thing_certificates.described(client, region, arn.rpartition("/")[2])[0]
                    )
            except NotFound:
                continue
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                seen += 1
                yield Gap(source=source, reason=f"thing {thing} could not be read in {region}: {error.message}")
        if not seen:
            yield Gap(source=source, reason=f"no region that was looked at has a thing {thing}")


KIND = Kind(
    id="aws.iot-certificate",
    title="AWS IoT certificate of a thing",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=_thing_certificates.setter("INACTIVE"),
            reversible=True,
            idempotent=True,
            permissions=("iot:UpdateCertificate",),
            undo="set it to ACTIVE again (iot:UpdateCertificate)",
            restore=_thing_certificates.setter("ACTIVE"),
        ),
        Verb.REVOKE: Act(
            call=_thing_certificates.setter("REVOKED"),
            reversible=False,
            idempotent=True,
            permissions=("iot:UpdateCertificate",),
            undo="none: give the thing a new certificate (iot:CreateCertificateFromCsr)",
        ),
    },
    verify=_thing_certificates.verify,
    control=_thing_certificates.control,
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
