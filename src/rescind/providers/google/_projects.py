"""Projects: what a key without a person belongs to. A person or a team is mapped to one as `projects/<project id>`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rescind.errors import ProviderError, Rejected, Throttled, Unreachable
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Subject
from rescind.providers.google import _listings
from rescind.providers.google._api import read, seg, text
from rescind.providers.google._connect import Google

READ = "resourcemanager.projects.get"
_ACCOUNT = re.compile(r"[^@/\s]+@(?P<project>[a-z0-9.:-]+)\.iam\.gserviceaccount\.com")


def project_id(client: Google, project: str) -> str:
    """Return the id of a project that goes by its id or its number. Raises typed errors."""
    row, _ = read(
        client, "projects", f"/v1/projects/{seg(project)}", "projectId", "projectNumber", what=f"project {project}"
    )
    return text(row, "projectId")


def of_person(client: Google, subject: Subject) -> Iterator[tuple[str, str] | Gap]:
    """Show each project that the person is mapped to, and the service account where only that one's keys are theirs (else empty).

    A project as a whole is shown once, and none of its accounts beside it. One that could not be read is a `Gap`. Raises what is worth
    another try.
    """
    ids: dict[str, str] = {}
    whole, accounts = dict[str, None](), list[tuple[str, str]]()
    for name in subject.names:
        known = _ACCOUNT.fullmatch(name)
        if not name.startswith("projects/") and known is None:
            continue
        project = known["project"] if known else name.removeprefix("projects/")
        try:
            ids[project] = ids.get(project) or project_id(client, project)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield _listings.gap(client, f"project {project} could not be read: {error.message}")
            continue
        if known:
            accounts.append((ids[project], name))
        else:
            whole[ids[project]] = None
    yield from ((project, "") for project in whole)
    yield from ((project, name) for project, name in accounts if project not in whole)


def each(
    client: Google, subject: Subject, what: str, held: Callable[[str, str], Iterable[Known]]
) -> Iterator[Known | Gap]:
    """Show what is `held` by each project, and account, of the person's. Raises what is worth another try."""
    return _listings.whole(
        client, of_person(client, subject), lambda found: held(*found), lambda found: f"{what} of project {found[0]}"
    )


def readable(client: Google, project: str) -> str:
    """Return the project that a control reads: the one it is about, else the tenant's first. Raises `Rejected` where there is none."""
    if not project and not client.projects:
        raise Rejected("this tenant names no project to read", code="incomplete")
    return project or client.projects[0]
