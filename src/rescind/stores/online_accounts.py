"""Accounts that a Linux desktop is signed in to (GNOME Online Accounts): whose, and where. Their tokens are in the keychain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_HOSTS = {"google": "google.com", "ms_graph": "login.microsoftonline.com", "windows_live": "login.live.com"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per account. Anything is an INI file: what has no account in it yields nothing."""
    for group in groups(decode(blob), ()):
        first = next(iter(group.values()))
        provider = group["provider"].value if "provider" in group else ""
        if first.section.startswith("Account ") and provider:
            who = next((group[n].value for n in ("presentationidentity", "identity", "emailaddress") if n in group), "")
            host = next(
                (group[n].value for n in ("uri", "host", "imaphost") if n in group), _HOSTS.get(provider, provider)
            )
            own = {"provider": provider, "id": first.section.removeprefix("Account "), "kept_in": "keychain"}
            place = replace(at, line=first.line)
            yield sighting("online.account", place, issuer=host, subject=who, attributes=own, state=State.PUBLIC_ONLY)


STORE = Store(
    id="online-accounts",
    title="GNOME Online Accounts",
    where=(At(root=Root.XDG_CONFIG, glob="goa-1.0/accounts.conf"),),
    yields=("online.account",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://gitlab.gnome.org/GNOME/gnome-online-accounts/-/blob/master/README.md",
)
