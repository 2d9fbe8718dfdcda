"""A secret in a file of a live machine: the value is taken out of its line, everything else stays.

Only this copy goes. Older blocks of the disk, snapshots and backups may still hold it, and it goes on working wherever it was
copied until its issuer ends it: the best end state is `contained`.
"""

from __future__ import annotations

from rescind.errors import Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Verb
from rescind.providers.local._connect import LocalClient
from rescind.secret import Secret


def _places(credential: Credential) -> tuple[tuple[str, str, int | None], ...]:
    found = {(s.location.root, s.location.path, s.location.line) for s in credential.findings}
    if not credential.fingerprint or not found:
        raise Rejected("the finding does not say where the value lies")
    return tuple(sorted(found, key=repr))


def _files(credential: Credential) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(root, path) for root, path, _ in _places(credential)}))


def _holding(client: LocalClient, credential: Credential) -> int:
    return sum(client.host.file_has(root, path, credential.fingerprint) for root, path in _files(credential))


def identify(client: LocalClient, credential: Credential, secret: Secret | None) -> Known:
    """Say that the value is on the case's machine, and whether it still is there."""
    del secret
    held = _holding(client, credential)
    return Known(
        identifier=credential.identifier,
        owner=client.owner,
        attributes=credential.attributes,
        liveness=Liveness.LIVE if held else Liveness.DEAD,
    )


def erase(client: LocalClient, credential: Credential) -> CallResult:
    """Take the value out of every place where it was seen. A second time finds nothing and says so."""
    done = [
        client.host.erase_file(root, path, line, credential.fingerprint) for root, path, line in _places(credential)
    ]
    return CallResult(status=CallStatus.DONE if any(done) else CallStatus.ALREADY, notes={"erased": str(sum(done))})


def verify(client: LocalClient, credential: Credential) -> Observation:
    """Read every file again: dead when no line of any of them holds the value."""
    files, held = _files(credential), _holding(client, credential)
    if held:
        return Observation(liveness=Liveness.LIVE, evidence=f"{held} of {len(files)} files still hold the value")
    return Observation(
        liveness=Liveness.DEAD, evidence=f"read again: none of {len(files)} files holds the value any more"
    )


def control(client: LocalClient, credential: Credential) -> Observation:
    """Prove that the files' folders can be read by us."""
    _holding(client, credential)
    return Observation(liveness=Liveness.LIVE, evidence=f"{len(_files(credential))} places were read")


KIND = Kind(
    id="file.secret",
    title="Secret in a file",
    provider="local",
    actions={
        Verb.ERASE_LOCAL: Act(
            call=erase,
            reversible=False,
            idempotent=True,
            permissions=("write to the file's folder",),
            ends=EndState.CONTAINED,
            undo="open the sealed copy with `age --decrypt` and put the value back; without recipients there is none",
        )
    },
    verify=verify,
    control=control,
    identify=identify,
    read_permissions=("read the file",),
    reference="https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/",
    since="0.1",
    tested=("ext4 and tmpfs files",),
)
