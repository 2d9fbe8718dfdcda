"""Application Default Credentials and key files: what Google's libraries find by themselves, and gcloud's copies for older tools.

A service account's key works until it is deleted in IAM, wherever copies of it lie. `gcloud auth revoke` leaves a downloaded key
alone. External accounts without a secret of their own only point elsewhere and yield nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _google
from rescind.stores._ini import groups
from rescind.stores._json import load, text
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the credential of a JSON file or of a `.boto` file. Raises `Unparsable` for PKCS#12, broken JSON, unknown types."""
    account = at.path.split("/")[-2] if "/legacy_credentials/" in f"/{at.path}" else ""
    if at.path.lower().endswith(".p12") or blob[:1] == b"\x30":
        raise Unparsable("a PKCS#12 key of a service account, which does not name the key it holds")
    if at.path.endswith(".boto") or blob.lstrip()[:1] in {b"[", b"#"}:
        for group in groups(decode(blob), {"gs_oauth2_refresh_token"}):
            if entry := group.get("gs_oauth2_refresh_token"):
                login = {"type": "authorized_user", "refresh_token": entry.value}
                place = replace(at, line=entry.line, pointer=entry.section)
                yield from _google.findings(login, place, account=account)
        return
    if _NAMED.search(at.path) and not any(mark in decode(blob) for mark in _MARKS):
        return  # the tail of a UUID looks like that of a key's file
    if (raw := decode(blob).strip()).startswith("ya29."):  # a file that holds an access token and nothing else
        yield _google.access(raw, at, "", None, "", {})
        return
    document = load(blob)
    for form in ("installed", "web"):
        if secret := text(document, form, "client_secret"):
            own = {"project": text(document, form, "project_id"), "client": form}
            client = text(document, form, "client_id")
            issuer, more = _google.ISSUER, {**own, "client_id": client}
            yield from token(
                "google.client-secret",
                secret,
                at,
                f"/{form}/client_secret",
                identifier=client,
                issuer=issuer,
                more=more,
            )
    named = bool(_NAMED.search(at.path)) or (isinstance(document, dict) and any(n in document for n in _MARKS))
    if (text(document, "type") and named) or "/gcloud/" in f"/{at.path}":
        yield from _google.findings(document, at, account=account)


_MARKS = ("private_key", "refresh_token", "credential_source", "source_credentials", "client_secret", "audience")
_NAMED = re.compile(r"-[0-9a-f]{12}\.json$")
_HEX = "[0-9a-f]" * 12
_OURS = (
    "application_default_credentials.json",
    *(f"legacy_credentials/*/{name}" for name in ("adc.json", ".boto", "singlestore_bq.json", "private_key.p12")),
)
_SKIP = ("node_modules", "site-packages", "vendor", "testdata", "fixtures", ".cache", ".venv", "venv")
_WORDS = (
    "*firebase-adminsdk*",
    "*service[-_]account*",
    "gcp[-_]*",
    "*google[-_]credentials*",
    "client_secret*",
    "*[-_]sa[-_]key",
    "*-key",
)
_LOOSE = (f"*-{_HEX}.json", *(f"{word}.json" for word in _WORDS))
STORE = Store(
    id="gcloud-adc",
    title="Google Application Default Credentials and key files",
    where=(
        At(root=Root.HOME, glob=f".config/gcloud/{_OURS[0]}", env="GOOGLE_APPLICATION_CREDENTIALS"),
        *(At(root=Root.HOME, glob=f".config/gcloud/{name}", env="CLOUDSDK_CONFIG") for name in _OURS),
        *(At(root=Root.APPDATA, glob=f"gcloud/{name}", os=("windows",), env="CLOUDSDK_CONFIG") for name in _OURS),
        At(
            root=Root.HOME,
            glob=".config/gcloud/application_default_credentials.json",
            env="CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
        ),
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _LOOSE),
        At(root=Root.HOME, glob=".boto", env="BOTO_CONFIG"),
        At(root=Root.HOME, glob=".config/gcloud/access_token", env="CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"),
    ),
    yields=("oauth.refresh-token", "oauth.access-token", "google.service-account-key", "google.client-secret"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://cloud.google.com/docs/authentication/application-default-credentials",
)
