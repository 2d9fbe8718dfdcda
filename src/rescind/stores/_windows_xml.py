"""Passwords in Windows' XML files: answers to its set-up, group policies, Wi-Fi profiles."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.stores._locked import locked
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_PASSWORDS = {"Password", "AdministratorPassword", "JoinPassword"}
_REMOVED = "*SENSITIVE*DATA*DELETED*"


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per password. Raises `Unparsable` for what is no XML."""
    root = load(blob)
    if root.tag == "WLANProfile":
        yield from _wifi(root, at)
        return
    for element in root.walk():
        if element.attributes.get("cpassword"):
            facts = element.attributes
            who = facts.get("userName") or facts.get("accountName") or facts.get("runAs") or ""
            own = {"user": who, "name": facts.get("newName", ""), "path": facts.get("path", "")}
            yield locked(
                "windows.password",
                at,
                "app",
                f"{element.tag}/{who}",
                subject=who,
                more=own,
            )
        for child in element.children:
            if child.tag in _PASSWORDS:
                yield from _setup(element, child, at)


def _setup(element: Element, password: Element, at: Location) -> Iterator[Finding]:
    value = password.child("Value") or password.text.strip()
    who = element.child("Username") or element.child("Name") or element.child("JoinUser")
    who = who or ("Administrator" if password.tag == "AdministratorPassword" else "")
    if password.child("PlainText").lower() == "false":
        try:
            plain = base64.b64decode(value, validate=True).decode("utf-16-le", "replace")
        except (binascii.Error, ValueError):
            plain = value
        value = plain.removesuffix(password.tag)
    where, own = element.child("Domain") or element.child("JoinDomain"), {"section": element.tag, "user": who}
    if value != _REMOVED:
        yield from token(
            "windows.password", value, at, f"{element.tag}/{who}", issuer=where, subject=who, more=own, password=True
        )


def _wifi(root: Element, at: Location) -> Iterator[Finding]:
    for element in root.walk():
        if element.tag == "sharedKey" and element.child("keyMaterial"):
            name = root.child("name")
            own, sealed = {"ssid": name, "name": element.child("keyType")}, element.child("protected").lower() == "true"
            if sealed:
                yield locked("wifi.password", at, "dpapi", "keyMaterial", issuer=name, more=own)
            else:
                yield from token(
                    "wifi.password",
                    element.child("keyMaterial"),
                    at,
                    "keyMaterial",
                    issuer=name,
                    more=own,
                    password=True,
                )
