"""Logins of container registries: what the user name and the form of the secret tell about them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _entra, _github
from rescind.stores._json import load, text
from rescind.stores._jwt import expiry, facts
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting

_USERS = {
    "AWS": "aws-ecr",
    "oauth2accesstoken": "google-access-token",
    "_dcgcr_token": "google-access-token",
    "_json_key": "google-service-account-key",
    "_json_key_base64": "google-service-account-key",
    "00000000-0000-0000-0000-000000000000": "azure-acr-token",
    "$oauthtoken": "nvidia-ngc",
}
_PREFIXES = {"dckr_pat_": "docker-hub-token", "dckr_oat_": "docker-hub-organisation-token", "glpat-": "gitlab-token"}
_ACR = re.compile(r"([a-z0-9]{5,50})(?:-[a-z0-9]+)?\.azurecr\.(?:io|us|cn)")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
KINDS = ("docker.login", "azure.acr-admin-credential", "azure.acr-token", "entra.client-secret")


def unpack(encoded: str) -> tuple[str, str] | None:
    """Return user and secret of base64 text `user:secret`, None where it is no such thing."""
    try:
        plain = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return None
    user, colon, secret = plain.partition(":")
    return (user, secret.rstrip("\0")) if colon else None


def host_of(address: str) -> str:
    """Return the registry a key of `auths` names, without scheme and slash; Docker Hub under its one name, `docker.io`."""
    plain = address.removeprefix("https://").removeprefix("http://").rstrip("/").lower()
    return "docker.io" if plain in {"index.docker.io/v1", "index.docker.io", "registry-1.docker.io"} else plain


def login(address: str, entry: object, at: Location, helper: str) -> Iterator[Finding]:
    """Yield the login of one registry; one without a secret that a helper keeps is `public-only`. Raises `Unparsable` for bad base64."""
    host = host_of(address)
    pair = unpack(text(entry, "auth")) if text(entry, "auth") else (text(entry, "username"), text(entry, "password"))
    if pair is None:
        raise Unparsable("the login of a registry is not base64 of user and password")
    user, secret = pair
    if helper and not (secret or text(entry, "identitytoken") or text(entry, "registrytoken")):
        own = {"registry": host, "helper": helper}
        yield sighting("docker.login", at, issuer=host, attributes=own, state=State.PUBLIC_ONLY)
    for name, value in (
        ("auth", secret),
        ("identitytoken", text(entry, "identitytoken")),
        ("registrytoken", text(entry, "registrytoken")),
    ):
        if value:
            yield _one(host, user, value, replace(at, pointer=f"{at.pointer}/{name}"), name)


def _one(host: str, user: str, secret: str, at: Location, name: str) -> Finding:
    form = _USERS.get(user, "") or next((f for p, f in _PREFIXES.items() if secret.startswith(p)), "")
    own = {"registry": host, "user": user, "form": form if name == "auth" else name, **facts(secret)}
    if user.startswith("_json_key"):
        own |= _service_account(user, secret)
    elif _github.form_of(secret):
        return _github.finding(
            secret, at, host=host if _github.is_github(host) else "", login=user, attributes={"registry": host}
        )
    kind, acr, dud = "docker.login", _ACR.fullmatch(host), is_stand_in(secret)
    if acr and name == "auth" and not form:
        # who logs in to a registry of Azure is an application with its secret, the registry's own admin, or a token of it
        # https://learn.microsoft.com/en-us/azure/container-registry/container-registry-authentication
        if _GUID.fullmatch(user) and not dud:
            finding = _entra.principal("", user.lower(), secret, at)
            return replace(finding, attributes={**finding.attributes, "registry": host})
        kind = "azure.acr-admin-credential" if user.lower() == acr[1] else "azure.acr-token"
    state = State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED
    held, until = "" if dud else secret, expiry(secret)
    return sighting(kind, at, issuer=host, subject=user, secret=held, attributes=own, expires_at=until, state=state)


def _service_account(user: str, secret: str) -> dict[str, str]:
    """Return the id and the account of a Google key that serves as the password."""
    try:
        raw = base64.b64decode(secret) if user.endswith("_base64") else secret.encode("utf-8", "surrogateescape")
        document = load(raw)
    except (Unparsable, ValueError):
        return {}
    return {n: text(document, n) for n in ("client_email", "private_key_id", "project_id")}
