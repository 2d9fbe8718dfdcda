"""A rotation at Entra with every fault on every one of its requests: the same contract as elsewhere, at a simulator of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rescind.models.credential import EndState
from rescind.providers.entra import _keypair
from rescind.secret import Secret
from tests.contract import test_rotation_faults as contract
from tests.contract.faults import AFTER, FaultServer, Rule
from tests.contract.test_rotation_faults import Bench
from tests.interop import entra_world
from tests.interop.entra_world import APP, TENANT, TOKEN, Graph
from tests.interop.rotation_world import private

SECRET, CERTIFICATE = "entra.client-secret", "entra.certificate"
MINTS = {SECRET: "/addPassword$", CERTIFICATE: "/applications/[^/?]+$"}
MEMBER = {SECRET: "passwordCredentials", CERTIFICATE: "keyCredentials"}


@pytest.fixture(scope="module", params=list(MINTS))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    kind, home, graph = request.param, tmp_path_factory.mktemp("world"), Graph()
    app, client_id, _ = graph.application(graph.user("ada@contoso.example"))
    bystander = graph.certificate("application", app, "CN=bystander")
    private(home / "token", TOKEN)
    place = private(home / "value", "")
    with entra_world.served(graph) as url, FaultServer(url) as server:
        private(
            home / "rescind.toml",
            f'[tenant.contoso]\nprovider = "entra"\ntenant_id = "{TENANT}"\nclient_id = "{APP}"\nbase_url = "{server.url}/v1.0"\n'
            f'authority = "{server.url}"\ntoken = {{ file = "token" }}\nrate = 1000\n\n[rotation.job]\nkind = "{kind}"\n'
            f'tenant = "contoso"\nsubject = "application/{client_id}"\noverlap = "0s"\ngrace = "0s"\n'
            f'deliver = {{ file = "{place}" }}\n',
        )

        def row() -> dict[str, object]:
            found = graph.get("application", app)
            assert found is not None
            assert bystander in {k["keyId"] for k in found["keyCredentials"]}, "a bystander's key was dropped"
            return found

        def living() -> set[str]:
            held = row()[MEMBER[kind]]
            assert isinstance(held, list)
            return {f"applications/{app}/{c['keyId']}" for c in held if c["keyId"] != bystander}

        def reset() -> None:
            keys = [k for k in (graph.get("application", app) or {})["keyCredentials"] if k["keyId"] == bystander]
            graph.update("application", app, passwordCredentials=[], keyCredentials=keys, secrets={})
            if kind == SECRET:
                private(place, graph.secret("application", app)[1])
                return
            now = graph.clock.now()
            pair = _keypair.made("first", now - timedelta(days=1), now + timedelta(days=60))
            start, end = (entra_world._time(now + timedelta(days=d)) for d in (-1, 60))
            graph.certificate("application", app, public=_keypair.public(pair), start=start, end=end)
            private(place, pair.reveal())

        def works() -> bool:
            held = Secret(place.read_text())
            if kind == SECRET:
                return graph.opens(client_id, client_secret=held.reveal())
            audience = f"{graph.url.removesuffix('/v1.0')}/{TENANT}/oauth2/v2.0/token"
            return graph.opens(client_id, client_assertion=_keypair.assertion(held, client_id, audience).reveal())

        yield Bench(home, server, place, MINTS[kind], living, works, reset)


@pytest.mark.parametrize("fault", ["403", "404", "429", "500", "reset", "html", *AFTER])
def test_minting_meets_a_fault_at_entra(bench: Bench, fault: str) -> None:
    """Once: what may have been made is ended and made again, a refusal is not argued with. Always: failed, and nothing is left."""
    method = "POST" if bench.mint == MINTS[SECRET] else "PATCH"
    for times in (1, -1) if method == "POST" else (1,):
        receipt, plan, ctx, _ = bench.rotate(Rule(fault=fault, method=method, path=bench.mint, times=times))
        bench.holds(receipt, plan, ctx, (fault, times))
        if times == -1:
            assert receipt.end_state is EndState.FAILED, receipt
            assert len(bench.living()) == 1, receipt
        if times == 1 and fault in AFTER:
            assert receipt.notes.get("new"), receipt


@pytest.mark.parametrize("fault", contract.FAULTS if contract.ALL else ["403", "after-reset"])
def test_any_one_request_meets_a_fault_at_entra(bench: Bench, fault: str) -> None:
    if bench.mint != MINTS[SECRET] and not contract.ALL:
        pytest.skip("the order of requests is the rotation's, and the same; RESCIND_CRASH=all does it too")
    contract.test_any_one_request_meets_a_fault(bench, fault)


def test_no_value_of_entra_is_in_the_trail(bench: Bench) -> None:
    raw = b"\n".join(e.raw for e in bench.log.entries())
    assert not [w for w in bench.place.read_text().split() if len(w) > 30 and w.encode() in raw]
