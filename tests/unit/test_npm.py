"""npm tokens: presented to their own registry only, only when allowed, and dead only beside a request of ours that was accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.npm._connect import connect
from rescind.providers.npm.token import KIND
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_by_value import ScriptedNpm, npm_client, served
from tests.unit.wire_clock import FakeClock

C = Credential(kind="npm.token", provider="npm", issuer="npm.example.test", fingerprint="hmac-sha256:00")


@pytest.fixture
def npm():
    return ScriptedNpm()


@pytest.fixture
def url(npm):
    with served(lambda *a: npm.answer(*a)) as address:
        yield address


@pytest.fixture
def client(npm, url):
    return npm_client(url, npm.operator)


def revoke(client, c, token):
    return KIND.actions["revoke"].call(client, c, Secret(token))


def test_owner_and_key_come_from_the_registry(npm, client):
    token = npm.make()
    known = KIND.identify(client, C, Secret(token))
    assert (known.owner, known.identifier, known.issuer) == ("ada", npm.tokens[token]["key"], "npm.example.test")
    assert (known.created_at, known.liveness) == ("2026-11-23T14:54:10Z", Liveness.LIVE)


def test_only_the_one_token_ends(npm, client):
    token, other, bobs = npm.make(), npm.make(), npm.make("bob")
    assert revoke(client, C, token).status is CallStatus.ACCEPTED
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.DEAD
    assert set(npm.tokens) == {npm.operator, other, bobs}
    assert revoke(client, C, token).status is CallStatus.ALREADY
    with pytest.raises(NotFound):
        KIND.identify(client, C, Secret(token))


def test_the_value_is_in_no_address(npm, client):
    token = npm.make()
    KIND.identify(client, C, Secret(token))
    revoke(client, C, token)
    assert not [p for p in npm.seen if token in p]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_token_on_a_later_page_is_found(npm, client, page):
    for _ in range(4):
        npm.make()
    token = npm.make()
    npm.page = page
    assert KIND.identify(client, C, Secret(token)).identifier == npm.tokens[token]["key"]
    revoke(client, C, token)
    assert token not in npm.tokens
    assert len(npm.tokens) == 5


def test_a_token_that_is_not_listed_stays_and_is_seen_alive(npm, client):
    token = npm.make()
    npm.unlisted = {token}
    known = KIND.identify(client, C, Secret(token))
    assert (known.identifier, known.attributes["listed"]) == ("", "no")
    assert revoke(client, C, token).status is CallStatus.NOTHING
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.LIVE


def test_two_that_look_alike_are_not_guessed(npm, client):
    token = npm.make(value="npm_abcdTHIS0123456789wxyz")
    npm.make(value="npm_abcdOTHER0123456789wxyz")
    with pytest.raises(Rejected, match="look like"):
        revoke(client, C, token)
    assert len(npm.tokens) == 3


@pytest.mark.parametrize(
    "stranger",
    [
        {"issuer": "registry.npmjs.org"},
        {"issuer": "npm.example.test.evil.test"},
        {"issuer": "npm.example.test/other"},
        {"issuer": "", "attributes": {"form": "npm"}},
        {"issuer": ""},
    ],
)
def test_a_token_of_another_registry_is_not_presented_here(npm, client, stranger):
    token, c = npm.make(), replace(C, **stranger)
    for work in (
        lambda: KIND.identify(client, c, Secret(token)),
        lambda: revoke(client, c, token),
        lambda: KIND.verify(client, c, Secret(token)),
    ):
        with pytest.raises(NotFound, match="another registry"):
            work()
    assert npm.seen == []


def test_the_public_form_without_a_registry_goes_to_the_public_registry(npm, url):
    client, token = npm_client(url, npm.operator, registry="registry.npmjs.org"), npm.make()
    assert KIND.identify(client, replace(C, issuer="", attributes={"form": "npm"}), Secret(token)).owner == "ada"


@pytest.mark.parametrize("allowed", [False, "true", None])
def test_without_the_operators_leave_nothing_is_presented(npm, url, allowed):
    client, token = npm_client(url, npm.operator, self_revoke=allowed), npm.make()
    for work in (lambda: KIND.identify(client, C, Secret(token)), lambda: revoke(client, C, token)):
        with pytest.raises(Rejected, match="self_revoke"):
            work()
    assert npm.seen == []


@pytest.mark.parametrize("secret", [None, Secret("")])
def test_without_the_value_nothing_is_asked(npm, client, secret):
    with pytest.raises(Rejected):
        KIND.identify(client, C, secret)


@pytest.mark.parametrize("hostile", ["npm_a\r\nX-Evil: 1", "npm_\u00e9", "npm_\x00"])
def test_a_value_that_cannot_be_a_header_is_not_sent(npm, client, hostile):
    with pytest.raises(Rejected, match="header") as error:
        KIND.identify(client, C, Secret(hostile))
    assert hostile not in str(error.value)
    assert npm.seen == []


def test_a_registry_that_refuses_everybody_says_nothing_of_one_token(npm, client):
    token = npm.make()
    npm.tokens.clear()
    for work in (lambda: KIND.verify(client, C, Secret(token)), lambda: KIND.control(client, C, Secret(token))):
        with pytest.raises(Denied):
            work()


def test_one_refusal_between_acceptances_is_not_believed(npm, client):
    token, plain, times = npm.make(), npm.answer, [0]

    def once(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        times[0] += 1
        return (403, {"error": "try later"}, {}) if times[0] == 1 else plain(method, path, headers, body)

    npm.answer = once
    with pytest.raises(Unrecognised, match="then accepted"):
        KIND.verify(client, C, Secret(token))


def test_an_anonymous_answer_is_a_refusal(npm, client):
    token = npm.make()
    npm.anonymous = True
    del npm.tokens[token]
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.DEAD


def test_a_wanted_one_time_password_is_not_a_refusal(npm, client):
    npm.answer = lambda *_: (401, {"error": "otp"}, {"WWW-Authenticate": "OTP"})
    with pytest.raises(Denied, match="one-time"):
        KIND.verify(client, C, Secret("npm_x"))


@pytest.mark.parametrize("key", ["../../x", "", "a/b", "a?b", "k\n"])
def test_a_key_that_is_none_is_not_sent(npm, client, key):
    token = npm.make()
    npm.tokens[token]["key"] = key
    with pytest.raises(Unrecognised):
        revoke(client, C, token)
    assert not [s for s in npm.seen if s.startswith("DELETE")]


def test_an_operators_token_is_needed_and_write_loads_the_other():
    asked: list[str] = []

    def resolve(ref: SecretRef) -> Secret:
        asked.append(ref.env)
        return Secret("" if ref.env == "EMPTY" else "x")

    row = Tenant(name="npm", provider="npm", settings={"base_url": "https://npm.example.test/path/"}, refs={"token": SecretRef(env="R")},
                 write_refs={"token": SecretRef(env="W")})  # fmt: skip
    assert connect(row, resolve, Pacer(9, FakeClock()), write=False).registry == "npm.example.test/path"
    connect(row, resolve, Pacer(9, FakeClock()), write=True)
    assert asked == ["R", "W"]
    for refs in ({}, {"token": SecretRef(env="EMPTY")}):
        with pytest.raises(ConfigError):
            connect(replace(row, refs=refs), resolve, Pacer(9, FakeClock()), write=False)
