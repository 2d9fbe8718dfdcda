"""Conan: passwords of remotes in `credentials.json`, and the logins that its database holds."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._sqlite import rows
from rescind.stores._token import token

_COLUMNS = ("remote_url", "user_name", "token", "refresh_token")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per remote. Raises `Unparsable` for another file."""
    if blob.startswith(b"SQLite format 3"):
        found = rows(blob, "users_remotes", _COLUMNS)
        if found is None:
            raise Unparsable("the database has no table that Conan makes")
        for url, user, access, refresh in found:
            yield from token(
                "conan.token", access, at, f"users_remotes/{url}", issuer=url, subject=user, more={"form": "access"}
            )
            yield from token(
                "conan.token",
                refresh,
                at,
                f"users_remotes/{url}/refresh",
                issuer=url,
                subject=user,
                more={"form": "refresh"},
            )
        return
    entries = member(load(blob), "credentials")
    if not isinstance(entries, list):
        raise Unparsable("the file holds no credentials of Conan")
    for n, entry in enumerate(entries):
        remote, user = text(entry, "remote"), text(entry, "user")
        secret, place = text(entry, "password"), f"/credentials/{n}/password"
        yield from token(
            "conan.password", secret, at, place, issuer=remote, subject=user, more={"remote": remote}, password=True
        )


STORE = Store(
    id="conan",
    title="Conan",
    where=(
        *(At(root=Root.HOME, glob=f".conan2/{name}", env="CONAN_HOME") for name in ("credentials.json", ".conan.db")),
        At(root=Root.HOME, glob=".conan/.conan.db", env="CONAN_USER_HOME"),
    ),
    yields=("conan.password", "conan.token", "github.token"),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.conan.io/2/reference/config_files/credentials.html",
)
