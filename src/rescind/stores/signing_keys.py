"""Keys that sign what others install: cosign, minisign, signify, Notation and Docker's trust. Whoever has one signs as the maintainer.

They end by taking the key out of the trust root, or out of the policy, of whoever verifies.
"""

from __future__ import annotations

from rescind.models.store import At, KiB, Root, Store
from rescind.stores._signing import findings

STORE = Store(
    id="signing-keys",
    title="Software signing keys",
    where=(
        *(
            At(root=Root.HOME, glob=g)
            for g in ("cosign.key", "**/cosign.key", ".sigstore/*.key", ".minisign/*.key", "minisign.key")
        ),
        *(At(root=Root.HOME, glob=g) for g in (".signify/*.sec", ".docker/trust/private/*.key")),
        *(At(root=Root.XDG_CONFIG, glob=f"notation/{g}") for g in ("signingkeys.json",)),
        At(root=Root.MAC_SUPPORT, glob="notation/signingkeys.json", os=("macos",)),
        At(root=Root.APPDATA, glob="notation/signingkeys.json", os=("windows",)),
    ),
    yields=("signing.key",),
    max_bytes=256 * KiB,
    parse=findings,
    since="0.1",
    reference="https://jedisct1.github.io/minisign/#secret-key-format",
)
