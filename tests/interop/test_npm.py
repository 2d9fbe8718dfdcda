"""npm tokens against a real verdaccio, with the real npm as their user and as the second opinion."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness, Verb
from rescind.providers.npm._connect import Npm
from rescind.providers.npm.token import KIND
from rescind.secret import Secret
from tests.contract.worlds_by_value import npm_client
from tests.interop.verdaccio_world import Verdaccio, start

C = Credential(kind="npm.token", provider="npm", issuer="npm.example.test", fingerprint="hmac-sha256:00")


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdaccio]:
    with start(tmp_path_factory.mktemp("verdaccio")) as registry:
        yield registry


@pytest.fixture(scope="module")
def client(npm: Verdaccio) -> Npm:
    return npm_client(npm.url, npm.login("responder"))


@pytest.fixture(scope="module")
def session(npm: Verdaccio) -> str:
    return npm.login("ada")


def test_a_revoked_token_is_refused_to_npm_itself(npm: Verdaccio, client: Npm, session: str) -> None:
    token, key = npm.create("ada", session)
    other, other_key = npm.create("ada", session)
    assert npm.npm(token, "whoami").stdout.strip() == "ada"
    known = KIND.identify(client, C, Secret(token))
    assert (known.owner, known.identifier) == ("ada", key)
    assert KIND.actions[Verb.REVOKE].call(client, C, Secret(token)).status is CallStatus.ACCEPTED
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.DEAD
    assert KIND.control(client, C, Secret(token)).liveness is Liveness.LIVE
    assert npm.npm(token, "whoami").returncode != 0
    assert npm.npm(other, "whoami").stdout.strip() == "ada"
    listed = json.loads(npm.npm(session, "token", "list", "--json").stdout)
    keys = {entry["key"] for entry in listed}
    assert other_key in keys
    assert key not in keys
    assert KIND.actions[Verb.REVOKE].call(client, C, Secret(token)).status is CallStatus.ALREADY


def test_what_npm_revoked_is_found_dead(npm: Verdaccio, client: Npm, session: str) -> None:
    token, key = npm.create("ada", session)
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.LIVE
    done = npm.npm(session, "token", "revoke", key)
    assert done.returncode == 0, done.stderr
    assert KIND.verify(client, C, Secret(token)).liveness is Liveness.DEAD
    with pytest.raises(NotFound):
        KIND.identify(client, C, Secret(token))


def test_the_login_token_is_in_no_list_and_outlives_npm_logout(npm: Verdaccio, client: Npm) -> None:
    """What a laptop's `.npmrc` holds after `npm login` here: neither we nor npm can end it, and we say so."""
    login = npm.login("eve")
    known = KIND.identify(client, C, Secret(login))
    assert (known.owner, known.identifier, known.attributes["listed"]) == ("eve", "", "no")
    assert KIND.actions[Verb.REVOKE].call(client, C, Secret(login)).status is CallStatus.NOTHING
    assert KIND.verify(client, C, Secret(login)).liveness is Liveness.LIVE
    assert npm.npm(login, "logout").returncode == 0
    assert npm.whoami(login) == "eve"
    assert KIND.verify(client, C, Secret(login)).liveness is Liveness.LIVE


def test_a_made_up_token_is_refused(client: Npm) -> None:
    assert KIND.verify(client, C, Secret("npm_neverIssuedByAnyRegistry00000000fake")).liveness is Liveness.DEAD
    with pytest.raises(NotFound):
        KIND.identify(client, C, Secret("npm_neverIssuedByAnyRegistry00000000fake"))
