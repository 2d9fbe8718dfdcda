"""`gradle.properties` and sbt's credentials: passwords of repositories and signing keys, under whatever name a build gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._names import is_secret_name, userinfo
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_ENTRY = re.compile(r"[ \t]*+([^#!\s:=][^\s:=]{0,200})[ \t]*+[=:][ \t]*+(.*)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[.\- ]")
_SBT = re.compile(
    r"Credentials\(\s*\"([^\"]{0,200})\"\s*,\s*\"([^\"]{1,253})\"\s*,\s*\"([^\"]{1,200})\"\s*,\s*\"([^\"]{1,500})\""
)
_USERS = re.compile(r"(?i)user(?:name)?$")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per property whose name says that it is secret. Anything is such a file; other properties yield nothing."""
    if at.path.endswith(".sbt"):
        for n, line in enumerate(lines(decode(blob)), 1):
            for realm, host, user, password in _SBT.findall(line[:8192]):
                place, own = replace(at, line=n), {"realm": realm, "host": host}
                yield from token("sbt.password", password, place, issuer=host, subject=user, more=own, password=True)
        return
    found = [
        (n, m[1], m[2].strip()) for n, line in enumerate(lines(decode(blob)), 1) if (m := _ENTRY.match(line[:8192]))
    ]
    known = {name.lower(): value for _, name, value in found}
    users = {_USERS.sub("", name.lower()): value for _, name, value in found if _USERS.search(name)}
    for number, name, value in found:
        url, plain = userinfo(value), _CAMEL.sub("_", name)
        if not url and not is_secret_name(plain):
            continue
        stem = re.sub(r"(?i)(?:password|passwd|token|key|secret)$", "", name.lower())
        own = {"name": name} | ({"host": url.host} if url else {})
        who = url.user if url else users.get(stem, known.get("user", ""))
        kind, issuer = ("sbt.password", known.get("host", "")) if "host" in known else ("file.secret", "")
        place, secret = replace(at, line=number), url.password if url else value
        chosen = "password" in name.lower()
        yield from token(kind, secret, place, name, issuer=issuer, subject=who, more=own, password=chosen)


_FILES = (".gradle/gradle.properties", ".gradle/init.d/*.properties", ".sbt/.credentials", ".ivy2/.credentials")
STORE = Store(
    id="gradle",
    title="Gradle and sbt properties",
    where=(
        *(At(root=Root.HOME, glob=g, env="GRADLE_USER_HOME" if "gradle.p" in g else "") for g in _FILES),
        *(At(root=Root.HOME, glob=g) for g in (".sbt/*/.credentials", ".sbt/credentials", ".ivy2/.credentials_*")),
        *(
            At(root=Root.HOME, glob=g)
            for g in (".sbt/*.sbt", ".sbt/*/*.sbt", ".sbt/*/plugins/*.sbt", "**/credentials.sbt")
        ),
        *(
            At(root=Root.HOME, glob=f"**/{name}")
            for name in ("gradle.properties", "keystore.properties", "key.properties")
        ),
    ),
    yields=("file.secret", "sbt.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.gradle.org/current/userguide/build_environment.html#sec:gradle_configuration_properties",
)
