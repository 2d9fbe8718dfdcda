"""Android: passwords of the key store that apps are signed with, and the key by which a machine may debug phones."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import public_half
from rescind.stores._dotenv import variables
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_SECRETS = ("storePassword", "keyPassword", "RELEASE_STORE_PASSWORD", "RELEASE_KEY_PASSWORD")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each password with its key's alias, or the debugging key. Raises `Unparsable` for a key that cannot be read."""
    if at.path.endswith(".properties"):
        found = {v.name: v for v in variables(decode(blob)) if not v.commented}
        facts: dict[str, str] = {n: found[n].value for n in ("keyAlias", "storeFile") if n in found}
        for v in (found[n] for n in _SECRETS if n in found):
            yield from token(
                "file.secret",
                v.value,
                at,
                v.name,
                subject=facts.get("keyAlias", ""),
                more={**facts, "name": v.name},
                password=True,
            )
        return
    keys = [b for b in blocks(decode(blob)) if b.label.endswith("PRIVATE KEY")]
    for block in keys[:5]:
        body = block.body()
        digest = public_half(body)
        yield sighting(
            "android.adb-key", at, line=block.line, identifier=f"sha256:{digest}" if digest else "", secret=body
        )
    if not keys and blob.strip():
        raise Unparsable("the file holds no private key")
    if not blob.strip():
        yield sighting("android.adb-key", at, state=State.LOGGED_OUT)


_SKIP = ("node_modules", ".gradle", "build", ".cache")
STORE = Store(
    id="android",
    title="Android signing and debugging",
    where=(
        At(root=Root.HOME, glob=".android/adbkey", env="ANDROID_USER_HOME"),
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in ("keystore.properties", "key.properties")),
    ),
    yields=("android.adb-key", "file.secret"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developer.android.com/build/building-cmdline#gradle_signing",
)
