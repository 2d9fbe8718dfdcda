"""Programs that keep a copy of a drive: Syncthing's key and API key, OneDrive's refresh token, and who is signed in at Dropbox."""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._drives import findings

_SYNCTHING = ("config.xml", "cert.pem")
STORE = Store(
    id="cloud-drives",
    title="Syncthing, OneDrive, Dropbox and Nextcloud clients",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=f"syncthing/{n}", env="STHOMEDIR") for n in _SYNCTHING),
        *(At(root=Root.XDG_STATE, glob=f"syncthing/{n}") for n in _SYNCTHING),
        *(At(root=Root.MAC_SUPPORT, glob=f"Syncthing/{n}", os=("macos",)) for n in _SYNCTHING),
        *(At(root=Root.LOCALAPPDATA, glob=f"Syncthing/{n}", os=("windows",)) for n in _SYNCTHING),
        At(root=Root.XDG_CONFIG, glob="onedrive/refresh_token"),
        At(root=Root.HOME, glob=".dropbox/info.json"),
        *(At(root=r, glob="Dropbox/info.json", os=("windows",)) for r in (Root.APPDATA, Root.LOCALAPPDATA)),
        At(root=Root.XDG_CONFIG, glob="Nextcloud/nextcloud.cfg"),
        At(root=Root.APPDATA, glob="Nextcloud/nextcloud.cfg", os=("windows",)),
        At(root=Root.MAC_LIBRARY, glob="Preferences/Nextcloud/nextcloud.cfg", os=("macos",)),
    ),
    yields=(
        *(
            "syncthing.api-key",
            "syncthing.device",
            "onedrive.refresh-token",
            "dropbox.device",
            "nextcloud.app-password",
        ),
        "github.token",
    ),
    max_bytes=4 * MiB,
    parse=findings,
    since="0.1",
    reference="https://docs.syncthing.net/users/config.html#gui-element",
)
