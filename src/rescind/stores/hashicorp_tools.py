"""HCP, Nomad, Consul and Boundary: cached sign-ins and client credentials, and token files that variables point at."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._moment import moment
from rescind.stores._text import decode
from rescind.stores._token import token

_HCP = "https://auth.idp.hashicorp.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens and secrets of a file. Raises `Unparsable` for what is neither JSON nor one token."""
    name = at.path.rpartition("/")[2]
    if not name.endswith(".json"):
        plain = decode(blob).strip()
        if len(plain.split()) > 1 or len(plain) > 4096:
            raise Unparsable("the file holds something other than one token")
        yield from token("nomad.token" if "nomad" in at.path else "consul.token", plain, at)
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    own = {"project": text(document, "project_id"), "scheme": text(document, "scheme")}
    mine, secret = text(document, "oauth", "client_id"), text(document, "oauth", "client_secret")
    yield from token("hcp.client-secret", secret, at, "/oauth/client_secret", identifier=mine, issuer=_HCP, more=own)
    login = next(
        (e for e in (member(document, "login"), document) if text(e, "refresh_token") or text(e, "access_token")), None
    )
    until = moment(text(login, "access_token_expiry"))
    yield from token(
        "hcp.token", text(login, "refresh_token"), at, "/login/refresh_token", issuer=_HCP, more={"form": "refresh"}
    )
    access, more = text(login, "access_token"), {"form": "access"}
    yield from token("hcp.token", access, at, "/login/access_token", issuer=_HCP, more=more, expires_at=until)


STORE = Store(
    id="hashicorp-tools",
    title="HCP, Nomad and Consul",
    where=(
        *(
            At(root=Root.HOME, glob=f".config/hcp/{n}")
            for n in ("creds-cache.json", "credentials.json", "cred_file.json", "credentials/*.json")
        ),
        At(root=Root.HOME, glob=".config/hcp/cred.json", env="HCP_CRED_FILE"),
        *(At(root=Root.HOME, glob=g) for g in (".nomad-token", ".nomad/token")),
        At(root=Root.HOME, glob=".consul-token", env="CONSUL_HTTP_TOKEN_FILE"),
    ),
    yields=("hcp.client-secret", "hcp.token", "nomad.token", "consul.token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/hashicorp/hcp-sdk-go/blob/main/auth/cache.go",
)
