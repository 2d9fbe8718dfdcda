"""Accounts that are not of this Workspace: a private one, or another organisation's. Google ends nothing of theirs for us."""

from __future__ import annotations

from rescind.errors import ProviderError
from rescind.providers.google._api import pages, text
from rescind.providers.google._connect import Google

INSTEAD = (
    "Google ends no session and no grant of it for us. What it may do here is ended by hand: remove it from IAM policies "
    "(gcloud asset search-all-iam-policies --query=policy:{name}), from groups, shared drives and shared files; its own organisation, or "
    "the person, ends its sessions"
)


def said(client: Google, name: str) -> str:
    """Say that a name is outside of this Workspace and what is done instead, "" where it is inside or nobody knows.

    Never raises: it is asked only once a name was not found, and what was found out then stands.
    """
    domain = name.rpartition("@")[2].casefold()
    if domain in {client.subject.rpartition("@")[2].casefold(), name.casefold()}:
        return ""
    try:
        rows, _ = pages(
            client, "domains", "/admin/directory/v1/customer/my_customer/domains", "domains", what="domains"
        )
    except ProviderError:
        return ""
    aliases = [a for r in rows for a in r.get("domainAliases") or () if isinstance(a, dict)]
    ours = {text(r, "domainName").casefold() for r in rows} | {text(a, "domainAliasName").casefold() for a in aliases}
    if not rows or domain in ours:
        return ""
    return f"{name} is no account of this Workspace, whose domains are {', '.join(sorted(ours - {''}))}: {INSTEAD.format(name=name)}"
