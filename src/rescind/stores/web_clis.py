"""Command line tools of web services that keep one token in one JSON file: Expo, Contentful, Sanity, Apify and Convex."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_TOOLS = {  # where it is: kind, issuer, members of the token, members of its user
    ".expo/state.json": ("expo.session", "expo.dev", ("auth", "sessionSecret"), ("auth", "username")),
    ".contentfulrc.json": ("contentful.token", "contentful.com", ("managementToken",), ()),
    ".config/sanity/config.json": ("sanity.token", "sanity.io", ("authToken",), ()),
    ".apify/auth.json": ("apify.token", "apify.com", ("token",), ("username",)),
    ".convex/config.json": ("convex.token", "convex.dev", ("accessToken",), ("userId",)),
}

_SECRETS = ".apify/secrets.json"  # what actors are given, by its name


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of the file, or a logout. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    if at.path.endswith(_SECRETS):
        for name, inner in pairs(document):
            yield from token(
                "apify.secret", str(inner), at, f"/{name}", issuer="apify.com", subject=name, more={"name": name}
            )
        return
    row = next((row for path, row in _TOOLS.items() if at.path.endswith(path)), None)
    if row is None:
        return
    kind, issuer, value, user = row
    raw = text(document, *value)
    if not raw:
        yield sighting(kind, at, issuer=issuer, state=State.LOGGED_OUT)
    yield from token(kind, raw, at, "/" + "/".join(value), issuer=issuer, subject=text(document, *user))


STORE = Store(
    id="web-clis",
    title="Expo, Contentful, Sanity, Apify and Convex",
    where=tuple(At(root=Root.HOME, glob=path) for path in (*_TOOLS, _SECRETS, "**/.contentfulrc.json")),
    yields=(*(row[0] for row in _TOOLS.values()), "apify.secret", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.expo.dev/accounts/programmatic-access/",
)
