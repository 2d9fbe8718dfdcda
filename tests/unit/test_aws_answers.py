"""What AWS, or something in between, can answer, sent over a real loopback socket through the real SDK."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.aws import _connect
from rescind.providers.aws import user as user_row
from rescind.providers.aws._connect import connect
from rescind.providers.aws.access_key import KIND
from rescind.secret import Secret

ACCOUNT = "123456789012"
KEY = "AKIARZPUZDIKI3U2QTHZ"  # carries 123456789012
C = Credential(
    kind="aws.access-key", provider="aws", identifier=KEY, owner="ada", issuer=ACCOUNT, attributes={"user_id": "AIDA1"}
)
DATE = "Mon, 23 Nov 2026 13:55:22 GMT"
PLANTED = "qZ7TokenThatMustNotBeQuotedAnywhere0123456789"


def ok(operation, inner):
    return (
        200,
        {},
        f"<{operation}Response><{operation}Result>{inner}</{operation}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{operation}Response>",
    )


def listing(*keys, marker=""):
    rows = "".join(
        f"<member><UserName>ada</UserName><AccessKeyId>{k}</AccessKeyId><Status>{s}</Status><CreateDate>2026-01-02T03:04:05Z</CreateDate></member>"
        for k, s in keys
    )
    more = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else "<IsTruncated>false</IsTruncated>"
    return ok("ListAccessKeys", f"<AccessKeyMetadata>{rows}</AccessKeyMetadata>{more}")


def user(name="ada", uid="AIDA1", account=ACCOUNT):
    return ok(
        "GetUser",
        f"<User><UserName>{name}</UserName><UserId>{uid}</UserId><Arn>arn:aws:iam::{account}:user/{name}</Arn></User>",
    )


def used(name="ada"):
    return ok(
        "GetAccessKeyLastUsed",
        f"<UserName>{name}</UserName><AccessKeyLastUsed><LastUsedDate>2026-11-01T00:00:00Z</LastUsedDate></AccessKeyLastUsed>",
    )


def error(status, code, headers=None, message="no"):
    return (
        status,
        headers or {},
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-9</RequestId></ErrorResponse>",
    )


EMPTY_POLICIES = ok("ListAttachedUserPolicies", "<AttachedPolicies/><IsTruncated>false</IsTruncated>")


class Fake:
    """Answers each operation with the next of its scripted answers (the last one for ever), and remembers what was sent."""

    def __init__(self):
        self.play({})
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = {
                    k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
                }
                fake.sent.append(form)
                fake.agents.append(self.headers["User-Agent"])
                script = fake.answers.get(form["Action"]) or fake.answers["*"]
                answer = script.pop(0) if len(script) > 1 else script[0]
                if answer == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    self.connection.close()
                    return
                if answer == "silence":
                    fake.hold.wait(3)
                    return
                status, headers, body = answer
                body = body.encode()
                self.send_response_only(status)
                headers = {"Date": DATE, "Content-Type": "text/xml", "Content-Length": str(len(body)), **headers}
                for k, v in headers.items():
                    self.send_header(k, v)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = "cut" in headers

            def log_message(self, *_):
                pass

        self.hold = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def play(self, answers):
        self.answers = {k: list(v) if isinstance(v, list) else [v] for k, v in answers.items()}
        self.sent, self.agents, self.pace = [], [], Pace()

    def client(self):
        refs = {
            "access_key_id": SecretRef(env="i"),
            "secret_access_key": SecretRef(env="s"),
            "session_token": SecretRef(env="t"),
        }
        values = {"i": Secret("ASIAOPERATOR00000000"), "s": Secret("operator-secret"), "t": Secret(PLANTED)}
        settings = {"account_id": ACCOUNT, "endpoint_url": f"http://127.0.0.1:{self.server.server_port}"}
        return connect(
            Tenant(name="prod", provider="aws", settings=settings, refs=refs),
            lambda r: values[r.env],
            self,
            write=False,
        )

    def wait(self, endpoint_class="default"):
        return self.pace.wait(endpoint_class)

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def actions(self):
        return [f["Action"] for f in self.sent]


class Pace:
    def __init__(self):
        self.waited = []

    def wait(self, endpoint_class="default"):
        self.waited.append(endpoint_class)
        return 1.0


@pytest.fixture(scope="module")
def alone():
    """No setting of the machine that runs the tests steers the SDK."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        yield


@pytest.fixture(scope="module")
def shared(alone):
    fake = Fake()
    yield fake.client(), fake
    fake.close()


@pytest.fixture
def aws(shared):
    def make(**answers):
        client, fake = shared
        fake.play(answers)
        return client, fake

    return make


@pytest.fixture
def own(alone):
    """A server of one's own, to be shut or to be silent."""
    fake = Fake()
    yield fake
    fake.close()


HTML = "<!doctype html><html><body>Please log in to the hotel network"
WELL_FORMED = "<html><body>Please log in</body></html>"
FAULTS = [
    (error(403, "AccessDenied"), Denied),
    (error(403, "InvalidClientTokenId"), Denied),
    (error(403, "SignatureDoesNotMatch", message=f"the canonical string was x-amz-security-token:{PLANTED}"), Denied),
    (error(400, "ExpiredToken"), Denied),
    (error(400, "UnrecognizedClientException"), Denied),
    ((401, {}, ""), Denied),
    ((403, {"Content-Type": "text/html"}, WELL_FORMED), Denied),
    (error(400, "Throttling"), Throttled),
    (error(503, "SlowDown"), Throttled),
    (error(400, "RequestLimitExceeded"), Throttled),
    (error(409, "EntityTemporarilyUnmodifiable"), Throttled),
    ((429, {"Retry-After": "7"}, WELL_FORMED), Throttled),
    (error(404, "NoSuchEntity"), NotFound),
    ((404, {"Content-Type": "text/html"}, WELL_FORMED), Unrecognised),
    ((404, {}, ""), Unrecognised),
    (error(500, "ServiceFailure"), Unreachable),
    ((502, {"Content-Type": "text/html"}, HTML), Unreachable),
    ((500, {}, ""), Unreachable),
    ((302, {"Location": "http://169.254.169.254/"}, ""), Unrecognised),
    ((200, {"Content-Type": "text/html"}, HTML), Unrecognised),
    ((200, {"Content-Type": "text/html"}, WELL_FORMED), Unrecognised),
    ((200, {}, ""), Unrecognised),
    ((200, {}, "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMeta"), Unrecognised),
    ((200, {"Content-Length": "4000", "cut": "1"}, "<ListAccessKeysResponse>"), Unreachable),
    (error(409, "DeleteConflict"), Rejected),
    ("reset", Unreachable),
]


def assert_no_short_list(client):
    """A listing that failed is a gap, or an error that is worth another try: never fewer keys."""
    try:
        rows = list(KIND.enumerate(client, Subject(names=("ada",))))
    except (Throttled, Unreachable):
        return
    assert [type(r) for r in rows] == [Gap]


@pytest.mark.parametrize(("answer", "expected"), FAULTS, ids=[f"{i}-{e.__name__}" for i, (_, e) in enumerate(FAULTS)])
def test_every_answer_has_its_type_and_none_is_dead(aws, answer, expected):
    client, fake = aws(**{"*": answer})
    for fn in (KIND.verify, KIND.control, KIND.actions[Verb.DENY].verify, KIND.actions[Verb.DEACTIVATE].call):
        with pytest.raises(ProviderError) as caught:
            fn(client, C)
        assert type(caught.value) is expected
        assert PLANTED not in f"{caught.value}{caught.value.hint}"
        if expected is Unreachable:
            assert caught.value.maybe_sent is True
        if expected is Throttled and answer[0] == 429:
            assert caught.value.retry_after == 7.0
    assert_no_short_list(client)
    assert len(fake.pace.waited) == len(fake.sent), "one send each, paced, never retried by the SDK"
    assert set(fake.pace.waited) == {"aws.iam"}


@pytest.mark.parametrize(("answer", "expected"), FAULTS, ids=[f"{i}-{e.__name__}" for i, (_, e) in enumerate(FAULTS)])
def test_delete_is_already_done_only_when_aws_says_no_such_entity(aws, answer, expected):
    client, _ = aws(**{"*": answer})
    if expected is NotFound:
        assert KIND.actions[Verb.DELETE].call(client, C).status is CallStatus.ALREADY
    else:
        with pytest.raises(expected):
            KIND.actions[Verb.DELETE].call(client, C)


def test_nobody_listening_was_not_sent(own):
    client = own.client()
    own.close()
    with pytest.raises(Unreachable) as caught:
        KIND.verify(client, C)
    assert caught.value.maybe_sent is False


def test_silence_may_have_been_heard(own, monkeypatch):
    monkeypatch.setattr(_connect, "READ_SECONDS", 0.2)
    own.play({"*": "silence"})
    with pytest.raises(Unreachable) as caught:
        KIND.verify(own.client(), C)
    assert caught.value.maybe_sent is True


def test_retry_after_as_a_date_counts_from_the_providers_own_clock(aws):
    client, _ = aws(**{"*": (503, {"Retry-After": "Mon, 23 Nov 2026 13:56:22 GMT"}, error(503, "Throttling")[2])})
    with pytest.raises(Throttled) as caught:
        KIND.control(client, C)
    assert caught.value.retry_after == 60.0
    assert caught.value.request_id == "r-9"


def test_the_run_is_marked_and_answers_carry_the_providers_clock(aws):
    client, fake = aws(ListAccessKeys=listing((KEY, "Inactive")))
    seen = KIND.verify(client, C)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
    assert (seen.request_id, seen.provider_time) == ("r-1", "2026-11-23T13:55:22Z")
    assert "rescind/" in fake.agents[0]
    assert fake.sent[0]["UserName"] == "ada"


@pytest.mark.parametrize(
    ("status", "liveness", "reversible"),
    [
        ("Active", Liveness.LIVE, False),
        ("Inactive", Liveness.DEAD, True),
        ("Expired", Liveness.DEAD, False),
        ("Suspended", Liveness.UNKNOWN, False),
        ("", Liveness.UNKNOWN, False),
    ],
)
def test_each_status(aws, status, liveness, reversible):
    client, _ = aws(ListAccessKeys=listing((KEY, status)), GetUser=user(), GetAccessKeyLastUsed=used())
    seen = KIND.verify(client, C)
    assert (seen.liveness, seen.reversible) == (liveness, reversible)
    assert KIND.identify(client, C, None).liveness is liveness


def test_every_page_is_read_before_a_key_counts_as_absent(aws):
    pages = [
        listing(("AKIAOTHER00000000000", "Active"), marker="m1"),
        listing(("AKIAOTHER00000000001", "Active"), marker="m2"),
        listing((KEY, "Active")),
    ]
    client, fake = aws(ListAccessKeys=pages)
    assert KIND.verify(client, C).liveness is Liveness.LIVE
    assert [f.get("Marker") for f in fake.sent] == [None, "m1", "m2"]


@pytest.mark.parametrize(
    "last", [error(403, "AccessDenied"), error(400, "Throttling"), "reset", (200, {}, WELL_FORMED)]
)
def test_a_page_that_fails_leaves_no_short_list(aws, last):
    client, _ = aws(
        ListAccessKeys=[listing(("AKIAOTHER00000000000", "Active"), marker="m1"), last],
        GetUser=user(),
        GetAccessKeyLastUsed=used(),
    )
    with pytest.raises(ProviderError):
        KIND.verify(client, C)
    assert_no_short_list(client)


@pytest.mark.parametrize("marker", ["m1", " "])
def test_a_marker_that_does_not_move_on_ends_the_reading(aws, marker):
    client, fake = aws(ListAccessKeys=listing(("AKIAOTHER00000000000", "Active"), marker=marker))
    with pytest.raises(Unrecognised, match="does not end"):
        KIND.verify(client, C)
    assert len(fake.sent) <= 2


ABSENT = listing(("AKIAOTHER00000000000", "Active"))


@pytest.mark.parametrize("asked", [used("ada"), error(403, "AccessDenied"), error(404, "NoSuchEntity")])
def test_absent_is_dead_only_beside_the_user(aws, asked):
    client, _ = aws(ListAccessKeys=ABSENT, GetUser=user(), GetAccessKeyLastUsed=asked)
    seen = KIND.verify(client, C)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, False)
    for missing, kind in (
        (error(404, "NoSuchEntity"), NotFound),
        (error(403, "AccessDenied"), Denied),
        (user(account="999999999999"), Rejected),
    ):
        client, _ = aws(ListAccessKeys=ABSENT, GetUser=missing, GetAccessKeyLastUsed=asked)
        with pytest.raises(kind):
            KIND.verify(client, C)


def test_a_renamed_user_does_not_hide_a_living_key(aws):
    client, _ = aws(
        ListAccessKeys=[ABSENT, listing((KEY, "Active"))], GetUser=user(), GetAccessKeyLastUsed=used("ada-renamed")
    )
    assert KIND.verify(client, C).liveness is Liveness.LIVE
    client, _ = aws(ListAccessKeys=ABSENT, GetUser=user(), GetAccessKeyLastUsed=used("ada-renamed"))
    assert KIND.verify(client, C).liveness is Liveness.UNKNOWN
    decoy, _ = aws(ListAccessKeys=ABSENT, GetUser=user(uid="AIDA2"), GetAccessKeyLastUsed=error(403, "AccessDenied"))
    seen = KIND.verify(decoy, C)
    assert seen.liveness is Liveness.UNKNOWN
    assert "given to another" in seen.evidence


def test_a_throttled_cross_check_is_no_death(aws):
    client, _ = aws(ListAccessKeys=ABSENT, GetUser=user(), GetAccessKeyLastUsed=error(400, "Throttling"))
    with pytest.raises(Throttled):
        KIND.verify(client, C)


def test_identify_names_another_account_without_an_owner(aws):
    stranger = Credential(kind="aws.access-key", provider="aws", identifier="AKIAY34FZKBOKMUTVV7A")
    for said in (error(403, "AccessDenied"), error(404, "NoSuchEntity")):
        client, _ = aws(GetAccessKeyLastUsed=said)
        known = KIND.identify(client, stranger, None)
        assert (known.issuer, known.owner) == ("609629065308", "")
    client, _ = aws(GetAccessKeyLastUsed=error(400, "Throttling"))
    with pytest.raises(Throttled):
        KIND.identify(client, stranger, None)


def test_identify_of_our_own_account(aws):
    ours = replace(C, owner="", issuer="", attributes={})
    client, _ = aws(GetAccessKeyLastUsed=error(403, "AccessDenied"))
    with pytest.raises(Denied):
        KIND.identify(client, ours, None)
    client, _ = aws(GetAccessKeyLastUsed=ok("GetAccessKeyLastUsed", ""))
    with pytest.raises(NotFound):
        KIND.identify(client, ours, None)
    client, _ = aws(GetAccessKeyLastUsed=used(), ListAccessKeys=ABSENT)
    with pytest.raises(NotFound):
        KIND.identify(client, ours, None)
    client, _ = aws(GetAccessKeyLastUsed=used(), ListAccessKeys=listing((KEY, "Active")), GetUser=user())
    known = KIND.identify(client, ours, None)
    assert (known.owner, known.issuer, known.liveness) == ("ada", ACCOUNT, Liveness.LIVE)
    assert (known.created_at, known.last_used) == ("2026-01-02T03:04:05Z", "2026-11-01T00:00:00Z")
    assert known.attributes["user_id"] == "AIDA1"


def test_a_known_owner_decides_what_a_denied_last_use_means(aws):
    """AWS may deny GetAccessKeyLastUsed for an id it no longer holds."""
    denied = error(403, "AccessDenied")
    client, _ = aws(GetAccessKeyLastUsed=denied, ListAccessKeys=listing((KEY, "Active")), GetUser=user())
    assert KIND.identify(client, C, None).owner == "ada"
    client, _ = aws(GetAccessKeyLastUsed=denied, ListAccessKeys=ABSENT, GetUser=user())
    with pytest.raises(NotFound):
        KIND.identify(client, C, None)


def test_a_listed_key_stays_listed_when_its_last_use_is_denied(aws):
    client, _ = aws(
        GetUser=user(), ListAccessKeys=listing((KEY, "Active")), GetAccessKeyLastUsed=error(403, "AccessDenied")
    )
    rows = list(KIND.enumerate(client, Subject(names=("ada",))))
    assert [(type(r), r.identifier, r.last_used) for r in rows] == [(Known, KEY, None)]


def test_full_inline_space_falls_back_to_the_managed_policy(aws):
    full = error(409, "LimitExceeded")
    me = f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/operator</Arn><UserId>AIDA9</UserId>"
    others = {"GetUser": user(), "GetCallerIdentity": ok("GetCallerIdentity", me)}
    done = (
        200,
        {},
        "<AttachUserPolicyResponse><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></AttachUserPolicyResponse>",
    )
    there = ok(
        "ListAttachedUserPolicies",
        "<AttachedPolicies><member><PolicyName>AWSDenyAll</PolicyName><PolicyArn>arn:aws:iam::aws:policy/AWSDenyAll</PolicyArn></member></AttachedPolicies>",
    )
    client, fake = aws(
        PutUserPolicy=full,
        AttachUserPolicy=done,
        GetUserPolicy=error(404, "NoSuchEntity"),
        ListAttachedUserPolicies=[EMPTY_POLICIES, there],
        **others,
    )
    deny = KIND.actions[Verb.DENY]
    assert deny.verify(client, C).liveness is Liveness.LIVE
    result = deny.call(client, C)
    assert result.notes["policy"] == "arn:aws:iam::aws:policy/AWSDenyAll"
    assert deny.verify(client, C).liveness is Liveness.DEAD
    assert fake.actions() == [
        "GetUser",
        "GetUserPolicy",
        "ListAttachedUserPolicies",
        "GetUser",
        "GetCallerIdentity",
        "PutUserPolicy",
        "AttachUserPolicy",
        "GetUser",
        "GetUserPolicy",
        "ListAttachedUserPolicies",
    ]
    client, _ = aws(PutUserPolicy=full, AttachUserPolicy=full, **others)
    with pytest.raises(Rejected) as caught:
        deny.call(client, C)
    assert caught.value.code == "LimitExceeded"
    client, _ = aws(PutUserPolicy=error(400, "MalformedPolicyDocument"), **others)
    with pytest.raises(Rejected, match="MalformedPolicyDocument"):
        deny.call(client, C)


@pytest.mark.parametrize("row", [KIND, user_row.KIND], ids=["access-key", "user"])
def test_a_name_that_was_given_to_somebody_else_is_not_denied(aws, row):
    """The key's user was deleted between plan and apply, and its name is another person's by now."""
    client, fake = aws(GetUser=user(uid="AIDA2"), **{"*": error(500, "Surprise")})
    deny = row.actions[Verb.DENY]
    for look in (deny.call, deny.verify, deny.restore, deny.snapshot):
        with pytest.raises(NotFound, match="another one"):
            look(client, replace(C, attributes={**C.attributes, "user_id": "AIDA1", "before.deny": "no"}))
    assert set(fake.actions()) == {"GetUser"}


def test_a_value_that_does_not_fit_is_never_sent(aws):
    client, fake = aws(**{"*": user()})
    with pytest.raises(Rejected) as caught:
        KIND.actions[Verb.DEACTIVATE].call(client, replace(C, identifier="short"))
    assert caught.value.code == "ParamValidation"
    assert fake.sent == []


def test_identity_that_names_no_account_is_not_an_identity(aws):
    client, _ = aws(GetCallerIdentity=ok("GetCallerIdentity", "<Arn>arn:aws:iam::1:root</Arn>"))
    with pytest.raises(Unrecognised):
        client.identity()


def test_clients_are_built_once_from_any_thread(own):
    client = own.client()
    built = []
    threads = [threading.Thread(target=lambda: built.append(client.service("iam"))) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(map(id, built))) == 1
