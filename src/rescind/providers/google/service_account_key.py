"""Keys of service accounts, as in a JSON file: switched off, deleted, and proven from what IAM shows of the account's keys.

The key itself is never used. What outlives it: access tokens made with it, for an hour, wherever the account is not switched off too
(https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/delete). Keys that Google manages are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.google import _account_keys, _accounts, _switch
from rescind.providers.google._api import LAG, Row, flag, moment, text
from rescind.providers.google._connect import Google
from rescind.providers.google._next_key import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(account: Row, key: Row, answer: Answer) -> Known:
    disabled = flag(key, "disabled", answer)
    why = text(key, "disableReason").removeprefix("SERVICE_ACCOUNT_KEY_DISABLE_REASON_").lower()
    more = {"disabled": str(disabled).lower(), "disable_reason": why, "origin": text(key, "keyOrigin").lower()}
    return Known(
        identifier=text(key, "name").rpartition("/")[2],
        issuer=text(account, "projectId"),
        subject=text(account, "email"),
        owner=text(account, "email"),
        attributes={k: v for k, v in {**_accounts.facts(account, answer), **more}.items() if v},
        created_at=moment(text(key, "validAfterTime")),
        expires_at=None if text(key, "validBeforeTime").startswith("9999") else moment(text(key, "validBeforeTime")),
        liveness=Liveness.DEAD if disabled else Liveness.LIVE,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask IAM for the account that a key names, and for the key. Raises `NotFound` when it does not show both, other typed errors."""
    account, _ = _accounts.find(client, *_accounts.place(credential))
    return _known(account, *_account_keys.find(client, credential))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key of the person's service accounts that a person can hold. An account that could not be read whole is a `Gap`."""

    def of_account(account: Row) -> list[Known]:
        keys, answer = _account_keys.listed(client, text(account, "projectId"), text(account, "email"))
        return [_known(account, key, answer) for key in keys.values()]

    return _accounts.each(client, subject, "keys of service account {}", of_account)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the key as it is before it is switched off. Raises typed errors."""
    return identify(client, credential, None).attributes


def covers(key: Credential, other: Credential) -> bool:
    """Tell whether an access token from evidence was made with a key, or with another one of its account: it lives as long as one does."""
    facts = other.attributes
    mine = other.kind == "oauth.access-token" and other.issuer == "https://accounts.google.com"
    return mine and (facts.get("account") or other.subject).casefold() == (key.owner or key.subject).casefold() != ""


KIND = Kind(
    id="google.service-account-key",
    title="Google Cloud service account key",
    provider="google",
    actions={
        Verb.DENY: _accounts.DENY,
        Verb.DEACTIVATE: Act(
            call=_account_keys.disable,
            reversible=True,
            idempotent=True,
            permissions=("iam.serviceAccountKeys.disable",),
            undo="enable the key (iam.serviceAccountKeys.enable)",
            snapshot=snapshot,
            restore=_account_keys.enable,
        ),
        Verb.DELETE: Act(
            call=_account_keys.delete,
            reversible=False,
            idempotent=True,
            permissions=("iam.serviceAccountKeys.delete",),
            undo="none",
        ),
    },
    verify=partial(
        _switch.verify, find=_account_keys.find, beside=_account_keys.beside, what="key", of="account", outlived=True
    ),
    control=_accounts.control,
    enumerate=enumerate_,
    identify=identify,
    covers=covers,
    read_permissions=(*_accounts.READ, "iam.serviceAccountKeys.get", "iam.serviceAccountKeys.list"),
    rotation=ROTATION,
    residual=Residual(
        seconds=3600,
        what=(
            "access tokens that were made with the key, for an hour; for up to 12 where a policy extends the lifetime (set access_seconds "
            "of the tenant); switching the account off refuses them, until it is switched on again. Tokens in users' names, by domain-wide "
            "delegation, live for an hour whatever is switched off: counted unless `delegated` of the tenant names the accounts that have it"
        ),
        source="https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/delete",
        shortened_by={Verb.DENY: _accounts.SEVEN_MINUTES},
    ),
    death=Death(negatives=3, seconds=10.0, source=LAG),
    steps_by_hand=(
        "Google Cloud console, IAM and Admin, Service accounts, the account, Keys: disable the key, later delete it. To stop tokens made "
        "with it, disable the account for as long as a token lives. No API shows or ends domain-wide delegation: Admin console, Security, API "
        "controls, Domain-wide delegation, look for the account's unique id, and remove it."
    ),
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/disable",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real project",),
)
