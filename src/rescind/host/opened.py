"""One file of evidence, opened by its path: never through a link, never keeping others from it, and asked where it really lies.

https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew,
https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfinalpathnamebyhandlew.
"""

from __future__ import annotations

import os
import re
import sys

from rescind import osfiles
from rescind.host.names import Parts, split
from rescind.host.quiet import OPEN, open_quietly

_DRIVE = re.compile(r"([A-Za-z]:)(?=/|$)")
_NO_NAME = re.compile(r'[\0-\x1f<>:"|?*/\\]')

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _GENERIC_READ, _SHARE_ALL, _OPEN_EXISTING = 0x80000000, 0x7, 3
    _ITSELF, _AS_BACKUP = 0x00200000, 0x02000000  # FILE_FLAG_OPEN_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS
    _LONGEST = 32768
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateFileW.restype = wintypes.HANDLE
    _kernel.CreateFileW.argtypes = (
        *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p),
        *(wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE),
    )
    _kernel.GetFinalPathNameByHandleW.restype = wintypes.DWORD
    _kernel.GetFinalPathNameByHandleW.argtypes = (wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD)

    def open_there(path: str) -> int:
        """Open what lies at a path for reading: a link itself, not where it leads. Raises `OSError`."""
        flags = _ITSELF | _AS_BACKUP
        handle = _kernel.CreateFileW(path, _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, flags, None)
        if handle in {None, wintypes.HANDLE(-1).value}:
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | osfiles.CLOSED)

    def lies_at(fd: int, path: str) -> bool | None:
        """Tell whether an open file lies at a path without links (a folder on the way may be swapped), None where that is not told."""
        room = ctypes.create_unicode_buffer(_LONGEST)
        if not 0 < _kernel.GetFinalPathNameByHandleW(msvcrt.get_osfhandle(fd), room, _LONGEST, 0) < _LONGEST:
            return None
        return room.value.casefold() == path.casefold()

    def unrewritten(real: str) -> str:
        """Return an absolute path in the form that the system takes as it is."""
        if real.startswith("\\\\?\\"):
            return real
        return "\\\\?\\UNC" + real[1:] if real.startswith("\\\\") else "\\\\?\\" + real

    def is_a_name(component: str) -> bool:
        """Tell whether one component can name a file here: no stream of one, no pattern, no path."""
        return _NO_NAME.search(component) is None
else:

    def open_there(path: str) -> int:
        """Open what lies at a path for reading, never a link. Raises `OSError`."""
        return open_quietly(path, OPEN, None)

    def lies_at(fd: int, path: str) -> bool | None:
        """Tell whether an open file lies at a path without links: not so when a folder on the way was swapped."""
        return os.path.realpath(path) == path and osfiles.same(os.lstat(path), os.fstat(fd))

    def unrewritten(real: str) -> str:
        """Return an absolute path in the form that the system takes as it is."""
        return real

    def is_a_name(component: str) -> bool:
        """Tell whether one component can name a file here."""
        return "/" not in component and "\0" not in component


def link(path: str) -> str:
    """Return what a link says. Raises `OSError`."""
    return os.readlink(path)  # noqa: PTH115 - stays text


def absolute(path: str) -> tuple[str | None, Parts]:
    """Return the drive of an absolute path ("" for none, None for a path that is not absolute) and its components."""
    plain = path.replace(os.sep, "/")
    if plain.startswith(("//?/", "/??/")):
        plain = plain[4:]
    if named := _DRIVE.match(plain):
        return named[1], split(plain[2:])
    if plain.startswith("//") or re.match(r"(?i)volume\{|unc/", plain):
        return "//", ()
    return ("" if plain.startswith("/") else None), split(plain)
