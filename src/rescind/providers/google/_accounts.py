"""Service accounts: found by address in the project that has them, switched off and on, and the control read of what hangs on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Known, Liveness, Observation, Subject
from rescind.providers.google import _listings, _projects, _switch
from rescind.providers.google._api import Row, flag, gone, pages, read, seen, seg, text, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

READ = ("iam.serviceAccounts.get", "iam.serviceAccounts.list")
SEVEN_MINUTES = 420
"""What Google calls a change of access that took long."""
HOUR = 3600
"""How long a token in a user's name lives."""
_MAIL = re.compile(r"[^@/\s]+@(?:(?P<project>[a-z0-9.:-]+)\.iam|[a-z0-9.-]+)\.gserviceaccount\.com", re.IGNORECASE)


def path(project: str, email: str, rest: str = "") -> str:
    """Return the path of an account, or of something below it."""
    return f"/v1/projects/{seg(project)}/serviceAccounts/{seg(email)}{rest}"


def place(credential: Credential) -> tuple[str, str]:
    """Return project and address of the account a credential belongs to. Raises `Rejected` where evidence names none."""
    facts = credential.attributes
    email = facts.get("client_email") or credential.owner or credential.subject
    known = _MAIL.fullmatch(email)
    if known is None:
        raise Rejected("no service account is known for it", code="incomplete")
    # The address says which project an account is in; what else a file says counts only where the address does not.
    project = known["project"] or facts.get("project") or credential.issuer
    return project if re.fullmatch(r"[a-z0-9.:-]+", project) else "-", email


def find(client: Google, project: str, email: str) -> tuple[Row, Answer]:
    """Ask IAM for an account. Raises `NotFound` where the project has none of that address, other typed errors."""
    row, answer = read(
        client, "iam", path(project, email), "email", "uniqueId", "projectId", what=f"service account {email}"
    )
    if text(row, "email").casefold() != email.casefold():
        raise unclear(answer, "another service account than the one asked for was shown")
    return row, answer


def facts(row: Row, answer: Answer) -> dict[str, str]:
    """Return what is worth keeping of an account."""
    return {
        "client_email": text(row, "email"),
        "unique_id": text(row, "uniqueId"),
        "project": text(row, "projectId"),
        "account_disabled": str(flag(row, "disabled", answer)).lower(),
    }


def of_person(client: Google, subject: Subject) -> Iterator[tuple[Row, Answer] | Gap]:
    """Show the accounts that the person is mapped to. One that could not be read is a `Gap`. Raises what is worth another try."""
    source = f"tenant:{client.tenant.name}"
    for name in subject.names:
        known = _MAIL.fullmatch(name)
        if known is None:
            continue
        try:
            yield find(client, known["project"] or "-", name)
        except (Throttled, Unreachable):
            raise
        except NotFound:
            yield Gap(source=source, reason=f"mapped service account {name} does not exist")
        except ProviderError as error:
            yield Gap(source=source, reason=f"service account {name} could not be read: {error.message}")


def each(client: Google, subject: Subject, what: str, held: Callable[[Row], Iterable[Known]]) -> Iterator[Known | Gap]:
    """Show what is `held` by each account of the person's; `what`, with `{}` for the address, could not be listed whole is a `Gap`."""
    return _listings.whole(
        client,
        of_person(client, subject),
        lambda found: held(found[0]),
        lambda found: what.format(text(found[0], "email")),
    )


def disable(client: Google, credential: Credential) -> CallResult:
    """Switch the account off: no new token, and those it has are refused. Raises typed errors."""
    return _send(client, credential, "disable")


def enable(client: Google, credential: Credential) -> CallResult:
    """Switch the account on again, if it was on before the run. Raises typed errors."""
    return _switch.kept_off(credential, "account_disabled", "account") or _send(client, credential, "enable")


def _send(client: Google, credential: Credential, verb: str) -> CallResult:
    project, email = place(credential)
    if email in client.own:
        raise Rejected("that is the service account that we act as ourselves", code="ourselves")
    answer = client.send("iam", "POST", path(project, email, f":{verb}"), json={})
    return gone(answer, f"service account {verb}", empty=200)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the account as it is before it is switched off. Raises typed errors."""
    return facts(*find(client, *place(credential)))


def verify(client: Google, credential: Credential) -> Observation:
    """Read `disabled` back. An account that is not there is no proof: `NotFound`. Raises other typed errors.

    What it made in users' names (domain-wide delegation) is theirs, and nobody says that it ends with the account: an hour is told for it.
    """
    row, answer = find(client, *place(credential))
    email = text(row, "email")
    if not flag(row, "disabled", answer):
        return seen(answer, Liveness.LIVE, f"IAM shows service account {email} as enabled")
    seconds = HOUR if client.delegated(email) else None
    told = f"IAM shows service account {email} as disabled"
    return seen(answer, Liveness.DEAD, told, reversible=True, seconds=seconds)


def control(client: Google, credential: Credential) -> Observation:
    """Show that accounts can be read in this run: the one it belongs to, else the accounts of a project. Raises typed errors."""
    if not _MAIL.fullmatch(credential.attributes.get("client_email") or credential.owner):
        where = _projects.readable(client, "")
        rows, answer = pages(client, "iam", f"/v1/projects/{seg(where)}/serviceAccounts", "accounts", what="accounts")
        return seen(answer, Liveness.LIVE, f"IAM lists {len(rows)} service accounts of project {where}")
    row, answer = find(client, *place(credential))
    return seen(answer, Liveness.LIVE, f"IAM shows service account {text(row, 'email')}")


OFF = Act(
    call=disable,
    reversible=True,
    idempotent=True,
    permissions=("iam.serviceAccounts.disable",),
    ends=EndState.CONTAINED,
    undo="enable the service account (iam.serviceAccounts.enable): its tokens that have not expired then work again",
    snapshot=snapshot,
    restore=enable,
)
"""How an account is switched off."""
DENY = replace(OFF, supports=True, verify=verify)
"""The same, to refuse what was made with a key of it."""
