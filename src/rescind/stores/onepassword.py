"""1Password's command line: the accounts it knows, by the ids that an administrator suspends or deauthorises; its agent for SSH.

Versions before 2 kept the Secret Key here: together with the account's password it opens everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each account, and its Secret Key where the file has it. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    found = [e for name in ("accounts", "system_auth_accounts") for e in _list(member(document, name))]
    for n, entry in enumerate(found):
        own = {
            "account": text(entry, "accountUUID"),
            "user_id": text(entry, "userUUID"),
            "device": text(document, "device"),
        }
        own["shorthand"] = text(entry, "shorthand")
        url, email, mine = text(entry, "url"), text(entry, "email"), own["user_id"]
        key = text(entry, "accountKey")
        yield from token(
            "onepassword.secret-key", key, at, f"/accounts/{n}/accountKey", issuer=url, subject=email, more=own
        )
        own["kept_in"] = "1password"
        yield sighting(
            "onepassword.account",
            at,
            pointer=f"/accounts/{n}",
            identifier=mine,
            issuer=url,
            subject=email,
            attributes=own,
            state=State.PUBLIC_ONLY,
        )
    if not found:
        yield sighting("onepassword.account", at, state=State.LOGGED_OUT)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


STORE = Store(
    id="onepassword-cli",
    title="1Password CLI accounts",
    where=(
        At(root=Root.HOME, glob=".op/config", env="OP_CONFIG_DIR"),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in ("op/config", ".op/config")),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in ("op/config", "1Password CLI/config")),
    ),
    yields=("onepassword.account", "onepassword.secret-key", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developer.1password.com/docs/cli/config-directories/",
)
