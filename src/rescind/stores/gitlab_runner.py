"""GitLab Runner: the tokens by which runners sign on, the keys of their caches, and secrets that they hand to every job.

A runner is ended by its id, without the token; ids count from 1 at each server, so the identifier is `<host>/<id>`. `privileged` and the `shell` executor say that its jobs own the machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, Root, Store
from rescind.stores._aws import is_key_id, key_finding
from rescind.stores._json import member, text
from rescind.stores._moment import moment
from rescind.stores._names import is_secret_name
from rescind.stores._token import token
from rescind.stores._toml import read

_CACHES = (("s3", "SecretKey"), ("s3", "SessionToken"), ("gcs", "PrivateKey"), ("azure", "AccountKey"))
_OTHERS = (("ssh", "password"), ("parallels", "password"), ("kubernetes", "bearer_token"))


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each runner holds, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    runners = member(document, "runners")
    for number, runner in enumerate(runners[:500] if isinstance(runners, list) else ()):
        yield from _runner(runner, at, f"runners/{number}")
    if trouble:
        raise Unparsable(trouble)


def _runner(runner: object, at: Location, place: str) -> Iterator[Finding]:
    number = member(runner, "id")
    name = str(number) if isinstance(number, int | str) and not isinstance(number, bool) and number else ""
    more = {"name": text(runner, "name"), "executor": text(runner, "executor"), "url": text(runner, "url")}
    more["privileged"] = "yes" if member(runner, "docker", "privileged") is True else ""
    obtained, ends = str(member(runner, "token_obtained_at") or ""), str(member(runner, "token_expires_at") or "")
    host = more["url"].removeprefix("https://").removeprefix("http://").partition("/")[0]
    more["obtained_at"] = moment(obtained) or ""
    own_id = f"{host}/{name}" if host and name not in {"", "0"} else ""
    value, where = text(runner, "token"), f"{place}/token"
    kind, until = "gitlab.runner-token", moment(ends)
    yield from token(kind, value, at, where, identifier=own_id, issuer=host, more=more, expires_at=until)
    own = {"runner": more["name"]}
    key = text(runner, "cache", "s3", "AccessKey")
    if is_key_id(key):
        yield key_finding(key, text(runner, "cache", "s3", "SecretKey"), at, attributes=own)
    for path in (*(("cache", *c) for c in _CACHES), *_OTHERS):
        if not (is_key_id(key) and path[1:2] == ("s3",)):
            yield from token(
                "file.secret", text(runner, *path), at, "/".join((place, *path)), more={**own, "name": path[-1]}
            )
    given = member(runner, "environment")
    for entry in given[:500] if isinstance(given, list) else ():
        variable, _, value = entry.partition("=") if isinstance(entry, str) else ("", "", "")
        if is_secret_name(variable):
            yield from token("file.secret", value, at, f"{place}/environment", more={**own, "name": variable})


STORE = Store(
    id="gitlab-runner",
    title="GitLab Runner",
    where=(
        At(root=Root.HOME, glob=".gitlab-runner/config.toml", env="CONFIG_FILE"),
        At(root=Root.SYSTEM, glob="etc/gitlab-runner/config.toml"),
        At(root=Root.SYSTEM, glob="GitLab-Runner/config.toml", os=("windows",)),
    ),
    yields=("gitlab.runner-token", "aws.access-key", "aws.role-session", "file.secret"),
    parse=parse,
    since="0.1",
    reference="https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runners-section",
)
