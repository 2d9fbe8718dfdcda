"""Passwords that Windows leaves in XML: answer files of its set-up, group policy preferences, and Wi-Fi profiles.

`cpassword` is encrypted with a key that Microsoft published; an answer file's is plain or merely base64.
"""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._windows_xml import findings

_ANSWERS = tuple(
    f"Windows/{d}{n}"
    for d in ("Panther/", "Panther/Unattend/", "System32/Sysprep/")
    for n in ("[Uu]nattend.xml", "[Aa]utounattend.xml")
)
_POLICIES = tuple(
    f"ProgramData/Microsoft/Group Policy/History/**/{n}.xml"
    for n in ("Groups", "Services", "ScheduledTasks", "Drives", "DataSources", "Printers")
)
STORE = Store(
    id="windows-setup",
    title="Windows set-up, group policy and Wi-Fi files",
    where=(
        *(At(root=Root.SYSTEM, glob=g, os=("windows",)) for g in (*_ANSWERS, *_POLICIES, "[Uu]nattend.xml")),
        At(root=Root.SYSTEM, glob="ProgramData/Microsoft/Wlansvc/Profiles/Interfaces/*/*.xml", os=("windows",)),
    ),
    yields=("windows.password", "wifi.password", "github.token"),
    max_bytes=4 * MiB,
    parse=findings,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-gppref/2c15cbf0-f086-4c74-8b70-1f2fa45dd4be",
)
