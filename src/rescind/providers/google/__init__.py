"""Google: people and grants of a Workspace, and the keys of Google Cloud projects."""

from __future__ import annotations

from rescind.models.machine import Machines
from rescind.models.provider import Provider
from rescind.providers.google._apis import scope
from rescind.providers.google._records import AUDIT_LOGS, REPORTS

_ORDERS = (scope("mobile", act=True), scope("chromeos", act=True), scope("cloudidentity", act=True))
ENDPOINTS = Machines(
    title="Google endpoint management",
    setting="device_management",
    verbs={"retire": _ORDERS, "wipe": _ORDERS},
    find="rescind.providers.google._machines:find",
    send="rescind.providers.google._machines:send",
    look="rescind.providers.google._machines:look",
    read_permissions=(scope("mobile"), scope("chromeos"), scope("cloudidentity")),
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/mobiledevices/action",
)
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
        "device_management",
        "delegated",
    ),
    reference="https://developers.google.com/discovery/v1/getting_started",
    # A primary address lies in a domain that the Workspace has proven to hold, and only its administrators set it.
    controls_email=True,
    activity=(REPORTS, AUDIT_LOGS),
    # https://cloud.google.com/iam/docs/access-change-propagation: a change of access takes two minutes, or seven and more
    eventual=True,
    machines=ENDPOINTS,
)
