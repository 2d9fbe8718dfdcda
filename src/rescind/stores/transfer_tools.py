"""curl, wget and clients of S3-compatible services (s3cmd, MinIO, s3fs): passwords and keys in their own configuration files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _urls
from rescind.stores._aws import is_key_id, key_finding
from rescind.stores._ini import groups
from rescind.stores._json import load, member, text
from rescind.stores._mcp import KINDS, value
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_USER = re.compile(
    r"[ \t]*-{0,2}(u|user|proxy-user|U|oauth2-bearer)[ \t]*[=: \t][ \t]*\"?([^\s\":]{1,200})(?::([^\"\s]{1,500}))?\"?[ \t]*$"
)
_HEADER = re.compile(
    r"[ \t]*-{0,2}(?:H|header)[ \t]*[=: \t][ \t]*\"?([A-Za-z][\w\-]{0,60}):[ \t]*(?:(?:Bearer|Basic|token)[ \t]+)?([^\"]{1,4000})\"?"
)
_WGET = re.compile(r"[ \t]*(http_|https_|ftp_|proxy_)?(password|passwd)[ \t]*=[ \t]*(\S{1,500})")
_S3CFG = re.compile(r"(?m)^access_key[ \t]*=")
_S3FS = re.compile(r"(?:([^:\s#]{3,63}):)?([A-Z0-9]{16,40}):(\S{20,100})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each password and key. Raises `Unparsable` for JSON that is none."""
    name = at.path.rpartition("/")[2]
    if name == "config.json":
        yield from _minio(load(blob), at)
        return
    plain = decode(blob)
    if "s3cfg" in name or _S3CFG.search(plain):
        for group in groups(plain, {"access_key"}):
            if "access_key" in group:
                said = {key: e.value for key, e in group.items()}
                place = replace(at, line=group["access_key"].line, pointer=group["access_key"].section)
                host = said.get("host_base", "")
                yield from _pair(said["access_key"], said.get("secret_key", ""), place, {"host": host})
            if entry := group.get("gpg_passphrase"):  # what files are encrypted with before they are sent
                place, more = replace(at, line=entry.line, pointer=entry.section), {"name": "gpg_passphrase"}
                yield from token("file.secret", entry.value, place, more=more, password=True)
        return
    for number, line in ((n, row) for n, row in enumerate(lines(plain), 1) if row):
        place = replace(at, line=number)
        if "s3fs" in name:
            if found := _S3FS.match(line):
                yield from _pair(found[2], found[3], place, {"bucket": found[1] or ""})
        elif found := _HEADER.match(line):
            yield from value(found[1], found[2].strip(), place, {}, named="auth" in found[1].lower())
        elif found := _USER.match(line):
            user, secret = ("", found[2]) if found[1] == "oauth2-bearer" else (found[2], found[3] or "")
            more = {"user": user, "option": found[1]}
            yield from token("url.password", secret, place, subject=user, more=more, password=True)
        elif found := _WGET.match(line):
            yield from token(
                "url.password", found[3], place, more={"option": f"{found[1] or ''}{found[2]}"}, password=True
            )
        else:
            for seen in _urls.findings(line, at, "url.password"):
                yield replace(seen, location=replace(seen.location, line=number))


def _minio(document: object, at: Location) -> Iterator[Finding]:
    for section in ("aliases", "hosts"):
        found = member(document, section)
        for name, entry in found.items() if isinstance(found, dict) else ():
            own = {"alias": name, "host": _urls.host_in(text(entry, "url"))}
            place = replace(at, pointer=f"/{section}/{name}")
            yield from _pair(text(entry, "accessKey"), text(entry, "secretKey"), place, own)


def _pair(key: str, secret: str, at: Location, more: dict[str, str]) -> Iterator[Finding]:
    """Yield an AWS key, or the key of another service that speaks S3."""
    host = more.get("host", "")
    if is_key_id(key) and (not host or host.endswith("amazonaws.com")):
        yield key_finding(key, secret, at, attributes=more)
    else:
        yield from token("s3.access-key", secret, at, identifier=key, issuer=host, more=more)


STORE = Store(
    id="transfer-tools",
    title="curl, wget, s3cmd, MinIO and s3fs",
    where=(
        At(root=Root.HOME, glob=".curlrc", env="CURL_HOME"),
        At(root=Root.HOME, glob="_curlrc", os=("windows",)),
        At(root=Root.XDG_CONFIG, glob="curlrc"),
        At(root=Root.HOME, glob=".wgetrc", env="WGETRC"),
        At(root=Root.HOME, glob=".s3cfg", env="S3CMD_CONFIG"),
        *(At(root=Root.HOME, glob=f"{d}/config.json", env="MC_CONFIG_DIR") for d in (".mc", "mc", ".mcli")),
        At(root=Root.HOME, glob=".passwd-s3fs"),
        At(root=Root.SYSTEM, glob="etc/passwd-s3fs"),
    ),
    yields=("s3.access-key", *KINDS),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://curl.se/docs/manpage.html#-K",
)
