"""Worlds of the google kinds: one simulated organisation each, made of Google's discovery documents (tests/interop/google_cloud.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
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


MAKERS: dict[str, Maker] = {
    "google.service-account-key": service_account_key,
}
WRITES = {
    "google.service-account-key": r":disable$|DELETE|/keys/[0-9a-f]{40}$",
}
"""The requests of each kind that change something."""


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
