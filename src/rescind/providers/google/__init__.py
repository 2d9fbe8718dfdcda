"""Google: people and grants of a Workspace, and the keys of Google Cloud projects."""

from __future__ import annotations

from rescind.models.kind import Provider

PROVIDER = Provider(
    id="google",
    title="Google Cloud and Workspace",
    connect="rescind.providers.google._connect:connect",
    settings=(
        "subject",
        "projects",
        "workforce_pools",
        "credential",
        "impersonate",
        "scopes",
        "universe",
        "base_url",
        "endpoints",
        "ca_bundle",
        "plaintext",
        "account_id",
        "access_seconds",
    ),
    reference="https://developers.google.com/discovery/v1/getting_started",
    # A primary address lies in a domain that the Workspace has proven to hold, and only its administrators set it.
    controls_email=True,
    # https://cloud.google.com/iam/docs/access-change-propagation: a change of access takes two minutes, or seven and more
    eventual=True,
)
