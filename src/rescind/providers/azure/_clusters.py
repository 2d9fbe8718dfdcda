"""A cluster of AKS: the authority that every certificate of it comes from, told by its digest, and made anew."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, rows_of

SORT, VERSION = "Microsoft.ContainerService/managedClusters", "2024-09-01"
ALL = "localAccounts"
_AUTHORITY = re.compile(rb'^\s*certificate-authority-data:\s*"?([A-Za-z0-9+/=]+)"?\s*$', re.MULTILINE)
_AT_REST = {"Succeeded", "Failed", "Canceled"}


def of(credential: Credential) -> str:
    """Return the id of the cluster, out of a credential's identifier. Raises `Rejected` for one that does not say."""
    cluster = credential.identifier.removesuffix(f"/{ALL}")
    if not _resources.is_of(cluster, SORT):
        raise Rejected(f"such certificates are named <cluster>/{ALL}", code="incomplete")
    return cluster


def authority(client: Azure, cluster: str) -> str:
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


def rotate(client: Azure, credential: Credential) -> CallResult:
    """Give the cluster a new authority, unless it has one since we first looked or is getting one. Raises typed errors."""
    cluster = of(credential)
    before = credential.attributes.get("cluster_authority")
    if not before:
        raise Rejected("nothing is known of the cluster's authority before", code="incomplete")
    row, answer = _resources.read(client, cluster, SORT, VERSION)
    state = str(_resources.inner(row, "properties", "provisioningState"))
    if state.lower() == "rotatingclustercertificates":
        # it is at it already: perhaps because we asked and lost the answer
        return _resources.called(answer, CallStatus.ACCEPTED)
    if state not in _AT_REST:
        raise Rejected(f"the cluster is {state}: it cannot be asked now", code="busy")
    if authority(client, cluster) != before:
        return _resources.called(answer, CallStatus.ALREADY)
    where = f"{_resources.path(cluster, SORT)}/rotateClusterCertificates"
    answer = client.http.send("POST", where, query={"api-version": VERSION})
    return _resources.accepted(client, answer, "rotateClusterCertificates")


def verify(client: Azure, credential: Credential) -> Observation:
    """See whether the cluster has another authority than before, and is done with it. Raises typed errors."""
    cluster = of(credential)
    row, answer = _resources.read(client, cluster, SORT, VERSION)
    state = str(_resources.inner(row, "properties", "provisioningState") or "in an unknown state")
    before, now = credential.attributes.get("cluster_authority"), authority(client, cluster)
    if not before:
        liveness, told = Liveness.UNKNOWN, "nothing is known of the cluster's authority before"
    elif state != "Succeeded":
        liveness, told = Liveness.UNKNOWN, f"the cluster is {state}: its old certificates may still be taken"
    elif now == before:
        liveness, told = Liveness.LIVE, "the cluster has the authority that it had"
    else:
        liveness, told = Liveness.DEAD, "the cluster has another authority than the one that made the certificate"
    return _resources.seen(answer, liveness, told)
