"""Users of a kubeconfig: tokens, passwords and embedded certificates, with the servers they are for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _certificate
from rescind.stores._decoys import is_placeholder
from rescind.stores._embedded import secrets
from rescind.stores._json import member, text
from rescind.stores._jwt import claims, expiry, facts, is_sample
from rescind.stores._moment import moment
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting

_LOCAL = re.compile(r"https?://(?:127\.\d+\.\d+\.\d+|localhost|\[::1\]|kubernetes\.docker\.internal)(?::\d+)?/?")
_TOY = re.compile(r"kind-.+|minikube|docker-(?:for-)?desktop|admin@k3d-.+|rancher-desktop|orbstack|colima(?:-.+)?")
"""Users of throw-away clusters, as the tools name them: what they hold opens nothing but a container on that very machine."""

_AKS = re.compile(r"https://[a-z0-9.-]+\.(?:azmk8s\.io|azk8s\.cn|aks\.containerservice\.azure\.us)(?::443)?/?")
_PROVIDER = ("id-token", "refresh-token", "access-token", "client-secret")


def users(config: object, at: Location) -> Iterator[Finding]:
    """Yield what each user entry holds, then raise `Unparsable` for a certificate that could not be read."""
    servers, authorities, trouble = _servers(config), _authorities(config), ""
    for entry in _list(config, "users"):
        name, user = text(entry, "name"), member(entry, "user")
        server = servers.get(name, "")
        facts_of = {"user": name, "server": server, "local": "yes" if _LOCAL.fullmatch(server) else ""}
        facts_of |= {"impersonates": text(user, "as"), "exec": text(user, "exec", "command").rpartition("/")[2]}
        place = replace(at, pointer=f"users/{name}")
        if facts_of["local"] and _TOY.fullmatch(name):
            yield sighting(
                "kube.token", place, issuer=server, subject=name, attributes=facts_of, state=State.PLACEHOLDER
            )
            continue
        yield from _tokens(user, place, facts_of)
        for variable in _list(user, "exec", "env"):
            values = {text(variable, "name"): text(variable, "value")}
            yield from secrets(values, at, f"users/{name}/exec/env", attributes=facts_of)
        try:
            yield from _certificates(user, place, {**facts_of, "cluster_ca": authorities.get(server, "")})
        except Unparsable as e:
            trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _tokens(user: object, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    config = member(user, "auth-provider", "config")
    found = [("token", text(user, "token"), "token"), ("password", text(user, "password"), "password")]
    found += [(f"auth-provider/{n}", text(config, n), n) for n in _PROVIDER]
    for pointer, raw, form in found:
        if not raw:
            continue
        known, stand_in = facts(raw), is_stand_in if form == "password" else is_placeholder
        dud = stand_in(raw) or is_sample(raw)
        own = {**_account(raw), **known, **more, "form": form, "username": text(user, "username")}
        yield sighting(
            "kube.token",
            replace(at, pointer=f"{at.pointer}/{pointer}"),
            identifier=known.get("jti", ""),
            issuer=more["server"],
            subject=known.get("sub", "") or more["user"],
            secret="" if dud else raw,
            attributes=own,
            expires_at=expiry(raw) or (moment(text(config, "expiry")) if form == "access-token" else None),
            state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
        )


def _account(token: str) -> dict[str, str]:
    """Return what a service account's token says of its account and of the object it is bound to.

    https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
    """
    known = claims(token)
    bound, old = known.get("kubernetes.io"), "kubernetes.io/serviceaccount/"
    out = {"namespace": text(bound, "namespace") or text(known, f"{old}namespace")}
    out["service_account"] = text(bound, "serviceaccount", "name") or text(known, f"{old}service-account.name")
    out["secret_name"] = text(bound, "secret", "name") or text(known, f"{old}secret.name")
    return out | {"pod": text(bound, "pod", "name")}


def _certificates(user: object, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    raw = _decoded(text(user, "client-certificate-data"))
    if not raw:
        return
    found, trouble = _certificate.contents(raw + b"\n" + _decoded(text(user, "client-key-data")), container=False)
    for held in [h for h in found if not h.authority or h.has_key != "no"][:1]:  # the rest of a chain are authorities
        finding = _certificate.finding(held, replace(at, pointer=f"{at.pointer}/client-certificate-data"))
        # Kubernetes revokes none of these; where Azure runs the cluster it can give it another authority
        kind = "azure.aks-certificate" if _AKS.fullmatch(more["server"]) else finding.kind
        more = more if kind != finding.kind else {k: v for k, v in more.items() if k != "cluster_ca"}
        own = sighting(kind, at, attributes=more).attributes
        place = replace(finding.location, line=None)
        yield replace(finding, kind=kind, location=place, attributes={**finding.attributes, **own})
    if trouble:
        raise Unparsable(trouble)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("an embedded certificate or key is not base64") from e


def _servers(config: object) -> dict[str, str]:
    """Return the first server for each user name, joined through the contexts."""
    where = {text(c, "name"): text(c, "cluster", "server") for c in _list(config, "clusters")}
    out: dict[str, str] = {}
    for context in _list(config, "contexts"):
        server = where.get(text(context, "context", "cluster"), "")
        out.setdefault(text(context, "context", "user"), server)
    return out


def _authorities(config: object) -> dict[str, str]:
    """Return the digest of the authority that the file names for each server, where it lies in the file itself."""
    out: dict[str, str] = {}
    for entry in _list(config, "clusters"):
        server, held = text(entry, "cluster", "server"), text(entry, "cluster", "certificate-authority-data")
        try:
            out[server] = hashlib.sha256(_decoded(held)).hexdigest() if held else ""
        except Unparsable:
            out[server] = ""
    return out


def _list(value: object, *path: str) -> list[object]:
    found = member(value, *path)
    return found[:2000] if isinstance(found, list) else []
