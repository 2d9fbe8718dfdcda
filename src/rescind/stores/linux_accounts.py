"""Passwords in the system's own files: who has one in `/etc/shadow` and how it is hashed, and logins for directories and shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_HASHES = {
    "1": "md5",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2y": "bcrypt",
    "5": "sha256",
    "6": "sha512",
    "7": "scrypt",
    "y": "yescrypt",
    "gy": "gost-yescrypt",
}
_SECRETS = {
    "ldap_default_authtok": "directory.password",
    "ad_password": "directory.password",
    "password": "share.password",
}
_START = datetime(1970, 1, 1, tzinfo=UTC)


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield an account per hash, or a login per password. Anything is such a file: what has none yields nothing."""
    name, plain = at.path.rpartition("/")[2], decode(blob)
    if name.startswith(("shadow", "opasswd")):
        yield from _shadow(plain, at)
        return
    found = list(entries(plain))
    known = {e.key: e.value for e in found if not e.commented}
    who = known.get("ldap_default_bind_dn") or known.get("username") or known.get("user") or ""
    where = known.get("ldap_uri") or known.get("domain") or ""
    for e in found:
        if e.key in _SECRETS and not e.commented:
            own = {"name": e.key, "section": e.section, "type": known.get("ldap_default_authtok_type", "")}
            place = replace(at, line=e.line)
            if own["type"] == "obfuscated_password" and e.key == "ldap_default_authtok":
                yield locked("directory.password", place, "app", e.key, issuer=where, subject=who, more=own)
            else:
                yield from token(
                    _SECRETS[e.key], e.value, place, e.key, issuer=where, subject=who, more=own, password=True
                )


def _shadow(plain: str, at: Location) -> Iterator[Finding]:
    for number, line in enumerate(lines(plain), 1):
        parts = line[:4096].split(":")
        hashed = parts[1].lstrip("!") if len(parts) > 2 else ""
        if not hashed or hashed == "*" or len(hashed) < 13:
            continue
        form = hashed.split("$")[1] if hashed.startswith("$") and hashed.count("$") > 1 else ""
        days = parts[2] if parts[2].isdigit() and len(parts[2]) < 6 else ""
        own = {"hash": _HASHES.get(form, form[:20] or "des"), "disabled": "yes" if parts[1].startswith("!") else ""}
        own["changed"] = rfc3339(_START + timedelta(days=int(days))) if days else ""
        yield locked("os.password", replace(at, line=number), "passphrase", parts[0], subject=parts[0], more=own)


_SHADOW = ("etc/shadow", "etc/shadow-", "etc/security/opasswd", "var/backups/shadow.bak")
_SHARES = ("etc/samba/*.cred*", "etc/cifs*", "etc/*.smbcredentials", "root/.smbcredentials")
STORE = Store(
    id="linux-accounts",
    title="Linux accounts, directories and shares",
    where=(
        *(At(root=Root.SYSTEM, glob=g, os=("linux",)) for g in (*_SHADOW, *_SHARES)),
        *(At(root=Root.SYSTEM, glob=g, os=("linux",)) for g in ("etc/sssd/sssd.conf", "etc/sssd/conf.d/*.conf")),
        *(At(root=Root.HOME, glob=g) for g in (".smbcredentials*", ".cifs*", ".smb/credentials")),
    ),
    yields=("os.password", "directory.password", "share.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://man7.org/linux/man-pages/man5/shadow.5.html",
)
