"""Google's kinds one by one, at a simulator of ours: what goes on after a cut, what cannot be read whole, thousands of them, and people apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import ProviderError, Rejected, Throttled, Unreachable
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.machine import Standing
from rescind.models.plan import Case, Plan, Step
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import execute, reverify
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Tenants
from rescind.providers.google import ENDPOINTS, _machines, _next_hmac
from rescind.secret import Secret
from tests.contract.worlds_google import ADA, MAKERS
from tests.interop import google_cloud, google_model
from tests.interop.google_cloud import ADMIN, PROJECT, TOKEN, Cloud
from tests.interop.google_model import Fault
from tests.interop.google_more import POOL
from tests.interop.test_google import KINDS, NAMES, ROBOT, SUBJECT, Moving, make, whole

WEEK = timedelta(days=7)


class Bench:
    """One organisation behind the simulator, with a client and steps as a run carries them out."""

    def __init__(self, url, cloud, clock, folder, **settings):
        self.cloud, self.clock, self.url = cloud, clock, url
        settings = {"workforce_pools": (POOL.rpartition("/")[2],), **settings}
        self.client = google_cloud.client(url, clock, **settings)
        self.log = open_log(folder / "rescind.db", load_signer(folder), clock)
        given = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url, **settings}
        refs = {"token": SecretRef(env="T")}
        tenant = Tenant(name="google", provider="google", settings=given, refs=refs, rate=1000.0)
        self.tenants = Tenants((tenant,), resolve=lambda _: Secret(TOKEN), clock=clock, write=True)
        self.runs = 0

    def act(self, verb, c, wait=60.0):
        people = People(mapped={"google": (c.owner, *NAMES)})
        self.runs += 1
        ctx = execute.Context(
            run=f"run-{self.runs}", tenants=self.tenants, people=people, log=self.log, clock=self.clock
        )
        return execute.act(Step(phase="p", verb=verb, credential=c.id, tenant="google", wait_seconds=wait), c, ctx)

    def listed(self, kind, subject=SUBJECT):
        return list(KINDS[kind].enumerate(self.client, subject))


@pytest.fixture
def clock():
    return Moving()


@pytest.fixture
def cloud(clock):
    return Cloud(clock=clock.now)


@pytest.fixture
def bench(cloud, clock, tmp_path):
    with google_model.serve(cloud) as url:
        yield Bench(url, cloud, clock, tmp_path)


# until when: what the report says is what the simulator enforces, to the second


def _shown(cloud, key, late):
    """Return what a server shows that hears of a change so late; changes count in whole seconds, as in the `Date` of an answer."""
    heard = cloud.now() - timedelta(seconds=late)
    return (
        next((row for since, row in reversed(cloud.things[key].history) if since.replace(microsecond=0) <= heard), None)
        or {}
    )


def _user(cloud, c):
    made = cloud.now().replace(
        microsecond=0
    )  # an application's access token, at a service that does not ask for its user's state
    return lambda: cloud.now() < made + google_cloud.HOUR


def _robot(cloud, c):
    made = cloud.now().replace(microsecond=0)
    key = ("account", c.owner)
    return lambda: cloud.now() < made + google_cloud.HOUR and not _shown(cloud, key, 420).get("disabled")


def _key(cloud, c):
    token = cloud.mint(c.owner, c.identifier)
    return lambda: cloud.accepts(c.owner, token)


def _long(cloud, c):
    made = cloud.mint(c.owner, c.identifier)
    return lambda: cloud.now() < made + timedelta(hours=12)


def _api(cloud, c):
    def works():
        deleted = (cloud.things["apikey", c.identifier].now or {}).get("deleteTime")
        return not deleted or cloud.now() < datetime.fromisoformat(deleted) + timedelta(minutes=30)

    return works


def _hmac(cloud, c):
    return lambda: _shown(cloud, ("hmac", c.identifier), 180).get("state") == "ACTIVE"


def _asp(cloud, c):
    return lambda: cloud.things["asp", *c.identifier.split("/")].now is not None


def _codes(cloud, c):
    return lambda: bool(cloud.things["codes", c.attributes["user_id"]].now)


def _ssh(cloud, c):
    return lambda: cloud.things["ssh", *c.identifier.split("/")].now is not None


def _device(cloud, c):
    return lambda: (cloud.things["device-user", c.identifier].now or {})["managementState"] == "APPROVED"


def _cros(cloud, c):
    return lambda: (cloud.things["cros", c.identifier].now or {})["status"] == "ACTIVE"


def _phone(cloud, c):
    return lambda: (cloud.things["mobile", c.identifier].now or {})["status"] == "APPROVED"


ENFORCED = [
    ("google.user", Verb.DEACTIVATE, EndState.CONTAINED, _user, {}),
    ("google.service-account", Verb.DEACTIVATE, EndState.CONTAINED, _robot, {"delegated": ("else@acme.example",)}),
    ("google.service-account", Verb.DEACTIVATE, EndState.CONTAINED, _user, {}),  # a token in a user's name
    ("google.service-account-key", Verb.DEACTIVATE, EndState.RESIDUAL, _key, {}),
    ("google.service-account-key", Verb.DELETE, EndState.RESIDUAL, _key, {}),
    ("google.service-account-key", Verb.DEACTIVATE, EndState.RESIDUAL, _long, {"access_seconds": "43200"}),
    ("google.service-account-key", Verb.DELETE, EndState.RESIDUAL, _long, {"access_seconds": "43200"}),
    ("google.oauth-grant", Verb.REVOKE, EndState.RESIDUAL, _user, {}),
    ("google.client-secret", Verb.DEACTIVATE, EndState.RESIDUAL, _user, {}),
    ("google.client-secret", Verb.DELETE, EndState.RESIDUAL, _user, {}),
    ("google.api-key", Verb.REVOKE, EndState.RESIDUAL, _api, {}),
    ("google.hmac-key", Verb.DEACTIVATE, EndState.RESIDUAL, _hmac, {}),
    ("google.hmac-key", Verb.DELETE, EndState.RESIDUAL, _hmac, {}),
    ("google.app-password", Verb.REVOKE, EndState.DEAD, _asp, {}),
    ("google.verification-codes", Verb.INVALIDATE, EndState.DEAD, _codes, {}),
    ("google.oslogin-key", Verb.REVOKE, EndState.DEAD, _ssh, {}),
    ("google.device", Verb.DEACTIVATE, EndState.CONTAINED, _device, {}),
    ("google.device", Verb.ERASE_LOCAL, EndState.CONTAINED, _device, {}),
    ("google.chromeos-device", Verb.DEACTIVATE, EndState.CONTAINED, _cros, {}),
    ("google.mobile-device", Verb.DEACTIVATE, EndState.CONTAINED, _phone, {}),
    ("google.mobile-device", Verb.ERASE_LOCAL, EndState.CONTAINED, _phone, {}),
    ("google.mobile-device", Verb.DELETE, EndState.CONTAINED, _phone, {}),
]
UNSEEN = {"google.user-session", "google.workforce-session"}
"""Kinds whose end Google shows nobody: acknowledged, and no time is told."""


def test_the_table_has_every_action_of_every_kind():
    acts = {
        (k, v) for k, row in KINDS.items() for v, act in row.actions.items() if not act.supports and k not in UNSEEN
    }
    assert {(k, v) for k, v, *_ in ENFORCED} == acts


@pytest.mark.parametrize(("name", "verb", "state", "watch", "settings"), ENFORCED)
def test_what_is_told_to_go_on_goes_on_exactly_so_long(name, verb, state, watch, settings, cloud, clock, tmp_path):
    with google_model.serve(cloud) as url:
        bench = Bench(url, cloud, clock, tmp_path, **settings)
        held = make(cloud, name)
        c = whole(bench.client, held)
        clock.seconds += (
            0.5 if name == "google.api-key" else 0.0
        )  # Google gives a deletion's time to fractions of a second
        works = watch(cloud, c)
        assert works()
        receipt = bench.act(verb, c)
        assert receipt.end_state is state
        if not receipt.residual_until:
            assert not KINDS[name].residual.seconds
            assert not works()
            return
        assert receipt.residual_what
        until = parse_rfc3339(receipt.residual_until)
        clock.seconds += (until - clock.now()).total_seconds() - 1
        assert works(), "told longer than it goes on"
        assert bench.act(verb, c).end_state is not EndState.DEAD or state is EndState.RESIDUAL
        clock.seconds = (until - Moving().now()).total_seconds()
        assert not works(), "it goes on longer than was told"
        print(f"{name} {verb}: told {receipt.residual_until}, refused at {rfc3339(clock.now())}")


@pytest.mark.parametrize(("settings", "seconds"), [({}, 3600), ({"access_seconds": "43200"}, 43_200)])
def test_a_look_hours_later_counts_from_the_cut_and_then_calls_it_dead(settings, seconds, cloud, clock, tmp_path):
    with google_model.serve(cloud) as url:
        bench = Bench(url, cloud, clock, tmp_path, **settings)
        c = whole(bench.client, make(cloud, "google.service-account-key"))
        step = Step(phase="p", verb=Verb.DEACTIVATE, credential=c.id, tenant="google", wait_seconds=60.0)
        people = People(mapped={"google": (c.owner, *NAMES)})
        ctx = execute.Context(run="run", tenants=bench.tenants, people=people, log=bench.log, clock=clock)
        before = execute.act(step, c, ctx)
        plan = Plan(
            created_at=rfc3339(clock.now()), case=Case(), playbook={"name": "p"}, credentials=(c,), candidates=(), steps=(step,),
            decisions=(), accepted=(), gaps=(),
        )  # fmt: skip
        told = []
        for later in (seconds // 2, seconds):
            clock.seconds += later
            reverify.look_again([plan], {step.id: before}, ctx)
            entry = bench.log.last("verification", "run", step.id)
            told.append((entry.data["end_state"], entry.data.get("residual_until", "")))
        assert told == [("residual", before.residual_until), ("dead", "")]
        assert (parse_rfc3339(before.residual_until) - parse_rfc3339(before.cut_at)).total_seconds() == seconds


@pytest.mark.parametrize("name", sorted(UNSEEN))
def test_what_nobody_can_look_at_is_acknowledged_with_no_time_told(name, bench):
    c = whole(bench.client, make(bench.cloud, name))
    receipt = bench.act(Verb.REVOKE, c)
    assert (receipt.end_state, receipt.residual_until) == (EndState.ACKNOWLEDGED, "")


# a change that is shown late

OF_PROJECTS = {"google.api-key", "google.client-secret"}


@pytest.mark.parametrize(("name", "verb"), sorted({(k, v) for k, v, *_ in ENFORCED}))
def test_a_change_that_is_shown_late_is_waited_for_and_one_that_is_too_late_is_not_claimed(name, verb, bench):
    c = whole(bench.client, make(bench.cloud, name))
    late = whole(bench.client, make(bench.cloud, name, "bob" if name not in OF_PROJECTS else "ada"))
    bench.clock.seconds += 700
    bench.cloud.lag = 8.0
    receipt = bench.act(verb, c)
    assert receipt.end_state in {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED}
    assert receipt.evidence
    bench.cloud.lag = 600.0
    assert bench.act(verb, late, wait=30.0).end_state in {EndState.FAILED, EndState.UNKNOWN}


# what cannot be read whole

LISTS = {
    "google.user": ("directory.users.get", "cloudidentity.inboundSsoAssignments.list", "directory.orgunits.list"),
    "google.user-session": ("directory.users.get",),
    "google.oauth-grant": ("directory.users.get", "directory.tokens.list"),
    "google.app-password": ("directory.users.get", "directory.asps.list"),
    "google.verification-codes": ("directory.users.get", "directory.verificationCodes.list"),
    "google.oslogin-key": ("directory.users.get", "oslogin.users.getLoginProfile"),
    "google.mobile-device": ("directory.users.get", "directory.mobiledevices.list"),
    "google.chromeos-device": ("directory.users.get", "directory.chromeosdevices.list"),
    "google.device": (
        "directory.users.get",
        "cloudidentity.devices.deviceUsers.list",
        "cloudidentity.devices.get",
    ),
    "google.service-account": ("iam.projects.serviceAccounts.get",),
    "google.service-account-key": ("iam.projects.serviceAccounts.get", "iam.projects.serviceAccounts.keys.list"),
    "google.api-key": ("cloudresourcemanager.projects.get", "apikeys.projects.locations.keys.list"),
    "google.hmac-key": ("cloudresourcemanager.projects.get", "storage.projects.hmacKeys.list"),
    "google.client-secret": (
        "cloudresourcemanager.projects.get",
        "iam.projects.locations.oauthClients.list",
        "iam.projects.locations.oauthClients.credentials.list",
    ),
    "google.workforce-session": ("iam.locations.workforcePools.get",),
}
FAULTS = {
    "forbidden": lambda: Fault(403, "Not Authorized to access this resource/api"),
    "old quota": lambda: Fault(403, "Quota exceeded.", "userRateLimitExceeded"),
    "quota": lambda: Fault(429, "Quota exceeded."),
    "quota with a time": lambda: Fault(429, "Quota exceeded.", retry_after="7"),
}


def _filled(cloud, name):
    """Give Ada five of a kind where she can have several, and a sign-on for her unit."""
    for _ in range(5):
        make(cloud, name)
    cloud.sso(unit="/", entity="https://idp.example/saml")


def test_every_kind_lists():
    assert set(LISTS) == set(KINDS)


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_every_size_are_read_to_the_last(name, bench):
    _filled(bench.cloud, name)
    sizes = {}
    for size in (1, 2, 3, 4, 5, 6, 100):
        bench.cloud.page = size
        sizes[size] = {k.identifier for k in bench.listed(name) if isinstance(k, Known)}
    assert len({frozenset(found) for found in sizes.values()}) == 1
    assert sizes[1]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", LISTS)
def test_a_page_that_is_refused_or_put_off_is_a_gap_and_never_a_short_list(name, fault, bench):
    cloud = bench.cloud
    _filled(cloud, name)
    cloud.page = 2
    for method in LISTS[name]:
        cloud.fails, cloud.calls = {}, {}
        before = {k.identifier for k in bench.listed(name) if isinstance(k, Known)}
        asked = cloud.calls.get(method, -1) + 1
        assert asked, method
        for nth in range(asked):
            if fault == "old quota" and not method.startswith(("directory.", "storage.")):
                continue  # the newer APIs answer 429
            cloud.fails, cloud.calls = {method: (nth, FAULTS[fault]())}, {}
            try:
                found = bench.listed(name)
            except ProviderError as error:
                assert fault != "forbidden"
                assert isinstance(error, Throttled)
                assert (error.retry_after or 0) == (7 if fault == "quota with a time" else 0)
            else:
                assert fault == "forbidden"
                assert [g for g in found if isinstance(g, Gap)], (method, nth)
                assert {k.identifier for k in found if isinstance(k, Known)} <= before


@pytest.mark.parametrize("name", LISTS)
def test_a_right_that_is_missing_is_a_gap(name, bench):
    cloud = bench.cloud
    _filled(cloud, name)
    for right in KINDS[name].read_permissions:
        cloud.scopes = cloud.permissions = None
        others = set(KINDS[name].read_permissions) - {right}
        if "//" in right:
            cloud.scopes = {p.removeprefix(google_model.SCOPE) for p in others}
        else:
            cloud.permissions = others
        found = bench.listed(name)
        lost = any(isinstance(g, Gap) for g in found)
        if lost:
            continue
        c = next(k for k in found if isinstance(k, Known))  # then it is needed to look at one
        held = Credential(kind=name, provider="google", identifier=c.identifier, owner=c.owner, issuer=c.issuer, subject=c.subject, attributes=c.attributes)  # fmt: skip
        looks = [KINDS[name].control, *([KINDS[name].verify] if KINDS[name].verify else [])]
        refused = 0
        for look in (*looks, lambda client, c: KINDS[name].identify(client, c, Secret("AIza-fake"))):
            for one in (held, replace(held, identifier="") if name == "google.api-key" else held):
                try:
                    look(bench.client, one)
                except ProviderError:
                    refused += 1
        assert refused or right in NOT_ASKED_HERE, right


NOT_ASKED_HERE = {
    "iam.serviceAccounts.list",  # only `doctor` lists, where no account is known
    "https://www.googleapis.com/auth/admin.directory.group.member.readonly",  # only where a group is sent elsewhere
}


# thousands


def _count(cloud, work):
    before = len(cloud.log)
    found = work()
    return found, len(cloud.log) - before


def test_five_thousand_keys_of_five_hundred_accounts_take_two_requests_an_account(bench):
    cloud = bench.cloud
    cloud.page = 1000
    for n in range(500):
        mail = cloud.account(f"r{n}")
        for _ in range(10):
            cloud.key(mail)
    names = tuple(f"r{n}@{PROJECT}.iam.gserviceaccount.com" for n in range(500))
    keys, asked = _count(cloud, lambda: bench.listed("google.service-account-key", Subject(names=names)))
    assert (len(keys), asked) == (5000, 1000), "one for the account, one for its keys"


def test_five_thousand_of_each_are_listed_in_few_requests_and_a_late_page_is_no_short_list(bench):
    cloud = bench.cloud
    cloud.page, uid = 1000, cloud.user(ADA)
    cloud.account("ada")
    for n in range(5000):
        cloud.api_key()
        cloud.hmac(ROBOT)
        cloud.grant(uid, f"{n}.apps.googleusercontent.com")
        cloud.user(f"u{n}@acme.example", known=False)
    for _ in range(500):
        cloud.phone(uid)
    for name, most, method, late in (
        ("google.api-key", 5000 // 300 + 2, "apikeys.projects.locations.keys.list", 9),
        ("google.hmac-key", 5000 // 250 + 1, "storage.projects.hmacKeys.list", 11),
        ("google.oauth-grant", 2, "directory.tokens.list", 0),
        ("google.mobile-device", 6, "directory.mobiledevices.list", 3),
    ):
        found, asked = _count(cloud, lambda name=name: bench.listed(name))
        assert len({k.identifier for k in found}) == (500 if name == "google.mobile-device" else 5000), name
        assert asked <= most, (name, asked)
        for fault, outcome in ((Fault(429, "Quota exceeded."), Throttled), (Fault(403, "Not Authorized."), Gap)):
            cloud.fails, cloud.calls = {method: (late, fault)}, {}
            try:
                found = bench.listed(name)
            except ProviderError as error:
                found = [error]
            assert [type(f) for f in found] == [outcome], name
        cloud.fails = {}
        print(f"{name}: {asked} requests")
    boss = cloud.user("boss@acme.example", isAdmin=True)
    _, asked = _count(cloud, lambda: KINDS["google.user"].identify(bench.client, make(cloud, "google.user", "boss").found, None))  # fmt: skip
    assert asked == 2, "the user, and ourselves; never all five thousand"
    assert boss


# whose word counts, and whom nobody here can end


def _directory(bench, *names):
    found = bench.listed("google.user", Subject(names=names or (ADA,)))
    return [k for k in found if isinstance(k, Known)], [g.reason for g in found if isinstance(g, Gap)]


def test_where_a_user_signs_in_is_read_from_groups_first_and_then_from_the_nearest_unit(bench):
    cloud = bench.cloud
    uid = cloud.user(ADA, orgUnitPath="/sales/emea")
    cloud.unit("/sales/emea")
    (ada,), gaps = _directory(bench)
    assert ("source_of_authority" in ada.attributes, gaps) == (False, [])
    cloud.sso(unit="/", entity="https://root.example/saml")
    cloud.sso(unit="/sales", entity="https://sales.example/saml")
    (ada,), gaps = _directory(bench)
    assert ada.attributes["source_of_authority"] == "Acme sign-on (https://sales.example/saml)"
    assert gaps == []
    cloud.sso(unit="/sales/emea", mode="SSO_OFF")
    (ada,), gaps = _directory(bench)
    assert ("source_of_authority" in ada.attributes, gaps) == (False, [])
    cloud.sso(group="g1", entity="https://group.example/oidc", mode="OIDC_SSO")
    cloud.put(("member", "g1", uid), {})
    (ada,), _ = _directory(bench)
    assert ada.attributes["source_of_authority"] == "Acme sign-on (https://group.example/oidc)"


def test_the_sign_on_of_a_whole_domain_and_one_that_cannot_be_read_are_said(bench):
    cloud = bench.cloud
    cloud.user(ADA)
    cloud.sso(unit="/", mode="DOMAIN_WIDE_SAML_IF_ENABLED")
    (ada,), gaps = _directory(bench)
    assert ada.attributes["source_of_authority"].startswith("the SAML identity provider of the whole domain")
    assert gaps == []
    cloud.scopes = {"admin.directory.user.readonly"}
    (ada,), gaps = _directory(bench)
    assert "source_of_authority" not in ada.attributes
    assert gaps == [
        f"where {ADA} signs in could not be read: sign-on: 403 Request had insufficient authentication scopes."
    ]


def test_an_account_of_somebody_else_is_said_to_be_out_of_reach_with_what_is_done_instead(bench):
    bench.cloud.user(ADA)
    known, gaps = _directory(bench, ADA, "ada@gmail.com", "eve@acme-labs.example", "eve@alias.acme.example")
    assert [k.owner for k in known] == [ADA]
    assert sorted(gaps)[1:] == [f"mapped Workspace user eve@{d} does not exist" for d in ("acme-labs.example", "alias.acme.example")]  # fmt: skip
    assert gaps[0].startswith(
        "ada@gmail.com is no account of this Workspace, whose domains are acme-labs.example, acme.example, "
    )
    assert "search-all-iam-policies --query=policy:ada@gmail.com" in gaps[0]
    assert bench.listed("google.oauth-grant", Subject(names=("ada@gmail.com",)))[0].reason == gaps[0], "the same words"
    guest = bench.cloud.user("guest@acme.example", isGuestUser=True, guestAccountInfo={"primaryGuestEmail": "ada@gmail.com"})  # fmt: skip
    (known,), _ = _directory(bench, "guest@acme.example")
    assert (known.identifier, known.attributes["type"]) == (guest, "external")


@pytest.mark.parametrize("rank", ["isAdmin", "isDelegatedAdmin"])
def test_an_administrator_is_beyond_who_is_no_super_administrator_and_that_is_said_of_all_they_have(rank, bench):
    cloud = bench.cloud
    boss = cloud.user("boss@acme.example", **{rank: True})
    names = Subject(names=("boss@acme.example",))
    cloud.grant(boss, "1.apps.googleusercontent.com")
    cloud.asp(boss)
    cloud.codes(boss)
    cloud.ssh_key(boss)
    for kind in ("google.user", "google.user-session", "google.oauth-grant", "google.app-password", "google.verification-codes", "google.oslogin-key"):  # fmt: skip
        (known,) = bench.listed(kind, names)
        assert "only a super administrator may act on them" in known.by_hand, kind
        assert known.hands == "a super administrator"
    # a super administrator may: one who is not the last one
    cloud.things["user", cloud.admin].history[0] = (
        cloud.things["user", cloud.admin].history[0][0],
        {**cloud.get("user", cloud.admin), "isAdmin": True},
    )
    (known,) = bench.listed("google.user", names)
    assert known.by_hand == ""
    assert bench.act(Verb.DEACTIVATE, whole(bench.client, MAKERS["google.user"](cloud, "boss"))).end_state is EndState.CONTAINED  # fmt: skip


def test_the_last_super_administrator_and_we_ourselves_are_never_suspended(bench, clock, tmp_path):
    cloud = bench.cloud
    call = KINDS["google.user"].actions[Verb.DEACTIVATE].call
    me = whole(bench.client, MAKERS["google.user"](cloud, "responder"))
    with pytest.raises(Rejected) as told:
        call(bench.client, me)
    assert "as whom we ask ourselves" in told.value.message
    # our own account is a super administrator by an alias of it, which the address that is asked does not show
    cloud.put(("user", cloud.admin), {**cloud.get("user", cloud.admin), "isAdmin": True, "suspended": True})
    boss = whole(bench.client, MAKERS["google.user"](cloud, "boss"))
    cloud.put(("user", boss.identifier), {**cloud.get("user", boss.identifier), "isAdmin": True})
    with pytest.raises(Rejected) as told:
        call(bench.client, boss)
    assert "last super administrator" in told.value.message
    assert not [w for w in cloud.log if w[1] == "PUT"]
    assert cloud.things["user", boss.identifier].now["suspended"] is False


# phones


def test_a_wipe_waits_for_the_device_and_is_not_claimed_before(bench):
    cloud = bench.cloud
    cloud.online = False
    for name, watch in (("google.mobile-device", "mobile"), ("google.device", "device-user")):
        c = whole(bench.client, make(cloud, name))
        receipt = bench.act(Verb.ERASE_LOCAL, c)
        assert (receipt.end_state, receipt.call_status) == (EndState.UNKNOWN, CallStatus.ACCEPTED if watch == "mobile" else CallStatus.DONE)  # fmt: skip
        assert "waits until the device is online" in receipt.evidence
        state = "status" if watch == "mobile" else "managementState"
        now = cloud.things[watch, c.identifier].now
        cloud.put((watch, c.identifier), {**now, state: now[state].replace("WIPING", "WIPED")})
        assert KINDS[name].actions[Verb.ERASE_LOCAL].verify(bench.client, c).liveness is Liveness.DEAD


@pytest.mark.parametrize("sort", ["mobile", "chromeos", "devices"])
def test_an_order_to_a_machine_is_taken_first_and_done_only_when_google_shows_it(sort, bench):
    cloud, uid = bench.cloud, bench.cloud.user(ADA)
    cloud.online = False
    ident = {
        "mobile": lambda: f"mobile/{cloud.phone(uid)}",
        "chromeos": lambda: f"chromeos/{cloud.chromebook(uid)}",
        "devices": lambda: cloud.device(uid, "ada-laptop"),
    }[sort]()
    name = {"mobile": f"SN{ident[7:]}", "chromeos": ident[9:].upper(), "devices": "Ada-Laptop"}[sort]
    (machine,) = _machines.find(bench.client, name, (ident,))
    assert machine.personal is (sort == "mobile")
    assert _machines.find(bench.client, "another", (ident,)) == []
    for verb in ("retire", "wipe"):
        assert _machines.look(bench.client, ident, verb, "2026-11-24T12:00:00Z").standing is Standing.NONE
        _machines.send(bench.client, ident, verb)
        assert _machines.look(bench.client, ident, verb, "2026-11-24T12:00:00Z").standing is Standing.ORDERED
        cloud.online = True
        _machines.send(bench.client, ident, verb)
        assert _machines.look(bench.client, ident, verb, "2026-11-24T12:00:00Z").standing is Standing.DONE
        cloud.online = False
        if sort == "mobile":
            cloud.directory_mobiledevices_action({"resourceId": ident[7:]}, {}, {"action": "approve"})
    with pytest.raises(Rejected):
        _machines.send(bench.client, ident, "lock")
    bench.client.commands.clear()
    if sort == "chromeos":
        assert "Admin console" in _machines.look(bench.client, ident, "wipe", "now").evidence
    gone = _machines.look(bench.client, "mobile/nobody", "wipe", "now")
    assert (gone.standing, gone.evidence[:31]) == (Standing.NONE, "Google does not show the machin")
    granted = {p.removeprefix(google_model.SCOPE) for p in ENDPOINTS.read_permissions}
    cloud.scopes = granted
    assert _machines.find(bench.client, name, (ident,)) == [machine]
    with pytest.raises(ProviderError):
        _machines.send(bench.client, ident, "retire")


def test_a_phone_of_two_people_is_nobodys_and_a_similar_address_is_somebody_elses(bench):
    cloud = bench.cloud
    ada, eve = cloud.user(ADA), cloud.user("ada.lovelace@acme.example")
    mine, both, hers = cloud.phone(ada), cloud.phone(ada, eve), cloud.phone(eve)
    found = {k.identifier: k.owner for k in bench.listed("google.mobile-device", Subject(names=(ADA,), workstation=f"sn{mine}"))}  # fmt: skip
    assert found == {mine: ADA, both: ""}
    assert hers not in found
    (named,) = [k for k in bench.listed("google.mobile-device", Subject(names=(ADA,), workstation=f"sn{mine}")) if k.attributes.get("workstation")]  # fmt: skip
    assert named.identifier == mine


# workforce identities


def test_a_workforce_identity_is_cut_by_name_and_what_was_issued_to_it_is_known_by_its_pool(bench):
    cloud, kind = bench.cloud, KINDS["google.workforce-session"]
    name = cloud.worker(ADA)
    (known,) = bench.listed("google.workforce-session")
    assert (known.identifier, known.owner) == (name, f"principal://iam.googleapis.com/{POOL}/subject/{ADA}")
    assert known.attributes["source_of_authority"] == f"the identity provider of {POOL}"
    c = whole(bench.client, make(cloud, kind.id))
    token = Credential(
        kind="oauth.refresh-token", provider="oauth", issuer="https://sts.googleapis.com", fingerprint="hmac-sha256:1",
        attributes={"account": known.owner, "audience": f"//iam.googleapis.com/{POOL}/providers/okta"},
    )  # fmt: skip
    assert kind.covers(c, token)
    for other in ({"account": known.owner.replace("ada", "eve")}, {"audience": "//iam.googleapis.com/locations/global/workforcePools/other1/providers/p"}):  # fmt: skip
        assert not kind.covers(c, replace(token, attributes={**token.attributes, **other}))
    assert not kind.covers(c, replace(token, issuer="https://accounts.google.com"))
    cloud.done = False
    assert kind.actions[Verb.REVOKE].call(bench.client, c).status is CallStatus.ACCEPTED
    assert cloud.things["worker", name].now["revoked"]
    did = kind.actions[Verb.DELETE].call(bench.client, c)
    assert did.status is CallStatus.ACCEPTED
    again = kind.actions[Verb.DELETE].call(bench.client, c)
    assert again.status is CallStatus.ALREADY
    back = kind.actions[Verb.DELETE].restore
    theirs, ours = (replace(c, attributes={f"did.{k}": v for k, v in d.notes.items()}) for d in (again, did))
    assert back(bench.client, theirs).notes["left"], "whoever deleted it before the run meant it"
    assert back(bench.client, ours).status is CallStatus.ACCEPTED
    assert not cloud.things["worker", name].now["deleted"]
    gone = bench.listed("google.workforce-session", Subject(names=(f"locations/global/workforcePools/nobody/subjects/{ADA}",)))  # fmt: skip
    assert [g.reason for g in gone if isinstance(g, Gap)] == [f"the workforce pool of locations/global/workforcePools/nobody/subjects/{ADA} does not exist"]  # fmt: skip


# what an HMAC key signs


def test_a_signature_is_made_as_google_describes_it_and_another_secret_is_refused(bench):
    cloud = bench.cloud
    cloud.account("ada")
    old = whole(bench.client, make(cloud, "google.hmac-key"))
    made = _next_hmac.mint(bench.client, old, "run/step")
    assert _next_hmac.prove(bench.client, old, made.value).liveness is Liveness.LIVE
    wrong = replace(made.value, secret=Secret("fake"))
    assert _next_hmac.prove(bench.client, old, wrong).liveness is Liveness.UNKNOWN
    cloud.storage_hmackeys_update({"projectId": PROJECT, "accessId": made.value.identifier}, {}, {"state": "INACTIVE"})
    assert _next_hmac.prove(bench.client, old, made.value).liveness is Liveness.UNKNOWN
    assert made.value.secret.reveal() not in repr(cloud.log)
    for bad in ("", "{}", "[]", '{"accessId": "GOOG1E", "secret": ""}', "AIza"):
        with pytest.raises(ValueError, match=r"HMAC|Expecting"):
            _next_hmac.unpack(Secret(bad))
    assert _next_hmac.unpack(_next_hmac.pack(made.value)).secret.same_as(made.value.secret)


def test_every_kind_that_can_have_two_at_once_is_rotated():
    assert {k for k, row in KINDS.items() if row.rotation} == {
        "google.service-account-key", "google.hmac-key", "google.api-key", "google.client-secret",
    }  # fmt: skip
    assert catalogue.providers()["google"].eventual


@pytest.mark.parametrize("name", ["google.service-account-key", "google.hmac-key", "google.api-key", "google.client-secret"])  # fmt: skip
def test_a_rotation_needs_what_it_declares_and_every_request_of_it_is_one_of_the_model(name, bench):
    cloud, kind = bench.cloud, KINDS[name]
    how = kind.rotation
    old = whole(bench.client, make(cloud, name))
    creating = {p for p in how.permissions if p.endswith((".create", ".getKeyString"))}
    assert creating
    for lacking in creating:
        cloud.permissions = {*kind.read_permissions, *how.permissions} - {lacking}
        with pytest.raises(ProviderError):
            how.mint(bench.client, old, "run-1/step-1")
    cloud.permissions = {*kind.read_permissions, *how.permissions}
    made = how.mint(bench.client, old, "run-1/step-1")
    assert how.prove(bench.client, old, made.value).liveness is Liveness.LIVE
    listed = {k.identifier: k for k in bench.listed(name) if isinstance(k, Known)}
    assert how.ours(listed[made.value.identifier], "run-1/step-1", bench.clock.now())
    assert not how.ours(listed[old.identifier], "run-1/step-1", bench.clock.now())
    kind.actions[how.discard].call(bench.client, replace(old, identifier=made.value.identifier))
    assert how.prove(bench.client, old, made.value).liveness is Liveness.UNKNOWN
    for host, verb, target, body, _ in cloud.log:
        if host != "oauth2" and (host, target) != ("storage", "/"):
            assert google_model.breaches(host, verb, target, body)[1] == [], (verb, target)


def test_an_api_key_that_is_made_in_the_background_is_waited_for_and_is_like_the_old_one(bench):
    cloud, how = bench.cloud, KINDS["google.api-key"].rotation
    limits = {"browserKeyRestrictions": {"allowedReferrers": ["https://acme.example/*"]}}
    name, _ = cloud.api_key(restrictions=limits, serviceAccountEmail=cloud.account("ada"))
    old = whole(bench.client, replace(make(cloud, "google.api-key"), found=Credential(kind="google.api-key", provider="google", identifier=name)))  # fmt: skip
    cloud.done = False
    made = how.mint(bench.client, old, "run-1/step-1")
    assert cloud.calls["apikeys.operations.get"] == 2, "looked at three times"
    row = cloud.get("apikey", made.value.identifier)
    assert (row["restrictions"], row["serviceAccountEmail"], row["displayName"]) == (limits, old.owner, "browser key")
    cloud.fails = {"apikeys.projects.locations.keys.getKeyString": (0, Fault(403, "Not Authorized."))}
    with pytest.raises(Unreachable) as told:
        how.mint(bench.client, old, "run-1/step-2")
    assert told.value.maybe_sent, "one may be there: it is looked for by its id and ended"
