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

import functools
from collections.abc import Iterator

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.azure import _clusters, _resources
from rescind.providers.azure._connect import Azure, Row
from rescind.secret import Secret

SORT, VERSION, ALL = _clusters.SORT, _clusters.VERSION, _clusters.ALL
_DOC = _resources.PRODUCT + "aks/certificate-rotation"
_HOSTS = ("fqdn", "privateFQDN", "azurePortalFQDN")


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
        row, _ = _resources.read(client, _clusters.of(credential), SORT, VERSION)
    else:
        server = credential.attributes.get("server") or credential.issuer
        host = server.rpartition("://")[2].partition("/")[0].partition(":")[0].lower()
        if not host:
            raise Rejected("the evidence does not say of which cluster it is", code="incomplete")
        match = lambda r: host in {str(_resources.inner(r, "properties", h)).lower() for h in _HOSTS}  # noqa: E731
        row = _resources.look(client, SORT, VERSION, match)
    now, seen = _clusters.authority(client, str(row["id"])), credential.attributes.get("cluster_authority")
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
        cluster = str(row["id"])
        look = functools.partial(_clusters.authority, client, cluster)
        now = _resources.tried(client, look, f"the authority of {cluster} could not be read")
        yield now if isinstance(now, Gap) else _known(client, row, now, now)


def control(client: Azure, credential: Credential) -> Observation:
    """Show that the cluster can be read in this run, else our subscriptions. Raises typed errors."""
    return _resources.control(client, credential.identifier and _clusters.of(credential), SORT, VERSION)


KIND = Kind(
    id="azure.aks-certificate",
    title="Client certificate of an AKS cluster's local accounts",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_clusters.rotate,
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
    verify=_clusters.verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{SORT}/read", f"{SORT}/listClusterUserCredential/action"),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/aks/managed-clusters/rotate-cluster-certificates",
    since="0.1",
    tested=("a simulator of ours, held to Microsoft's own clients; no real subscription",),
    steps_by_hand=(
        "First close the way to a new one: az aks update --disable-local-accounts (a cluster with Entra sign-in), and take "
        "listClusterAdminCredential from the person. Then az aks rotate-certs: its nodes are made anew, up to 30 minutes down. "
        "Without it a certificate is good for as long as it says."
    ),
)
