"""Where Firefox, its relatives and Thunderbird keep their profiles.

https://support.mozilla.org/en-US/kb/profiles-where-firefox-stores-user-data
"""

from __future__ import annotations

from rescind.models.store import At, Root

_LINUX = (".mozilla/firefox", ".config/mozilla/firefox", "snap/firefox/common/.mozilla/firefox", ".var/app/org.mozilla.firefox/.mozilla/firefox", ".librewolf", ".waterfox", ".zen", ".thunderbird", "snap/thunderbird/common/.thunderbird", ".local/share/torbrowser/tbb/*/tor-browser/Browser/TorBrowser/Data/Browser")  # fmt: skip
_MAC = ("Firefox/Profiles", "librewolf/Profiles", "Waterfox/Profiles", "zen/Profiles", "TorBrowser-Data/Browser")
_WINDOWS = ("Mozilla/Firefox/Profiles", "librewolf/Profiles", "Waterfox/Profiles", "zen/Profiles", "Thunderbird/Profiles")  # fmt: skip


def places(*names: str) -> tuple[At, ...]:
    """Return where files of a profile lie."""
    out: list[At] = []
    for name in names:
        out += [At(root=Root.HOME, glob=f"{folder}/*/{name}", os=("linux",)) for folder in _LINUX]
        out += [At(root=Root.MAC_SUPPORT, glob=f"{folder}/*/{name}", os=("macos",)) for folder in _MAC]
        out.append(At(root=Root.MAC_LIBRARY, glob=f"Thunderbird/Profiles/*/{name}", os=("macos",)))
        out += [At(root=Root.APPDATA, glob=f"{folder}/*/{name}", os=("windows",)) for folder in _WINDOWS]
    return tuple(out)


def told(path: str) -> dict[str, str]:
    """Return program and profile as the path of a profile's file tells them."""
    parts, low = path.split("/"), path.lower()
    names = ("thunderbird", "librewolf", "waterfox", "zen", "torbrowser")
    program = next((n for n in names if n in low), "" if ".pki" in low or "/pki/" in low else "firefox")
    return {"browser": program, "profile": parts[-2] if len(parts) > 1 else ""}
