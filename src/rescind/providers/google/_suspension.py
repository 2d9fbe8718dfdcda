"""How a user of a Workspace is suspended and taken back, and whom nobody here may suspend."""

from __future__ import annotations

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult
from rescind.providers.google import _people
from rescind.providers.google._api import Row, called, flag, left, pages, shown, text, texts, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer


def _refused(client: Google, row: Row, answer: Answer) -> str:
    """Say why a user must not be suspended by us, "" where nothing is against it. Raises typed errors."""
    mails = {text(row, "primaryEmail").casefold(), text(row, "id"), *(a.casefold() for a in texts(row, "aliases"))}
    if client.subject.casefold() in mails:
        return "that is the administrator as whom we ask ourselves"
    if why := text(row, _people.BEYOND):
        return why
    if _people.rank(row, answer) != "super":
        return ""
    query = {"customer": "my_customer", "query": "isAdmin=true", "maxResults": "500"}
    rows, listing = pages(
        client, "directory", _people.path("").rstrip("/"), "users", what="super administrators", query=query
    )
    others = [r for r in rows if flag(r, "isAdmin", listing) and not flag(r, "suspended", listing)]
    if any(text(r, "id") != text(row, "id") for r in others):
        return ""
    return "that is the last super administrator who is not suspended: nobody could take it back"


def _set(client: Google, credential: Credential, *, suspended: bool) -> CallResult:
    what = "user update"
    answer = client.send("directory", "PUT", _people.path(credential.identifier), json={"suspended": suspended})
    row, _ = shown(answer, "id", what=what)
    if text(row, "id") != credential.identifier or flag(row, "suspended", answer) is not suspended:
        raise unclear(answer, f"{what}: the answer shows something else than was asked")
    return called(answer)


def suspend(client: Google, credential: Credential) -> CallResult:
    """Suspend the user. Raises typed provider errors; `Rejected` for ourselves, the last super administrator and who is beyond us."""
    row, answer = _people.person(client, credential.identifier)
    if why := _refused(client, row, answer):
        raise Rejected(why, code="administrator")
    return _set(client, credential, suspended=True)


def reinstate(client: Google, credential: Credential) -> CallResult:
    """Take the suspension back, if there was none before the run. Raises typed provider errors."""
    if (credential.attributes.get("before.suspended") or credential.attributes.get("suspended")) != "false":
        return left("the user was not known to be active before")
    return _set(client, credential, suspended=False)
