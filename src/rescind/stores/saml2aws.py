"""saml2aws: which identity providers somebody signs in to, with the password in the system's keychain, and assertions in its cache.

An assertion is good for minutes at AWS, where it becomes a session that outlives it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import kept
from rescind.stores._xml import load

_FACTS = ("provider", "role_arn", "aws_profile", "aws_urn", "app_id", "subdomain", "mfa")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each account of the configuration, or the assertion of a cache. Raises `Unparsable` for a cache that is none."""
    if not at.path.endswith(".saml2aws"):
        yield from _assertions(blob, at)
        return
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


def _assertions(blob: bytes, at: Location) -> Iterator[Finding]:
    try:
        document = load(base64.b64decode(b"".join(blob.split()), validate=True))
    except (binascii.Error, ValueError) as e:
        raise Unparsable("the cache is not base64") from e
    found = [e for e in document.walk() if e.tag == "Assertion"]
    for entry in found[:20]:
        inner = {e.tag: e for e in reversed(list(entry.walk()))}
        ends = [moment(e.attributes.get("NotOnOrAfter", "")) for e in entry.walk()]
        roles = [e.text.strip() for e in entry.walk() if e.tag == "AttributeValue" and ":saml-provider/" in e.text]
        subject = inner["NameID"].text.strip() if "NameID" in inner else ""
        yield sighting(
            "saml.assertion",
            at,
            identifier=entry.attributes.get("ID", ""),
            issuer=entry.child("Issuer"),
            subject=subject,
            secret=blob.strip(),
            attributes={"roles": " ".join(roles[:20])},
            expires_at=max((e for e in ends if e), default=None),
        )
    if not found:
        raise Unparsable("the cache holds no assertion that can be read")


STORE = Store(
    id="saml2aws",
    title="saml2aws accounts and assertions",
    where=(
        At(root=Root.HOME, glob=".saml2aws", env="SAML2AWS_CONFIGFILE"),
        At(root=Root.HOME, glob=".aws/saml2aws/cache*", env="SAML2AWS_SAML_CACHE_FILE"),
    ),
    yields=("idp.password", "saml.assertion"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.2",
    reference="https://github.com/Versent/saml2aws/blob/master/pkg/samlcache/samlcache.go",
)
