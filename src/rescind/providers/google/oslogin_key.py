"""SSH keys that a Workspace user left with OS Login: they open every virtual machine that the user may log in to.

Only the key itself goes: a connection that is open stays open, and the keys in the metadata of projects and machines are another list
(https://cloud.google.com/compute/docs/connect/restrict-ssh-keys). An administrator of the Workspace removes them; the keys of a service
account only that account itself can.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import LAG, Row, called, gone, moment, seen, seg, shown, text, unclear
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer

_PRINT = re.compile(r"[0-9a-f]{64}")


def _keys(client: Google, user: str) -> tuple[dict[str, Row], Answer]:
    """Return all SSH keys of a user, by fingerprint. Raises typed errors."""
    if not client.projects:
        raise Rejected("OS Login is asked by way of a project, and this tenant names none", code="incomplete")
    query = {"projectId": client.projects[0]}
    answer = client.send("oslogin", "GET", f"/v1/users/{seg(user)}/loginProfile", query=query)
    row, _ = shown(answer, "name", what="login profile")
    keys = row.get("sshPublicKeys", {})
    if not isinstance(keys, dict) or not all(_PRINT.fullmatch(k) and isinstance(v, dict) for k, v in keys.items()):
        raise unclear(answer, "login profile: keys that are none")
    return keys, answer


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
    keys, answer = _keys(client, text(user, "primaryEmail"))
    name = credential.identifier.partition("/")[2]
    if name not in keys:
        raise NotFound("the user's login profile does not show the key", status=200, request_id=answer.request_id)
    return _known(user, name, keys[name])


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key that the person's users left with OS Login. A profile that could not be read is a `Gap`."""
    for found in _people.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        user, mail = found[0], text(found[0], "primaryEmail")
        try:
            keys, _ = _keys(client, mail)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            if isinstance(error, NotFound) and not (found[0].get("sshPublicKeys") or found[0].get("posixAccounts")):
                continue  # no profile, and the directory, which has just shown the user, knows neither key nor account
            why = f"SSH keys of {mail} with OS Login could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from (_known(user, name, key) for name, key in keys.items())


def delete(client: Google, credential: Credential) -> CallResult:
    """Remove the key. Raises typed errors."""
    _, _, name = credential.identifier.partition("/")
    if not _PRINT.fullmatch(name):
        raise Rejected("nothing is known of which key it is", code="incomplete")
    where = f"/v1/users/{seg(credential.owner)}/sshPublicKeys/{seg(name)}"
    return gone(client.send("oslogin", "DELETE", where), "removal of the key", empty=200)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the public key as it is before it is removed. Raises typed errors."""
    keys, _ = _keys(client, credential.owner)
    key = keys.get(credential.identifier.partition("/")[2], {})
    facts = {"public_key": text(key, "key"), "until_usec": text(key, "expirationTimeUsec")}
    return {k: v for k, v in facts.items() if v}


def add(client: Google, credential: Credential) -> CallResult:
    """Put the key back, if it was there before the run. Raises typed errors."""
    key, until = (credential.attributes.get(f"before.{k}", "") for k in ("public_key", "until_usec"))
    if not key:
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the key was not known to be there before"})
    body = {"key": key, **({"expirationTimeUsec": until} if until else {})}
    where = f"/v1/users/{seg(credential.owner)}/sshPublicKeys"
    row, answer = shown(client.send("oslogin", "POST", where, json=body), "fingerprint", what="return of the key")
    if text(row, "fingerprint") != credential.identifier.partition("/")[2]:
        raise unclear(answer, "return of the key: the answer shows another key")
    return called(answer, CallStatus.DONE)


def verify(client: Google, credential: Credential) -> Observation:
    """Look for the key in its user's whole profile. Raises typed errors, `NotFound` where no profile is shown."""
    keys, answer = _keys(client, credential.owner)
    if credential.identifier.partition("/")[2] in keys:
        return seen(answer, Liveness.LIVE, "OS Login lists the key")
    told = f"OS Login lists {len(keys)} keys of the user, read whole, and not this one"
    return seen(answer, Liveness.DEAD, told)


KIND = Kind(
    id="google.oslogin-key",
    title="SSH key of a Google Workspace user with OS Login",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=delete,
            reversible=True,
            idempotent=True,
            permissions=(scope("oslogin", act=True),),
            undo="add the same public key again",
            snapshot=snapshot,
            restore=add,
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
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document oslogin:v1 (20260610); no real Workspace",),
)
