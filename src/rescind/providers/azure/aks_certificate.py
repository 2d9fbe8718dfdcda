"""Client certificates of an AKS cluster's local accounts, which Kubernetes cannot revoke: they end when the cluster gets a new authority.

That is `rotateClusterCertificates`. It makes every authority, certificate and service account key of the cluster anew, recreates its nodes, and the
cluster may be down for 30 minutes (https://learn.microsoft.com/en-us/azure/aks/certificate-rotation); so it is for an approval. The authority that we first saw
is remembered by its digest; another one, at a cluster that is not rotating any more, is the evidence. What a person with a role in Azure can do stays:
`listClusterAdminCredential` hands out a new certificate until local accounts are switched off (https://learn.microsoft.com/en-us/azure/aks/local-accounts).

While it goes on the cluster should be `RotatingClusterCertificates`. No page of Microsoft's says it; early versions of their operator for Kubernetes have it
among a cluster's states (https://github.com/Azure/azure-service-operator, v2/api/containerservice/customizations/managed_cluster_extensions.go). What hangs on
that name is an answer, accepted or busy: a cluster is asked only while it is `Succeeded`, `Failed` or `Canceled`, and what it had is dead only at `Succeeded`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, Row, rows_of
from rescind.secret import Secret

SORT, VERSION = "Microsoft.ContainerService/managedClusters", "2024-09-01"
ALL = "localAccounts"
_DOC = _resources.PRODUCT + "aks/certificate-rotation"
_AUTHORITY = re.compile(rb'^\s*certificate-authority-data:\s*"?([A-Za-z0-9+/=]+)"?\s*$', re.MULTILINE)
_AT_REST = {"Succeeded", "Failed", "Canceled"}
_HOSTS = ("fqdn", "privateFQDN", "azurePortalFQDN")


def _cluster(credential: Credential) -> str:
    cluster = credential.identifier.removesuffix(f"/{ALL}")
    if not _resources.is_of(cluster, SORT):
        raise Rejected(f"such certificates are named <cluster>/{ALL}", code="incomplete")
    return cluster


def _authority(client: Azure, cluster: str) -> str:
    """Return the digest of the cluster's authority. Of the kubeconfig that Azure hands out for it nothing else is kept."""
    where = f"{_resources.path(cluster, SORT)}/listClusterUserCredential"
    answer = client.http.send("POST", where, query={"api-version": VERSION})
    rows = rows_of(answer, "kubeconfigs", "authority of a cluster")
    try:
        found = {a for r in rows for a in _AUTHORITY.findall(base64.b64decode(str(r.get("value")), validate=True))}
    except (binascii.Error, ValueError):
        found = set()
    if len(found) != 1:
        raise Unrecognised("authority of a cluster: none, or several", status=answer.status)
    return hashlib.sha256(base64.b64decode(found.pop())).hexdigest()


def _known(client: Azure, row: Row, authority: str, before: str) -> Known:
    cluster = str(row["id"])
    local = _resources.inner(row, "properties", "disableLocalAccounts") is not True
    state = _resources.inner(row, "properties", "provisioningState")
    return Known(
        identifier=f"{cluster}/{ALL}",
        issuer=client.tenant_id,
        subject=cluster.rpartition("/")[2],
        owner=cluster,
        attributes={
            "cluster_authority": before,
            "local_accounts": "on" if local else "off",
            "collateral": "every certificate and service account token of the cluster; its nodes are made anew, up to 30 minutes down",
        },
        liveness=Liveness.LIVE if authority == before else Liveness.DEAD if state == "Succeeded" else Liveness.UNKNOWN,
    )


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Find the cluster that a certificate opens by its id, or by the server it was kept for. Raises typed errors."""
    if credential.identifier.startswith("/"):
        row, _ = _resources.read(client, _cluster(credential), SORT, VERSION)
    else:
        server = credential.attributes.get("server") or credential.issuer
        host = server.rpartition("://")[2].partition("/")[0].partition(":")[0].lower()
        if not host:
            raise Rejected("the evidence does not say of which cluster it is", code="incomplete")
        match = lambda r: host in {str(_resources.inner(r, "properties", h)).lower() for h in _HOSTS}  # noqa: E731
        row = _resources.look(client, SORT, VERSION, match)
    now, seen = _authority(client, str(row["id"])), credential.attributes.get("cluster_authority")
    # what the kubeconfig says of its authority is the machine's word: enough to ask a person, too little to call anything dead
    if not seen and credential.attributes.get("cluster_ca") not in {None, "", now}:
        raise NotFound(
            "the cluster has another authority than this kubeconfig: it was made anew, or is another cluster's"
        )
    return _known(client, row, now, seen or now)


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each cluster that the person is mapped to. What could not be read is a `Gap`."""
    for row in _resources.mapped(client, subject, SORT, VERSION):
        if isinstance(row, Gap):
            yield row
            continue
        try:
            now = _authority(client, str(row["id"]))
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"the authority of {row['id']} could not be read: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield _known(client, row, now, now)


def rotate(client: Azure, credential: Credential) -> CallResult:
    """Give the cluster a new authority, unless it has one since we first looked or is getting one. Raises typed errors."""
    cluster = _cluster(credential)
    before = credential.attributes.get("cluster_authority")
    if not before:
        raise Rejected("nothing is known of the cluster's authority before", code="incomplete")
    row, answer = _resources.read(client, cluster, SORT, VERSION)
    state = str(_resources.inner(row, "properties", "provisioningState"))
    if state.lower() == "rotatingclustercertificates":  # it is at it already: perhaps because we asked and lost the answer
        return _resources.called(answer, CallStatus.ACCEPTED)
    if state not in _AT_REST:
        raise Rejected(f"the cluster is {state}: it cannot be asked now", code="busy")
    if _authority(client, cluster) != before:
        return _resources.called(answer, CallStatus.ALREADY)
    where = f"{_resources.path(cluster, SORT)}/rotateClusterCertificates"
    return _resources.accepted(
        client, client.http.send("POST", where, query={"api-version": VERSION}), "rotateClusterCertificates"
    )


def verify(client: Azure, credential: Credential) -> Observation:
    """See whether the cluster has another authority than before, and is done with it. Raises typed errors."""
    cluster = _cluster(credential)
    row, answer = _resources.read(client, cluster, SORT, VERSION)
    state = str(_resources.inner(row, "properties", "provisioningState") or "in an unknown state")
    before, now = credential.attributes.get("cluster_authority"), _authority(client, cluster)
    if not before:
        liveness, told = Liveness.UNKNOWN, "nothing is known of the cluster's authority before"
    elif state != "Succeeded":
        liveness, told = Liveness.UNKNOWN, f"the cluster is {state}: its old certificates may still be taken"
    elif now == before:
        liveness, told = Liveness.LIVE, "the cluster has the authority that it had"
    else:
        liveness, told = Liveness.DEAD, "the cluster has another authority than the one that made the certificate"
    return Observation(
        liveness=liveness, evidence=told, request_id=answer.request_id, provider_time=answer.provider_time
    )


def control(client: Azure, credential: Credential) -> Observation:
    """Show that the cluster can be read in this run, else our subscriptions. Raises typed errors."""
    if not credential.identifier:
        return _resources.sees(client, SORT, VERSION)
    _, answer = _resources.read(client, _cluster(credential), SORT, VERSION)
    return _resources.shows(answer, "Azure shows the cluster")


KIND = Kind(
    id="azure.aks-certificate",
    title="Client certificate of an AKS cluster's local accounts",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=rotate,
            reversible=False,
            idempotent=False,
            permissions=(
                f"{SORT}/rotateClusterCertificates/action",
                f"{SORT}/read",
                f"{SORT}/listClusterUserCredential/action",
                "Microsoft.ContainerService/locations/operations/read",
                "Microsoft.ContainerService/locations/operationresults/read",
            ),
            undo="none: everybody who uses the cluster gets a new kubeconfig (az aks get-credentials --overwrite-existing)",
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{SORT}/read", f"{SORT}/listClusterUserCredential/action"),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/aks/managed-clusters/rotate-cluster-certificates",
    since="0.2",
    tested=("a simulator of ours, held to Microsoft's own clients; no real subscription",),
    steps_by_hand=(
        "First close the way to a new one: az aks update --disable-local-accounts (a cluster with Entra sign-in), and take "
        "listClusterAdminCredential from the person. Then az aks rotate-certs: its nodes are made anew, up to 30 minutes down. "
        "Without it a certificate is good for as long as it says."
    ),
)
