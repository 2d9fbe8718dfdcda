"""Repository tokens of a container registry: switched off, or without the passwords and certificates that were seen, or deleted.

What was there when we first looked is remembered by slot and time; a password that was made since is a successor and stays. Azure says who
made a token (`systemData.createdBy`), which is who saw its passwords: that person is its owner, else its registry is. A password is never made by us
to end an old one: making one is not idempotent, and taking one away is.

A password is exchanged for an access token (https://github.com/Azure/acr/blob/main/docs/Token-BasicAuth.md), which lives on. For how long no page of
Microsoft's says: theirs are the 3 hours of a person's login (https://learn.microsoft.com/en-us/azure/container-registry/container-registry-authentication),
and the access token that they show lives 75 minutes (https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md). The longer is counted on.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Subject, Verb
from rescind.providers.azure import _acr_tokens, _children, _resources
from rescind.providers.azure._connect import Azure
from rescind.secret import Secret

REGISTRY, SORT, VERSION = _acr_tokens.REGISTRY, _acr_tokens.SORT, _acr_tokens.VERSION
_DOC = _resources.PRODUCT + "container-registry/container-registry-token-based-repository-permissions"
_OPERATION = "Microsoft.ContainerRegistry/locations/operationResults/read"
_WRITE = (f"{SORT}/write", f"{SORT}/read", f"{SORT}/operationStatuses/read", _OPERATION)
_TOKENS = _children.functions(_acr_tokens.TOKEN)


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Find a token by its id, or by the registry and the user name that it was kept for. Raises typed errors."""
    ident = credential.identifier
    if not _resources.is_of(ident, SORT):
        host, name = (credential.attributes.get("registry") or credential.issuer).lower(), credential.subject
        if not host or not name:
            raise Rejected("the evidence does not say of which registry it is, and which token", code="incomplete")
        match = lambda r: str(_resources.inner(r, "properties", "loginServer")).lower() == host  # noqa: E731
        ident = f"{_resources.look(client, REGISTRY, VERSION, match)['id']}/tokens/{name}"
    row, answer = _resources.read(client, ident, SORT, VERSION)
    if not _acr_tokens.status(row):
        raise Unrecognised("token: without its state", status=answer.status)
    return _acr_tokens.known(client, row, credential.attributes.get("token_secrets"))


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show the tokens that the person made, and those of registries that the person is mapped to. What could not be read is a `Gap`."""
    names = {n.casefold() for n in subject.names}
    for registry in _resources.every(client, REGISTRY, VERSION):
        if isinstance(registry, Gap):
            yield registry
            continue
        ident = str(registry.get("id"))
        look = functools.partial(_children.rows, client, ident, _acr_tokens.TOKEN)
        rows = _resources.tried(client, look, f"tokens of {ident} could not be listed")
        known = (rows,) if isinstance(rows, Gap) else (_acr_tokens.known(client, r) for r in rows)
        yield from (k for k in known if isinstance(k, Gap) or k.owner.casefold() in names)


KIND = Kind(
    id="azure.acr-token",
    title="Repository token of an Azure container registry",
    provider="azure",
    actions={
        Verb.DEACTIVATE: Act(
            call=_acr_tokens.deactivate,
            reversible=True,
            idempotent=True,
            permissions=_WRITE,
            undo="set the token's status to enabled again",
            restore=_acr_tokens.activate,
        ),
        Verb.REVOKE: Act(
            call=_acr_tokens.revoke,
            reversible=False,
            idempotent=True,
            permissions=_WRITE,
            undo="none: generate a new password for the token",
        ),
        Verb.DELETE: Act(
            call=_TOKENS.delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{SORT}/delete", f"{SORT}/read", _OPERATION),
            undo="none: make a new token with the same scope map",
        ),
    },
    verify=_acr_tokens.verify,
    control=_TOKENS.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{REGISTRY}/read", f"{SORT}/read"),
    issuer_is_account=True,
    residual=_acr_tokens.RESIDUAL,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/containerregistry/tokens/update",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the registry, Repository permissions, Tokens, the token: disable it, or delete its passwords.",
)
