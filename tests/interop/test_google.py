"""Google, at a simulator of ours that is made of its discovery documents: every call is one of the model's, and what is told holds there."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import ConfigError, Denied, NotFound, Rejected, Throttled, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.plan import Step
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import doctor, execute
from rescind.pipeline.people import People, ownership
from rescind.pipeline.session import Session
from rescind.pipeline.tenants import Tenants
from rescind.providers.google import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds import Held
from tests.contract.worlds_google import ADA, GCLOUD, MAKERS, NO_LOOK, workforce_session
from tests.interop import google_cloud, google_model
from tests.interop.google_cloud import ADMIN, CUSTOMER, NUMBER, PROJECT, TOKEN, Cloud
from tests.interop.google_more import POOL
from tests.unit.wire_clock import FakeClock

KINDS = {k: row for k, row in catalogue.kinds().items() if row.provider == "google"}
ROBOT = f"ada@{PROJECT}.iam.gserviceaccount.com"
WORKER = f"principal://iam.googleapis.com/{POOL}/subject/{ADA}"
NAMES = (ADA, ROBOT, f"projects/{PROJECT}", WORKER)
SUBJECT = Subject(names=NAMES)


class Moving(FakeClock):
    """A simulated clock that starts now; provider and run share it."""

    def now(self):
        return datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock():
    return Moving()


@pytest.fixture
def cloud(clock):
    return Cloud(clock=clock.now)


@pytest.fixture
def url(cloud):
    with google_model.serve(cloud) as url:
        yield url


@pytest.fixture
def client(url, clock):
    return google_cloud.client(url, clock, workforce_pools=(POOL.rpartition("/")[2],))


def whole(client, held):
    kind = KINDS[held.found.kind]
    known = kind.identify(client, held.found, held.secret)
    return replace(
        held.found, identifier=known.identifier, owner=known.owner, issuer=known.issuer, subject=known.subject,
        attributes=known.attributes, tenant="google", ownership=Ownership.CASE,
    )  # fmt: skip


def make(cloud, kind, word="ada"):
    if kind == "google.workforce-session":
        return workforce_session(cloud, word)
    if kind not in NO_LOOK:
        return MAKERS[kind](cloud, word)
    found = Credential(kind=kind, provider="google", identifier=f"sessions:{cloud.user(f'{word}@acme.example')}")
    return Held(found, None, lambda: True)


@pytest.fixture
def run(url, clock, tmp_path):
    """Carry out steps as a run does, with a trail."""
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    settings = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url}
    tenant = Tenant(
        name="google", provider="google", settings=settings, refs={"token": SecretRef(env="T")}, rate=1000.0
    )
    tenants = Tenants((tenant,), resolve=lambda _: Secret(TOKEN), clock=clock, write=True)
    number = iter(range(100))

    def act(verb, c, wait=60.0):
        people = People(mapped={"google": (c.owner, *NAMES)})
        ctx = execute.Context(run=f"run-{next(number)}", tenants=tenants, people=people, log=log, clock=clock)
        step = Step(phase="revoke", verb=verb, credential=c.id, tenant="google", wait_seconds=wait)
        return execute.act(step, c, ctx)

    return act


# every call is a real call of the model


@pytest.mark.parametrize("name", KINDS)
def test_every_request_is_one_of_the_model_and_needs_what_the_kind_declares(name, cloud, client):
    """All functions of a kind, with no scope and no permission but the declared ones, which are all needed."""
    kind, held = KINDS[name], make(cloud, name)
    scopes = {p.removeprefix(google_model.SCOPE) for p in kind.read_permissions if p.startswith("https://")}
    cloud.scopes = scopes if scopes else {"cloud-platform.read-only", "cloud-platform"}
    cloud.permissions = {p for p in kind.read_permissions if not p.startswith("https://")}
    c = whole(client, held)
    assert kind.identify(client, c, None).owner == c.owner
    assert [k for k in kind.enumerate(client, SUBJECT) if isinstance(k, Known)]
    assert kind.control(client, c).liveness is Liveness.LIVE
    probe = Credential(kind=name, provider="google", owner=ADMIN)  # as `doctor` asks
    assert kind.control(client, probe).liveness is Liveness.LIVE
    if kind.verify:
        assert kind.verify(client, c).liveness is Liveness.LIVE
    for verb, row in kind.actions.items():
        before = row.snapshot(client, c) if row.snapshot else {}
        mine = {p.removeprefix(google_model.SCOPE) for p in row.permissions}
        if mine - cloud.scopes - cloud.permissions:
            with pytest.raises(Denied):
                row.call(client, c)
        cloud.scopes |= mine
        cloud.permissions |= set(row.permissions)
        assert row.call(client, c).status in {CallStatus.DONE, CallStatus.ACCEPTED}, verb
        if row.restore and kind.verify:
            everything, cloud.permissions = cloud.permissions, None
            facts = {**c.attributes, **{f"before.{k}": v for k, v in before.items()}}
            assert row.restore(client, replace(c, attributes=facts)).status in {CallStatus.DONE, CallStatus.ACCEPTED}, (
                verb
            )
            assert (row.verify or kind.verify)(client, c).liveness is Liveness.LIVE, verb
            cloud.permissions = everything
    sent = [(host, verb, target, body) for host, verb, target, body, _ in cloud.log]
    assert sent
    for host, verb, target, body in sent:
        method, wrong = google_model.breaches(host, verb, target, body)
        assert method, (verb, target)
        assert wrong == [], (verb, target)
    used = {google_model.PERMISSIONS.get(google_model.method_of(h, v, urlsplit(t).path).id) for h, v, t, _ in sent} - {
        None
    }
    restored = {p for p in used if p.endswith((".enable", ".undelete"))}
    declared = {
        p for p in (*kind.read_permissions, *(p for a in kind.actions.values() for p in a.permissions)) if "//" not in p
    }
    assert used - restored <= declared
    if name != "google.service-account-key":
        assert declared - used - {"iam.serviceAccounts.list"} == set(), "declared and never needed"


def test_the_simulator_is_as_strict_as_the_documents():
    breaches = google_model.breaches
    user = "/admin/directory/v1/users/1"
    assert breaches("admin", "PUT", user, {"suspended": True})[1] == []
    assert breaches("admin", "PUT", user, {"suspended": "yes"})[1]
    assert "Unknown name" in breaches("admin", "PUT", user, {"suspend": True})[1][0]
    assert breaches("admin", "GET", user + "?fields=id&alt=json")[1] == []
    assert breaches("admin", "GET", user + "?field=id")[1]
    assert breaches("admin", "GET", user + "?projection=all")[1]
    assert breaches("admin", "POST", user + "/signOut", {})[1] == ["a body where none is described"]
    assert breaches("iam", "GET", user)[0] is None
    assert breaches("storage", "POST", "/storage/v1/projects/p/hmacKeys")[1] == [
        "missing parameter: serviceAccountEmail"
    ]
    assert breaches(
        "iam", "POST", "/v1/projects/p/serviceAccounts/a@b/keys/k:disable", {"serviceAccountKeyDisableReason": "NONE"}
    )[1]
    assert set(google_model.PERMISSIONS) <= {m.id for m in google_model.methods()}


def test_workspace_permissions_are_scopes_that_the_methods_take():
    taken = {s for m in google_model.methods() for s in m.row.get("scopes", ())}
    declared = {
        p
        for k in KINDS.values()
        for p in (*k.read_permissions, *(p for a in k.actions.values() for p in a.permissions))
    }
    assert {p for p in declared if "//" in p} <= taken
    assert {p for p in declared if "//" not in p} <= set(google_model.PERMISSIONS.values())
    asked = {google_model.SCOPE + s for api in _connect.APIS.values() for s in (*api.look, *api.act)}
    assert asked <= taken


# residuals, to the second


@pytest.mark.parametrize("verb", [Verb.DEACTIVATE, Verb.DELETE])
def test_tokens_of_a_service_account_key_live_exactly_as_long_as_the_report_says(verb, cloud, client, run, clock):
    held = make(cloud, "google.service-account-key")
    c = whole(client, held)
    token = cloud.mint(ROBOT, c.identifier)
    receipt = run(verb, c)
    assert receipt.end_state is EndState.RESIDUAL
    assert cloud.mint(ROBOT, c.identifier) is None
    until = parse_rfc3339(receipt.residual_until)
    clock.seconds += (until - clock.now()).total_seconds() - 1
    assert cloud.accepts(ROBOT, token)
    clock.seconds += 1
    assert not cloud.accepts(ROBOT, token)
    print(f"{verb}: told {receipt.residual_until}, refused at {rfc3339(clock.now())}")


def test_an_account_that_is_off_refuses_the_tokens_that_its_key_made_and_undo_takes_them_again(
    cloud, client, run, clock
):
    c = whole(client, make(cloud, "google.service-account-key"))
    token = cloud.mint(ROBOT, c.identifier)
    assert run(Verb.DENY, c).end_state is EndState.CONTAINED
    assert not cloud.accepts(ROBOT, token)
    restore = KINDS[c.kind].actions[Verb.DENY].restore
    assert restore(client, replace(c, attributes={**c.attributes, "before.account_disabled": "true"})).notes["left"]
    assert not cloud.accepts(ROBOT, token)
    assert (
        restore(client, replace(c, attributes={**c.attributes, "before.account_disabled": "false"})).status
        is CallStatus.DONE
    )
    assert cloud.accepts(ROBOT, token)


def test_a_longer_life_of_tokens_is_counted_where_the_tenant_says_so(cloud, url, clock):
    client = google_cloud.client(url, clock, access_seconds=43_200)
    c = whole(client, make(cloud, "google.service-account-key"))
    KINDS[c.kind].actions[Verb.DEACTIVATE].call(client, c)
    seen = KINDS[c.kind].verify(client, c)
    assert seen.residual_seconds == 12 * 3600


def test_s17_a_deleted_api_key_is_not_dead_before_the_last_server_has_heard_of_it(cloud, client, run, clock):
    """S17: an API key answers 200 at random for 23 minutes after its deletion (measured by others), and is not called dead before."""
    held = make(cloud, "google.api-key", "ada-7")
    c = whole(client, held)
    assert cloud.honours(c.identifier)
    receipt = run(Verb.REVOKE, c)
    answers = []
    while clock.now() < parse_rfc3339(receipt.residual_until):
        again = run(Verb.REVOKE, c)
        assert again.end_state is not EndState.DEAD, rfc3339(clock.now())
        answers += [(clock.now(), cloud.honours(c.identifier)) for _ in range(5)]
        clock.seconds += 97
    taken = [when for when, taken in answers if taken]
    deleted = parse_rfc3339(cloud.things["apikey", c.identifier].now["deleteTime"])
    print(f"S17: {len(taken)} of {len(answers)} uses taken, the last {(max(taken) - deleted).total_seconds() / 60:.1f} min after deletion; "
          f"residual until {(parse_rfc3339(receipt.residual_until) - deleted).total_seconds() / 60:.1f} min")  # fmt: skip
    assert taken
    assert min(w for w, t in answers if not t) < max(taken), "it refuses and takes by turns"
    assert max(taken) < parse_rfc3339(receipt.residual_until)
    assert receipt.end_state is EndState.RESIDUAL
    assert run(Verb.REVOKE, c).end_state is EndState.DEAD
    assert not any(cloud.honours(c.identifier) for _ in range(50))


def test_a_write_that_is_shown_late_is_waited_for_and_not_claimed(cloud, client, run):
    cloud.lag = 8.0
    for name in ("google.user", "google.oauth-grant", "google.service-account-key"):
        c = whole(client, make(cloud, name, "ada-1" if name != "google.service-account-key" else "ada"))
        verb = Verb.REVOKE if name == "google.oauth-grant" else Verb.DEACTIVATE
        KINDS[name].actions[verb].call(client, c)
        assert KINDS[name].verify(client, c).liveness is Liveness.LIVE, "shown as it was"
        assert run(verb, c).end_state in {EndState.RESIDUAL, EndState.CONTAINED}
        fresh = whole(client, make(cloud, name, "ada-2"))
        assert run(verb, fresh, wait=1.0).end_state in {EndState.RESIDUAL, EndState.CONTAINED}
    cloud.lag = 600.0
    late = whole(client, make(cloud, "google.user", "ada-3"))
    assert run(Verb.DEACTIVATE, late, wait=30.0).end_state is EndState.FAILED


# what cannot be read whole


def test_every_page_is_read_and_one_that_is_refused_leaves_no_short_list(cloud, client):
    for word in ("ada", "ada", "ada", "ada", "ada"):
        make(cloud, "google.hmac-key", word)
        make(cloud, "google.api-key", "x")
    for name in ("google.hmac-key", "google.api-key"):
        kind, cloud.page = KINDS[name], 2
        found = list(kind.enumerate(client, SUBJECT))
        assert len({k.identifier for k in found}) == 5, name
        method = {
            "google.hmac-key": "storage.projects.hmacKeys.list",
            "google.api-key": "apikeys.projects.locations.keys.list",
        }[name]
        cloud.throttled = {method}
        with pytest.raises(Throttled):
            list(kind.enumerate(client, SUBJECT))
        cloud.throttled, cloud.permissions = set(), {"resourcemanager.projects.get"}
        gaps = list(kind.enumerate(client, SUBJECT))
        assert gaps
        assert all(isinstance(g, Gap) and "could not be listed" in g.reason for g in gaps)
        cloud.permissions = None


def test_a_quota_of_the_directory_is_a_403_and_still_a_request_to_slow_down(cloud, client):
    make(cloud, "google.oauth-grant")
    cloud.throttled = {"directory.tokens.list"}
    with pytest.raises(Throttled):
        list(KINDS["google.oauth-grant"].enumerate(client, SUBJECT))
    cloud.throttled, cloud.scopes = set(), {"admin.directory.user.readonly"}
    found = list(KINDS["google.oauth-grant"].enumerate(client, SUBJECT))
    assert [type(f) for f in found] == [Gap]


def test_names_that_are_nobody_or_an_alias_of_somebody_else_are_said(cloud, client, url, clock):
    cloud.user("bob@acme.example", aliases=["bobby@acme.example"])
    cloud.user(ADA)
    found = list(
        KINDS["google.user"].enumerate(
            client, Subject(names=(ADA, ADA.upper(), "bobby@acme.example", "eve@acme.example"))
        )
    )
    assert [k.owner for k in found if isinstance(k, Known)] == [ADA]
    assert sorted(g.reason.partition(" ")[0] for g in found if isinstance(g, Gap)) == ["bobby@acme.example", "mapped"]
    only_cloud = google_cloud.client(url, clock, subject="")
    assert isinstance(next(KINDS["google.user"].enumerate(only_cloud, SUBJECT)), Gap)
    with pytest.raises(Rejected):
        KINDS["google.user"].identify(
            only_cloud, Credential(kind="google.user", provider="google", identifier="1"), None
        )
    assert only_cloud.identity().account == NUMBER


def test_what_google_does_not_show_is_no_death(cloud, client):
    c = whole(client, make(cloud, "google.oauth-grant"))
    gone = replace(c, attributes={"user_id": "99"}, identifier=f"99/{GCLOUD}")
    with pytest.raises(NotFound):
        KINDS[c.kind].verify(client, gone)
    key = whole(client, make(cloud, "google.service-account-key"))
    elsewhere = replace(key, attributes={"client_email": "ada@another.iam.gserviceaccount.com"})
    with pytest.raises(NotFound):
        KINDS[key.kind].verify(client, elsewhere)
    # a file that lies about its project hides no key: the account's own address counts
    lying = replace(key, issuer="attacker-project", attributes={"client_email": ROBOT, "project": "attacker-project"})
    assert KINDS[key.kind].identify(client, lying, None).liveness is Liveness.LIVE
    access = whole(client, make(cloud, "google.hmac-key"))
    with pytest.raises(NotFound):
        KINDS[access.kind].verify(client, replace(access, identifier="GOOG1EFAKE"))
    for odd in ("nothing", {"data": []}, {"items": {}}, {"items": [1]}):
        with pytest.raises(Unrecognised):
            _odd(client, odd)


def _odd(client, said):
    from rescind.providers.google import _api

    class Fake:
        def send(self, *_, **__):
            return _answer(said)

    _api.pages(Fake(), "security", "/x", "items", what="x")


def _answer(said):
    from rescind.wire.answer import Answer

    return Answer(status=200, headers={}, json=said, body=json.dumps(said).encode(), request_id="", provider_time="")


def test_a_classic_client_secret_is_a_task_for_a_person_where_its_project_is_ours(cloud, client):
    kind = KINDS["google.client-secret"]
    for name, code in ((f"{NUMBER}-abc123.apps.googleusercontent.com", "by-hand"), ("a0b1c2-other", "")):
        found = Credential(kind=kind.id, provider="google", identifier=name)
        with pytest.raises(NotFound) as told:
            kind.identify(client, found, Secret("GOCSPX-fake"))
        assert told.value.code == code
    with pytest.raises(Denied):  # Google does not say whether a stranger's project is there
        kind.identify(client, replace(found, identifier=GCLOUD), Secret("GOCSPX-fake"))


def test_the_workstation_is_known_among_the_devices_by_name_or_serial(cloud, client):
    mine, other = cloud.device(cloud.user(ADA), "Ada-Laptop"), cloud.device(cloud.user(ADA), "phone")
    kind = KINDS["google.device"]
    for name in ("ada-laptop", cloud.things["device", mine.partition("/deviceUsers")[0]].now["serialNumber"]):
        found = {k.identifier: k for k in kind.enumerate(client, Subject(names=NAMES, workstation=name))}
        assert found[mine].attributes["workstation"] == name
        assert "workstation" not in found[other].attributes
    c = whole(client, make(cloud, "google.device"))
    cloud.done = False
    assert kind.actions[Verb.DEACTIVATE].call(client, c).status is CallStatus.ACCEPTED
    left = kind.actions[Verb.DEACTIVATE].restore(client, replace(c, attributes={"before.state": "BLOCKED"}))
    assert left.notes["left"]


# orders


def test_an_hmac_key_is_off_before_it_is_deleted_and_googles_own_keys_are_never_touched(cloud, client):
    c = whole(client, make(cloud, "google.hmac-key"))
    cloud.log.clear()
    KINDS[c.kind].actions[Verb.DELETE].call(client, c)
    assert [verb for _, verb, *_ in cloud.log] == ["PUT", "DELETE"]
    email = cloud.account("alone")
    cloud.key(email, "SYSTEM_MANAGED")
    assert list(KINDS["google.service-account-key"].enumerate(client, Subject(names=(email,)))) == []


def test_signing_out_is_acknowledged_at_best_and_ends_no_grant(cloud, client, run):
    held = make(cloud, "google.user-session")
    grant = MAKERS["google.oauth-grant"](cloud, "ada")
    c = whole(client, held)
    receipt = run(Verb.REVOKE, c)
    assert receipt.end_state is EndState.ACKNOWLEDGED
    assert cloud.things["signed-out", c.attributes["user_id"]].now
    assert grant.lives()


def test_a_super_administrator_is_not_ours_to_suspend(cloud, client, run):
    cloud.user("boss@acme.example", isAdmin=True)
    c = whole(client, MAKERS["google.user"](cloud, "boss"))
    receipt = run(Verb.DEACTIVATE, c)
    assert receipt.end_state is EndState.FAILED
    assert receipt.error.endswith(f"only a super administrator may act on them, and {ADMIN} is none")
    assert not [w for w in cloud.log if w[1] == "PUT"], "said before anything is asked of Google"


def test_we_never_switch_off_what_we_act_with(cloud, url, clock):
    email = cloud.account("responder")
    kid = cloud.key(email)
    client = google_cloud.client(url, clock)
    client.own = frozenset({email, kid})
    found = Credential(kind="google.service-account-key", provider="google", identifier=kid, subject=email, owner=email)
    for row in KINDS["google.service-account-key"].actions.values():
        with pytest.raises(Rejected):
            row.call(client, found)
    with pytest.raises(Rejected):
        KINDS["google.service-account"].actions[Verb.DEACTIVATE].call(client, found)
    me = KINDS["google.user"].identify(client, Credential(kind="google.user", provider="google", owner=ADMIN), None)
    assert ownership(me, People(mapped={"google": (ADMIN,)}), "google", client.identity()) is Ownership.OPERATOR


def test_no_value_stands_in_an_address_and_no_code_in_what_is_kept(cloud, client):
    held = make(cloud, "google.api-key")
    raw = []
    send = client._door("apikeys", True).send
    client._door("apikeys", True).send = lambda *a, **k: raw.append((a, k)) or send(*a, **k)
    KINDS["google.api-key"].identify(client, held.found, held.secret)
    assert raw[0][0][:2] == ("POST", "/v2/keys:lookupKey")
    assert held.secret.reveal() not in repr(raw)
    codes = whole(client, make(cloud, "google.verification-codes"))
    shown = [i["verificationCode"] for i in cloud.things["codes", codes.attributes["user_id"]].now["items"]]
    assert codes.attributes["codes"] == "3"
    assert not [code for code in shown if code in repr(codes)]


# how we sign in


@pytest.fixture(scope="module")
def robot():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


@contextmanager
def token_endpoint(status=200):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            part = body["assertion"][0].split(".")[1]
            seen.append(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
            said = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            raw = json.dumps(
                said if status == 200 else {"error": "unauthorized_client", "error_description": "scope"}
            ).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/token", seen
    server.shutdown()
    server.server_close()


def signed_in(url, clock, key, **settings):
    given = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url, **settings}
    refs = {"service_account_key": SecretRef(env="K")}
    tenant = Tenant(name="google", provider="google", settings={k: v for k, v in given.items() if v}, refs=refs)
    return _connect.connect(tenant, lambda _: Secret(json.dumps(key)), Pacer(1000, clock), write=True)


def test_google_auth_signs_each_api_in_with_its_own_scopes_and_workspace_as_the_administrator(cloud, url, clock, robot):
    with token_endpoint() as (address, seen):
        key = {
            "type": "service_account",
            "client_email": ROBOT,
            "private_key": robot,
            "private_key_id": "kid-fake",
            "token_uri": address,
        }
        client = signed_in(url, clock, key)
        assert client.own == {ROBOT, "kid-fake"}
        c = whole(client, make(cloud, "google.oauth-grant"))
        KINDS["google.user"].actions[Verb.DEACTIVATE].call(
            client, replace(c, kind="google.user", identifier=c.attributes["user_id"])
        )
        list(KINDS["google.service-account-key"].enumerate(client, SUBJECT))
    said = {s["scope"].removeprefix(google_model.SCOPE): s.get("sub") for s in seen}
    assert said == {
        "admin.directory.user.readonly": ADMIN,
        "admin.directory.user.security": ADMIN,
        "admin.directory.user": ADMIN,
        "cloud-platform": None,
    }
    assert {s["iss"] for s in seen} == {ROBOT}


def test_a_sign_in_that_google_refuses_is_denied_and_tells_no_key(url, clock, robot):
    with token_endpoint(401) as (address, _):
        key = {
            "type": "service_account",
            "client_email": ROBOT,
            "private_key": robot,
            "private_key_id": "kid-fake",
            "token_uri": address,
        }
        with pytest.raises(Denied) as told:
            signed_in(url, clock, key).identity()
    assert "unauthorized_client" in told.value.message
    with pytest.raises(ConfigError) as told:
        signed_in(url, clock, {"type": "service_account", "private_key": "MIIfake"}).identity()
    assert "MIIfake" not in str(told.value)


def test_addresses_are_the_operators(clock):
    def at(**settings):
        tenant = Tenant(
            name="g",
            provider="google",
            settings={"projects": (PROJECT,), **settings},
            refs={"token": SecretRef(env="T")},
        )
        client = _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1, clock), write=False)
        return {name: client._door(name, True).base_url for name in ("iam", "directory")}

    assert at() == {"iam": "https://iam.googleapis.com", "directory": "https://admin.googleapis.com"}
    assert at(universe="s3nsapis.fr")["iam"] == "https://iam.s3nsapis.fr"
    assert at(endpoints=("iam=https://iam-rescind.p.googleapis.com",)) == {
        "iam": "https://iam-rescind.p.googleapis.com",
        "directory": "https://admin.googleapis.com",
    }
    for bad in (
        {"endpoints": ("mail=https://x",)},
        {"projects": ("../x",)},
        {"projects": ()},
        {"subject": "x y@z"},
        {"access_seconds": "1h"},
        {"credential": "adc"},
    ):
        with pytest.raises(ConfigError):
            at(**bad)


def test_the_account_is_the_customer_and_owners_are_compared_without_case(cloud, client):
    me = client.identity()
    assert me.account == CUSTOMER
    known = KINDS["google.user"].identify(client, make(cloud, "google.user").found, None)
    assert ownership(known, People(mapped={"google": (ADA.upper(),)}), "google", me) is Ownership.CASE


def test_doctor_reads_every_kind_and_says_which_permissions_are_missing(cloud, url, clock, tmp_path):
    cloud.permissions = {p for k in KINDS.values() for p in k.read_permissions} | {
        "iam.serviceAccountKeys.disable",
        "apikeys.keys.delete",
    }
    cloud.account("ada")
    cloud.worker(ADA)
    settings = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url, "workforce_pools": ("acme-people",)}
    tenant = Tenant(name="acme", provider="google", settings=settings, refs={"token": SecretRef(env="T")}, rate=1000.0)
    (row,) = doctor.examine(
        Session(config=Config(tenants=(tenant,)), resolve=lambda _: Secret(TOKEN), clock=clock, state_dir=tmp_path)
    )
    told = {k["kind"]: (k["readable"], k["writable"], k["missing"]) for k in row["kinds"]}
    assert {k: v[0] for k, v in told.items()} == dict.fromkeys(KINDS, "yes")
    assert told["google.api-key"][1:] == ("yes", [])
    assert told["google.service-account-key"][1:] == (
        "no",
        ["iam.serviceAccountKeys.delete", "iam.serviceAccounts.disable"],
    )
    assert told["google.user"][1:] == ("unknown", [])
    assert told["google.workforce-session"][2] == [
        f"iam.googleapis.com/workforcePoolSubjects.{p}" for p in ("delete", "revokeSessions")
    ]
    apart = replace(tenant, write={"impersonate": "x@acme-prod.iam.gserviceaccount.com"})
    (row,) = doctor.examine(
        Session(config=Config(tenants=(apart,)), resolve=lambda _: Secret(TOKEN), clock=clock, state_dir=tmp_path)
    )
    assert {k["writable"] for k in row["kinds"]} == {"unknown"}
