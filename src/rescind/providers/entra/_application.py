"""Applications and service principals: where their credentials lie, whose they are, and what outlives one.

Credentials may lie on the application (the same for every tenant that uses it) and on the service principal (this tenant's): both are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, GUID, Entra
from rescind.providers.entra._graph import Row, gap, pages, read, seen, seg, sort, text, unclear
from rescind.wire.http import Answer

WHERE = ("applications", "servicePrincipals")
ITSELF = "application/"
"""What the subject of a rotation begins with: `application/<client id>`."""
READ = ("Application.Read.All", "User.Read.All")
WRITE = ("Application.ReadWrite.All",)
LONGEST = 24 * 3600
RESIDUAL = Residual(
    seconds=LONGEST,
    what="access tokens that the application got before",
    source="https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation-workload",
    hears={str(Verb.DENY): _sessions.HEARD},
    deaf=ACCESS_SECONDS,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a credential lies: `holder` is one of `WHERE`, `object_id` the object there, `ident` the credential on it."""

    holder: str
    object_id: str
    ident: str

    @property
    def path(self) -> str:
        """The path of the object."""
        return f"/{self.holder}/{seg(self.object_id)}"


def place(credential: Credential) -> Place:
    """Return where a credential lies, out of its identifier. Raises `Rejected` for one that does not say."""
    holder, _, rest = credential.identifier.partition("/")
    object_id, _, ident = rest.partition("/")
    if holder not in WHERE or not object_id or not ident:
        raise Rejected("a credential of an application is named <where>/<object>/<id>", code="incomplete")
    return Place(holder, object_id, ident)


def held(client: Entra, path: str, member: str) -> tuple[Row, list[Row], Answer]:
    """Return an object and the credentials on it, keys included. Raises typed provider errors."""
    row, answer = read(client, path, f"id,appId,displayName,{member}", what="application")
    found = row.get(member)
    if not isinstance(found, list) or not all(isinstance(c, dict) and text(c, "keyId") for c in found):
        raise unclear(answer, f"application: no {member}")
    return row, found, answer


def owners(client: Entra, path: str) -> list[str]:
    """Return the names of the people who own an object. Raises typed provider errors."""
    rows, _ = pages(client, f"{path}/owners", what="owners of an application")
    return sorted(filter(None, (text(o, "userPrincipalName") for o in rows)))


def whose(subject: str, row: Row) -> list[str]:
    """Return the application itself as the only owner, where it was asked for by its own name (a rotation's subject)."""
    return [subject] if subject.lower() == f"{ITSELF}{text(row, 'appId').lower()}" else []


def known(client: Entra, where: str, row: Row, names: list[str], ident: str, more: Mapping[str, str]) -> Known:
    """Return what is known of one credential. Its owner is the object's, when there is exactly one."""
    facts = {"app_id": text(row, "appId"), "name": text(row, "displayName"), "owners": ",".join(names), **more}
    return Known(
        identifier=f"{where}/{text(row, 'id')}/{ident}",
        issuer=client.tenant_id,
        subject=text(row, "appId"),
        owner=names[0] if len(names) == 1 else "",
        attributes={k: v for k, v in facts.items() if v},
        created_at=more.get("starts") or None,
        expires_at=more.get("ends") or None,
        liveness=Liveness.LIVE,
    )


def facts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the non-secret facts of a secret or certificate."""
    names = {"label": "displayName", "hint": "hint", "starts": "startDateTime", "ends": "endDateTime"}
    return {k: text(row, v) for k, v in names.items()} | {"thumbprint": text(row, "customKeyIdentifier")}


def owned(client: Entra, subject: Subject) -> Iterator[tuple[str, str] | Gap]:
    """Show (where, object id) of every application and service principal that the person owns."""
    shown: dict[tuple[str, str], None] = {}
    persons = tuple(n for n in subject.names if not n.startswith(ITSELF))
    for found in _person.people(client, replace(subject, names=persons)):
        if isinstance(found, Gap):
            yield found
            continue
        rows, _ = pages(client, f"/users/{seg(text(found[0], 'id'))}/ownedObjects", what="owned objects")
        for row in rows:
            where = sort(row) + "s"
            if where in WHERE:
                shown[where, text(row, "id")] = None
    yield from shown


def listed(client: Entra, subject: Subject, member: str) -> Iterator[Known | Gap]:
    """Show every credential on what the person owns. Raises typed errors; an object that vanished meanwhile is a `Gap`."""
    for found in owned(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        where, ident = found
        path = f"/{where}/{seg(ident)}"
        try:
            row, rows, _ = held(client, path, member)
        except NotFound:
            yield gap(client, f"{where} {ident} is listed, but is not shown")
            continue
        names = owners(client, path) if rows else []
        yield from (known(client, where, row, names, text(c, "keyId"), facts_of(c)) for c in rows)
    for name in (n for n in subject.names if n.startswith(ITSELF)):
        yield from _of_app(client, name, member)


def find(client: Entra, credential: Credential, member: str) -> Known:
    """Find a credential where it is said to lie, else by its application and what the evidence shows of it.

    Raises `NotFound` when it is not there, `Rejected` when several fit, other typed errors.
    """
    if credential.identifier.startswith(tuple(f"{w}/" for w in WHERE)):
        at = place(credential)
        row, rows, answer = held(client, at.path, member)
        for c in rows:
            if text(c, "keyId").lower() == at.ident.lower():
                names = whose(credential.owner, row) or owners(client, at.path)
                return known(client, at.holder, row, names, text(c, "keyId"), facts_of(c))
        raise NotFound("the application has no such credential", status=404, request_id=answer.request_id)
    given = credential.attributes
    realm = (given.get("tenant") or credential.issuer).lower()
    if GUID.fullmatch(realm) and realm != client.tenant_id:
        raise NotFound("the evidence says that it belongs to another tenant")
    app = (given.get("client_id") or credential.subject).lower()
    key, hint = (given.get("key_id") or credential.identifier).lower(), given.get("hint", "")
    if not GUID.fullmatch(key):
        key = ""
    if not key and not hint:
        raise Rejected("the evidence does not say which of an application's credentials it is", code="incomplete")
    fits = [k for k in _of_app(client, app, member) if _fits(k, key, hint)]
    if len(fits) > 1:
        raise Rejected(
            f"{len(fits)} secrets of the application begin alike: a key id has to say which", code="ambiguous"
        )
    if not fits:
        raise NotFound("the application has no such credential")
    return fits[0]


def _fits(shown: Known, key: str, hint: str) -> bool:
    ident = shown.identifier.rpartition("/")[2].lower()
    return ident == key if key else shown.attributes.get("hint") == hint


def _of_app(client: Entra, app: str, member: str) -> Iterator[Known]:
    """Yield the credentials of an application named by its client id, as a rotation names it, or by its path as Terraform writes it."""
    where, _, ident = app.removeprefix(ITSELF).strip("/").rpartition("/")
    found = [w for w in WHERE if w.lower() == where]
    if not GUID.fullmatch(ident) or (where and not found):
        raise Rejected("the evidence does not say of which application it is", code="incomplete")
    paths = {w: f"/{w}/{ident}" for w in found} or {w: f"/{w}(appId='{ident}')" for w in WHERE}
    there = 0
    for holder, path in paths.items():
        try:
            row, rows, _ = held(client, path, member)
        except NotFound:
            continue  # an application of another tenant has only its service principal here
        there += 1
        names = whose(app, row) or (owners(client, f"/{holder}/{seg(text(row, 'id'))}") if rows else [])
        yield from (known(client, holder, row, names, text(c, "keyId"), facts_of(c)) for c in rows)
    if not there:
        raise NotFound("the tenant has no such application")


def looked(client: Entra, credential: Credential, member: str) -> Observation:
    """Look for a credential on its object, which must itself be shown. Raises typed provider errors."""
    at = place(credential)
    row, rows, answer = held(client, at.path, member)
    if any(text(c, "keyId").lower() == at.ident.lower() for c in rows):
        return seen(answer, Liveness.LIVE, "Graph shows the credential on its application")
    told = f"Graph shows {text(row, 'id')} with {len(rows)} credentials, and not this one"
    return seen(answer, Liveness.DEAD, told, deaf=client.access_seconds)


def control(client: Entra, credential: Credential) -> Observation:
    """Show that applications can be read in this run: this one, else any. Raises typed provider errors."""
    if credential.identifier:
        row, answer = read(client, place(credential).path, "id,appId", what="application")
        return seen(answer, Liveness.LIVE, f"Graph shows {text(row, 'id')}")
    return _person.control_of(client, "/servicePrincipals", "service principals")
