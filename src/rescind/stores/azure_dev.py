"""Azure Developer CLI (`azd`) and Az PowerShell: tokens of people and secrets of applications beside those of Azure CLI.

What Windows encrypts (DPAPI) is named without its value. A context that was saved with `Save-AzContext` holds its tokens in clear.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _certificate, _entra
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens and secrets of one file. Raises `Unparsable` for what is neither JSON nor encrypted."""
    name = at.path.rpartition("/")[2]
    if not blob.strip() or (not name.startswith(_OWN) and b'"Contexts"' not in blob):
        return  # empty, or somebody's own file of a like name
    if not decode(blob).lstrip().startswith("{"):
        if name.endswith(".json"):
            raise Unparsable("the file is not a JSON object")
        yield locked("entra.refresh-token", at, "dpapi", issuer="login.microsoftonline.com", more={"file": name})
        return
    document = load(blob)
    contexts = member(document, "Contexts")
    for title, context in contexts.items() if isinstance(contexts, dict) else ():
        yield from _context(context, replace(at, pointer=f"/Contexts/{title}"))
    if name.startswith("cred") and text(document, "clientSecret"):
        tenant, _, client = name.removeprefix("cred").removesuffix(".json").partition(".")
        yield _entra.principal(tenant, client, text(document, "clientSecret"), replace(at, pointer="/clientSecret"))
    if name.startswith("cred") and text(document, "clientCertificate"):
        yield from _certificate_of(text(document, "clientCertificate"), name, at)
    yield from _entra.sections(document, at)


def _certificate_of(encoded: str, name: str, at: Location) -> Iterator[Finding]:
    """Yield the certificate that `azd auth login --client-certificate` keeps, as PEM or PKCS#12 in base64."""
    tenant, _, client = name.removeprefix("cred").removesuffix(".json").partition(".")
    try:
        held, _ = _certificate.contents(base64.b64decode(encoded, validate=True), container=False)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("the client certificate is not base64") from e
    for one in held:
        made = _certificate.finding(one, replace(at, pointer="/clientCertificate"))
        own = {**made.attributes, "tenant": tenant, "client_id": client}
        yield replace(made, location=replace(made.location, line=None), attributes=own)


def _context(context: object, at: Location) -> Iterator[Finding]:
    account, tenant = member(context, "Account"), text(context, "Tenant", "Id")
    more, who = member(account, "ExtendedProperties"), text(account, "Id")
    if secret := text(more, "ServicePrincipalSecret"):
        yield _entra.principal(tenant, who, secret, replace(at, pointer=f"{at.pointer}/Account"))
    if raw := text(more, "AccessToken"):
        place = replace(at, pointer=f"{at.pointer}/Account/AccessToken")
        yield _entra.token("entra.access-token", raw, place, "", tenant, who, {})
    try:
        cache = base64.b64decode(text(context, "TokenCache", "CacheData"), validate=True)
    except (binascii.Error, ValueError):
        return
    if cache[:1] == b"{":
        yield from _entra.sections(load(cache), replace(at, pointer=f"{at.pointer}/TokenCache"))


_OWN = ("AzureRmContext", "TokenCache", "msal", "cache", "cred")
_SAVED = tuple(f"*{word}*.json" for word in ("ontext", "zure", "profile", "AzProfile"))
_AZURE = ("AzureRmContext.json", "TokenCache.dat", "msal.cache", "msal.cache.cae")
STORE = Store(
    id="azure-dev",
    title="Azure Developer CLI and Az PowerShell",
    where=(
        *(
            At(root=Root.HOME, glob=f".azd/auth/{g}", env="AZD_CONFIG_DIR")
            for g in ("msal/cache*", "cred*", "msal/cred*")
        ),
        *(At(root=Root.HOME, glob=f"{folder}/{name}") for folder in (".Azure", ".azure") for name in _AZURE),
        *(At(root=Root.HOME, glob=f"{folder}AzureRmContext*.json") for folder in ("", "Documents/", "Downloads/")),
        *(
            At(root=Root.HOME, glob=f"{folder}/{name}")
            for folder in ("Documents", "Downloads", "Desktop")
            for name in _SAVED
        ),
    ),
    yields=("entra.refresh-token", "entra.access-token", "entra.client-secret", "x509.client-cert"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/Azure/azure-dev/blob/main/cli/azd/pkg/auth/cache_unix.go",
)
