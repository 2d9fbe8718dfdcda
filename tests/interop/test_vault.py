"""`vault.token` against a real OpenBao: what dies, what lives on, and what we may not conclude."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rescind.errors import Denied, NotFound, Rejected, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation, Rest, Subject, Verb
from rescind.providers.vault._connect import Vault
from rescind.providers.vault.token import KIND
from rescind.secret import Secret
from rescind.wire import rest
from tests.interop.bao_world import Bao, start

OPERATOR = """
path "auth/token/accessors"        { capabilities = ["list", "sudo"] }
path "auth/token/accessors/"       { capabilities = ["list", "sudo"] }
path "auth/token/lookup-accessor"  { capabilities = ["update"] }
path "auth/token/revoke-accessor"  { capabilities = ["update"] }
path "auth/token/lookup"           { capabilities = ["update"] }
path "identity/entity/id/*"        { capabilities = ["read"] }
"""


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with start(tmp_path_factory.mktemp("bao")) as server:
        server.ask("POST", "sys/policies/acl/operator", {"policy": OPERATOR})
        server.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        for name in ("ada", "bob"):
            server.ask(
                "POST", f"auth/userpass/users/{name}", {"password": f"pw-{name}-fake", "token_policies": "default"}
            )
        yield server


def login(bao: Bao, name: str) -> dict[str, Any]:
    status, answer = bao.ask("POST", f"auth/userpass/login/{name}", {"password": f"pw-{name}-fake"})
    assert status == 200, answer
    return dict(answer["auth"])


def held(accessor: str = "", **facts: Any) -> Credential:
    return Credential(kind=KIND.id, provider="vault", identifier=accessor, **facts)


def revoke(client: Vault, accessor: str) -> CallResult:
    row = KIND.actions[Verb.REVOKE].call
    assert isinstance(row, Rest)
    return rest.call(client.http, row, held(accessor), settings=client.tenant.settings, me=client.me())


def verify(client: Vault, accessor: str) -> Observation:
    assert isinstance(KIND.verify, Rest)
    return rest.look(client.http, KIND.verify, held(accessor), settings=client.tenant.settings, me=client.me())


def control(client: Vault) -> Observation:
    assert callable(KIND.control)
    return KIND.control(client, held("any"))


def listed(client: Vault, *names: str) -> list[Known | Gap]:
    assert KIND.enumerate is not None
    return list(KIND.enumerate(client, Subject(names=names)))


def identify(client: Vault, credential: Credential, secret: Secret | None = None) -> Known:
    assert KIND.identify is not None
    return KIND.identify(client, credential, secret)


def limited(bao: Bao) -> str:
    return str(bao.new(policies=["operator"])["client_token"])


def test_a_token_is_ended_and_the_next_persons_is_not(bao: Bao) -> None:
    ada, bob = login(bao, "ada"), login(bao, "bob")
    client = bao.client(token="nothing", write=limited(bao), on=True)
    assert bao.works(ada["client_token"])
    assert verify(client, ada["accessor"]).liveness is Liveness.LIVE
    done = revoke(client, ada["accessor"])
    assert (done.status, done.http_status) == (CallStatus.DONE, 204)
    assert done.provider_time.endswith("Z")
    assert not bao.works(ada["client_token"])
    assert verify(client, ada["accessor"]).liveness is Liveness.DEAD
    assert control(client).liveness is Liveness.LIVE
    assert bao.works(bob["client_token"])
    assert verify(client, bob["accessor"]).liveness is Liveness.LIVE


def test_a_second_revocation_finds_nothing_and_says_so(bao: Bao) -> None:
    token, client = bao.new(), bao.client()
    assert revoke(client, token["accessor"]).status is CallStatus.DONE
    assert revoke(client, token["accessor"]).status is CallStatus.NOTHING
    assert revoke(client, "no-such-accessor").status is CallStatus.NOTHING
    assert verify(client, token["accessor"]).liveness is Liveness.DEAD


def test_a_child_dies_with_its_parent_and_an_orphan_does_not(bao: Bao) -> None:
    parent = bao.new(policies=["root"])
    child = bao.new(token=parent["client_token"])
    _, answer = bao.ask("POST", "auth/token/create-orphan", {"policies": ["default"]}, token=parent["client_token"])
    orphan, client = answer["auth"], bao.client()
    revoke(client, parent["accessor"])
    assert verify(client, child["accessor"]).liveness is Liveness.DEAD
    assert not bao.works(child["client_token"])
    assert verify(client, orphan["accessor"]).liveness is Liveness.LIVE


def test_the_owner_is_who_logged_in_and_not_what_a_creator_wrote(bao: Bao) -> None:
    ada, client = login(bao, "ada"), bao.client(token=limited(bao))
    by_accessor = identify(client, held(ada["accessor"]))
    by_value = identify(client, held(fingerprint="hmac-sha256:00"), Secret(ada["client_token"]))
    assert by_accessor == by_value
    assert (by_accessor.owner, by_accessor.identifier) == ("ada", ada["accessor"])
    assert by_accessor.attributes["path"] == "auth/userpass/login/ada"
    assert by_accessor.expires_at is not None and by_accessor.created_at is not None
    forged = bao.new(display_name="ada", meta={"username": "ada"})
    assert identify(client, held(forged["accessor"])).owner == ""


def test_a_named_entity_names_the_owner_and_its_alias_still_shows_up(bao: Bao) -> None:
    bao.ask("POST", "auth/userpass/users/eve", {"password": "pw-eve-fake", "token_policies": "default"})
    eve, client = login(bao, "eve"), bao.client()
    bao.ask("POST", f"identity/entity/id/{eve['entity_id']}", {"name": "Eve Example"})
    assert identify(client, held(eve["accessor"])).owner == "Eve Example"
    assert [k.owner for k in listed(client, "eve") if isinstance(k, Known)] == ["Eve Example"]
    blind = bao.new(policies=["half"])
    bao.ask("POST", "sys/policies/acl/half", {"policy": OPERATOR.replace("identity/entity/id/*", "nothing")})
    assert identify(bao.client(token=blind["client_token"]), held(eve["accessor"])).owner == "eve"


def test_listing_shows_the_persons_tokens_and_only_those(bao: Bao) -> None:
    first, second, other = login(bao, "ada"), login(bao, "ada"), login(bao, "bob")
    found = listed(bao.client(token=limited(bao)), "ada")
    assert not [g for g in found if isinstance(g, Gap)]
    ids = {k.identifier for k in found if isinstance(k, Known)}
    assert {first["accessor"], second["accessor"]} <= ids
    assert other["accessor"] not in ids
    assert {k.owner for k in found if isinstance(k, Known)} == {"ada"}


def test_a_forbidden_listing_is_a_gap(bao: Bao) -> None:
    bao.ask("POST", "sys/policies/acl/nolist", {"policy": OPERATOR.replace('["list", "sudo"]', '["deny"]')})
    found = listed(bao.client(token=bao.new(policies=["nolist"])["client_token"]), "ada")
    assert len(found) == 1 and isinstance(found[0], Gap) and "may not be listed" in found[0].reason


def test_a_listing_whose_lookups_are_forbidden_says_how_much_it_missed(bao: Bao) -> None:
    login(bao, "ada")
    bao.ask(
        "POST",
        "sys/policies/acl/listonly",
        {
            "policy": OPERATOR.replace(
                'lookup-accessor"  { capabilities = ["update"]', 'lookup-accessor" { capabilities = ["deny"]'
            )
        },
    )
    found = listed(bao.client(token=bao.new(policies=["listonly"])["client_token"]), "ada")
    assert len(found) == 1 and isinstance(found[0], Gap) and "could not be looked up" in found[0].reason


def test_a_limited_operator_learns_nothing_and_concludes_nothing(bao: Bao) -> None:
    token = bao.new()
    weak = bao.client(token=bao.new()["client_token"])
    for accessor in (token["accessor"], "no-such-accessor"):
        with pytest.raises(Denied):
            verify(weak, accessor)
        with pytest.raises(Denied):
            revoke(weak, accessor)
    with pytest.raises(Denied):
        identify(weak, held(), Secret("s.bogus"))
    with pytest.raises(Denied):
        control(weak)
    assert bao.works(token["client_token"])


def test_an_operator_whose_own_token_ended_is_denied_not_told_dead(bao: Bao) -> None:
    token, own = bao.new(), bao.new(policies=["operator"])
    client = bao.client(token=own["client_token"])
    client.me()
    bao.ask("POST", "auth/token/revoke", {"token": own["client_token"]})
    with pytest.raises(Denied):
        verify(client, token["accessor"])
    with pytest.raises(Denied):
        identify(client, held(), Secret(token["client_token"]))


def test_bogus_expired_and_empty_values_are_not_found_never_ours(bao: Bao) -> None:
    client = bao.client(token=limited(bao))
    with pytest.raises(NotFound) as caught:
        identify(client, held(), Secret("s.bogus-value-planted"))
    assert "planted" not in str(caught.value)
    with pytest.raises(NotFound):
        identify(client, held("no-such-accessor"))
    with pytest.raises(Rejected):
        identify(client, held(), Secret(""))
    with pytest.raises(Rejected):
        verify(client, "")


def test_a_batch_token_is_irrevocable_until_it_expires(bao: Bao) -> None:
    parent = bao.new(policies=["root"])
    batch = bao.new(token=parent["client_token"], type="batch")
    known = identify(bao.client(), held(fingerprint="hmac-sha256:0123456789abcdef0123"), Secret(batch["client_token"]))
    assert known.irrevocable
    assert known.identifier.startswith("batch:2") and known.identifier.endswith(":auth/token/create:0123456789ab")
    assert batch["client_token"] not in repr(known)
    assert known.expires_at is not None
    # The compensating controls that the steps by hand name do work.
    revoke(bao.client(), parent["accessor"])
    assert not bao.works(batch["client_token"])


def test_disabling_the_entity_stops_its_batch_tokens(bao: Bao) -> None:
    bao.ask(
        "POST",
        "auth/userpass/users/kim",
        {"password": "pw-kim-fake", "token_policies": "default", "token_type": "batch"},
    )
    kim = login(bao, "kim")
    assert bao.works(kim["client_token"])
    assert identify(bao.client(), held(), Secret(kim["client_token"])).owner == "kim"
    bao.ask("POST", f"identity/entity/id/{kim['entity_id']}", {"disabled": True})
    assert not bao.works(kim["client_token"])


def test_an_operators_batch_token_is_refused(bao: Bao) -> None:
    with pytest.raises(Rejected, match="batch token"):
        bao.client(token=bao.new(type="batch")["client_token"]).identity()


def test_identity_is_the_cluster_and_our_own_token(bao: Bao) -> None:
    _, health = bao.ask("GET", "sys/health")
    own = bao.new(policies=["operator"])
    me = bao.client(token=own["client_token"]).identity()
    assert (me.account, me.identifiers) == (health["cluster_id"], (own["accessor"],))
    assert bao.client(account_id=health["cluster_name"]).identity().account == health["cluster_name"]
    assert bao.client(account_id="another").identity().account == health["cluster_id"]


def test_namespaces_keep_their_tokens_apart(bao: Bao) -> None:
    bao.ask("POST", "sys/namespaces/team1")
    inner, outer = bao.new(namespace="team1"), bao.new()
    above, within = bao.client(), bao.client(namespace="team1")
    # The wrong namespace answers 500: an accident, and no proof of anything.
    with pytest.raises(Unreachable):
        verify(above, inner["accessor"])
    with pytest.raises(Unreachable):
        verify(within, outer["accessor"])
    with pytest.raises(Rejected, match="another namespace"):
        identify(above, held(), Secret(inner["client_token"]))
    assert verify(within, inner["accessor"]).liveness is Liveness.LIVE
    assert control(within).liveness is Liveness.LIVE
    assert not [x for x in listed(within, "ada") if isinstance(x, Gap)]
    assert revoke(within, inner["accessor"]).status is CallStatus.DONE
    assert verify(within, inner["accessor"]).liveness is Liveness.DEAD
    assert listed(within, "ada") == []  # an empty namespace is an empty list, not an error
    with pytest.raises(Rejected) as caught:
        verify(bao.client(namespace="nowhere"), inner["accessor"])
    assert "namespace not found" in str(caught.value)


def test_a_rate_limit_is_obeyed_and_becomes_no_silence(bao: Bao) -> None:
    login(bao, "ada")
    client = bao.client()
    client.me()
    bao.ask("POST", "sys/quotas/config", {"enable_rate_limit_response_headers": True})
    bao.ask("POST", "sys/quotas/rate-limit/q", {"rate": 4, "interval": "1s", "path": "auth/token"})
    try:
        found = listed(client, "ada")
    finally:
        bao.ask("DELETE", "sys/quotas/rate-limit/q")
    complete = {k.identifier for k in listed(client, "ada") if isinstance(k, Known)}
    assert {k.identifier for k in found if isinstance(k, Known)} == complete or [g for g in found if isinstance(g, Gap)]


def test_the_servers_own_audit_log_holds_our_revocation_and_not_the_value(bao: Bao) -> None:
    token, client = bao.new(), bao.client()
    identify(client, held(), Secret(token["client_token"]))
    revoke(client, token["accessor"])
    text = bao.log.read_text()
    entries = [json.loads(line) for line in text.splitlines()]
    assert any(
        e.get("request", {}).get("path") == "auth/token/revoke-accessor" and e["type"] == "response" for e in entries
    )
    assert token["client_token"] not in text


def test_zz_a_sealed_server_proves_nothing(bao: Bao) -> None:
    """Last in the file: nothing works after it."""
    token, client = bao.new(), bao.client()
    client.me()
    bao.ask("PUT", "sys/seal")
    for act in (
        lambda: verify(client, token["accessor"]),
        lambda: revoke(client, token["accessor"]),
        lambda: control(client),
        client.identity,
    ):
        with pytest.raises(Unreachable):
            act()
