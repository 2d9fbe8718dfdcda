"""Application Default Credentials and key files: what Google's libraries find by themselves, and gcloud's copies for older tools.

A service account's key works until it is deleted in IAM, wherever copies of it lie. `gcloud auth revoke` leaves a downloaded key
alone. External accounts without a secret of their own only point elsewhere and yield nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _google
from rescind.stores._ini import groups
from rescind.stores._json import load, text
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the credential of a JSON file or of a `.boto` file. Raises `Unparsable` for PKCS#12, broken JSON, unknown types."""
    account = at.path.split("/")[-2] if "/legacy_credentials/" in f"/{at.path}" else ""
    if at.path.lower().endswith(".p12") or blob[:1] == b"\x30":
        raise Unparsable("a PKCS#12 key of a service account, which does not name the key it holds")
    if at.path.endswith(".boto"):
        for group in groups(decode(blob), {"gs_oauth2_refresh_token"}):
            if entry := group.get("gs_oauth2_refresh_token"):
                token = {"type": "authorized_user", "refresh_token": entry.value}
                place = replace(at, line=entry.line, pointer=entry.section)
                yield from _google.findings(token, place, account=account)
        return
    document = load(blob)
    if text(document, "type") or "/gcloud/" in f"/{at.path}":
        yield from _google.findings(document, at, account=account)


_HEX = "[0-9a-f]" * 12
_OURS = (
    "application_default_credentials.json",
    *(f"legacy_credentials/*/{name}" for name in ("adc.json", ".boto", "singlestore_bq.json", "private_key.p12")),
)
_LOOSE = tuple(f"{folder}*-{_HEX}.json" for folder in ("", "Desktop/", "Documents/", "Downloads/", "keys/"))
STORE = Store(
    id="gcloud-adc",
    title="Google Application Default Credentials and key files",
    where=(
        At(root=Root.HOME, glob=f".config/gcloud/{_OURS[0]}", env="GOOGLE_APPLICATION_CREDENTIALS"),
        *(At(root=Root.HOME, glob=f".config/gcloud/{name}", env="CLOUDSDK_CONFIG") for name in _OURS),
        *(At(root=Root.APPDATA, glob=f"gcloud/{name}", os=("windows",), env="CLOUDSDK_CONFIG") for name in _OURS),
        *(At(root=Root.HOME, glob=name) for name in _LOOSE),
    ),
    yields=("oauth.refresh-token", "google.service-account-key"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://cloud.google.com/docs/authentication/application-default-credentials",
)
