"""Worlds of the google kinds: one simulated organisation each, made of Google's discovery documents (tests/interop/google_cloud.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
from rescind.secret import Secret
from tests.contract.worlds import Held, World
from tests.interop import google_cloud
from tests.interop.google_cloud import PROJECT, TOKEN, Cloud
from tests.interop.google_model import serve
from tests.unit.wire_clock import FakeClock

ADA, BOB = "ada@acme.example", "bob@acme.example"
GCLOUD = "32555940559.apps.googleusercontent.com"
Maker = Callable[[Cloud, str], Held]
"""Gives a living credential of the person, or the service account, that goes by a word."""


def _of(kind: str, identifier: str, **more: Any) -> Credential:
    return Credential(kind=kind, provider="google", identifier=identifier, **more)


def _mail(word: str) -> str:
    return f"{word}@acme.example"


def _account(cloud: Cloud, word: str) -> str:
    email = f"{word}@{PROJECT}.iam.gserviceaccount.com"
    return email if ("account", email) in cloud.things else cloud.account(word)


def service_account_key(cloud: Cloud, word: str) -> Held:
    email = _account(cloud, word)
    kid = cloud.key(email)
    cloud.key(email, "SYSTEM_MANAGED")
    found = _of("google.service-account-key", kid, issuer=PROJECT, subject=email, attributes={"client_email": email})
    return Held(found, None, lambda: cloud.mint(email, kid) is not None)


def service_account(cloud: Cloud, word: str) -> Held:
    email = _account(cloud, word)
    found = _of("google.service-account", "", owner=email)
    return Held(found, None, lambda: not (cloud.things["account", email].now or {}).get("disabled"))


def user(cloud: Cloud, word: str) -> Held:
    uid = cloud.user(_mail(word))
    return Held(_of("google.user", uid), None, lambda: not (cloud.things["user", uid].now or {})["suspended"])


def oauth_grant(cloud: Cloud, word: str) -> Held:
    uid = cloud.user(_mail(word))
    cloud.grant(uid, "anonymous")
    name = cloud.grant(uid, GCLOUD)
    return Held(_of("google.oauth-grant", name), None, lambda: cloud.things["token", uid, GCLOUD].now is not None)


def app_password(cloud: Cloud, word: str) -> Held:
    uid = cloud.user(_mail(word))
    name = cloud.asp(uid)
    return Held(_of("google.app-password", name), None, lambda: cloud.things["asp", *name.split("/")].now is not None)


def verification_codes(cloud: Cloud, word: str) -> Held:
    uid = cloud.user(_mail(word))
    name = cloud.codes(uid)
    return Held(_of("google.verification-codes", name), None, lambda: bool(cloud.things["codes", uid].now))


def api_key(cloud: Cloud, word: str) -> Held:
    name, value = cloud.api_key(**({"serviceAccountEmail": _account(cloud, "ada")} if word == "ada" else {}))
    # What servers go on to take for a while is its residual; here it is asked whether the key is there.
    found = Credential(kind="google.api-key", provider="google", fingerprint=f"hmac-sha256:{name}")
    return Held(found, Secret(value), lambda: "deleteTime" not in (cloud.things["apikey", name].now or {}))


def hmac_key(cloud: Cloud, word: str) -> Held:
    access = cloud.hmac(_account(cloud, word))
    found = _of("google.hmac-key", access)
    return Held(found, None, lambda: (cloud.things["hmac", access].now or {})["state"] == "ACTIVE")


def client_secret(cloud: Cloud, word: str) -> Held:
    name, value = cloud.oauth_client()
    key = ("secret", name.partition("/credentials/")[0], name)
    found = Credential(kind="google.client-secret", provider="google", fingerprint=f"hmac-sha256:{name}")

    def lives() -> bool:
        row = cloud.things[key].now
        return row is not None and not row.get("disabled")

    return Held(found, Secret(value), lives)


def oslogin_key(cloud: Cloud, word: str) -> Held:
    uid = cloud.user(_mail(word))
    name = cloud.ssh_key(uid)
    found = _of("google.oslogin-key", name, owner=_mail(word))
    return Held(found, None, lambda: cloud.things["ssh", uid, name.partition("/")[2]].now is not None)


def mobile_device(cloud: Cloud, word: str) -> Held:
    name = cloud.phone(cloud.user(_mail(word)))
    return Held(
        _of("google.mobile-device", name),
        None,
        lambda: (cloud.things["mobile", name].now or {})["status"] == "APPROVED",
    )


def workforce_session(cloud: Cloud, word: str) -> Held:
    name = cloud.worker(f"{word}@acme.example")
    return Held(
        _of("google.workforce-session", name), None, lambda: not (cloud.things["worker", name].now or {})["revoked"]
    )


def device(cloud: Cloud, word: str) -> Held:
    name = cloud.device(cloud.user(_mail(word)))
    state = lambda: (cloud.things["device-user", name].now or {})["managementState"]  # noqa: E731
    return Held(_of("google.device", name), None, lambda: state() == "APPROVED")


def chromeos_device(cloud: Cloud, word: str) -> Held:
    name = cloud.chromebook(cloud.user(_mail(word)))
    status = lambda: (cloud.things["cros", name].now or {})["status"]  # noqa: E731
    return Held(_of("google.chromeos-device", name), None, lambda: status() == "ACTIVE")


MAKERS: dict[str, Maker] = {
    "google.chromeos-device": chromeos_device,
    "google.client-secret": client_secret,
    "google.device": device,
    "google.mobile-device": mobile_device,
    "google.oslogin-key": oslogin_key,
    "google.service-account-key": service_account_key,
    "google.service-account": service_account,
    "google.user": user,
    "google.oauth-grant": oauth_grant,
    "google.app-password": app_password,
    "google.verification-codes": verification_codes,
    "google.api-key": api_key,
    "google.hmac-key": hmac_key,
}
WRITES = {
    "google.chromeos-device": ":batchChangeStatus$",
    "google.client-secret": r"/credentials/[^/]+$|updateMask",
    "google.device": ":(block|wipe)$",
    "google.mobile-device": "/action$",
    "google.oslogin-key": "/sshPublicKeys/",
    "google.service-account-key": r":disable$|/keys/[0-9a-f]{40}$",
    "google.service-account": ":disable$",
    "google.user": r"/admin/directory/v1/users/\d+$",
    "google.oauth-grant": "/tokens/",
    "google.app-password": r"/asps/\d+$",
    "google.verification-codes": "/invalidate$",
    "google.api-key": r"/keys/[^/]+$",
    "google.hmac-key": r"/hmacKeys/[^/]+$",
}
"""The requests of each kind that change something."""
NO_LOOK = {"google.user-session", "google.workforce-session"}
"""Kinds whose end Google shows nobody: tests/interop/test_google.py holds them."""


def world(kind: str, make_for: Maker) -> Callable[[Path], Any]:
    """Return the world of one kind."""

    @contextmanager
    def simulated(_: Path) -> Iterator[World]:
        cloud, values, number = Cloud(), {TOKEN}, iter(range(10**6))
        make_for(cloud, "bob")
        for _ in range(3):  # more than a page
            make_for(cloud, "ada")

        def make() -> Held:
            held = make_for(cloud, f"ada-{next(number)}")
            values.update({held.secret.reveal()} if held.secret else ())
            return held

        def client(through: str) -> Any:
            return google_cloud.client(through, FakeClock())

        names = (ADA, f"ada@{PROJECT}.iam.gserviceaccount.com", f"projects/{PROJECT}")
        with serve(cloud) as url:
            yield World(catalogue.kinds()[kind], url, client, make, Subject(names=names), lambda: values)

    return simulated


GOOGLE = {f"{kind}/simulator": world(kind, make) for kind, make in MAKERS.items()}
