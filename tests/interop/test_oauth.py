"""OAuth tokens against a real oidc-provider: what dies, what only seems to, and what may not be concluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rescind.errors import Denied, NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Kind, Liveness, Verb
from rescind.providers.oauth import access_token, refresh_token
from rescind.providers.oauth._connect import OAuth
from rescind.secret import Secret
from tests.interop import oidc_world
from tests.interop.oidc_world import Oidc, start

REFRESH, ACCESS = refresh_token.KIND, access_token.KIND


@pytest.fixture(scope="module")
def oidc() -> Iterator[Oidc]:
    with start() as server:
        yield server


def found(kind: Kind) -> Credential:
    return Credential(kind=kind.id, provider="oauth", fingerprint="hmac-sha256:00")


def known(client: OAuth, kind: Kind, token: str) -> Credential:
    seen = kind.identify(client, found(kind), Secret(token))
    return replace(
        found(kind), issuer=seen.issuer, owner=seen.owner, attributes=seen.attributes, expires_at=seen.expires_at
    )


def test_identity_is_the_issuer_and_our_client(oidc: Oidc) -> None:
    me = oidc.client().identity()
    assert (me.account, me.principal) == (oidc.url, "responder")
    assert oidc.client("responder-post", auth_method="post").identity().principal == "responder-post"
    wrong = oidc_world.oauth_client(oidc.url, secret="not-the-secret-fake", issuer=oidc.url)
    with pytest.raises(Denied):
        wrong.identity()


def test_a_refresh_token_ends_with_its_access_token(oidc: Oidc) -> None:
    refresh, access = oidc.mint()
    _, others = oidc.mint("bob")
    client = oidc.client()
    c = known(client, REFRESH, refresh)
    assert (c.owner, c.issuer, c.attributes["client_id"]) == ("ada", oidc.url, "cli")
    assert oidc.refreshes(refresh)
    assert oidc.opens(access)
    assert REFRESH.verify(client, c, Secret(refresh)).liveness is Liveness.LIVE
    result = REFRESH.actions[Verb.REVOKE].call(client, c, Secret(refresh))
    assert result.status is CallStatus.ACCEPTED
    assert result.provider_time
    assert REFRESH.verify(client, c, Secret(refresh)).liveness is Liveness.DEAD
    assert REFRESH.control(client, c, Secret(refresh)).liveness is Liveness.LIVE
    assert not oidc.refreshes(refresh)
    assert not oidc.opens(access)
    assert oidc.opens(others)
    again = REFRESH.actions[Verb.REVOKE].call(client, c, Secret(refresh))
    assert again.status is CallStatus.ACCEPTED
    with pytest.raises(NotFound):
        REFRESH.identify(client, found(REFRESH), Secret(refresh))


def test_an_access_token_ends_and_here_its_grant_with_it(oidc: Oidc) -> None:
    """Whether the refresh token goes too is the server's choice (RFC 7009 section 2.1); this one ends the grant."""
    refresh, access = oidc.mint()
    client = oidc.client()
    c = known(client, ACCESS, access)
    ACCESS.actions[Verb.REVOKE].call(client, c, Secret(access))
    seen = ACCESS.verify(client, c, Secret(access))
    assert (seen.liveness, seen.residual_until) == (Liveness.DEAD, "")
    assert not oidc.opens(access)
    assert not oidc.refreshes(refresh)


def test_a_wrong_hint_ends_it_all_the_same(oidc: Oidc) -> None:
    """An access token mistaken for a refresh token: RFC 7009 has the server search further."""
    _, access = oidc.mint()
    client = oidc.client()
    c = known(client, REFRESH, access)
    REFRESH.actions[Verb.REVOKE].call(client, c, Secret(access))
    assert REFRESH.verify(client, c, Secret(access)).liveness is Liveness.DEAD
    assert not oidc.opens(access)


def test_a_200_that_revoked_nothing_is_seen(oidc: Oidc) -> None:
    refresh, _ = oidc.mint()
    client = oidc.client("powerless")
    c = known(client, REFRESH, refresh)
    assert REFRESH.actions[Verb.REVOKE].call(client, c, Secret(refresh)).status is CallStatus.ACCEPTED
    assert REFRESH.verify(client, c, Secret(refresh)).liveness is Liveness.LIVE
    assert oidc.refreshes(refresh)


def test_a_public_clients_token_is_revoked_in_its_name(oidc: Oidc) -> None:
    refresh, _ = oidc.mint()
    client = oidc.client("powerless", public_clients=("cli",))
    c = known(client, REFRESH, refresh)
    REFRESH.actions[Verb.REVOKE].call(client, c, Secret(refresh))
    assert REFRESH.verify(client, c, Secret(refresh)).liveness is Liveness.DEAD
    assert not oidc.refreshes(refresh)


def test_a_client_that_may_not_see_it_concludes_nothing(oidc: Oidc) -> None:
    """RFC 7662 section 2.2: `inactive` for a token that lives. The control read alone would not have noticed."""
    refresh, _ = oidc.mint()
    blind = oidc.client("blind")
    with pytest.raises(NotFound):
        REFRESH.identify(blind, found(REFRESH), Secret(refresh))
    c = known(oidc.client(), REFRESH, refresh)
    assert REFRESH.control(blind, c, Secret(refresh)).liveness is Liveness.LIVE
    assert REFRESH.verify(blind, c, Secret(refresh)).liveness is Liveness.UNKNOWN
    assert oidc.refreshes(refresh)


def test_without_the_grant_there_is_no_control(oidc: Oidc) -> None:
    refresh, _ = oidc.mint()
    client = oidc.client("no-grants")
    c = known(client, REFRESH, refresh)
    with pytest.raises(Rejected):
        REFRESH.control(client, c, Secret(refresh))


def test_a_made_up_token_is_not_known(oidc: Oidc) -> None:
    with pytest.raises(NotFound):
        REFRESH.identify(oidc.client(), found(REFRESH), Secret("never-issued-anywhere"))
