"""Federated credentials of user-assigned managed identities: whose tokens of another issuer the identity trusts. Deleted.

A managed identity has no credential of its own that could be ended, and what it was given lives for up to 24 hours wherever it is cached
(https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations): its
role assignments are what takes its access away, and whoever runs code on a resource that has it, has it too.
"""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Residual, Verb
from rescind.providers.azure import _children, _resources
from rescind.providers.azure._connect import Row

_DOC = "https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation-create-trust-user-assigned-managed-identity"
_CACHE = (
    "https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/"
    "managed-identity-best-practice-recommendations"
)


def _facts(row: Row) -> dict[str, str]:
    return {
        "trusts": str(_resources.inner(row, "properties", "issuer") or ""),
        "trusted_subject": str(_resources.inner(row, "properties", "subject") or ""),
    }


_CHILD = _children.Child(
    sort="Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    version="2023-01-31",
    facts=_facts,
)
_TRUST = _children.functions(_CHILD)

KIND = Kind(
    id="azure.identity-federated-credential",
    title="Federated credential of a user-assigned managed identity",
    provider="azure",
    actions={
        Verb.DELETE: Act(
            call=_TRUST.delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{_CHILD.sort}/delete", f"{_CHILD.sort}/read"),
            undo="make it again with the issuer, subject and audience that the plan shows",
        )
    },
    verify=_TRUST.verify,
    control=_TRUST.control,
    enumerate=_TRUST.enumerate,
    identify=_TRUST.identify,
    read_permissions=(f"{_CHILD.parent}/read", f"{_CHILD.sort}/read"),
    issuer_is_account=True,
    residual=Residual(
        seconds=86_400,
        what="access tokens that the identity was given in exchange",
        source=_CACHE,
    ),
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/managedidentity/federated-identity-credentials/delete",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand=(
        "Azure portal, the managed identity, Federated credentials: delete it. The identity's own access ends with its role assignments "
        "(Azure role assignments, on the same page); tokens that it holds live on for up to 24 hours."
    ),
)
