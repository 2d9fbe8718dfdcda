"""GnuPG keys: what the agent keeps, which key of which person that is, and the revocation certificates made in advance.

A private key is named by its keygrip, which is computed for every public key too: so both join, and the fingerprint and the names come
along. A key cannot be taken back from whoever copied it; publishing its revocation (`openpgp-revocs.d/<fingerprint>.rev`, one colon to
remove) and taking it off Git hosts ends what it proves. Keys of which only the public half is there are mostly other people's.
"""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._gnupg import findings

_RINGS = (
    "pubring.kbx",
    "pubring.kbx~",
    "pubring.gpg",
    "pubring.gpg~",
    "public-keys.d/pubring.db",
    "secring.gpg",
    "private-keys-v1.d/*.key",
    "openpgp-revocs.d/*.rev",
)
_LOOSE = tuple(f"{f}*.{end}" for f in ("", "Desktop/", "Documents/", "Downloads/") for end in ("asc", "gpg.key", "pgp"))
STORE = Store(
    id="gnupg",
    title="GnuPG keys",
    where=(
        *(At(root=Root.HOME, glob=f".gnupg/{name}", env="GNUPGHOME") for name in _RINGS),
        *(At(root=Root.APPDATA, glob=f"gnupg/{name}", os=("windows",), env="GNUPGHOME") for name in _RINGS),
        *(At(root=Root.HOME, glob=g) for g in _LOOSE),
        At(
            root=Root.HOME, glob=".talos/keys/*.pgp", env="SIDEROV1_KEYS_DIR"
        ),  # by which `omnictl` and `talosctl` sign in
        At(root=Root.XDG_DATA, glob="talos/keys/*.pgp"),
        At(root=Root.MAC_SUPPORT, glob="talos/keys/*.pgp", os=("macos",)),
    ),
    yields=("gnupg.key", "gnupg.revocation"),
    max_bytes=16 * MiB,
    parse=findings,
    since="0.1",
    reference="https://www.gnupg.org/documentation/manuals/gnupg/GPG-Configuration.html",
)
