"""SAML assertions that saml2aws was told to keep: good for minutes at AWS, where they become sessions that outlive them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._xml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each assertion of the cache. Raises `Unparsable` for a cache that holds none in the clear."""
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
    id="saml2aws-cache",
    title="saml2aws assertions",
    where=(At(root=Root.HOME, glob=".aws/saml2aws/cache*", env="SAML2AWS_SAML_CACHE_FILE"),),
    yields=("saml.assertion",),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/Versent/saml2aws/blob/master/pkg/samlcache/samlcache.go",
)
