"""The Windows Credential Manager of this session, listed by `CredEnumerateW`: names, users and times; the values are not looked at.

https://learn.microsoft.com/windows/win32/api/wincred/nf-wincred-credenumeratew
"""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime, timedelta
from typing import Any

from rescind.errors import Denied, Unreachable
from rescind.host.keychain_items import Item, Listing, make_item
from rescind.models.clock import rfc3339

COLLECTION = "Credential Manager"
_ALL = 1  # CRED_ENUMERATE_ALL_CREDENTIALS
_NOT_FOUND, _NO_SESSION = 1168, 1312
_TYPES = {
    1: "generic",
    2: "domain password",
    3: "domain certificate",
    4: "domain visible password",
    6: "domain extended",
}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MOST = 10_000


class Filetime(ctypes.Structure):
    """Hundreds of nanoseconds since 1601, in two halves."""

    _fields_ = (("low", ctypes.c_uint32), ("high", ctypes.c_uint32))


class CredentialW(ctypes.Structure):
    """`CREDENTIALW`: https://learn.microsoft.com/windows/win32/api/wincred/ns-wincred-credentialw."""

    _fields_ = (
        ("flags", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("target_name", ctypes.c_wchar_p),
        ("comment", ctypes.c_wchar_p),
        ("last_written", Filetime),
        ("blob_size", ctypes.c_uint32),
        ("blob", ctypes.c_void_p),
        ("persist", ctypes.c_uint32),
        ("attribute_count", ctypes.c_uint32),
        ("attributes", ctypes.c_void_p),
        ("target_alias", ctypes.c_wchar_p),
        ("user_name", ctypes.c_wchar_p),
    )


def _library() -> tuple[Any, Any]:
    """Return the system library and what asks it for the last error."""
    loaded = ctypes.WinDLL("advapi32", use_last_error=True)  # type: ignore[attr-defined]
    return loaded, ctypes.get_last_error  # type: ignore[attr-defined]


def windows_listing() -> Listing:
    """List every credential of this logon session. Raises `Denied` or `Unreachable`."""
    library, last_error = _library()
    count, found = ctypes.c_uint32(), ctypes.POINTER(ctypes.POINTER(CredentialW))()
    if not library.CredEnumerateW(None, _ALL, ctypes.byref(count), ctypes.byref(found)):
        code = int(last_error())
        if code == _NOT_FOUND:
            return Listing(items=(), readable=(COLLECTION,))
        if code == _NO_SESSION:
            raise Denied("the Windows Credential Manager has no logon session here")
        raise Unreachable(f"the Windows Credential Manager does not list its items: error {code}", maybe_sent=False)
    try:
        items = tuple(_made(found[i].contents) for i in range(min(count.value, _MOST)))
    finally:
        library.CredFree(found)
    if count.value > _MOST:  # what is not among them is not shown to be gone
        return Listing(items=items, readable=(), locked=(COLLECTION,))
    return Listing(items=items, readable=(COLLECTION,))


def _made(row: CredentialW) -> Item:
    target = (row.target_name or "").partition("target=")[2] or row.target_name or ""
    user = row.user_name or ""
    label = f"{_TYPES.get(row.type, str(row.type))}{': ' + row.comment if row.comment else ''}"
    ticks = row.last_written.high << 32 | row.last_written.low
    try:
        when = rfc3339(_EPOCH + timedelta(microseconds=ticks // 10)) if ticks else None
    except OverflowError:
        when = None
    return make_item(COLLECTION, {"service": target, "username": user}, label, when, (target, user))
