"""rclone's remotes: OAuth tokens, access keys and passwords of every cloud and server that it copies to.

Passwords are obscured, not encrypted: the key is in rclone's source. A file that begins with `RCLONE_ENCRYPT_V0:` is encrypted as a whole.
"""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._rclone import findings

STORE = Store(
    id="rclone",
    title="rclone remotes",
    where=(
        At(root=Root.XDG_CONFIG, glob="rclone/rclone.conf", env="RCLONE_CONFIG"),
        At(root=Root.APPDATA, glob="rclone/rclone.conf", os=("windows",), env="RCLONE_CONFIG"),
        At(root=Root.HOME, glob=".rclone.conf"),
    ),
    yields=(
        "azure.storage-key",
        "google.service-account-key",
        "rclone.remote",
        "oauth.refresh-token",
        "oauth.access-token",
        "aws.access-key",
        "file.secret",
        "github.token",
    ),
    max_bytes=1 * MiB,
    parse=findings,
    since="0.1",
    reference="https://rclone.org/docs/#config-file",
)
