"""SSH keys that a Workspace user left with OS Login: they open every virtual machine that the user may log in to.

Only the key itself goes: a connection that is open stays open, and the keys in the metadata of projects and machines are another list
(https://cloud.google.com/compute/docs/connect/restrict-ssh-keys). An administrator of the Workspace removes them; the keys of a service
account only that account itself can.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _login_profiles, _people
from rescind.providers.google._api import LAG, Row, moment, seen, text
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret


def _known(user: Row, print_: str, key: Row) -> Known:
    parts = text(key, "key").split(maxsplit=2)
    try:
        digest = base64.b64encode(hashlib.sha256(base64.b64decode(parts[1])).digest()).decode().rstrip("=")
    except (IndexError, ValueError):
        digest = ""
    return _people.known(
        user,
        f"{text(user, 'id')}/{print_}",
        live=True,
        algorithm=parts[0] if parts else "",
        comment=" ".join(parts[2:])[:200],
        ssh_fingerprint=f"SHA256:{digest}" if digest else "",
        until=moment(text(key, "expirationTimeUsec")[:-3]) or "",
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask for the user of a key and look for it in their profile. Raises `NotFound` where it is not, other typed errors."""
    user, _ = _people.person(client, _people.user_of(credential))
    keys, answer = _login_profiles.keys(client, text(user, "primaryEmail"))
    name = _login_profiles.fingerprint(credential)
    if name not in keys:
        raise NotFound("the user's login profile does not show the key", status=200, request_id=answer.request_id)
    return _known(user, name, keys[name])


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key that the person's users left with OS Login. A profile that could not be read is a `Gap`."""

    def of_user(user: Row) -> list[Known]:
        try:
            keys, _ = _login_profiles.keys(client, text(user, "primaryEmail"))
        except NotFound:
            if user.get("sshPublicKeys") or user.get("posixAccounts"):
                raise
            return []  # no profile, and the directory, which has just shown the user, knows neither key nor account
        return [_known(user, name, key) for name, key in keys.items()]

    return _people.each(client, subject, "SSH keys of {} with OS Login", of_user)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the public key as it is before it is removed. Raises typed errors."""
    keys, _ = _login_profiles.keys(client, credential.owner)
    key = keys.get(_login_profiles.fingerprint(credential), {})
    facts = {"public_key": text(key, "key"), "until_usec": text(key, "expirationTimeUsec")}
    return {k: v for k, v in facts.items() if v}


def verify(client: Google, credential: Credential) -> Observation:
    """Look for the key in its user's whole profile. Raises typed errors, `NotFound` where no profile is shown."""
    keys, answer = _login_profiles.keys(client, credential.owner)
    if _login_profiles.fingerprint(credential) in keys:
        return seen(answer, Liveness.LIVE, "OS Login lists the key")
    told = f"OS Login lists {len(keys)} keys of the user, read whole, and not this one"
    return seen(answer, Liveness.DEAD, told)


KIND = Kind(
    id="google.oslogin-key",
    title="SSH key of a Google Workspace user with OS Login",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=_login_profiles.delete,
            reversible=True,
            idempotent=True,
            permissions=(scope("oslogin", act=True),),
            undo="add the same public key again",
            snapshot=snapshot,
            restore=_login_profiles.add,
        )
    },
    verify=verify,
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, scope("oslogin")),
    issuer_is_account=True,
    death=Death(negatives=3, seconds=10.0, source=LAG),
    steps_by_hand=(
        "As the user, or by an administrator with the Directory API: remove the key from the user's SSH keys. End open connections on the "
        "machines, and look for the key in the metadata of projects and machines (gcloud compute project-info describe)."
    ),
    reference="https://cloud.google.com/compute/docs/oslogin/rest/v1/users.sshPublicKeys/delete",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document oslogin:v1 (20260610); no real Workspace",),
)
