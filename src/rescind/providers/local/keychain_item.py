"""An item in the keychain of a live machine: deleting it removes this copy only.

The secret that it held goes on working wherever it was copied, until its issuer ends it: the best end state is `contained`.
"""

from __future__ import annotations

from rescind.errors import Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Verb
from rescind.providers.local._connect import LocalClient
from rescind.secret import Secret


def _where(credential: Credential) -> tuple[str, str]:
    collection = credential.attributes.get("collection", "")
    if not credential.identifier or not collection:
        raise Rejected("the finding does not say which keychain item it is")
    return credential.identifier, collection


def identify(client: LocalClient, credential: Credential, secret: Secret | None) -> Known:
    """Say that the item is on the case's machine, and whether it still is listed."""
    del secret
    identifier, collection = _where(credential)
    there = client.host.has_item(identifier, collection)
    return Known(
        identifier=identifier,
        owner=client.owner,
        attributes=credential.attributes,
        liveness=Liveness.LIVE if there else Liveness.DEAD,
    )


def erase(client: LocalClient, credential: Credential) -> CallResult:
    """Delete the item. A second time finds nothing and says so."""
    erased = client.host.erase_item(*_where(credential))
    return CallResult(status=CallStatus.DONE if erased else CallStatus.ALREADY)


def verify(client: LocalClient, credential: Credential) -> Observation:
    """List the keychain afresh: dead when the item's own collection is readable and does not hold it."""
    identifier, collection = _where(credential)
    if client.host.has_item(identifier, collection):
        return Observation(liveness=Liveness.LIVE, evidence="the keychain still lists the item")
    count = len(client.host.items())
    return Observation(
        liveness=Liveness.DEAD,
        evidence=f"not listed any more by a fresh listing of {count} items, its collection readable",
    )


def control(client: LocalClient, credential: Credential) -> Observation:
    """Prove that the keychain can be listed, and that the item's collection is there and unlocked."""
    client.host.has_item(*_where(credential))
    return Observation(liveness=Liveness.LIVE, evidence=f"the keychain lists {len(client.host.items())} items")


KIND = Kind(
    id="keychain.item",
    title="Item in the machine's keychain",
    provider="local",
    actions={
        Verb.ERASE_LOCAL: Act(
            call=erase,
            reversible=False,
            idempotent=True,
            permissions=("the unlocked keychain of this session",),
            ends=EndState.CONTAINED,
            undo="open the sealed copy with `age --decrypt` and store it again; without recipients there is none",
        )
    },
    verify=verify,
    control=control,
    identify=identify,
    read_permissions=("the unlocked keychain of this session",),
    reference="https://specifications.freedesktop.org/secret-service-spec/latest/",
    since="0.1",
    tested=("gnome-keyring", "keyrings.alt"),
)
