"""saml2aws: which identity providers somebody signs in to, with the password in the system's keychain (`saml2aws Credentials`)."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._text import decode
from rescind.stores._token import kept

_FACTS = ("provider", "role_arn", "aws_profile", "aws_urn", "app_id", "subdomain", "mfa")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each account of the configuration that names a person."""
    for group in groups(decode(blob), ()):
        values = {k: e.value for k, e in group.items()}
        host = values.get("url", "").partition("://")[2].partition("/")[0]
        if host and values.get("username"):
            section = next(iter(group.values())).section
            more = {
                "account": section,
                "url": values["url"],
                **{n: values.get(n, "") for n in _FACTS},
                "kept_in": "keychain",
            }
            yield kept("idp.password", at, section, issuer=host, subject=values["username"], more=more)


STORE = Store(
    id="saml2aws",
    title="saml2aws accounts",
    where=(At(root=Root.HOME, glob=".saml2aws", env="SAML2AWS_CONFIGFILE"),),
    yields=("idp.password",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/Versent/saml2aws/blob/master/pkg/cfg/cfg.go",
)
