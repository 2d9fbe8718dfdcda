"""Tokens that kubectl's helpers cache: OIDC sign-ins (kubelogin), access tokens of GKE, sign-ins of Azure's kubelogin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _entra, _google
from rescind.stores._json import load, member, text
from rescind.stores._jwt import claims, expiry, facts
from rescind.stores._moment import moment
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens of one file. Raises `Unparsable` for what is no JSON object."""
    name = at.path.rpartition("/")[2]
    if not blob.strip() or name.endswith(".lock"):
        return
    raw = decode(blob).strip()
    if name == "token" or raw.startswith(
        "eyJ"
    ):  # of a service account, mounted into a pod or named by a cloud's variable
        said, mine = claims(raw), facts(raw)
        own, who = {**mine, "form": "service-account"}, mine.get("sub", "")
        yield from token(
            "kube.token",
            raw,
            at,
            identifier=str(said.get("jti", "")),
            issuer=mine.get("iss", ""),
            subject=who,
            more=own,
        )
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    if text(document, "access_token") and "gke_gcloud" in name:
        until = moment(text(document, "token_expiry"))
        own = {"context": text(document, "current_context")}
        yield _google.access(text(document, "access_token"), replace(at, pointer="/access_token"), "", until, "", own)
        return
    if isinstance(member(document, "RefreshToken"), dict) or isinstance(member(document, "AccessToken"), dict):
        yield from _entra.sections(document, at)
        return
    first, refresh = text(document, "id_token"), text(document, "refresh_token")
    mine = facts(first) or facts(text(document, "access_token"))
    issuer, who = mine.get("iss", ""), mine.get("email", "") or mine.get("sub", "")
    if refresh:
        own = {**mine, "access_expires_at": expiry(first) or "", "client_id": mine.get("aud", "")}
        yield from token("oauth.refresh-token", refresh, at, "/refresh_token", issuer=issuer, subject=who, more=own)
    if first:
        jti = str(claims(first).get("jti", ""))
        yield from token("kube.token", first, at, "/id_token", identifier=jti, issuer=issuer, subject=who, more=mine)


STORE = Store(
    id="kube-cache",
    title="Token caches of Kubernetes sign-in helpers",
    where=(
        At(root=Root.HOME, glob=".kube/cache/oidc-login/*", env="KUBECACHEDIR"),
        *(At(root=Root.HOME, glob=f".kube/cache/kubelogin/{deep}*") for deep in ("", "*/")),
        At(root=Root.HOME, glob=".kube/gke_gcloud_auth_plugin_cache"),
        *(
            At(root=Root.HOME, glob=".kube/token", env=name)
            for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE")
        ),
        *(At(root=Root.SYSTEM, glob=f"{top}run/secrets/kubernetes.io/serviceaccount/token") for top in ("", "var/")),
    ),
    yields=(
        "kube.token",
        "oauth.refresh-token",
        "oauth.access-token",
        "entra.refresh-token",
        "entra.access-token",
        "github.token",
    ),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/int128/kubelogin/blob/master/docs/usage.md#token-cache",
)
