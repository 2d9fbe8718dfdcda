"""OVHcloud: application and consumer keys; a consumer key acts for the account until it is taken back by its credential id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._text import decode
from rescind.stores._token import token

_KINDS = {"application_secret": "ovh.application-secret", "consumer_key": "ovh.consumer-key"}
_KINDS |= {"client_secret": "ovh.client-secret", "access_token": "ovh.access-token"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret of an endpoint. Anything is an INI file: what has no such key in it yields nothing."""
    for group in groups(decode(blob), ("application_key",)):
        key, client = (group[n].value if n in group else "" for n in ("application_key", "client_id"))
        for field, kind in _KINDS.items():
            if field in group:
                e, own = group[field], {"application_key": key, "client_id": client}
                own["commented"] = "yes" if e.commented else ""
                place, mine = (
                    replace(at, line=e.line),
                    key if kind == "ovh.application-secret" else client if "client" in kind else "",
                )
                yield from token(
                    kind, e.value, place, f"{e.section}/{field}", identifier=mine, issuer=e.section, more=own
                )


STORE = Store(
    id="ovh",
    title="OVHcloud API",
    where=(
        At(root=Root.HOME, glob=".ovh.conf"),
        At(root=Root.SYSTEM, glob="etc/ovh.conf"),
        At(root=Root.HOME, glob="**/ovh.conf"),
    ),
    yields=(*_KINDS.values(), "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/ovh/python-ovh#2-configure-your-application",
)
