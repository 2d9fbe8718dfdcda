"""HTTPie's sessions: a login, cookies and headers per host, written by `http --session`."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._nested import is_secret, secrets
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the login, the headers and the cookies of a session. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    host = at.path.split("/")[-2].replace("_", ":") if "/" in at.path else ""
    auth = document.get("auth")
    raw = text(auth, "raw_auth")
    user, colon, password = raw.partition(":") if text(auth, "type") != "bearer" else ("", "", raw)
    who, secret = (user, password) if colon else (text(auth, "username"), text(auth, "password") or password or user)
    own = {"host": host, "form": text(auth, "type")}
    if secret:
        yield from token(
            "http.password", secret, at, "/auth/raw_auth", issuer=host, subject=who, more=own, password=True
        )
    headers = document.get("headers")
    plain = {k: v for k, v in headers.items() if is_secret(k)} if isinstance(headers, dict) else headers
    yield from secrets(plain, at, "/headers", {"host": host})
    cookies = document.get("cookies")
    rows = (
        cookies.items()
        if isinstance(cookies, dict)
        else [(text(c, "name"), c) for c in cookies]
        if isinstance(cookies, list)
        else []
    )
    for name, cookie in rows:
        own, until = {"host": text(cookie, "domain") or host, "name": name}, epoch(member(cookie, "expires"))
        value, pointer = text(cookie, "value"), f"/cookies/{name}"
        yield from token("http.cookie", value, at, pointer, issuer=own["host"], more=own, expires_at=until)


STORE = Store(
    id="httpie",
    title="HTTPie sessions",
    where=(
        At(root=Root.XDG_CONFIG, glob="httpie/sessions/*/*.json", env="HTTPIE_CONFIG_DIR"),
        At(root=Root.HOME, glob=".httpie/sessions/*/*.json"),
        At(root=Root.APPDATA, glob="httpie/sessions/*/*.json", os=("windows",)),
    ),
    yields=("http.password", "http.cookie", "file.secret", "github.token"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://httpie.io/docs/cli/sessions",
)
