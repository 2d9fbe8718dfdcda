"""Keys of service accounts as IAM has them: read in their account, listed with what a person can hold, switched and deleted."""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult
from rescind.providers.google import _accounts, _switch
from rescind.providers.google._api import Row, gone, pages, read, seg, text, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer


def _path(credential: Credential, rest: str = "") -> str:
    if not credential.identifier:
        raise Rejected("nothing is known of which key it is", code="incomplete")
    return _accounts.path(*_accounts.place(credential), f"/keys/{seg(credential.identifier)}{rest}")


def listed(client: Google, project: str, email: str) -> tuple[Mapping[str, Row], Answer]:
    """Return every key of an account that a person can hold, by its id. Raises typed errors."""
    where, query = _accounts.path(project, email, "/keys"), {"keyTypes": "USER_MANAGED"}
    rows, answer = pages(client, "iam", where, "keys", what=f"keys of {email}", query=query)
    if not all(text(r, "name") and text(r, "keyType") == "USER_MANAGED" for r in rows):
        raise unclear(answer, f"keys of {email}: a row that is none of them")
    return {text(r, "name").rpartition("/")[2]: r for r in rows}, answer


def beside(client: Google, credential: Credential) -> tuple[Mapping[str, Row], Answer]:
    """Return every key of the account that a key is of. Raises typed errors."""
    return listed(client, *_accounts.place(credential))


def find(client: Google, credential: Credential) -> tuple[Row, Answer]:
    """Return a key by its id. Raises typed errors."""
    key, answer = read(client, "iam", _path(credential), "name", "keyType", what="service account key")
    if text(key, "name").rpartition("/")[2] != credential.identifier:
        raise unclear(answer, "another key than the one asked for was shown")
    return key, answer


def disable(client: Google, credential: Credential) -> CallResult:
    """Switch the key off. Raises typed errors, `Rejected` for the key that we sign in with."""
    _not_ours(client, credential)
    return gone(client.send("iam", "POST", _path(credential, ":disable"), json={}), "key disable", empty=200)


def enable(client: Google, credential: Credential) -> CallResult:
    """Switch the key on again, if it was on before the run. Raises typed errors."""
    if kept := _switch.kept_off(credential, "disabled", "key"):
        return kept
    return gone(client.send("iam", "POST", _path(credential, ":enable"), json={}), "key enable", empty=200)


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the key; `ALREADY` when IAM does not know it. Raises typed errors, `Rejected` for the key that we sign in with."""
    _not_ours(client, credential)
    return gone(client.send("iam", "DELETE", _path(credential)), "key delete", empty=200)


def _not_ours(client: Google, credential: Credential) -> None:
    if credential.identifier in client.own:
        raise Rejected("that is the key that we sign in with ourselves", code="ourselves")
