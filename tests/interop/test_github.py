"""Every request of `github.token` against GitHub's own OpenAPI description (ghec). It has no state: no death is proven here.

What our scripted server answers is held to the same description, as far as the fields go that we read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rescind.models.credential import Credential
from rescind.models.kind import Verb
from rescind.providers.github.token import KIND
from rescind.secret import Secret
from tests.contract.worlds_by_value import ScriptedGitHub, github_client, served
from tests.interop.oidc_world import require_npm
from tests.interop.openapi import Description

C = Credential(kind="github.token", provider="github", issuer="github.com", fingerprint="hmac-sha256:00")


@pytest.fixture(scope="module")
def ghec() -> Iterator[Description]:
    folder = require_npm("@octokit/openapi")
    yield Description(folder / "node_modules" / "@octokit" / "openapi" / "generated" / "ghec.json")


@pytest.fixture(scope="module")
def spoken() -> ScriptedGitHub:
    """Do everything that the kind can do, once, and return the server with what was said."""
    github = ScriptedGitHub(page=1)
    github.make("bob")
    token = github.make()
    with served(github.answer) as url:
        client = github_client(url, github.operator)
        client.identity()
        c = replace(C, attributes=KIND.identify(client, C, Secret(token)).attributes)
        KIND.verify(client, c, Secret(token))
        KIND.actions[Verb.REVOKE].call(client, c, Secret(token))
        KIND.verify(client, c, Secret(token))
        KIND.control(client, c, Secret(token))
    return github


def test_every_request_is_one_that_github_describes(ghec: Description, spoken: ScriptedGitHub) -> None:
    said = {(m, p.partition("?")[0]) for m, p, _, _ in spoken.seen}
    assert said == {
        ("GET", "/user"),
        ("GET", "/orgs/acme-org"),
        ("GET", "/orgs/acme-org/credential-authorizations"),
        ("POST", "/credentials/revoke"),
    }
    for method, path, _, body in spoken.seen:
        assert ghec.request(method, path, body) == [], (method, path)


def test_revocation_is_the_one_request_without_a_sign_in(ghec: Description, spoken: ScriptedGitHub) -> None:
    for method, path, headers, _ in spoken.seen:
        assert ("authorization" not in headers) is (path == "/credentials/revoke"), (method, path)
    described = ghec.document["paths"]["/credentials/revoke"]["post"]["description"]
    assert "Any authenticated requests will return a 403" in described
    assert "60 unauthenticated requests per hour" in described
    assert "`ghs_`" not in described


def test_our_scripted_answers_are_ones_that_github_describes(ghec: Description, spoken: ScriptedGitHub) -> None:
    lists = 0
    for method, path, status, said in spoken.answered:
        if path.startswith("/orgs/acme-org/"):
            lists += len(said)
            assert ghec.answer(method, path, status, said) == [], (method, path)
        else:  # only the fields that we read are scripted; the status must be described all the same
            assert [w for w in ghec.answer(method, path, status, said) if w.startswith("no such")] == []
    assert lists == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/credentials/revoke", b'{"credentials": "ghp_x"}'),
        ("POST", "/credentials/revoke", b'{"credentials": []}'),
        ("POST", "/credentials/revoke", b'{"tokens": ["ghp_x"]}'),
        ("POST", "/credentials/revoke", b""),
        ("DELETE", "/credentials/revoke", b""),
        ("GET", "/orgs/o/credential-authorizations?per_page=many", b""),
        ("GET", "/orgs/o/credential-authorizations?user=ada", b""),
        ("DELETE", "/orgs/o/credential-authorizations/not-a-number", b""),
        ("GET", "/user", b"{}"),
    ],
)
def test_the_checker_refuses_what_is_wrong(ghec: Description, method: str, path: str, body: bytes) -> None:
    assert ghec.request(method, path, body)
