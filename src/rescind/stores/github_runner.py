"""GitHub Actions runner: the RSA key by which a self-hosted runner signs on, and which runner of which organisation that is.

Its three files lie side by side. The runner is removed at GitHub by its id, without the key; the identifier is `<host>/<owner>/<id>`. On Windows the key is behind DPAPI.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._urls import host_in

_KIND = "github.runner-key"
_FACTS = ("AgentName", "PoolId", "PoolName", "ServerUrl", "ServerUrlV2", "GitHubUrl", "Ephemeral")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the runner, its client, or its key. Raises `Unparsable` for a file that is none of the three."""
    if at.path.endswith("rsaparams") and not decode(blob).lstrip().startswith("{"):
        if not blob:
            raise Unparsable("the file is empty")
        yield locked(_KIND, at, "dpapi")
        return
    document = load(blob)
    if modulus := text(document, "modulus") or text(document, "Modulus"):
        more = {"modulus_sha256": _digest(modulus), "format": "rsa-parameters"}
        private = text(document, "d") or text(document, "D")
        state = State.LIVE_UNVERIFIED if private else State.PUBLIC_ONLY
        yield sighting(_KIND, at, pointer="/d", secret=private, attributes=more, state=state)
    elif isinstance(member(document, "AgentId") or member(document, "agentId"), int):
        yield _runner(document, at)
    elif text(document, "uuid") and text(
        document, "address"
    ):  # Gitea's and Forgejo's runner keep a token in a file of that name
        yield _forge_runner(document, at)
    elif client := text(document, "Data", "clientId") or text(document, "data", "clientId"):
        data = member(document, "Data") or member(document, "data")
        more = {"client_id": client, **{n: text(data, n) for n in ("authorizationUrl", "authorizationUrlV2")}}
        yield sighting(_KIND, at, attributes=more, state=State.PUBLIC_ONLY)
    else:
        raise Unparsable("the file says neither which runner this is, nor its client, nor its key")


def _runner(document: object, at: Location) -> Finding:
    found = {n: member(document, n) or member(document, n[0].lower() + n[1:]) for n in ("AgentId", *_FACTS)}
    more = {n: str(v) for n, v in found.items() if isinstance(v, str | int)}
    url = more.get("GitHubUrl", "")
    name, who = f"{url.partition('://')[2].rstrip('/')}/{more['AgentId']}" if url else "", more.get("AgentName", "")
    return sighting(_KIND, at, identifier=name, issuer=url, subject=who, attributes=more)


def _forge_runner(document: object, at: Location) -> Finding:
    """https://gitea.com/gitea/act_runner/src/branch/main/internal/pkg/config/registration.go."""
    more = {n: text(document, n) for n in ("uuid", "name", "address")} | {"id": str(member(document, "id") or "")}
    name, host = f"{host_in(more['address'])}/{more['id'] or more['uuid']}", host_in(more["address"])
    value = text(document, "token")
    state = State.LIVE_UNVERIFIED if value else State.PUBLIC_ONLY
    return sighting(
        "gitea.runner-token",
        at,
        identifier=name,
        issuer=host,
        subject=more["name"],
        secret=value,
        attributes=more,
        state=state,
    )


def _digest(modulus: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(modulus, validate=True)).hexdigest()
    except (binascii.Error, ValueError) as e:
        raise Unparsable("the modulus of the key is not base64") from e


_NAMES = (".runner", ".runner_migrated", ".credentials", ".credentials_migrated", ".credentials_rsaparams")
STORE = Store(
    id="github-runner",
    title="GitHub Actions self-hosted runner",
    where=(
        *(At(root=Root.HOME, glob=f"**/*runner*/{name}", skip=("_work", "node_modules")) for name in _NAMES),
        *(
            At(root=Root.HOME, glob=f"**/{name}", skip=("_work", "node_modules"))
            for name in _NAMES
            if name != ".credentials"
        ),
        *(At(root=Root.SYSTEM, glob=f"{top}actions-runner/{name}") for top in ("", "opt/", "srv/") for name in _NAMES),
    ),
    yields=(_KIND, "gitea.runner-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/actions/runner/blob/main/src/Runner.Common/ConfigurationStore.cs",
)
