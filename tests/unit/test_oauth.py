"""OAuth tokens: what is sent where, what is believed, and what is not."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.oauth import access_token, refresh_token
from rescind.providers.oauth._connect import OAuth, connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_by_value import ScriptedOAuth, oauth_client, served
from tests.unit.wire_clock import FakeClock

REFRESH, ACCESS = refresh_token.KIND, access_token.KIND
FOUND = Credential(kind="oauth.refresh-token", provider="oauth", fingerprint="hmac-sha256:00")


@pytest.fixture
def oauth():
    return ScriptedOAuth()


@pytest.fixture
def url(oauth):
    with served(oauth.answer) as address:
        yield address


def whole(client: OAuth, token: str, found: Credential = FOUND) -> Credential:
    known = REFRESH.identify(client, found, Secret(token))
    return replace(
        found,
        identifier=known.identifier,
        issuer=known.issuer,
        attributes=known.attributes,
        expires_at=known.expires_at,
        owner=known.owner,
    )


def test_owner_and_facts_come_from_introspection(oauth, url):
    client, token = oauth_client(url), oauth.make()
    oauth.more = {"username": "ada@example.com", "scope": "mail", "jti": "id-7"}
    known = REFRESH.identify(client, FOUND, Secret(token))
    assert (known.owner, known.subject, known.identifier) == ("ada@example.com", "ada", "id-7")
    assert known.attributes == {
        "client_id": "cli",
        "scope": "mail",
        "sub": "ada",
        "username": "ada@example.com",
        "seen_active_by": "responder",
    }
    assert known.liveness is Liveness.LIVE
    assert known.expires_at
    oauth.more = {"username": None}
    assert REFRESH.identify(client, FOUND, Secret(token)).owner == "ada"
    oauth.tokens[token].pop("sub")
    assert REFRESH.identify(client, FOUND, Secret(token)).owner == ""


def test_the_token_is_a_parameter_and_never_a_bearer(oauth, url):
    client, token = oauth_client(url), oauth.make()
    REFRESH.identify(client, FOUND, Secret(token))
    method, path, headers, form = oauth.seen[-1]
    assert (method, path) == ("POST", "/introspect")
    assert form == {"token": token, "token_type_hint": "refresh_token"}
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"responder:op+secret%2Bfake"


def test_credentials_in_the_form_where_the_server_wants_them_there(oauth, url):
    client = oauth_client(url, auth_method="post")
    client.identity()
    _, _, headers, form = oauth.seen[-1]
    assert "authorization" not in headers
    assert form["client_secret"] == "op secret+fake"


@pytest.mark.parametrize("as_jti", [lambda t: t, lambda t: t[:20], lambda t: f"prefix-{t}"])
def test_a_jti_that_tells_the_value_is_no_identifier(oauth, url, as_jti):
    client, token = oauth_client(url), oauth.make()
    oauth.more = {"jti": as_jti(token)}
    known = REFRESH.identify(client, FOUND, Secret(token))
    assert known.identifier == ""
    assert token not in repr(known)


def test_inactive_is_not_known_here_and_nothing_is_invented(oauth, url):
    with pytest.raises(NotFound):
        REFRESH.identify(oauth_client(url), FOUND, Secret("unknown-to-this-server"))


@pytest.mark.parametrize("secret", [None, Secret("")])
def test_without_the_value_nothing_is_asked(oauth, url, secret):
    with pytest.raises(Rejected, match="by its value"):
        REFRESH.identify(oauth_client(url), FOUND, secret)
    assert oauth.seen == []


def test_a_token_of_another_server_is_not_shown_to_this_one(oauth, url):
    client, token = oauth_client(url), oauth.make()
    for elsewhere in (
        "https://login.other.test",
        "login.other.test",
        "https://login.other.test/https://login.example.test",
    ):
        with pytest.raises(NotFound, match="another server"):
            REFRESH.identify(client, replace(FOUND, issuer=elsewhere), Secret(token))
    assert [p for _, p, _, _ in oauth.seen if p == "/introspect"] == []
    for here in ("https://login.example.test/", "login.example.test", url):
        assert REFRESH.identify(client, replace(FOUND, issuer=here), Secret(token)).owner == "ada"


@pytest.mark.parametrize(
    "said", [{"active": "true"}, {"active": 1}, {"active": None}, {"exp": 10**20}, {"exp": float("inf")}]
)
def test_an_answer_that_is_not_introspection_is_not_understood(oauth, url, said):
    client, token = oauth_client(url), oauth.make()
    oauth.more = said
    with pytest.raises(Unrecognised):
        REFRESH.identify(client, FOUND, Secret(token))


def test_another_issuer_in_the_answer_is_refused(oauth, url):
    client, token = oauth_client(url), oauth.make()
    oauth.more = {"iss": "https://login.other.test"}
    with pytest.raises(Rejected, match="another issuer"):
        REFRESH.identify(client, FOUND, Secret(token))


def test_two_hundred_is_accepted_and_the_look_decides(oauth, url):
    client, token = oauth_client(url), oauth.make()
    c = whole(client, token)
    oauth.powerless = {"responder"}
    assert REFRESH.actions["revoke"].call(client, c, Secret(token)).status is CallStatus.ACCEPTED
    assert REFRESH.verify(client, c, Secret(token)).liveness is Liveness.LIVE  # a 200 that revoked nothing
    oauth.powerless = set()
    REFRESH.actions["revoke"].call(client, c, Secret(token))
    assert REFRESH.verify(client, c, Secret(token)).liveness is Liveness.DEAD
    assert not oauth.lives(token)


def test_a_public_clients_token_is_revoked_in_its_name_only_if_configured(oauth, url):
    oauth.powerless = {"responder"}  # a server that revokes for the issuing client only
    token = oauth.make()
    client = oauth_client(url, public_clients=("cli",))
    c = whole(client, token)
    REFRESH.actions["revoke"].call(client, c, Secret(token))
    _, _, headers, form = oauth.seen[-1]
    assert form["client_id"] == "cli"
    assert "authorization" not in headers
    assert REFRESH.verify(client, c, Secret(token)).liveness is Liveness.DEAD


def test_inactive_without_having_seen_it_active_is_unknown(oauth, url):
    client, token = oauth_client(url), oauth.make()
    oauth.blind = {"responder"}
    for seen_by in ("", "somebody-else"):
        c = replace(FOUND, attributes={"seen_active_by": seen_by})
        seen = REFRESH.verify(client, c, Secret(token))
        assert seen.liveness is Liveness.UNKNOWN
        assert "may not see" in seen.evidence
    assert REFRESH.verify(client, FOUND, Secret(token)).liveness is Liveness.UNKNOWN


def test_control_shows_a_token_of_our_own_and_gives_it_back(oauth, url):
    client = oauth_client(url)
    assert REFRESH.control(client, FOUND, Secret("x")).liveness is Liveness.LIVE
    assert oauth.tokens == {}
    oauth.grants = False
    with pytest.raises(Rejected):
        REFRESH.control(client, FOUND, Secret("x"))


def test_control_fails_where_everything_is_inactive(oauth, url):
    client = oauth_client(url)
    client.identity()
    oauth.more = {"active": False}
    with pytest.raises(Unrecognised, match="a moment ago"):
        REFRESH.control(client, FOUND, Secret("x"))


JWT = "eyJhbGciOiJub25lIn0.eyJmYWtlIjoxfQ.c2ln"


def test_a_signed_access_token_lives_on_offline(oauth, url):
    client = oauth_client(url)
    found = replace(FOUND, kind="oauth.access-token")
    oauth.make(value=JWT)
    c = whole(client, JWT, found)
    ACCESS.actions["revoke"].call(client, c, Secret(JWT))
    seen = ACCESS.verify(client, c, Secret(JWT))
    assert (seen.liveness, seen.residual_until) == (Liveness.DEAD, c.expires_at)
    endless = ACCESS.verify(client, replace(c, expires_at=None), Secret(JWT))
    assert endless.liveness is Liveness.UNKNOWN
    assert "offline" in endless.evidence


def test_opaque_access_tokens_leave_nothing_behind_refresh_tokens_what_the_operator_says(oauth, url):
    client, token = oauth_client(url, access_seconds=3600), oauth.make()
    c = whole(client, token)
    REFRESH.actions["revoke"].call(client, c, Secret(token))
    assert REFRESH.verify(client, c, Secret(token)).residual_until == "2026-11-23T01:00:00Z"
    assert REFRESH.verify(oauth_client(url), c, Secret(token)).residual_until == ""
    assert ACCESS.verify(client, replace(c, kind="oauth.access-token"), Secret(token)).residual_until == ""


def test_without_introspection_nothing_is_known_and_nothing_can_be_looked_at(oauth, url):
    oauth.metadata = {"introspection_endpoint": None}
    client, token = oauth_client(url), oauth.make()
    assert client.identity().account == oauth.issuer
    known = REFRESH.identify(client, replace(FOUND, attributes={"seen_active_by": "responder"}), Secret(token))
    assert (known.owner, known.liveness, known.attributes) == ("", Liveness.UNKNOWN, {"seen_active_by": ""})
    seen = REFRESH.verify(client, FOUND, Secret(token))
    assert seen.unverifiable
    assert seen.liveness is Liveness.UNKNOWN


def test_a_server_without_revocation_cannot_be_asked(oauth, url):
    oauth.metadata = {"revocation_endpoint": None}
    with pytest.raises(Rejected, match="revocation_endpoint"):
        REFRESH.actions["revoke"].call(oauth_client(url), FOUND, Secret("x"))


@pytest.mark.parametrize(
    "where", ["https://evil.example.test/introspect", "http://127.0.0.1:1/introspect", "//evil", "file:///x", 7]
)
def test_metadata_cannot_send_our_credentials_elsewhere(oauth, url, where):
    oauth.metadata = {"introspection_endpoint": where}
    with pytest.raises(Rejected):
        REFRESH.identify(oauth_client(url), FOUND, Secret("x"))


def test_another_origin_is_used_when_the_operator_lists_it(oauth, url):
    with served(oauth.answer) as other:
        oauth.metadata = {"introspection_endpoint": f"{other}/introspect?v=1"}
        client, token = oauth_client(url, endpoints_origins=(other,)), oauth.make()
        assert REFRESH.identify(client, FOUND, Secret(token)).owner == "ada"
    assert [p for _, p, _, _ in oauth.seen if "introspect" in p] == ["/introspect?v=1"]


@pytest.mark.parametrize("issuer", ["https://login.other.test", "", None, 5])
def test_another_issuer_than_configured_is_refused(oauth, url, issuer):
    oauth.metadata = {"issuer": issuer}
    with pytest.raises(Rejected):
        oauth_client(url).identity()


def test_metadata_is_found_in_both_places(oauth, url):
    base = f"{url}/realms/staff"
    oauth.issuer = base
    assert oauth_client(base, issuer="").identity().account == base
    oauth.gone = {"/.well-known/oauth-authorization-server/realms/staff"}
    assert oauth_client(base, issuer="").identity().account == base
    assert [p for m, p, _, _ in oauth.seen if m == "GET"] == [
        "/.well-known/oauth-authorization-server/realms/staff",
        "/.well-known/oauth-authorization-server/realms/staff",
        "/realms/staff/.well-known/openid-configuration",
    ]
    oauth.gone.add("/realms/staff/.well-known/openid-configuration")
    with pytest.raises(NotFound):
        oauth_client(base, issuer="").identity()


def test_our_own_credentials_are_checked_at_once(oauth, url):
    with pytest.raises(Denied):
        oauth_client(url, secret="wrong-fake").identity()
    oauth.secret_of["responder"] = ""
    assert oauth_client(url, secret="").identity().principal == "responder"


def test_a_server_that_calls_everything_active_proves_nothing(oauth, url):
    with served(
        lambda m, p, h, b: (200, {"active": True}, {}) if p == "/introspect" else oauth.answer(m, p, h, b)
    ) as lax:
        with pytest.raises(Unrecognised, match="made-up token"):
            oauth_client(lax).identity()


def tenant(**more: Any) -> Tenant:
    facts: dict[str, Any] = {"base_url": "https://login.example.test", "client_id": "reader", **more}
    return Tenant(name="login", provider="oauth", settings=facts, refs={"client_secret": SecretRef(env="R")},
                  write={"client_id": "writer"}, write_refs={"client_secret": SecretRef(env="W")})  # fmt: skip


def test_only_apply_loads_the_write_client():
    asked: list[str] = []

    def resolve(ref: SecretRef) -> Secret:
        asked.append(ref.env)
        return Secret("fake")

    pacer = Pacer(10, FakeClock())
    assert connect(tenant(), resolve, pacer, write=False).client_id == "reader"
    assert connect(tenant(), resolve, pacer, write=True).client_id == "writer"
    assert asked == ["R", "W"]


@pytest.mark.parametrize(
    ("more", "value"), [({"auth_method": "jwt"}, "x"), ({"access_seconds": "soon"}, "x"), ({}, "")]
)
def test_settings_that_make_no_sense_are_refused(more, value):
    with pytest.raises(ConfigError):
        connect(tenant(**more), lambda _: Secret(value), Pacer(10, FakeClock()), write=False)
