"""Projects: what a key without a person belongs to. A person or a team is mapped to one as `projects/<project id>`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.evidence import Gap
from rescind.models.kind import Subject
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
            yield Gap(
                source=f"tenant:{client.tenant.name}", reason=f"project {project} could not be read: {error.message}"
            )
            continue
        if known:
            accounts.append((ids[project], name))
        else:
            whole[ids[project]] = None
    yield from ((project, "") for project in whole)
    yield from ((project, name) for project, name in accounts if project not in whole)
