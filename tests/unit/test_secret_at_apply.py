"""A provider that ends a token by its value only: the value is read from the evidence again at the step, or a person must act."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Rejected, RescindError
from rescind.models.checkin import ScanScope
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, Identity, Liveness, Observation, Rest, Verb
from rescind.models.plan import Case
from rescind.pipeline import execute, machine, session
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Connected
from rescind.secret import Secret
from rescind.wire.http import Http
from rescind.wire.pace import Pacer
from rescind.wire.rest import send
from rescind.wire.retry import Retry
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, act, control, identify, kind, verify

VALUE = "hvs.CAESIJfakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefake"


class OneTenant:
    def __init__(self, provider: Provider, clock: FakeClock) -> None:
        self.at = Connected(
            provider.tenant, provider, provider.identity(), Retry(clock, deadline=60, jitter=lambda c: c)
        )

    def get(self, name: str) -> Connected:
        return self.at


@pytest.fixture
def world(tmp_path, monkeypatch):
    provider, clock, given = Provider(alive={"one": True}), FakeClock(), []

    def wants(fn):
        def with_value(client, c, secret):
            given.append(secret.reveal())
            return fn(client, c)

        return with_value

    def whose(client, c, secret):
        given.append(secret.reveal())
        return identify(client, c, secret)

    actions = {Verb.REVOKE: Act(call=wants(act), reversible=False, idempotent=True, permissions=("x",))}
    row = kind(actions=actions, verify=wants(verify), control=wants(control), identify=whose, needs_secret=True)
    row = replace(row, steps_by_hand="Ask Ada to sign out of the made-up vendor.")
    monkeypatch.setattr(execute, "kind_of", lambda k: row)
    monkeypatch.setattr("rescind.catalogue.providers", dict)
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    tenants = OneTenant(provider, clock)
    ctx = execute.Context(run="r", tenants=tenants, people=People(mapped={"made-up": ("ada",)}), log=log, clock=clock)
    return provider, ctx, given


def test_the_value_reaches_every_function_and_no_trail(world):
    provider, ctx, given = world
    asked = []
    ctx.read_secret = lambda c: asked.append(c.id) or Secret(VALUE)
    receipt = execute.act(STEP, CREDENTIAL, ctx)
    assert receipt.end_state is EndState.DEAD
    assert asked == [CREDENTIAL.id]
    assert set(given) == {VALUE}
    assert VALUE not in repr(receipt) + "".join(e.raw.decode() for e in ctx.log.entries())
    assert ctx.tenants.at.secret is None  # nothing keeps it after the step


@pytest.mark.parametrize("reader", [None, lambda c: None, lambda c: Secret("")])
def test_a_value_that_is_gone_is_a_task_and_nothing_is_sent(world, reader):
    provider, ctx, given = world
    ctx.read_secret = reader
    receipt = execute.act(STEP, CREDENTIAL, ctx)
    assert receipt.end_state is EndState.MANUAL
    assert "not in the evidence any more" in receipt.evidence
    assert "Ask Ada" in receipt.evidence
    assert receipt.call_status == ""
    assert given == provider.calls == []
    assert [e.type for e in ctx.log.entries()] == ["outcome"]


def test_a_value_that_is_gone_after_an_attempt_is_unknown(world):
    provider, ctx, _ = world
    ctx.log.append("intent", run="r", step=STEP.id, data={})
    receipt = execute.act(STEP, CREDENTIAL, ctx)
    assert receipt.end_state is EndState.UNKNOWN
    assert "earlier attempt" in receipt.evidence
    assert provider.calls == []


def posted(rest: Rest, secret: Secret | None) -> httpx.Request:
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, json={"message": f"bad {VALUE}"})

    http = Http("https://api.example.test", pacer=Pacer(1000, FakeClock()), transport=httpx.MockTransport(handler))
    answer = send(http, rest, CREDENTIAL, settings={}, me=Identity(account="a", principal="p"), secret=secret)
    assert VALUE not in answer.detail
    return seen[0]


def test_a_row_sends_the_value_and_its_answer_is_scrubbed():
    row = Rest(method="POST", path="/revoke", body={"credentials": ["{secret}"], "why": "case"})
    assert json.loads(posted(row, Secret(VALUE)).content) == {"credentials": [VALUE], "why": "case"}
    form = Rest(method="POST", path="/revoke", form={"token": "{secret}"})
    assert posted(form, Secret(VALUE)).content == f"token={VALUE}".encode()


@pytest.mark.parametrize("secret", [None, Secret("")])
def test_a_row_without_the_value_is_not_sent(secret):
    with pytest.raises(Rejected, match="nothing is known for 'secret'"):
        posted(Rest(method="POST", path="/revoke", body={"token": "{secret}"}), secret)


@pytest.mark.parametrize(
    ("row", "needs"),
    [
        (Rest(method="DELETE", path="/tokens/{secret}", done=(204,)), True),
        (Rest(method="DELETE", path="/tokens", query={"token": "{secret}"}, done=(204,)), True),
        (Rest(method="POST", path="/revoke", body={"token": "{secret}"}, done=(204,)), False),
    ],
)
def test_a_value_in_an_address_or_without_the_flag_is_refused_by_the_catalogue(row, needs):
    actions = {Verb.REVOKE: Act(call=row, reversible=False, idempotent=True, permissions=("x",))}
    with pytest.raises(RescindError, match="needs_secret"):
        catalogue.check(kind(actions=actions, needs_secret=needs))


@pytest.fixture
def read(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".vault-token").write_text(VALUE)
    (home / ".env").write_text(f"VAULT_TOKEN={VALUE}x\n")
    state = tmp_path / "state"
    s = session.Session(config=Config(), resolve=lambda r: Secret(""), clock=FakeClock(), state_dir=state)
    case = Case(target=str(home))
    seen, _ = machine.inventory_of(s, case)
    found = [c for c in seen.credentials if [f.store for f in c.findings] == ["vault-token"]]
    return machine.secret_reader(s, case), found[0], home, s


def test_the_value_is_read_again_where_it_was_seen(read, monkeypatch):
    reader, c, _, _ = read
    scanned = []
    plain = machine.scan

    def spy(target: Path, **more):
        scanned.extend(row.id for row in more["stores"])
        return plain(target, **more)

    monkeypatch.setattr(machine, "scan", spy)
    # what the provider said since does not matter: the value is the same one
    assert reader(replace(c, identifier="acc-1", issuer="elsewhere")).reveal() == VALUE
    assert scanned == ["vault-token"]


def test_what_the_scope_excludes_is_not_read_for_its_value_either(read):
    _, c, home, s = read
    s = replace(s, config=replace(s.config, scan=ScanScope(exclude=(".vault-token",))))
    assert machine.secret_reader(s, Case(target=str(home)))(c) is None


def test_another_value_in_the_same_place_is_not_it(read):
    reader, c, home, _ = read
    (home / ".vault-token").write_text(VALUE[:-1] + "Z")
    assert reader(c) is None
    (home / ".vault-token").unlink()
    assert reader(c) is None


def test_without_a_place_or_evidence_there_is_no_value(read):
    reader, c, home, s = read
    assert reader(replace(c, findings=())) is None
    assert reader(replace(c, fingerprint="")) is None
    assert machine.secret_reader(s, Case(person="ada@example.com"))(c) is None
    assert machine.secret_reader(s, Case(target=str(home / "gone")))(c) is None
    assert (
        reader(Credential(kind="other.kind", provider="other", fingerprint=c.fingerprint, findings=c.findings)) is None
    )


def test_a_tenant_that_offers_no_look_is_acknowledged_at_best(world, monkeypatch):
    provider, ctx, _ = world
    ctx.read_secret = lambda c: Secret(VALUE)

    def no_look(client, c, secret):
        return Observation(liveness=Liveness.UNKNOWN, evidence="this server has no way to look", unverifiable=True)

    row = replace(execute.kind_of(""), verify=no_look)
    monkeypatch.setattr(execute, "kind_of", lambda k: row)
    receipt = execute.act(STEP, CREDENTIAL, ctx)
    assert receipt.end_state is EndState.ACKNOWLEDGED
    assert receipt.verify_method == "none"
    assert "no way to look" in receipt.evidence
