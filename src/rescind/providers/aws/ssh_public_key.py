"""SSH public keys of IAM users (`APKA…`), which open CodeCommit repositories: switched off, deleted, proven by IAM's listing.

Nothing is derived from one: a push that runs when it is switched off may finish, the next one is refused.
"""

from __future__ import annotations

from rescind.models.kind import Act, Kind, Verb
from rescind.providers.aws import _held

HELD = _held.Held(
    what="SSH public key",
    listing="list_ssh_public_keys",
    field="SSHPublicKeys",
    id="SSHPublicKeyId",
    update="update_ssh_public_key",
    delete="delete_ssh_public_key",
    made="UploadDate",
)

KIND = Kind(
    id="aws.ssh-public-key",
    title="SSH public key of an IAM user (CodeCommit)",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=_held.setter(HELD, "Inactive"),
            reversible=True,
            idempotent=True,
            permissions=("iam:UpdateSSHPublicKey",),
            undo="set it to Active again (iam:UpdateSSHPublicKey)",
            restore=_held.setter(HELD, "Active"),
        ),
        Verb.DELETE: Act(
            call=_held.deleter(HELD),
            reversible=False,
            idempotent=True,
            permissions=("iam:DeleteSSHPublicKey",),
            undo="none: upload a new key (iam:UploadSSHPublicKey)",
        ),
    },
    verify=_held.verifier(HELD),
    control=_held.control,
    enumerate=_held.lister(HELD),
    identify=_held.identifier(HELD),
    read_permissions=("iam:GetUser", "iam:ListSSHPublicKeys"),
    issuer_is_account=True,
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator: IAM console, Users, the user, Security credentials, SSH public keys for AWS CodeCommit: "
        "make it inactive, later delete it."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSSHPublicKey.html",
    since="0.1",
    tested=("moto 5.2.5", "a server of ours made of botocore's model"),
)
