"""Users of a Workspace: found by address or id, addressed by the id that outlives a change of address; what hangs on one is read here too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Observation, Subject
from rescind.providers.google import _listings, _outside
from rescind.providers.google._api import Row, flag, pages, seen, seg, shown, text, texts, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

AUTH = "https://www.googleapis.com/auth/admin.directory.user"
LOOK, UPDATE, SECURITY = f"{AUTH}.readonly", AUTH, f"{AUTH}.security"
PROPAGATES = "https://support.google.com/a/answer/7514107"
"""Where Google says that a change in the Admin console reaches its services with a delay."""
WEB = "https://support.google.com/a/answer/178854"
"""Where Google says how long a session in a browser goes on after its cookie was reset."""


BEYOND = "rescind:beyond"
"""Where a user's row says why they are beyond the administrator as whom we ask."""
HANDS = "a super administrator"
_OTHERS = ("projects/", "principal://", "locations/", "//iam.")  # names of what is no user of a Workspace


def path(user: str, rest: str = "") -> str:
    """Return the path of a user, or of something below one."""
    return f"/admin/directory/v1/users/{seg(user)}{rest}"


def find(client: Google, user: str) -> tuple[Row, Answer]:
    """Ask the directory for a user by id, address or alias. Raises `NotFound` where it shows none, other typed errors."""
    if not user:
        raise Rejected("neither an id nor an address of a user is known", code="incomplete")
    row, answer = shown(
        client.send("directory", "GET", path(user), query={"projection": "basic"}),
        *("id", "primaryEmail", "customerId"),
        what="Workspace user",
    )
    aliases = [a.casefold() for key in ("aliases", "nonEditableAliases") for a in texts(row, key)]
    if user.casefold() not in {text(row, "id"), text(row, "primaryEmail").casefold(), *aliases}:
        raise unclear(answer, "another user than the one asked for was shown")
    return row, answer


def person(client: Google, user: str) -> tuple[Row, Answer]:
    """Ask for a user and whether they are beyond us, as `beyond` says. Raises as `find` does."""
    row, answer = find(client, user)
    return {**row, BEYOND: beyond(client, row, answer)}, answer


def user_of(credential: Credential) -> str:
    """Return the id of the user something hangs on, or the address where nothing else is known."""
    return (
        credential.attributes.get("user_id")
        or credential.identifier.rpartition(":")[2].partition("/")[0]
        or credential.owner
    )


def people(client: Google, subject: Subject) -> Iterator[tuple[Row, Answer] | Gap]:
    """Show the person's users, each once. A name that is no user, or another's alias, is a `Gap`. Raises what is worth another try."""
    source, known = f"tenant:{client.tenant.name}", set[str]()
    if not client.subject:
        yield Gap(source=source, reason="Workspace was not asked: this tenant names no subject")
        return
    for name in subject.names:
        if name.startswith(_OTHERS) or name.endswith(".gserviceaccount.com"):
            continue
        try:
            row, answer = find(client, name)
        except (Throttled, Unreachable):
            raise
        except NotFound:
            yield Gap(
                source=source, reason=_outside.said(client, name) or f"mapped Workspace user {name} does not exist"
            )
            continue
        except ProviderError as error:
            why = _outside.said(client, name) or f"Workspace user {name} could not be read: {error.message}"
            yield Gap(source=source, reason=why)
            continue
        mail = text(row, "primaryEmail")
        if mail.casefold() not in {n.casefold() for n in subject.names}:
            why = f"{name} is an alias of Workspace user {mail}, who is not mapped to this person"
            yield Gap(source=source, reason=why)
        elif text(row, "id") not in known:
            known.add(text(row, "id"))
            yield {**row, BEYOND: beyond(client, row, answer)}, answer


def rank(row: Row, answer: Answer) -> str:
    """Return `super` or `delegated` for an administrator, nothing for anybody else. Raises `Unrecognised`."""
    delegated = "delegated" if flag(row, "isDelegatedAdmin", answer) else ""
    return "super" if flag(row, "isAdmin", answer) else delegated


def beyond(client: Google, row: Row, answer: Answer) -> str:
    """Say why a user is beyond the administrator as whom we ask, "" where they are not. Raises typed errors.

    Whoever manages users without being a super administrator acts on users who are no administrators:
    https://support.google.com/a/answer/2405986.
    """
    theirs = rank(row, answer)
    if not theirs or rank(*find(client, client.subject)) == "super":
        return ""
    mail = text(row, "primaryEmail")
    return (
        f"{mail} is a {theirs} administrator: only a super administrator may act on them, and {client.subject} is none"
    )


def facts(row: Row, answer: Answer) -> dict[str, str]:
    """Return what is worth keeping of a user."""
    kept = {
        "user_id": text(row, "id"),
        "suspended": str(flag(row, "suspended", answer)).lower(),
        "suspension_reason": text(row, "suspensionReason"),
        "administrator": rank(row, answer),
        "type": "external" if flag(row, "isGuestUser", answer) else "",
        "second_factor": "enrolled" if flag(row, "isEnrolledIn2Sv", answer) else "",
        "unit": text(row, "orgUnitPath"),
    }
    return {k: v for k, v in kept.items() if v}


def known(
    row: Row,
    identifier: str,
    *,
    live: bool,
    created_at: str | None = None,
    last_used: str | None = None,
    **more: str,
) -> Known:
    """Return what the directory says of something that hangs on a user."""
    return Known(
        identifier=identifier,
        issuer=text(row, "customerId"),
        subject=text(row, "primaryEmail"),
        owner=text(row, "primaryEmail"),
        attributes={"user_id": text(row, "id"), **{k: v for k, v in more.items() if v}},
        created_at=created_at,
        last_used=last_used,
        parent=text(row, "id"),
        liveness=Liveness.LIVE if live else Liveness.DEAD,
        by_hand=text(row, BEYOND),
        hands=HANDS,
    )


def listed(client: Google, user: str, sort: str) -> tuple[list[Row], Answer]:
    """Return all grants (`tokens`), app passwords (`asps`) or codes (`verificationCodes`) of a user. Raises typed errors."""
    return pages(client, "security", path(user, f"/{sort}"), "items", what=f"{sort} of a Workspace user")


def each(client: Google, subject: Subject, what: str, held: Callable[[Row], Iterable[Known]]) -> Iterator[Known | Gap]:
    """Show what is `held` by each of the person's users; `what`, with `{}` for the address, could not be listed whole is a `Gap`."""
    return _listings.whole(
        client,
        people(client, subject),
        lambda found: held(found[0]),
        lambda found: what.format(text(found[0], "primaryEmail")),
    )


def listed_each(
    client: Google, subject: Subject, sort: str, known: Callable[[Row, list[Row]], Iterable[Known]]
) -> Iterator[Known | Gap]:
    """Show what is known of all that the person's users have of a sort, as `listed` names it."""
    return each(client, subject, f"{sort} of {{}}", lambda user: known(user, listed(client, text(user, "id"), sort)[0]))


def one(client: Google, credential: Credential, sort: str, key: str) -> tuple[Row, Row, Answer]:
    """Return a user and the one of their list that a credential names. Raises `NotFound` where the list does not show it."""
    row, _ = person(client, user_of(credential))
    rows, answer = listed(client, text(row, "id"), sort)
    name = credential.identifier.partition("/")[2]
    found = next((r for r in rows if name and str(r.get(key)) == name), None)
    if found is None:
        raise NotFound(f"the user's {sort}, read whole, do not show it", status=200, request_id=answer.request_id)
    return row, found, answer


def absent(client: Google, credential: Credential, sort: str, key: str) -> Observation:
    """Look for something in the whole list of its user. Raises typed errors, `NotFound` where the user is not shown."""
    rows, answer = listed(client, user_of(credential), sort)
    if not all(key in r for r in rows):
        raise unclear(answer, f"{sort}: a row without {key}")
    if credential.identifier.partition("/")[2] in {str(r[key]) for r in rows}:
        return seen(answer, Liveness.LIVE, f"Google lists it among the user's {sort}")
    return seen(answer, Liveness.DEAD, f"Google lists {len(rows)} {sort} of the user, read whole, and not this one")


def control(client: Google, credential: Credential) -> Observation:
    """Show that users can be read in this run: the one it hangs on, else ourselves. Raises typed errors."""
    row, answer = find(client, user_of(credential) or client.subject)
    return seen(answer, Liveness.LIVE, f"the directory shows user {text(row, 'primaryEmail')}")
