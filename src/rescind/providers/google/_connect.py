"""A client of one Google organisation, with bearers from google-auth. The only importer of google-auth.

Workspace is asked as an administrator: `subject`, by domain-wide delegation of a service account, with its key or without one through
`impersonate` (https://developers.google.com/identity/protocols/oauth2/service-account). Google Cloud is asked as the identity itself. Each
API gets a bearer with its own scopes only, so that a scope nobody granted costs no other kind. `base_url`, `endpoints` and `universe`
say where the APIs are.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rescind.errors import ConfigError, Denied, Rejected, Unreachable, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.google._apis import APIS, AUTH, TOKENS, Api, addresses
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer

CREDENTIALS = ("default", "service-account", "token")
READS: Mapping[str, str] = {"X-HTTP-Method-Override": "GET"}
"""What makes a POST a read whose parameters stand in its body: Google's own client sends long ones so (googleapiclient/http.py)."""


Auth = Callable[[], Mapping[str, str]]


class Google:
    """One organisation. `send` names the API; a path is never joined to any host but that API's own.

    A request that only looks goes with a bearer whose scopes only look, in a run that acts too.
    """

    def __init__(
        self,
        tenant: Tenant,
        door: Callable[[str, bool], Http],
        own: frozenset[str],
        tokens: str,
        storage: Callable[[], Http],
    ) -> None:
        self.tenant = tenant
        self.commands: dict[tuple[str, str], str] = {}  # ids of commands to machines, which Google shows to nobody else
        self.storage = storage  # Cloud Storage without our own sign-in, for a request that something else signs
        self.tokens = tokens
        self.own = own  # addresses of service accounts that we act as, and the id of the key that we sign in with
        self._door = functools.cache(door)  # each is made when it is first used

    @property
    def subject(self) -> str:
        """The administrator as whom Workspace is asked, empty when this tenant is Google Cloud only."""
        return self.tenant.text("subject")

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects whose keys are listed."""
        given = self.tenant.settings.get("projects", ())
        return (given,) if isinstance(given, str) else given if isinstance(given, tuple) else ()

    @property
    def workforce_pools(self) -> tuple[str, ...]:
        """The workforce pools of the organisation, as `locations/global/workforcePools/<id>`."""
        given = self.tenant.settings.get("workforce_pools", ())
        ids = (given,) if isinstance(given, str) else given if isinstance(given, tuple) else ()
        return tuple(f"locations/global/workforcePools/{i}" for i in ids)

    @property
    def access_seconds(self) -> int:
        """How long an access token may live here where policy allows more than an hour; 0 when nobody said so."""
        return int(self.tenant.text("access_seconds") or 0)

    def delegated(self, email: str) -> bool:
        """Tell whether a service account may act in users' names (domain-wide delegation): no API shows it, so unless the tenant names those."""
        given = self.tenant.settings.get("delegated")
        names = (given,) if isinstance(given, str) else given if isinstance(given, tuple) else ()
        return given is None or email.casefold() in {n.casefold() for n in names}

    def send(self, api: str, method: str, path: str, **more: Any) -> Answer:
        """Send one request to one API. Raises typed errors; `Rejected` for Workspace where nobody said as whom to ask."""
        if APIS[api].workspace and not self.subject:
            raise Rejected(f"tenant {self.tenant.name!r} names no subject to ask Workspace as", code="no-subject")
        looks = method == "GET" or more.get("headers") == READS
        return self._door(api, looks).send(method, path, **more)

    def may(self, permissions: Iterable[str]) -> Mapping[str, bool]:
        """Say of each IAM permission whether we hold it in every project, or workforce pool, of the tenant. Raises a `ProviderError`.

        Says nothing of scopes of Workspace, which depend on the subject's role too, nor where another identity acts than the one that asks.
        """
        if self.tenant.write or self.tenant.write_refs:
            return {}
        wanted = sorted(p for p in permissions if "//" not in p)
        of_pools = [p for p in wanted if "/workforcePool" in p]
        of_projects = [p for p in wanted if p not in of_pools]
        return {
            **self._held("projects", [f"/v1/projects/{quote(p, safe='')}" for p in self.projects], of_projects),
            **self._held("iam", [f"/v1/{pool}" for pool in self.workforce_pools], of_pools),
        }

    def _held(self, api: str, places: Iterable[str], wanted: list[str]) -> Mapping[str, bool]:
        held, asked = set(wanted), list(places) if wanted else []
        for place in asked:
            answer = self.send(api, "POST", f"{place}:testIamPermissions", json={"permissions": wanted})
            raise_for(answer, what="our own permissions")
            told = answer.json.get("permissions", []) if isinstance(answer.json, dict) else None
            if not isinstance(told, list) or set(answer.json or ()) - {"permissions"}:
                raise Unrecognised("our own permissions: no list", status=answer.status, request_id=answer.request_id)
            held &= set(told)
        return {p: p in held for p in wanted} if asked else {}

    def signs_in(self, key: Secret) -> None:
        """Exchange what a service account's key signs for an access token, which is thrown away.

        Raises `Denied` where Google does not take the key, `Unreachable`, `ConfigError` for what is no key.
        """
        at_ours = json.dumps({**_key(key), "token_uri": self.tokens})  # never at an address that the key names
        _token(_source(Secret(at_ours), [AUTH + "cloud-platform"], "", ""))

    def identity(self) -> Identity:
        """Ask who we are: the administrator's own entry in Workspace, else the first project. Raises a `ProviderError`."""
        if self.subject:
            me = _said(
                self.send("directory", "GET", f"/admin/directory/v1/users/{quote(self.subject)}"), "our administrator",
                ("id", "customerId", "primaryEmail"),
            )  # fmt: skip
            return Identity(
                account=me["customerId"], principal=me["primaryEmail"], identifiers=(me["id"], self.subject)
            )
        answer = self.send("projects", "GET", f"/v1/projects/{self.projects[0]}")
        shown = _said(answer, "the first project", ("projectNumber", "projectId"))
        us = self.tenant.text("impersonate") or f"projects/{shown['projectId']}"
        return Identity(account=shown["projectNumber"], principal=us, identifiers=(us,))


def _said(answer: Answer, what: str, keys: tuple[str, ...]) -> Mapping[str, str]:
    raise_for(answer, what=what)
    if not isinstance(answer.json, dict) or not all(isinstance(answer.json.get(k), str) for k in keys):
        raise Unrecognised(f"{what}: no {keys[0]}", status=answer.status, request_id=answer.request_id)
    return answer.json


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> Google:
    """Return a client of a tenant; `write` signs in with its write identity when it names one. Nothing is contacted.

    Raises `ConfigError` for a tenant that cannot be told, or a sign-in that lacks something.
    """
    places, sign_in = addresses(tenant), _sign_in(tenant, resolve, write=write)
    auth = _auth(tenant, sign_in)

    http = functools.partial(
        Http,
        pacer=pacer,
        verify=tenant.text("ca_bundle") or True,
        plaintext=tenant.settings.get("plaintext") is True,
    )

    def door(name: str, looks: bool) -> Http:
        api = APIS[name]
        return http(places[api.host], auth=auth(api, api.look if looks else api.act))

    bare = functools.cache(lambda: http(places[APIS["storage"].host]))
    client = Google(tenant, door, _own(sign_in), f"{places[TOKENS]}/token", bare)
    if not client.subject and not client.projects:
        raise ConfigError(
            f"tenant {tenant.name!r} names neither a subject nor projects",
            hint='subject = "admin@example.com" for Workspace, projects = ["my-project"] for Google Cloud',
        )
    if client.subject and not re.fullmatch(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+", client.subject):
        raise ConfigError(f"subject of tenant {tenant.name!r} is not an address")
    if bad := [p for p in client.projects if not re.fullmatch(r"[a-z0-9.:-]{1,80}", p)]:
        raise ConfigError(f"projects of tenant {tenant.name!r}: {bad[0]!r} is no project id")
    if bad := [
        p for p in client.workforce_pools if not re.fullmatch(r"locations/global/workforcePools/[a-z0-9-]{6,63}", p)
    ]:
        raise ConfigError(f"workforce_pools of tenant {tenant.name!r}: {bad[0].rpartition('/')[2]!r} is no pool id")
    if not re.fullmatch(r"\d{0,7}", tenant.text("access_seconds")):
        raise ConfigError(f"access_seconds of tenant {tenant.name!r} is no number of seconds")
    return client


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignIn:
    """How we sign in: with what value, acting as which account, with which scopes instead of each API's own."""

    how: str
    value: Secret
    target: str
    scopes: tuple[str, ...]


def _sign_in(tenant: Tenant, resolve: Callable[[SecretRef], Secret], *, write: bool) -> _SignIn:
    refs = {**tenant.refs, **(tenant.write_refs if write else {})}
    settings = {**tenant.settings, **(tenant.write if write else {})}
    held = next((c for c in ("token", "service-account") if _ref(c) in refs), "default")
    how = str(settings.get("credential") or held)
    if how not in CREDENTIALS:
        raise ConfigError(f"tenant {tenant.name!r}: no credential {how!r}", hint=f"one of {', '.join(CREDENTIALS)}")
    if how != "default" and _ref(how) not in refs:
        raise ConfigError(f"tenant {tenant.name!r} names no {_ref(how)}", hint=f'{_ref(how)} = {{ keyring = "…" }}')
    chosen = settings.get("scopes", ())
    return _SignIn(
        how=how,
        value=resolve(refs[_ref(how)]) if how != "default" else Secret(""),
        target=str(settings.get("impersonate") or ""),
        scopes=chosen if isinstance(chosen, tuple) else (str(chosen),),
    )


def _own(given: _SignIn) -> frozenset[str]:
    key = _key(given.value) if given.how == "service-account" else {}
    return frozenset(filter(None, (given.target, str(key.get("client_email", "")), str(key.get("private_key_id", "")))))


def _key(value: Secret) -> Mapping[str, Any]:
    try:
        key = json.loads(value.reveal())
    except ValueError:
        key = None
    if not isinstance(key, dict):
        raise ConfigError("service_account_key is not the key of a service account")
    return key


def _auth(tenant: Tenant, given: _SignIn) -> Callable[[Api, tuple[str, ...]], Auth]:
    """Return what makes, for an API and its scopes, the writer of the `Authorization` header."""
    if given.how == "token":
        return lambda _api, _scopes: lambda: {"Authorization": f"Bearer {given.value.reveal().strip()}"}

    @functools.cache  # one source for all APIs that are asked with the same scopes as the same subject
    def source(wanted: tuple[str, ...], subject: str) -> Any:
        return _source(given.value, list(wanted), subject, given.target)

    def made(api: Api, scopes: tuple[str, ...]) -> Auth:
        wanted = tuple(s if "/" in s else AUTH + s for s in given.scopes or scopes)
        subject = tenant.text("subject") if api.workspace else ""
        return lambda: {"Authorization": f"Bearer {_token(source(wanted, subject))}"}

    return made


def _ref(how: str) -> str:
    return {"service-account": "service_account_key"}.get(how, how)


def _source(key: Secret, scopes: list[str], subject: str, target: str) -> Any:
    """Return a source of google-auth for scopes. Raises `ConfigError` where it is not installed or the key is none."""
    try:
        import google.auth
        from google.auth import exceptions, impersonated_credentials
        from google.oauth2 import service_account
    except ImportError:
        raise ConfigError("signing in to Google needs google-auth", hint="pip install 'rescind[google]'") from None
    signed: Any = service_account.Credentials  # google-auth's classes are only half typed
    acting: Any = impersonated_credentials.Credentials
    asked, who = (scopes, subject) if not target else ([AUTH + "cloud-platform"], "")
    try:
        if key:
            info = _key(key)
            plain: Any = signed.from_service_account_info(info, scopes=asked, subject=who or None)
        else:
            plain, _ = google.auth.default(scopes=asked)
            if who and hasattr(plain, "with_subject"):
                plain = plain.with_subject(who)
    except exceptions.DefaultCredentialsError:
        raise ConfigError(
            "no Google credentials were found here", hint="gcloud auth application-default login"
        ) from None
    except (ValueError, KeyError, exceptions.GoogleAuthError):  # the text of these may quote the key
        raise ConfigError("service_account_key is not the key of a service account") from None
    if not target:
        return plain
    return acting(source_credentials=plain, target_principal=target, target_scopes=scopes, subject=subject or None)


def _token(source: Any) -> str:
    """Return a bearer that still lives. Raises `Denied` where Google does not sign us in, `Unreachable` without an answer."""
    from google.auth import exceptions
    from google.auth.transport.requests import Request

    try:
        if not source.valid:
            source.refresh(Request())
    except exceptions.RefreshError as error:
        raise Denied(f"Google did not sign us in: {next(iter(str(error).splitlines()), '')}") from None
    except exceptions.TransportError as error:
        raise Unreachable(f"no sign-in at Google: {type(error).__name__}", maybe_sent=False) from None
    return str(source.token)
