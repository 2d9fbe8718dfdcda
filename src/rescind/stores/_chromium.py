"""Where browsers and programs made from Chromium keep their profiles.

https://chromium.googlesource.com/chromium/src/+/HEAD/docs/user_data_dir.md
"""

from __future__ import annotations

from rescind.models.store import At, Root

_LINUX = (
    "google-chrome", "google-chrome-beta", "google-chrome-unstable", "google-chrome-for-testing", "chromium", "microsoft-edge",
    "microsoft-edge-beta", "microsoft-edge-dev", "BraveSoftware/Brave-Browser", "vivaldi", "opera", "thorium",
)  # fmt: skip
_MAC = (
    "Google/Chrome", "Google/Chrome Beta", "Google/Chrome Dev", "Google/Chrome Canary", "Chromium", "Microsoft Edge",
    "Microsoft Edge Beta", "BraveSoftware/Brave-Browser", "Vivaldi", "com.operasoftware.Opera", "com.operasoftware.OperaGX", "Arc/User Data", "Dia/User Data",
)  # fmt: skip
_WINDOWS = tuple(
    f"{name}/User Data"
    for name in (
        "Google/Chrome", "Google/Chrome Beta", "Google/Chrome Dev", "Google/Chrome SxS", "Chromium", "Microsoft/Edge",
        "Microsoft/Edge Beta", "Microsoft/Edge Dev", "BraveSoftware/Brave-Browser", "Vivaldi", "Packages/*/LocalCache/Local/Arc",
    )
)  # fmt: skip
_OPERA = ("Opera Stable", "Opera GX Stable", "Opera Next", "Opera Developer")
_BROWSERS = (
    ("google-chrome", "chrome"), ("google/chrome", "chrome"), ("edge", "edge"), ("brave", "brave"), ("vivaldi", "vivaldi"),
    ("opera", "opera"), ("arc/", "arc"), ("dia/", "dia"), ("thorium", "thorium"), ("chromium", "chromium"),
)  # fmt: skip


def places(*names: str, programs: bool = False) -> tuple[At, ...]:
    """Return where files of a profile (or, `../X`, of the folder of all profiles) lie; `programs` adds those of Electron programs."""
    out: list[At] = []
    for name in names:
        inner = (name[3:],) if name.startswith("../") else (f"*/{name}", name)
        for glob in inner:
            out += [At(root=Root.XDG_CONFIG, glob=f"{b}/{glob}", os=("linux",)) for b in _LINUX]
            out += [At(root=Root.MAC_SUPPORT, glob=f"{b}/{glob}", os=("macos",)) for b in _MAC]
            out += [At(root=Root.LOCALAPPDATA, glob=f"{b}/{glob}", os=("windows",)) for b in _WINDOWS]
            out += [At(root=Root.APPDATA, glob=f"Opera Software/{b}/{glob}", os=("windows",)) for b in _OPERA]
        out += [At(root=Root.HOME, glob=f"snap/chromium/common/chromium/{glob}", os=("linux",)) for glob in inner]
        deep = (f"*/{name}", f"*/Partitions/*/{name}", f"Microsoft/*/{name}", f"Microsoft/*/Partitions/*/{name}")
        for glob in deep if programs else ():
            out += [
                At(root=Root.XDG_CONFIG, glob=glob, os=("linux",)),
                At(root=Root.MAC_SUPPORT, glob=glob, os=("macos",)),
                At(root=Root.APPDATA, glob=glob, os=("windows",)),
            ]
    return tuple(out)


def told(path: str) -> dict[str, str]:
    """Return browser and profile as the path of a profile's file tells them; another program goes by its folder's name."""
    parts = [p for p in path.split("/")[:-1] if p != "Network"]
    low = f"/{path}".lower()
    browser = next(
        (name for mark, name in _BROWSERS if f"/{mark}" in low or mark in low.rpartition("/user data")[0]), ""
    )
    return {"browser": browser or (parts[-1] if parts else ""), "profile": parts[-1] if parts else ""}
