"""SonarQube and SonarCloud: the token or login with which a project is scanned."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._dotenv import variables
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each token, and each password with its user. A `sonar.login` without a password is a token."""
    found = list(variables(decode(blob)))
    facts = {v.name: v.value for v in found if not v.commented}
    host = facts.get("sonar.host.url", "").partition("://")[2].rstrip("/")
    more = {"project": facts.get("sonar.projectKey", ""), "organization": facts.get("sonar.organization", "")}
    for v in found:
        own = {**more, "commented": "yes" if v.commented else ""}
        if v.name == "sonar.token" or (v.name == "sonar.login" and "sonar.password" not in facts):
            yield from token("sonar.token", v.value, at, v.name, issuer=host, more=own)
        elif v.name == "sonar.password":
            who = facts.get("sonar.login", "")
            yield from token("sonar.password", v.value, at, v.name, issuer=host, subject=who, more=own, password=True)


_SKIP = ("node_modules", ".cache", "vendor", ".git")
STORE = Store(
    id="sonar",
    title="SonarQube scanner",
    where=(
        At(root=Root.HOME, glob="**/sonar-project.properties", skip=_SKIP),
        At(root=Root.HOME, glob="**/sonar-scanner.properties", skip=_SKIP),
    ),
    yields=("sonar.token", "sonar.password"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.sonarsource.com/sonarqube-server/analyzing-source-code/analysis-parameters/",
)
