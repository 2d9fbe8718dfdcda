"""Federated credentials of applications: whom from outside (a workflow, a cluster) an application trusts without any secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.entra import _application, _principal
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import DEATH, TESTED, Row, deleted, gap, pages, read, seen, seg, text
from rescind.secret import Secret
from rescind.wire.http import Answer


def _list(client: Entra, path: str) -> tuple[list[Row], Answer]:
    return pages(client, f"{path}/federatedIdentityCredentials", what="federated credentials")


def _facts(row: Row) -> dict[str, str]:
    audiences = row.get("audiences")
    return {
        "label": text(row, "name"),
        "trusts": text(row, "issuer"),
        "trusted_subject": text(row, "subject"),
        "audiences": ",".join(map(str, audiences)) if isinstance(audiences, list) else "",
    }


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it has no value
    """Find a federated credential on its application. Raises `NotFound` when it is not there, other typed errors."""
    at = _application.place(credential)
    app, _ = read(client, at.path, "id,appId,displayName", what="application")
    rows, answer = _list(client, at.path)
    for row in rows:
        if text(row, "id") == at.ident:
            return _application.known(
                client, at.holder, app, _application.owners(client, at.path), at.ident, _facts(row)
            )
    raise NotFound("the application has no such federated credential", status=404, request_id=answer.request_id)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the federated credentials of every application that the person owns."""
    for found in _application.owned(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        where, ident = found
        if where != "applications":
            continue
        path = f"/{where}/{seg(ident)}"
        try:
            app, _ = read(client, path, "id,appId,displayName", what="application")
        except NotFound:
            yield gap(client, f"{where} {ident} is listed, but is not shown")
            continue
        rows, _ = _list(client, path)
        names = _application.owners(client, path) if rows else []
        yield from (_application.known(client, where, app, names, text(r, "id"), _facts(r)) for r in rows)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return whom it trusts, for whoever makes it again. Raises typed provider errors."""
    return {k: v for k, v in identify(client, credential, None).attributes.items() if v}


def delete(client: Entra, credential: Credential) -> CallResult:
    """Delete it. Raises typed provider errors; one that is gone is `already`, which the look then decides on."""
    at = _application.place(credential)
    return deleted(client, f"{at.path}/federatedIdentityCredentials/{seg(at.ident)}", "federated credential")


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for it in the whole listing of its application's. Raises typed provider errors."""
    at = _application.place(credential)
    rows, answer = _list(client, at.path)
    if any(text(r, "id") == at.ident for r in rows):
        return seen(answer, Liveness.LIVE, "Graph lists it for its application")
    return seen(
        answer,
        Liveness.DEAD,
        "Graph's listing for the application, read whole, does not show it",
        deaf=client.access_seconds,
    )


KIND = Kind(
    id="entra.federated-credential",
    title="Federated credential of a Microsoft Entra application",
    provider="entra",
    actions={
        Verb.DENY: _principal.DENY,
        Verb.REVOKE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=_application.WRITE,
            undo="POST /applications/<id>/federatedIdentityCredentials with what the trail's snapshot names",
            snapshot=snapshot,
        ),
    },
    verify=verify,
    control=_application.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=_application.READ,
    issuer_is_account=True,
    residual=_application.RESIDUAL,
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/federatedidentitycredential-delete",
    since="0.1",
    tested=TESTED,
    steps_by_hand="Entra admin center, App registrations, the application, Certificates & secrets, Federated credentials: delete it.",
)
