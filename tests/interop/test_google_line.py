"""A lost laptop with Google's tools on it, and a person who is contained: through the whole line, at a simulator of ours of Google."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import start
from rescind.engine.runs import outcomes
from rescind.models.clock import parse_rfc3339
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.kind import Liveness, Verb
from rescind.models.plan import Case
from rescind.models.rotation import Rotating
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import session, undo
from rescind.pipeline.session import tenants
from rescind.schema.playbook import load_playbook
from rescind.secret import Secret
from tests.contract.test_end_states import JumpClock
from tests.contract.worlds_google import ADA, GCLOUD
from tests.interop import google_model
from tests.interop.google_cloud import ADMIN, PROJECT, TOKEN, Cloud

ROBOT = f"ada@{PROJECT}.iam.gserviceaccount.com"
REFRESH, ACCESS = "1//0" + "fakeRefresh" * 6, "ya29." + "fakeAccess" * 8
PEM = "-----BEGIN PRIVATE KEY-----\n" + "RkFLRUZBS0VGQUtF" * 40 + "\n-----END PRIVATE KEY-----\n"


class Laptop:
    """Ada's laptop and Ada at Google, with everything on one clock that jumps instead of waiting."""

    def __init__(self, folder: Path) -> None:
        self.clock = JumpClock()
        self.cloud, self.folder = Cloud(clock=self.clock.now), folder
        cloud = self.cloud
        self.ada, self.bob = cloud.user(ADA), cloud.user("bob@acme.example")
        self.grant, self.other = cloud.grant(self.ada, GCLOUD), cloud.grant(self.bob, GCLOUD)
        self.asp, self.codes = cloud.asp(self.ada), cloud.codes(self.ada)
        cloud.account("ada")
        self.key, self.hmac = cloud.key(ROBOT), cloud.hmac(ROBOT)
        self.api, self.value = cloud.api_key()
        self.home, self.state, self.settings = folder / "home", folder / "state", {}
        self._home()

    def _home(self) -> None:
        gcloud = self.home / ".config" / "gcloud"
        gcloud.mkdir(parents=True)
        login = {"type": "authorized_user", "client_id": GCLOUD, "client_secret": "fake", "refresh_token": REFRESH}
        db = sqlite3.connect(gcloud / "credentials.db")
        db.execute("CREATE TABLE credentials (account_id TEXT PRIMARY KEY, value BLOB)")
        db.execute("INSERT INTO credentials VALUES (?, ?)", (ADA, json.dumps(login)))
        db.commit()
        db.close()
        key = {
            "type": "service_account", "project_id": PROJECT, "private_key_id": self.key, "private_key": PEM, "client_email": ROBOT,
            "token_uri": "https://attacker.example/token",
        }  # fmt: skip
        (gcloud / "application_default_credentials.json").write_text(json.dumps(key))
        (self.home / ".bashrc").write_text(f"export GEMINI_API_KEY={self.value}\n")

    def session(self, url: str, **more) -> session.Session:
        settings = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url, "delegated": (), **self.settings}
        refs = {"token": SecretRef(env="T")}
        tenant = Tenant(name="google", provider="google", settings=settings, refs=refs, rate=1000.0)
        config = Config(tenants=(tenant,), persons={ADA: {"google": (ROBOT, f"projects/{PROJECT}")}}, **more)
        self.state.mkdir(mode=0o700, exist_ok=True)
        return session.Session(config=config, resolve=lambda _: Secret(TOKEN), clock=self.clock, state_dir=self.state)

    def log(self):
        return open_log(self.state / "rescind.db", load_signer(self.state), self.clock)

    def run(self, url: str, playbook: str, case: Case, **settings):
        self.settings = settings
        s, book = self.session(url), load_playbook(playbook)
        plan = session.survey(s, book, case)
        return plan, self.carry_out(s, plan, book)

    def carry_out(self, s, plan, book):
        return start.new(s, plan, book, session.gate(s, plan, book), self.log())


@pytest.fixture
def laptop(tmp_path):
    return Laptop(tmp_path)


def test_a_lost_laptop_is_ended_at_google_and_what_a_grant_covers_ends_with_it(laptop):
    with google_model.serve(laptop.cloud) as url:
        plan, done = laptop.run(url, "lost-laptop", Case(person=ADA, target=str(laptop.home)))
    by = {(c.kind, c.identifier): c for c in done.credentials}
    assert {k: c.end_state for k, c in by.items() if k[0].startswith("google.")} == {
        ("google.oauth-grant", laptop.grant): EndState.RESIDUAL,
        ("google.user-session", f"sessions:{laptop.ada}"): EndState.ACKNOWLEDGED,
        ("google.app-password", laptop.asp): EndState.DEAD,
        ("google.verification-codes", laptop.codes): EndState.DEAD,
        ("google.service-account-key", laptop.key): EndState.RESIDUAL,
        ("google.hmac-key", laptop.hmac): EndState.RESIDUAL,
        ("google.api-key", laptop.api): EndState.RESIDUAL,
    }
    refresh = next(c for c in done.credentials if c.kind == "oauth.refresh-token")
    assert refresh.end_state is EndState.RESIDUAL
    assert refresh.reason.startswith(f"it ended with google.oauth-grant {laptop.grant}")
    assert not refresh.tasks
    # at Google itself, and for nobody else
    things = laptop.cloud.things
    assert things["token", laptop.ada, GCLOUD].now is None
    assert things["token", laptop.bob, GCLOUD].now is not None
    assert laptop.cloud.mint(ROBOT, laptop.key) is None
    assert things["signed-out", laptop.ada].now
    assert not things["user", laptop.ada].now["suspended"], "the person stays"
    # the account was switched off: what the key had made is refused well within the hour
    key = by["google.service-account-key", laptop.key]
    steps = {s.verb: s for s in key.steps}
    assert steps["deny"].at <= steps["deactivate"].at
    assert key.residual_until < steps["deactivate"].residual_until
    text = json.dumps([repr(plan), repr(done)])
    assert not [v for v in (laptop.value, REFRESH, PEM[40:80]) if v in text]
    order = [
        (verb, target.partition("?")[0].rpartition("/")[2])
        for _, verb, target, _, _ in laptop.cloud.log
        if verb != "GET"
    ]
    print("writes:", order)
    # signed out before anything else of hers; the account before its key; codes last; and no sweep does any of it again
    said = [f"{verb} {name}" for verb, name in order]
    hers = [
        w for w in said if not w.endswith("gserviceaccount.com:disable")
    ]  # another tenant's lane, which waits for nobody
    assert hers[0] == "POST signOut"
    assert said[-1] == "POST invalidate"
    assert len(said) == len(set(said)) == 8


def test_contain_suspends_the_person_and_their_accounts_and_undo_puts_both_back(laptop):
    cloud = laptop.cloud
    alone = cloud.account("off-before")
    cloud.iam_serviceaccounts_disable({"name": f"projects/{PROJECT}/serviceAccounts/{alone}"}, {}, {})
    before = {k: cloud.things[k].now for k in (("user", laptop.ada), ("account", ROBOT), ("account", alone))}
    with google_model.serve(cloud) as url:
        plan, done = laptop.run(url, "contain", Case(person=ADA))
        assert {c.kind: c.end_state for c in done.credentials} == {
            "google.user": EndState.CONTAINED,
            "google.service-account": EndState.CONTAINED,
        }
        assert all(c.reversible for c in done.credentials)
        assert cloud.things["user", laptop.ada].now["suspended"]
        assert not cloud.things["user", laptop.bob].now["suspended"]
        assert cloud.mint(ROBOT, laptop.key) is None
        assert done.time_to_first_cut is not None
        s, log = laptop.session(url), laptop.log()
        back = undo.make_undo(s, done.run, [plan], outcomes(log, done.run), undo.snapshots(log, done.run))
        laptop.carry_out(s, back, load_playbook("contain"))
    assert {k: cloud.things[k].now for k in before} == before
    assert cloud.mint(ROBOT, laptop.key) is not None
    print(f"time to first cut: {done.time_to_first_cut:.1f} s on the simulated clock")


def test_a_key_of_a_service_account_is_replaced_where_its_user_reads_it_and_only_then_ended(laptop):
    """A new key is refused for half a minute like a deleted one, and an address that it names is never asked."""
    cloud, place = laptop.cloud, laptop.folder / "robot.json"
    cloud.birth = 30.0
    row = Rotating(
        name="robot", kind="google.service-account-key", tenant="google", subject=ROBOT, deliver={"file": str(place)}
    )
    with google_model.serve(cloud) as url:
        s, book = laptop.session(url, rotations=(row,)), load_playbook("rotate-tokens")
        client = tenants(s, Case(), write=True).get("google").client
        old = client.send("iam", "POST", f"/v1/projects/{PROJECT}/serviceAccounts/{ROBOT}/keys", json={}).json
        place.write_bytes(base64.b64decode(old["privateKeyData"]))
        place.chmod(0o600)
        laptop.clock.sleep(60)
        was = old["name"].rpartition("/")[2]
        cloud.put(("key", ROBOT, laptop.key), None)  # one key at a time, and this is its only one
        plan = session.survey(s, book, Case())
        assert [step.verb for step in plan.steps] == [Verb.ROTATE, Verb.DEACTIVATE, Verb.DELETE]
        laptop.carry_out(s, plan, book)
    now = json.loads(place.read_text())["private_key_id"]
    assert now != was
    assert cloud.mint(ROBOT, now) is not None
    assert cloud.mint(ROBOT, was) is None
    assert cloud.things["key", ROBOT, was].now["disabled"], "off, and deleted only after its grace"
    assert len(cloud.all("key", ROBOT)) == 2
    made = [t for _, verb, t, _, status in cloud.log if verb == "POST" and t.endswith("/keys") and status == 200]
    assert len(made) == 2
    assert "attacker.example" not in repr(cloud.log)


@pytest.mark.parametrize("kind", ["google.hmac-key", "google.api-key", "google.client-secret"])
def test_what_may_be_two_at_once_is_replaced_where_its_user_reads_it_and_only_then_ended(kind, laptop):
    cloud, place = laptop.cloud, laptop.folder / "value"
    name, value, subject = {
        "google.hmac-key": lambda: (laptop.hmac, json.dumps({"accessId": laptop.hmac, "secret": "fake"}), ROBOT),
        "google.api-key": lambda: (laptop.api, laptop.value, f"projects/{PROJECT}"),
        "google.client-secret": lambda: (*cloud.oauth_client(), f"projects/{PROJECT}"),
    }[kind]()
    place.write_text(value)
    place.chmod(0o600)
    row = Rotating(name="one", kind=kind, tenant="google", subject=subject, deliver={"file": str(place)})
    with google_model.serve(cloud) as url:
        s, book = laptop.session(url, rotations=(row,)), load_playbook("rotate-tokens")
        plan = session.survey(s, book, Case())
        assert [step.verb for step in plan.steps][0] is Verb.ROTATE, plan.gaps
        done = laptop.carry_out(s, plan, book)
        client = tenants(s, Case(), write=True).get("google").client
        row_ = catalogue.kinds()[kind]
        held = row_.rotation.unpack(Secret(place.read_text()))
        old = next(c for c in plan.credentials if c.identifier == name)
        assert not held.secret.same_as(Secret(value))
        assert row_.rotation.prove(client, old, replace(held, identifier=held.identifier or _new(done))).liveness is Liveness.LIVE  # fmt: skip
        assert row_.verify(client, old).liveness is Liveness.DEAD
    text = repr(plan) + repr(done) + (laptop.state / "rescind.db").read_bytes().decode("latin1")
    assert held.secret.reveal() not in text
    assert value not in text


def _new(done):
    return next(s.notes["new"] for c in done.credentials for s in c.steps if s.notes.get("new"))


def test_a_token_that_a_key_made_is_its_child_and_the_key_is_not_dead_before_it(laptop):
    """An access token in gcloud's cache, made with the key that lies beside it: nobody can end it, and it ends in an hour, or with its account."""
    gcloud = laptop.home / ".config" / "gcloud"
    db = sqlite3.connect(gcloud / "access_tokens.db")
    db.execute("CREATE TABLE access_tokens (account_id TEXT PRIMARY KEY, access_token TEXT, token_expiry TIMESTAMP, rapt_token TEXT, id_token TEXT)")  # fmt: skip
    db.execute("INSERT INTO access_tokens VALUES (?, ?, ?, ?, ?)", (ROBOT, ACCESS, "2099-01-01 00:00:00", None, None))
    db.commit()
    db.close()
    with google_model.serve(laptop.cloud) as url:
        _, done = laptop.run(url, "lost-laptop", Case(person=ADA, target=str(laptop.home)))
    key = next(c for c in done.credentials if c.identifier == laptop.key)
    token = next(c for c in done.credentials if c.kind == "oauth.access-token")
    assert token.parent == key.id
    assert (key.end_state, token.end_state) == (EndState.RESIDUAL, EndState.RESIDUAL)
    assert key.residual_until >= token.residual_until
    assert token.reason.startswith(f"it ended with google.service-account-key {laptop.key}")


def test_contain_leaves_an_administrator_to_a_super_administrator_and_names_where_a_user_signs_in(laptop):
    cloud = laptop.cloud
    cloud.put(("user", laptop.ada), {**cloud.get("user", laptop.ada), "isDelegatedAdmin": True})
    laptop.clock.sleep(1)
    with google_model.serve(cloud) as url:
        _, done = laptop.run(url, "contain", Case(person=ADA))
        (user,) = [c for c in done.credentials if c.kind == "google.user"]
        assert user.end_state is EndState.MANUAL
        assert "only a super administrator may act on them" in user.reason
        assert {t["owner"] for t in user.tasks} == {"a super administrator"}
        assert not [w for w in cloud.log if w[1] == "PUT"]
        cloud.put(("user", laptop.ada), {**cloud.get("user", laptop.ada), "isDelegatedAdmin": False})
        cloud.sso(unit="/", entity="https://idp.example/saml")
        laptop.clock.sleep(1)
        _, done = laptop.run(url, "contain", Case(person=ADA))
    (user,) = [c for c in done.credentials if c.kind == "google.user"]
    assert user.end_state is EndState.CONTAINED
    assert user.residual_until
    assert "Acme sign-on (https://idp.example/saml) is its source of authority" in user.reason
    assert any("https://idp.example/saml" in t["task"] for t in user.tasks)


def test_a_lost_phone_is_blocked_and_what_takes_data_off_it_waits_for_an_approval(laptop):
    cloud = laptop.cloud
    lost, kept = cloud.phone(laptop.ada), cloud.phone(laptop.ada)
    with google_model.serve(cloud) as url:
        plan, done = laptop.run(url, "lost-laptop", Case(person=ADA, workstation=f"SN{lost}"), device_management=True)
    by = {c.identifier: c for c in done.credentials if c.kind == "google.mobile-device"}
    assert {i: c.end_state for i, c in by.items()} == {lost: EndState.CONTAINED, kept: EndState.SKIPPED}
    assert cloud.things["mobile", lost].now["status"] == "BLOCKED"
    assert cloud.things["mobile", kept].now["status"] == "APPROVED"
    orders = {str(s.verb): s for s in plan.case_steps if s.machine}
    assert {v: (s.machine, s.held, bool(s.left_out)) for v, s in orders.items()} == {
        "retire": (f"mobile/{lost}", True, False),
        "wipe": (f"mobile/{lost}", False, True),  # a person's own phone is retired at most
    }
    assert f"serial number SN{lost}" in orders["retire"].task


def test_s2_a_grant_that_is_made_again_while_they_are_ended_is_found_and_ended(laptop):
    """S2 at Google: whoever has a session consents to another application as soon as a grant goes; the sweep looks until nothing is new."""
    cloud, made = laptop.cloud, []
    plain = cloud.directory_tokens_delete

    def again(p, q, b):
        plain(p, q, b)
        if len(made) < 2:
            made.append(cloud.grant(laptop.ada, f"{len(made)}-evil.apps.googleusercontent.com"))

    cloud.directory_tokens_delete = again
    with google_model.serve(cloud) as url:
        _, done = laptop.run(url, "lost-laptop", Case(person=ADA, target=str(laptop.home)))
    grants = {c.identifier: c.end_state for c in done.credentials if c.kind == "google.oauth-grant"}
    assert grants == dict.fromkeys([laptop.grant, *made], EndState.RESIDUAL)
    assert len(made) == 2
    assert cloud.all("token", laptop.ada) == []
    print(f"S2: {len(made)} grants made during the run, all ended by the sweep")


def test_an_account_that_may_act_for_users_leaves_an_hour_whatever_is_switched_off(laptop):
    """No API shows domain-wide delegation: unless the tenant says which accounts have it, an hour is told."""
    until = {}
    with google_model.serve(laptop.cloud) as url:
        _, done = laptop.run(url, "lost-laptop", Case(person=ADA, target=str(laptop.home)), delegated=None)
    key = next(c for c in done.credentials if c.identifier == laptop.key)
    steps = {s.verb: s for s in key.steps}
    until = {"key": key.residual_until, **{str(v): s.residual_until for v, s in steps.items()}}
    assert until["key"] == min(until["deny"], until["deactivate"]), until
    assert (parse_rfc3339(until["key"]) - parse_rfc3339(steps[Verb.DENY].cut_at)).total_seconds() == 3600
