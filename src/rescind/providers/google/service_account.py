"""Service accounts as a whole: the identity behind keys, HMAC keys and impersonation, switched off and on in one call.

Google refuses the tokens of a disabled account, and takes them again once it is enabled
(https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/disable): keep it off for as long as a token lives.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Death, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.google import _accounts
from rescind.providers.google._api import LAG, Row, flag, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(row: Row, answer: Answer) -> Known:
    return Known(
        identifier=text(row, "uniqueId"),
        issuer=text(row, "projectId"),
        subject=text(row, "email"),
        owner=text(row, "email"),
        attributes=_accounts.facts(row, answer),
        liveness=Liveness.DEAD if flag(row, "disabled", answer) else Liveness.LIVE,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  an account has no value
    """Ask for an account by its address, in its project. Raises typed provider errors."""
    return _known(*_accounts.find(client, *_accounts.place(credential)))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the service accounts that the person is mapped to."""
    for found in _accounts.of_person(client, subject):
        yield found if isinstance(found, Gap) else _known(*found)


KIND = Kind(
    id="google.service-account",
    title="Google Cloud service account (identity)",
    provider="google",
    actions={Verb.DEACTIVATE: _accounts.OFF},
    verify=_accounts.verify,
    control=_accounts.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=_accounts.READ,
    identity=True,
    residual=Residual(
        seconds=_accounts.SEVEN_MINUTES,
        what="access tokens of the account, at servers that have not heard of it; for an hour, what it made in users' names",
        source=LAG,
    ),
    death=Death(negatives=3, seconds=10.0, source=LAG),
    steps_by_hand="Google Cloud console, IAM and Admin, Service accounts, the account: Disable.",
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/disable",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real project",),
)
