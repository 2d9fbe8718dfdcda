"""A rotation at Google with every fault on every one of its requests: the same contract as elsewhere, at a simulator of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rescind.models.credential import EndState
from tests.contract.faults import AFTER, FaultServer, Rule
from tests.contract.test_rotation_faults import Bench, test_any_one_request_meets_a_fault
from tests.interop import google_model
from tests.interop.google_cloud import ADMIN, PROJECT, TOKEN, Cloud
from tests.interop.rotation_world import private

__all__ = ["test_any_one_request_meets_a_fault"]

ROBOT = f"ada@{PROJECT}.iam.gserviceaccount.com"
MINTS = {
    "google.hmac-key": r"hmacKeys\?serviceAccountEmail",
    "google.api-key": r"keys\?keyId",
    "google.client-secret": "oauthClientCredentialId",
}


def _hmac(cloud: Cloud) -> tuple[str, str]:
    made = cloud.storage_hmackeys_create({"projectId": PROJECT}, {"serviceAccountEmail": ROBOT}, {})
    name = made["metadata"]["accessId"]
    return name, json.dumps({"accessId": name, "secret": made["secret"]})


def _living(cloud: Cloud, kind: str) -> dict[str, str]:
    """Return what lives of a kind, by its name: its value, as its user reads it."""
    if kind == "google.api-key":
        return {r["name"]: r["keyString"] for r in cloud.all("apikey") if not r.get("deleteTime")}
    if kind == "google.client-secret":
        rows = [r for c in cloud.all("client") for r in cloud.all("secret", c["name"])]
        return {r["name"]: r["clientSecret"] for r in rows if not r.get("disabled")}
    names = [r["accessId"] for r in cloud.all("hmac") if r["state"] == "ACTIVE"]
    return {n: json.dumps({"accessId": n, "secret": cloud.public[n][1]}) for n in names}


@pytest.fixture(scope="module", params=list(MINTS))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    kind, home, cloud = request.param, tmp_path_factory.mktemp("world"), Cloud()
    subject = ROBOT if kind == "google.hmac-key" else f"projects/{PROJECT}"
    private(home / "token", TOKEN)
    place = private(home / "value", "")
    with google_model.serve(cloud) as url, FaultServer(url) as server:
        private(
            home / "rescind.toml",
            f'[tenant.acme]\nprovider = "google"\nsubject = "{ADMIN}"\nprojects = ["{PROJECT}"]\nbase_url = "{server.url}"\n'
            f'token = {{ file = "token" }}\nrate = 1000\n\n[rotation.job]\nkind = "{kind}"\ntenant = "acme"\nsubject = "{subject}"\n'
            f'overlap = "0s"\ngrace = "0s"\ndeliver = {{ file = "{place}" }}\n',
        )

        def reset() -> None:
            sorts = {"account", "apikey", "hmac", "client", "secret"}
            cloud.things = {k: v for k, v in cloud.things.items() if k[0] not in sorts}
            cloud.under = {k: v for k, v in cloud.under.items() if k[0] not in sorts}
            cloud.account("ada")
            made = {
                "google.hmac-key": _hmac,
                "google.api-key": Cloud.api_key,
                "google.client-secret": Cloud.oauth_client,
            }
            private(place, made[kind](cloud)[1])

        def works() -> bool:
            return place.read_text() in _living(cloud, kind).values()

        yield Bench(home, server, place, MINTS[kind], lambda: set(_living(cloud, kind)), works, reset)


@pytest.mark.parametrize("fault", ["403", "404", "429", "500", "reset", "html", *AFTER])
def test_minting_meets_a_fault_at_google(bench: Bench, fault: str) -> None:
    """Once: what may have been made is ended and made again, a refusal is not argued with. Always: failed, and nothing is left."""
    for times in (1, -1):
        receipt, plan, ctx, _ = bench.rotate(Rule(fault=fault, method="POST", path=bench.mint, times=times))
        bench.holds(receipt, plan, ctx, (fault, times))
        if times == -1:
            assert receipt.end_state is EndState.FAILED, receipt
            assert len(bench.living()) == 1, receipt
        if times == 1 and fault in AFTER:
            assert receipt.notes.get("new"), receipt


def test_no_value_of_google_is_in_the_trail(bench: Bench) -> None:
    text = bench.place.read_text()
    value = json.loads(text)["secret"] if text.startswith("{") else text
    assert value.encode() not in b"\n".join(e.raw for e in bench.log.entries())
