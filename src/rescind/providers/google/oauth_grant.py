"""What a user let an application do (gcloud, default credentials, anything that says "sign in with Google"): ended with all its tokens.

Google ends a grant for all of the user's devices at once; there is none per machine. Signing a user out does not end it
(https://support.google.com/a/answer/178854), and suspending only pauses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Residual, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import Row, gone, seg, text, texts
from rescind.providers.google._connect import Google
from rescind.secret import Secret


def _known(user: Row, row: Row) -> Known:
    scopes = [s.removeprefix("https://www.googleapis.com/auth/") for s in texts(row, "scopes")]
    return _people.known(
        user,
        f"{text(user, 'id')}/{text(row, 'clientId')}",
        live=True,
        client_id=text(row, "clientId"),
        application=text(row, "displayText"),
        scope=" ".join(sorted(scopes)),
        native="yes" if row.get("nativeApp") is True else "",
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a grant has no value
    """Ask for the user of a grant and look for it in their list. Raises `NotFound` where it is not, other typed errors."""
    user, row, _ = _people.one(client, credential, "tokens", "clientId")
    return _known(user, row)


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every grant of the person's users."""
    return _people.listed_each(
        client,
        subject,
        "tokens",
        lambda user, rows: {k.identifier: k for k in (_known(user, r) for r in rows)}.values(),
    )


def revoke(client: Google, credential: Credential) -> CallResult:
    """Delete the grant and the tokens made under it. Raises typed errors."""
    client_id = credential.identifier.partition("/")[2]
    where = _people.path(_people.user_of(credential), f"/tokens/{seg(client_id)}")
    return gone(client.send("security", "DELETE", where), "grant removal")


def covers(grant: Credential, other: Credential) -> bool:
    """Tell whether a token from evidence was issued under a grant: by Google, to the same application, for the same user."""
    if other.kind not in {"oauth.refresh-token", "oauth.access-token"} or other.issuer != "https://accounts.google.com":
        return False
    facts = other.attributes
    same = facts.get("client_id", "") == grant.attributes.get("client_id")
    return same and (facts.get("account") or other.subject).casefold() == grant.subject.casefold() != ""


KIND = Kind(
    id="google.oauth-grant",
    title="Access that a Google Workspace user gave an application",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(_people.SECURITY,),
            undo="none: the user signs in to the application again",
        )
    },
    verify=partial(_people.absent, sort="tokens", key="clientId"),
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    covers=covers,
    read_permissions=(_people.LOOK, _people.SECURITY),
    issuer_is_account=True,
    residual=Residual(
        seconds=3600,
        what="access tokens that a service of Google's still takes until it hears of the revocation or they expire",
        source="https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke",
    ),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Directory, Users, the person, Security, Connected applications: remove the application.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/tokens/delete",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
