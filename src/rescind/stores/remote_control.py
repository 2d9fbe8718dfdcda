"""Programs by which somebody reaches this machine's screen: RustDesk, AnyDesk and Chrome Remote Desktop, by the device's id."""

from __future__ import annotations

from rescind.models.store import At, KiB, Root, Store
from rescind.stores._remote_control import findings

_RUST, _ANY = ("rustdesk/RustDesk.toml", "rustdesk/RustDesk2.toml"), ("service.conf", "system.conf")
STORE = Store(
    id="remote-control",
    title="Remote control of this machine",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _RUST),
        *(
            At(root=Root.MAC_LIBRARY, glob=f"Preferences/com.carriez.RustDesk/{n}", os=("macos",))
            for n in ("RustDesk.toml", "RustDesk2.toml")
        ),
        *(
            At(root=Root.APPDATA, glob=f"RustDesk/config/{n}", os=("windows",))
            for n in ("RustDesk.toml", "RustDesk2.toml")
        ),
        *(At(root=Root.HOME, glob=f".anydesk/{n}") for n in _ANY),
        *(At(root=Root.APPDATA, glob=f"AnyDesk/{n}", os=("windows",)) for n in _ANY),
        *(At(root=Root.SYSTEM, glob=f"{d}/{n}") for d in ("etc/anydesk", "ProgramData/AnyDesk") for n in _ANY),
        At(root=Root.XDG_CONFIG, glob="chrome-remote-desktop/host#*.json"),
        At(root=Root.SYSTEM, glob="ProgramData/Google/Chrome Remote Desktop/host*.json", os=("windows",)),
        At(root=Root.SYSTEM, glob="Library/PrivilegedHelperTools/org.chromium.chromoting.json", os=("macos",)),
    ),
    yields=("rustdesk.device", "anydesk.device", "chrome-remote.host-key", "oauth.refresh-token", "github.token"),
    max_bytes=256 * KiB,
    parse=findings,
    since="0.1",
    reference="https://chromium.googlesource.com/chromium/src/+/refs/heads/main/remoting/host/host_config.h",
)
