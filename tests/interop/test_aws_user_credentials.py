"""What IAM users have beside keys, against moto: a third party's IAM lists it, switches it off and forgets it as ours is told to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Known, Liveness, Subject
from tests.interop.aws_world import World, moto  # noqa: F401  fixture
from tests.interop.test_aws import operator

SSH = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC8fakefakefakefakefakefakefakefakefakefakefakefakefake ada@example.com"


def password(iam, user):
    iam.create_login_profile(UserName=user, Password="Fake-password-1!")
    return f"password:{iam.get_user(UserName=user)['User']['Arn']}"


def ssh_key(iam, user):
    return iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=SSH)["SSHPublicKey"]["SSHPublicKeyId"]


def certificate(iam, user):
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    ).sign(key, hashes.SHA256())
    pem = made.public_bytes(Encoding.PEM).decode()
    return iam.upload_signing_certificate(UserName=user, CertificateBody=pem)["Certificate"]["CertificateId"]


def device(iam, user):
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=user, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    return serial


MADE = {
    "aws.login-profile": password,
    "aws.ssh-public-key": ssh_key,
    "aws.signing-certificate": certificate,
    "aws.mfa-device": device,
}


@pytest.mark.parametrize("name", MADE)
def test_it_is_found_by_its_person_ended_and_its_neighbour_lives(moto: World, name: str) -> None:  # noqa: F811
    iam, client, row = moto.client("iam"), operator(moto), catalogue.kinds()[name]
    for verb, act in row.actions.items():
        if act.supports:
            continue
        ada, bob = (f"{who}-{name[4:]}-{verb}" for who in ("ada", "bob"))
        mine, his = ((moto.make_user(user), MADE[name](iam, user))[1] for user in (ada, bob))
        (known,) = row.enumerate(client, Subject(names=(ada,)))
        assert isinstance(known, Known)
        assert (known.identifier, known.owner, known.liveness) == (mine, ada, Liveness.LIVE)
        found = Credential(kind=name, provider="aws", identifier=mine, owner=ada, attributes=known.attributes)
        assert row.verify(client, found).liveness is Liveness.LIVE
        assert act.call(client, found).status is CallStatus.DONE
        assert act.call(client, found).status in {CallStatus.DONE, CallStatus.ALREADY}
        seen = row.verify(client, found)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, act.reversible)
        assert row.control(client, found).liveness is Liveness.LIVE
        other = row.identify(client, replace(found, identifier=his, owner=bob, attributes={}), None)
        assert other.liveness is Liveness.LIVE


def test_a_things_certificate_is_found_and_ended(moto: World) -> None:  # noqa: F811
    iot, client, row = moto.client("iot"), operator(moto), catalogue.kinds()["aws.iot-certificate"]
    ids = {}
    for thing in ("ada-probe", "bob-probe"):
        iot.create_thing(thingName=thing)
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
        ids[thing] = made["certificateId"]
    (known,) = row.enumerate(client, Subject(names=("thing:ada-probe", "ada")))
    assert (known.identifier, known.liveness) == (ids["ada-probe"], Liveness.LIVE)
    found = Credential(
        kind=row.id, provider="aws", identifier=known.identifier, owner=known.owner, attributes=known.attributes
    )
    for act in row.actions.values():
        assert act.call(client, found).status is CallStatus.DONE
        assert row.verify(client, found).liveness is Liveness.DEAD
    assert iot.describe_certificate(certificateId=ids["bob-probe"])["certificateDescription"]["status"] == "ACTIVE"
