"""Keys as consoles hand them out once: AWS key tables, Google's OAuth client files, Azure publish settings, recovery codes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._aws import is_key_id, key_finding
from rescind.stores._json import load, text
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines
from rescind.stores._token import token
from rescind.stores._xml import load as load_xml

_ID, _SECRET, _USER = "access key id", "secret access key", "user name"
_CODE = re.compile(r"[ \t]*(?:\d{1,2}[.)][ \t]*)?([0-9a-zA-Z]{4,8}(?:[- ][0-9a-zA-Z]{4,8}){1,3}|[0-9]{8,10})[ \t]*")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the keys of a file, by what its name says that it is. Raises `Unparsable` for a damaged one."""
    name = at.path.rpartition("/")[2].lower()
    if name.endswith(".csv"):
        yield from _table(decode(blob), at)
    elif name.endswith(".json"):
        document = load(blob)
        for form in ("installed", "web"):
            secret, mine = text(document, form, "client_secret"), text(document, form, "client_id")
            own = {"client_id": mine, "project": text(document, form, "project_id"), "form": form}
            pointer = f"/{form}/client_secret"
            yield from token(
                "google.client-secret", secret, at, pointer, identifier=mine, issuer=own["project"], more=own
            )
    elif name.endswith("publishsettings"):
        for profile in load_xml(blob).walk():
            facts = profile.attributes
            own = {"profile": facts.get("profileName", ""), "method": facts.get("publishMethod", "")}
            where, who = facts.get("publishUrl", ""), facts.get("userName", "")
            value = facts.get("userPWD", "")
            yield from token(
                "azure.publish-password", value, at, own["profile"], issuer=where, subject=who, more=own, password=True
            )
    else:
        codes = [m[1] for line in lines(decode(blob)) if (m := _CODE.fullmatch(line[:80]))]
        if len(codes) > 3:
            own = {"count": str(len(codes)), "name": name}
            yield sighting("account.recovery-codes", at, secret="\n".join(codes[:50]), attributes=own)


def _table(plain: str, at: Location) -> Iterator[Finding]:
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(plain.replace("\0", ""))), 2):
            known = {(k or "").strip().lower(): v for k, v in row.items() if isinstance(v, str)}
            key, place = known.get(_ID, "").strip(), replace(at, line=number)
            if is_key_id(key):
                own = {"user": known.get(_USER, "")}
                yield key_finding(key, known.get(_SECRET, "").strip(), place, attributes=own)
            if known.get("password") and "console login link" in known:
                where, who = known["console login link"], known.get(_USER, "")
                yield from token(
                    "aws.login-profile", known["password"], place, issuer=where, subject=who, password=True
                )
    except csv.Error as e:
        raise Unparsable("the file is no table of keys") from e


_FOLDERS = ("", "Downloads/", "Desktop/", "Documents/", ".aws/")
_NAMES = (
    "*_accessKeys.csv",
    "*accessKeys*.csv",
    "rootkey*.csv",
    "credentials*.csv",
    "*_credentials.csv",
    "client_secret*.json",
)
_MORE = ("*.publishsettings", "*.PublishSettings", "*recovery*code*.txt", "*recovery*code*.md", "*backup*code*.txt")
STORE = Store(
    id="downloaded-keys",
    title="Keys downloaded from consoles",
    where=tuple(At(root=Root.HOME, glob=f"{d}{n}") for d in _FOLDERS for n in (*_NAMES, *_MORE)),
    yields=(
        *(
            "aws.access-key",
            "aws.role-session",
            "aws.login-profile",
            "google.client-secret",
            "azure.publish-password",
        ),
        *("account.recovery-codes", "github.token"),
    ),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
)
