"""Sentry's command line tool: its auth token, in the home folder and in projects. A DSN beside it is public."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._text import decode
from rescind.stores._token import token

_FORMS = {"sntryu_": "user", "sntrys_": "organisation"}
_FACTS = ("url", "org", "project")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token and the older key of the file, those in comments too."""
    found = list(entries(decode(blob)))
    facts = {
        e.key.rpartition(".")[2]: e.value for e in found if not e.commented and e.key.startswith(("defaults.", *_FACTS))
    }
    host = facts.get("url", "").partition("://")[2].rstrip("/") or "sentry.io"
    for e in found:
        if (e.section == "auth" and e.key in {"token", "api_key"}) or e.key in {"auth.token", "auth.api_key"}:
            form = next((f for p, f in _FORMS.items() if e.value.startswith(p)), "")
            more = {"form": form, "commented": "yes" if e.commented else "", **{n: facts.get(n, "") for n in _FACTS}}
            yield from token("sentry.token", e.value, at, e.key, issuer=host, subject=facts.get("org", ""), more=more)


_SKIP = ("node_modules", ".cache", "vendor", "Pods")
STORE = Store(
    id="sentry-cli",
    title="Sentry CLI",
    where=(
        At(root=Root.HOME, glob=".sentryclirc"),
        *(
            At(root=Root.HOME, glob=f"**/{name}", env="SENTRY_PROPERTIES", skip=_SKIP)
            for name in (".sentryclirc", "sentry.properties")
        ),
    ),
    yields=("sentry.token",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.sentry.io/cli/configuration/",
)
