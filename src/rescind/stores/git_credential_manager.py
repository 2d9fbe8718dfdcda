"""Git Credential Manager's own files: in clear where its plain store was chosen, under DPAPI on Windows.

The first line is the secret, the others say for which service and account. What the system's keychain keeps is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _forms, _github
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token
from rescind.stores._urls import host_in


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the one credential of a file. Raises `Unparsable` for a file that does not say for which service it is."""
    rows = lines(decode(blob))
    if not rows[0].strip():
        return
    said = dict(row.partition("=")[::2] for row in rows[1:50] if "=" in row)
    service, account = said.get("service", "").removeprefix("git:"), said.get("account", "")
    host = host_in(service)
    if not host:
        raise Unparsable("the file does not say for which service its secret is")
    more = {"host": host, "user": account}
    if "dpapi_store" in at.path:
        kind = "github.token" if _github.is_github(host) else "git.password"
        yield locked(kind, at, "dpapi", issuer=host, subject=account, more=more)
    elif _github.form_of(rows[0], host):
        yield _github.finding(rows[0], replace(at, line=1), host=host, login=account)
    elif _forms.identify(rows[0]):
        yield _forms.finding(rows[0], replace(at, line=1), more, host=host)
    else:
        place = replace(at, line=1)
        yield from token("git.password", rows[0], place, issuer=host, subject=account, more=more, password=True)


STORE = Store(
    id="git-credential-manager",
    title="Git Credential Manager files",
    where=tuple(
        At(root=Root.HOME, glob=f".gcm/{folder}/**/*.credential", env=env)
        for folder, env in (("store", "GCM_PLAINTEXT_STORE_PATH"), ("dpapi_store", "GCM_DPAPI_STORE_PATH"))
    ),
    yields=("git.password", *_forms.KINDS),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/git-ecosystem/git-credential-manager/blob/main/docs/credstores.md",
)
