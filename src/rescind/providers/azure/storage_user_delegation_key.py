"""User delegation keys of a storage account, with which whoever has a role there signs shared access signatures (SAS): all revoked at once.

Azure lists none of them and shows nobody that they were revoked, so the best that can be said is that it took the order. Whoever still has the role
gets a new one a moment later: their sessions and role assignments end first. Applications that sign with such keys get new ones by themselves;
what they handed out before ends. A key lives for 7 days at most, and Azure Storage may keep it in a cache for a while
(https://learn.microsoft.com/en-us/azure/storage/blobs/storage-blob-user-delegation-sas-create-cli#revoke-a-user-delegation-sas).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Observation, Subject, Verb
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure
from rescind.secret import Secret
from rescind.wire.http import raise_for

SORT, VERSION = "Microsoft.Storage/storageAccounts", "2023-05-01"
ALL = "userDelegationKeys"
_LAST = "at the latest 7 days after it was made"
_DOC = "https://learn.microsoft.com/en-us/azure/storage/blobs/storage-blob-user-delegation-sas-create-cli"


def _account(credential: Credential) -> str:
    account = credential.identifier.removesuffix(f"/{ALL}")
    if not _resources.is_of(account, SORT):
        raise Rejected(f"such keys are named <storage account>/{ALL}", code="incomplete")
    return account


def _known(client: Azure, account: str) -> Known:
    return Known(
        identifier=f"{account}/{ALL}",
        issuer=client.tenant_id,
        subject=account.rpartition("/")[2],
        owner=account,
        attributes={"collateral": "every signature that anybody made for this account with such a key"},
    )


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  none is known by value
    """Show the account that such keys are of. Raises typed errors."""
    account = _account(credential)
    _resources.read(client, account, SORT, VERSION)
    return _known(client, account)


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each account that the person is mapped to: there may be keys, and nobody lists them."""
    for row in _resources.mapped(client, subject, SORT, VERSION):
        yield row if isinstance(row, Gap) else _known(client, str(row["id"]))


def revoke(client: Azure, credential: Credential) -> CallResult:
    """Revoke all of the account's user delegation keys. Raises typed errors."""
    where = f"{_resources.path(_account(credential), SORT)}/revokeUserDelegationKeys"
    answer = client.http.send("POST", where, query={"api-version": VERSION})
    raise_for(answer, what="revokeUserDelegationKeys")
    if answer.status != 200 or answer.body.strip():
        raise Unrecognised(f"revokeUserDelegationKeys: {answer.status}", status=answer.status)
    return _resources.called(answer, CallStatus.ACCEPTED, ends=f"every signature made with such a key, {_LAST}")


def control(client: Azure, credential: Credential) -> Observation:
    """Show that the account can be read in this run. Raises typed errors."""
    return _resources.control(client, credential.identifier and _account(credential), SORT, VERSION)


KIND = Kind(
    id="azure.storage-user-delegation-key",
    title="User delegation keys of an Azure storage account",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(f"{SORT}/revokeUserDelegationKeys/action",),
            undo="none: whoever signs with such a key gets a new one and signs again",
        )
    },
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{SORT}/read",),
    issuer_is_account=True,
    death=Death(source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/storagerp/storage-accounts/revoke-user-delegation-keys",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="az storage account revoke-delegation-keys --name <account> --resource-group <group>, after whoever signed has lost the role.",
)
