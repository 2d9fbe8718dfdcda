"""Connection strings of ADO.NET, ODBC and Azure, and addresses that Azure signed: the secret in them, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _urls
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token

KINDS = ("azure.storage-key", "azure.cosmos-key", "azure.shared-access-key", "azure.sas-token", "database.password")
HOSTS = ("host", "hostname", "server", "url", "address", "endpoint", "datasource", "data source", "addr", "address", "remotehost", "baseurl", "base_url", "artifactoryurl", "api_url", "target", "apiserver")  # fmt: skip
USERS = ("username", "user", "userid", "user id", "uid", "login", "user_name", "dbuser", "db_user", "email", "user_email", "useremail")  # fmt: skip
_PART = re.compile(r"(?i)(?:^|;)\s*([A-Za-z][A-Za-z _]{1,40}?)\s*=\s*((?:[^;\"]|\"[^\"]*\")*)")
_LONGEST = 4096
_SIGNED = re.compile(r"(?:[?&]|^)sig=[A-Za-z0-9%+/=]{20,200}")


def parts_of(value: str) -> dict[str, str]:
    """Return the parts of a connection string that holds a secret by lower-case name; nothing for any other text."""
    if len(value) > _LONGEST or value.count("=") < 2 or ";" not in value:
        return {}
    parts = {k.strip().lower(): v.strip().strip('"') for k, v in _PART.findall(value)}
    return parts if parts.keys() & {"password", "pwd", "accountkey", "sharedaccesskey"} else {}


def findings(parts: Mapping[str, str], at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the secret of a connection string's parts."""
    if "accountkey" in parts:
        account, key = parts.get("accountname", ""), parts["accountkey"]
        if key.startswith(("Eby8vdM02xNOcqFl", "C2y6yDjf5/R")):  # the keys that everybody's emulator has
            return
        if host := _urls.host_in(parts.get("accountendpoint", "")):
            yield from token("azure.cosmos-key", key, at, issuer=host, more={**more, "host": host})
        else:  # no identifier: an account has two keys, and which one this is only its value says
            yield from token("azure.storage-key", key, at, issuer=account, more={**more, "account": account})
    elif "sharedaccesskey" in parts:
        host, name = _urls.host_in(parts.get("endpoint", "")), parts.get("sharedaccesskeyname", "")
        own = {**more, "host": host}
        yield from token("azure.shared-access-key", parts["sharedaccesskey"], at, issuer=host, subject=name, more=own)
    else:
        host = next((parts[h] for h in HOSTS if parts.get(h)), "").removeprefix("tcp:")
        user = next((parts[u] for u in USERS if parts.get(u)), "")
        base = parts.get("database", "") or parts.get("initial catalog", "")
        own = {**more, "host": host, "user": user, "database": base}
        value = parts.get("password") or parts.get("pwd") or ""
        if _urls.is_trivial(value):
            yield sighting("database.password", at, issuer=host, subject=user, attributes=own, state=State.PLACEHOLDER)
            return
        yield from token("database.password", value, at, issuer=host, subject=user, more=own, password=True)


def signed(value: str, at: Location, more: Mapping[str, str]) -> Finding | None:
    """Return what a shared access signature of Azure Storage opens, and until when; None for another address.

    https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas
    """
    if len(value) > _LONGEST or "sv=" not in value or not _SIGNED.search(value):
        return None
    try:
        split = urlsplit(value if "://" in value else f"//?{value.lstrip('?')}")
        said = {k: v[0] for k, v in parse_qs(split.query, max_num_fields=50).items()}
    except ValueError:
        return None
    host = (split.hostname or "").lower()
    own = {
        **more,
        "host": host,
        "permissions": said.get("sp", ""),
        "policy": said.get("si", ""),
        "signed_by": said.get("skoid", ""),
    }
    secret, account = said.get("sig", ""), host.partition(".")[0]
    until = moment(said.get("se", ""))
    return sighting(
        "azure.sas-token",
        at,
        issuer=account,
        subject=own["signed_by"],
        secret=secret,
        attributes={**own, "account": account},
        expires_at=until,
    )
