"""IBM Cloud CLI: IAM tokens of the last sign-in, and those of Cloud Foundry and of plug-ins."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, text
from rescind.stores._jwt import facts
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_FORMS = {"IAMRefreshToken": "refresh", "IAMToken": "access", "UAARefreshToken": "refresh", "UAAToken": "access"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens, or the signed-out file. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    access = text(document, "IAMToken").removeprefix("Bearer ")
    mine, found = facts(access), 0
    own = {
        "account": text(document, "Account", "GUID"),
        "region": text(document, "Region"),
        "iam_id": mine.get("sub", ""),
    }
    who, issuer = text(document, "Account", "Owner") or mine.get("email", ""), text(document, "IAMEndpoint")
    for name, form in _FORMS.items():
        value, more = text(document, name).removeprefix("Bearer ").removeprefix("bearer "), {**own, "form": form}
        for finding in token("ibmcloud.token", value, at, f"/{name}", issuer=issuer, subject=who, more=more):
            found += 1
            yield finding
    if not found and at.path.endswith(".bluemix/config.json"):
        yield sighting("ibmcloud.token", at, state=State.LOGGED_OUT)


STORE = Store(
    id="ibmcloud",
    title="IBM Cloud CLI",
    where=tuple(
        At(root=Root.HOME, glob=f".bluemix/{g}", env="IBMCLOUD_HOME") for g in ("config.json", ".cf/config.json")
    ),
    yields=("ibmcloud.token", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/IBM-Cloud/ibm-cloud-cli-sdk/blob/master/bluemix/configuration/core_config/bx_config.go",
)
