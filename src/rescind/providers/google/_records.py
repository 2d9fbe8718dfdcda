"""What Google records of the use of credentials: the Workspace's audit reports, and the audit logs of projects of Google Cloud.

Activity Analyzer, which shows the day of a key's last authentication, is not among them: it counts a key that was merely listed, and leaves out
the APIs of Workspace (https://cloud.google.com/policy-intelligence/docs/service-account-usage-tools), so it proves neither a use nor its absence.
"""

from __future__ import annotations

from rescind.models.use import Source, Trace
from rescind.providers.google._apis import scope

_RARE = "Google says that in rare cases an event is not reported (https://support.google.com/a/answer/7061566)"
_NAMED = f"the reports name the user, not the session, password or device; {_RARE}"
_USER = ("user:{attributes.user_id}",)
_READS = "what only reads data is logged where a project has switched Data Access logs on, and only in the projects that were asked"
_UNNAMED = "audit logs do not name it"

REPORTS = Source(
    id="workspace-reports",
    title="Workspace audit reports",
    read="rescind.providers.google._activity:reports",
    check="rescind.providers.google._activity:check_reports",
    retention_days=180,
    # "near real time" to "a couple of hours", with a few more for OAuth events
    lag_seconds=6 * 3600,
    covers="sign-ins to Google and to applications through it, what applications did with the users' grants, and the users' acts as administrators",
    lacks=f"what was read and written in Gmail, Drive and the like (reports of their own); {_RARE}",
    permissions=(scope("reports"), scope("directory")),
    traces={
        "google.user": Trace(marks=("user:{identifier}",), unseen=_RARE),
        "google.user-session": Trace(marks=_USER, unseen=f"a session that goes on signs in nowhere; {_RARE}"),
        "google.oauth-grant": Trace(
            marks=("grant:{identifier}",),
            holder=_USER,
            unseen=f"not every call of an API is an event of its own; {_RARE}",
        ),
        "google.verification-codes": Trace(marks=("{identifier}",), holder=_USER, unseen=_RARE),
        "google.app-password": Trace(holder=_USER, unseen=_NAMED),
        "google.device": Trace(holder=_USER, unseen=_NAMED),
        "google.mobile-device": Trace(holder=_USER, unseen=_NAMED),
        "google.chromeos-device": Trace(holder=_USER, unseen=_NAMED),
    },
    reference="https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list",
    needs="subject",
)
AUDIT_LOGS = Source(
    id="audit-logs",
    title="Google Cloud audit logs",
    read="rescind.providers.google._activity:audit_logs",
    check="rescind.providers.google._activity:check_audit_logs",
    retention_days=400,
    lag_seconds=3600,
    covers="what the case's users and service accounts changed in the projects of this tenant, and what they read where that is logged",
    lacks=f"{_READS}; other organisations; APIs that are no part of Google Cloud",
    permissions=("logging.logEntries.list",),
    traces={
        "google.service-account-key": Trace(marks=("key:{identifier}",), holder=("mail:{owner}",), unseen=_READS),
        "google.workforce-session": Trace(marks=("{subject}",), unseen=_READS),
        "google.service-account": Trace(marks=("mail:{owner}",), unseen=_READS),
        "google.user": Trace(marks=("mail:{subject}",), unseen=_READS),
        "google.oauth-grant": Trace(
            holder=("mail:{subject}",), unseen=f"audit logs name the user, not the grant; {_READS}"
        ),
        "google.hmac-key": Trace(holder=("mail:{owner}",), unseen=_UNNAMED),
        "google.api-key": Trace(unseen=_UNNAMED),
        "google.client-secret": Trace(unseen=_UNNAMED),
    },
    reference="https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list",
    needs="projects",
)
