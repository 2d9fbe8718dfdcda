"""Salesforce CLI: one file per organisation signed in to. Its tokens are encrypted with a key that lies beside them, or in the keychain.

`key.json` there means that every token is as good as plain. A hub (`isDevHub`) can make further organisations.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._token import token

_FACTS = ("orgId", "clientId", "loginUrl", "instanceUrl", "userId", "privateKey", "expirationDate", "created")
_FIELDS = ("refreshToken", "accessToken", "clientSecret", "password")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what a sign-in holds, or the key beside. Raises `Unparsable` for what is no JSON object."""
    document, name = load(blob), at.path.rpartition("/")[2]
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    if name == "key.json":
        yield from token("salesforce.store-key", text(document, "key"), at, "/key", subject=text(document, "account"))
        return
    user, org = text(document, "username"), text(document, "orgId")
    own = {n: text(document, n) for n in _FACTS if not isinstance(member(document, n), dict)}
    own["hub"] = "yes" if member(document, "isDevHub") is True else ""
    for field in _FIELDS if user or org else ():
        value, more = text(document, field), {**own, "form": field}
        iv, colon, tag = value.partition(":")
        if colon and len(tag) == 32 and "!" not in iv:
            yield locked("salesforce.token", at, "app", f"/{field}", issuer=org, subject=user, more=more)
        else:
            yield from token("salesforce.token", value, at, f"/{field}", issuer=org, subject=user, more=more)


STORE = Store(
    id="salesforce-cli",
    title="Salesforce CLI",
    where=(*(At(root=Root.HOME, glob=g) for g in (".sfdx/*.json", ".sf/*.json")),),
    yields=("salesforce.token", "salesforce.store-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/forcedotcom/sfdx-core/blob/main/src/org/authInfo.ts",
)
