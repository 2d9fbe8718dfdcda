"""jira-cli: which Jira somebody signs in to and as whom. The token is in a variable, in `.netrc`, or in the system's keychain."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._token import kept
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the login that the file names. Raises `Unparsable` for broken YAML."""
    for document in maps(blob):
        host, who = text(document, "server").partition("://")[2].rstrip("/"), text(document, "login")
        if host:
            more = {"installation": text(document, "installation"), "auth_type": text(document, "auth_type")}
            more |= {"client_key": text(document, "mtls", "client_key"), "kept_in": "keychain"}
            yield kept("atlassian.token", at, "login", issuer=host, subject=who, more=more)


STORE = Store(
    id="jira-cli",
    title="jira-cli",
    where=(At(root=Root.XDG_CONFIG, glob=".jira/.config.yml", env="JIRA_CONFIG_FILE"),),
    yields=("atlassian.token",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.2",
    reference="https://github.com/ankitpokhrel/jira-cli#authentication-types",
)
