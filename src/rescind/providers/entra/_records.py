"""What Entra records of the use of credentials: sign-ins and directory audits of Graph v1.0, and what only Graph's beta would show."""

from __future__ import annotations

from rescind.models.use import Source, Trace

_KEPT = 7
"""Days that every licence keeps both; a premium one keeps 30, from when it was bought."""
_QUIET = (
    "sign-ins without a person (token refreshes, and what a client does in the background) are in Graph's beta only, and what was done with "
    "a token stands at the service that took it"
)
_WHOSE = f"the record names the person, not the token or method; {_QUIET}"
_APP = "sign-ins of applications, which would name the secret or certificate, are in Graph's beta only"
_HOLDER = ("user:{attributes.user_id}",)

SIGN_INS = Source(
    id="sign-ins",
    title="Entra sign-in log",
    read="rescind.providers.entra._activity:sign_ins",
    check="rescind.providers.entra._activity:check_sign_ins",
    retention_days=_KEPT,
    lag_seconds=7200,
    covers="interactive and federated sign-ins of the case's users, the refused ones too",
    lacks="sign-ins without a person, of applications and of managed identities; tenants without a premium licence, whose log no API shows",
    permissions=("AuditLog.Read.All", "User.Read.All"),
    traces={
        "entra.user": Trace(marks=("user:{identifier}",), unseen=_QUIET),
        "entra.user-sessions": Trace(marks=_HOLDER, unseen=_QUIET),
        "entra.device": Trace(marks=("device:{attributes.device_id}",), unseen=_QUIET),
        "entra.refresh-token": Trace(holder=_HOLDER, unseen=_WHOSE),
        "entra.access-token": Trace(holder=_HOLDER, unseen=_WHOSE),
        "entra.authentication-method": Trace(holder=_HOLDER, unseen=_WHOSE),
        "entra.oauth-grant": Trace(holder=_HOLDER, unseen=_WHOSE),
        "entra.client-secret": Trace(unseen=_APP),
        "entra.certificate": Trace(unseen=_APP),
        "entra.federated-credential": Trace(unseen=_APP),
    },
    reference="https://learn.microsoft.com/en-us/graph/api/signin-list",
)
AUDITS = Source(
    id="directory-audits",
    title="Entra audit log",
    read="rescind.providers.entra._activity:audits",
    check="rescind.providers.entra._activity:check_audits",
    retention_days=_KEPT,
    lag_seconds=7200,
    covers="what the case's users and applications changed in the directory",
    lacks="what they read there, and everything that they did elsewhere",
    permissions=("AuditLog.Read.All", "User.Read.All"),
    traces={
        "entra.user": Trace(marks=("user:{identifier}",), unseen="only changes of the directory are in it"),
        "entra.user-sessions": Trace(marks=_HOLDER, unseen="only changes of the directory are in it"),
        "entra.client-secret": Trace(
            holder=("app:{subject}",), unseen=f"it names the application, not the secret; {_APP}"
        ),
        "entra.certificate": Trace(
            holder=("app:{subject}",), unseen=f"it names the application, not the certificate; {_APP}"
        ),
        "entra.federated-credential": Trace(holder=("app:{subject}",), unseen=f"it names the application only; {_APP}"),
    },
    reference="https://learn.microsoft.com/en-us/graph/api/directoryaudit-list",
)
