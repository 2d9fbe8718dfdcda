"""macOS keychain files: which passwords, tokens, certificates and keys are kept in them. Attributes are in clear, values are not.

No password is ever tried. In `keychain-2.db` even most attributes are encrypted: there the items are counted by access group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _certificate, _keychain_db, _vault_items
from rescind.stores._locked import locked
from rescind.stores._sqlite import rows

_NOISE = ("com.apple.", "ProtectedCloudStorage", "MetadataKeychain", "com.apple", "handoff-", "AirPlay", "apple")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each password and client certificate. Raises `Unparsable` for other files, after the rest for damage."""
    if not blob:
        return
    if blob.startswith(b"SQLite format 3\0"):
        groups = Counter(row[0] for table in ("genp", "inet", "keys") for row in rows(blob, table, ("agrp",)) or ())
        for group, count in sorted(groups.items()):
            if group and not group.startswith(_NOISE):
                yield locked(
                    "keyring.item", at, "system", group, issuer=group, more={"group": group, "count": str(count)}
                )
        return
    found: list[_keychain_db.Record] = []
    trouble = ""
    try:
        found.extend(_keychain_db.records(blob))
    except Unparsable as e:
        trouble = e.message
        if not blob.startswith(b"kych"):
            raise
    keys = {r.values.get("key", b"") for r in found if r.table == _keychain_db.PRIVATE_KEY}
    for number, record in enumerate(found):
        if record.table == _keychain_db.CERTIFICATE:
            yield from _certificates(record, at, number, keys)
        elif record.table != _keychain_db.PRIVATE_KEY:
            yield from _password(record, at, number)
    if trouble:
        raise Unparsable(trouble)


def _password(record: _keychain_db.Record, at: Location, number: int) -> Iterator[Finding]:
    service, account = record.text("service") or record.text("server"), record.text("account")
    if service.startswith(_NOISE):
        return
    internet = record.table == _keychain_db.INTERNET
    kind, issuer = _vault_items.kind_of(f"https://{service}" if internet else service)
    more = {"service": service, "account": account, "label": record.text("label"), "created": record.text("created")}
    more |= {"modified": record.text("modified"), "path": record.text("path")}
    host = issuer or (service if internet else "")
    yield locked(kind, at, "system", f"{number}/{service}/{account}", issuer=host, subject=account, more=more)


def _certificates(record: _keychain_db.Record, at: Location, number: int, keys: set[bytes]) -> Iterator[Finding]:
    own = record.values.get("key", b"") in keys and bool(record.values.get("key"))
    try:
        held = _certificate.Held(_certificate.read(record.blob), 1, "encrypted" if own else "no")
    except Unparsable:
        return
    if own or (_certificate.usage(held.certificate) == "client" and not held.authority):
        found = _certificate.finding(held, replace(at, pointer=f"{number}"))
        state = State.LIVE_UNVERIFIED if own else State.PUBLIC_ONLY
        yield replace(found, state=state, location=replace(found.location, line=None))


STORE = Store(
    id="macos-keychain",
    title="macOS keychain files",
    where=(
        *(At(root=Root.MAC_LIBRARY, glob=f"Keychains/{n}") for n in ("*.keychain-db", "*.keychain", "*/keychain-2.db")),
        At(root=Root.SYSTEM, glob="Library/Keychains/*.keychain", os=("macos",)),
    ),
    yields=("x509.client-cert", *_vault_items.KINDS),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/libyal/dtformats/blob/main/documentation/MacOS%20keychain%20database%20file%20format.asciidoc",
)
