"""GitHub tokens: handed in without a sign-in, looked at only where the operator allows it, and never called dead by guesswork."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rescind.errors import ConfigError, Denied, NotFound, Rejected, Throttled, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.github._connect import connect
from rescind.providers.github.token import KIND
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_by_value import ScriptedGitHub, github_client, served
from tests.unit.wire_clock import FakeClock

C = Credential(kind="github.token", provider="github", issuer="github.com", fingerprint="hmac-sha256:00")


@pytest.fixture
def github():
    return ScriptedGitHub()


@pytest.fixture
def url(github):
    with served(lambda *a: github.answer(*a)) as address:
        yield address


@pytest.fixture
def client(github, url):
    return github_client(url, github.operator)


def revoke(client, token):
    return KIND.actions["revoke"].call(client, C, Secret(token))


def test_a_token_is_handed_in_without_a_sign_in(github, client):
    token = github.make()
    assert revoke(client, token).status is CallStatus.ACCEPTED
    method, path, headers, body = github.seen[-1]
    assert (method, path, json.loads(body)) == ("POST", "/credentials/revoke", {"credentials": [token]})
    assert "authorization" not in headers
    assert headers["x-github-api-version"] == "2022-11-28"
    assert token not in github.tokens


def test_handing_in_keeps_to_sixty_an_hour(github, client):
    for _ in range(4):
        revoke(client, github.make())
    assert client.anonymous._pacer.clock.monotonic() >= 3 * 60  # noqa: SLF001


def test_owner_by_the_organisations_list_without_touching_the_token(github, url):
    client, token = github_client(url, github.operator, probe=False), github.make()
    known = KIND.identify(client, C, Secret(token))
    assert (known.owner, known.identifier) == ("ada", str(int(token[-9:], 16)))
    assert known.liveness is Liveness.LIVE
    assert not [h for _, _, h, _ in github.seen if token in h.get("authorization", "")]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_every_page_of_the_list_is_read(github, url, page):
    client = github_client(url, github.operator, probe=False)
    for _ in range(4):
        github.make("bob")
    token, github.page = github.make(), page
    assert KIND.identify(client, C, Secret(token)).owner == "ada"


def test_a_token_in_no_list_has_no_owner_unless_the_probe_tells(github, url):
    github.listed, token = set(), github.make()
    known = KIND.identify(github_client(url, github.operator, probe=False), C, Secret(token))
    assert (known.owner, known.liveness) == ("", Liveness.UNKNOWN)
    assert KIND.identify(github_client(url, github.operator), C, Secret(token)).owner == "ada"


def test_without_the_right_to_the_list_nothing_is_concluded(github, url):
    github.saml, token = False, github.make()
    with pytest.raises(Unrecognised, match="saml = false"):
        KIND.identify(github_client(url, github.operator), C, Secret(token))
    assert KIND.identify(github_client(url, github.operator, saml=False), C, Secret(token)).owner == "ada"


def test_the_same_last_eight_of_two_people_is_not_guessed(github, url):
    one, two = (
        github.make(value="ghp_" + "a" * 28 + "0deadbeef"),
        github.make("bob", value="ghp_" + "b" * 28 + "0deadbeef"),
    )
    assert one != two
    with pytest.raises(Rejected, match="same eight"):
        KIND.identify(github_client(url, github.operator, probe=False), C, Secret(one))


def test_an_installation_token_cannot_be_revoked_and_is_not_sent(github, client):
    known = KIND.identify(client, C, Secret("ghs_" + "0" * 36))
    assert "within an hour" in known.irrevocable
    assert github.seen == []


@pytest.mark.parametrize("host", ["octo.ghe.com", "github.com.evil.test", "GITHUB.internal"])
def test_a_token_of_another_host_is_not_shown_here(github, client, host):
    with pytest.raises(NotFound, match="another host"):
        KIND.identify(client, replace(C, issuer=host), Secret(github.make()))
    assert github.seen == []


def seen_alive(client, token):
    return replace(C, attributes=KIND.identify(client, C, Secret(token)).attributes)


def test_accepted_and_still_alive_is_seen(github, client):
    token, github.deaf = github.make(), True
    c = seen_alive(client, token)
    assert revoke(client, token).status is CallStatus.ACCEPTED
    assert KIND.verify(client, c, Secret(token)).liveness is Liveness.LIVE


def test_dead_only_if_it_was_seen_alive(github, client):
    token = github.make()
    c = seen_alive(client, token)
    revoke(client, token)
    assert KIND.verify(client, c, Secret(token)).liveness is Liveness.DEAD
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.UNKNOWN
    forged = replace(C, attributes={"seen_alive_by": "me"})
    assert KIND.verify(client, forged, Secret(token)).liveness is Liveness.UNKNOWN
    with pytest.raises(NotFound):
        KIND.identify(client, C, Secret(token))


@pytest.mark.parametrize(("probe", "prefix"), [(False, "ghp_"), (True, "ghr_"), ("yes", "ghp_")])
def test_what_may_not_or_cannot_be_probed_is_acknowledged_at_best(github, url, probe, prefix):
    client, token = github_client(url, github.operator, probe=probe), github.make(prefix=prefix)
    known = KIND.identify(client, C, Secret(token))
    assert known.attributes["seen_alive_by"] == ""
    seen = KIND.verify(client, C, Secret(token))
    assert seen.unverifiable
    assert seen.liveness is Liveness.UNKNOWN
    assert not [h for _, _, h, _ in github.seen if token in h.get("authorization", "")]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {"message": "Requires authentication"}, {}), Denied),
        ((403, {"message": "rate"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}), Throttled),
        ((200, {"id": 7}, {}), Unrecognised),
        ((200, "<html>", {"Content-Type": "text/html"}), Unrecognised),
    ],
)
def test_other_answers_to_the_probe_are_no_death(github, client, answer, error):
    token = github.make()
    c = seen_alive(client, token)
    github.answer = lambda *_: answer
    with pytest.raises(error):
        KIND.verify(client, c, Secret(token))


@pytest.mark.parametrize("answer", [(200, {}, {}), (204, None, {}), (202, "<html>", {"Content-Type": "text/html"})])
def test_only_202_takes_a_token_in(github, client, answer):
    github.answer = lambda *_: answer
    with pytest.raises(Unrecognised):
        revoke(client, "ghp_x")


def test_control_and_identity_are_the_operators(github, client):
    me = client.identity()
    assert (me.account, me.principal) == ("acme-org", "responder")
    assert KIND.control(client, C, Secret("x")).liveness is Liveness.LIVE
    github.tokens.clear()
    with pytest.raises(Denied):
        KIND.control(client, C, Secret("x"))


def test_an_operators_token_is_needed_and_write_loads_the_other():
    asked: list[str] = []

    def resolve(ref: SecretRef) -> Secret:
        asked.append(ref.env)
        return Secret("" if ref.env == "EMPTY" else "x")

    row = Tenant(name="gh", provider="github", settings={"base_url": "https://api.github.com", "org": "o"},
                 refs={"token": SecretRef(env="R")}, write_refs={"token": SecretRef(env="W")})  # fmt: skip
    for write in (False, True):
        connect(row, resolve, Pacer(9, FakeClock()), write=write)
    assert asked == ["R", "W"]
    for refs in ({}, {"token": SecretRef(env="EMPTY")}):
        with pytest.raises(ConfigError):
            connect(replace(row, refs=refs), resolve, Pacer(9, FakeClock()), write=False)
