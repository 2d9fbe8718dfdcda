"""Access entries of EKS clusters: what lets an IAM user or role into Kubernetes.

A token for a cluster is a signed `GetCallerIdentity`, which no policy can deny, so a deny-all on the user or role does not keep it
out; taking its entry away does (https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html). A cluster may also read the
ConfigMap `aws-auth`, which this API does not show: that is a gap. What the person made inside the cluster is not seen from here either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _eks_entries, _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._iam import principals
from rescind.providers.aws._older import Target, principal
from rescind.providers.aws._ours import refuse_principal
from rescind.providers.aws._regions import each
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is none
    """Look the entry up again. Raises `NotFound` when it is not there, other typed errors when it could not be asked."""
    region, cluster, arn = _eks_entries.place(credential)
    entry, _ = _eks_entries.entry(client, region, cluster, arn)
    if entry["accessEntryArn"] != credential.identifier:
        raise NotFound(
            "the entry was deleted and made anew since: it is another one now", code="ResourceNotFoundException"
        )
    return _eks_entries.known(client, region, credential.owner, entry)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the entries of the person's users and mapped roles in every cluster of every region. What could not be read is a `Gap`."""
    source, arns = f"tenant:{client.tenant.name}", dict[str, str]()
    for name in principals(subject.names):
        what, plain = ("role", name.removeprefix("role:")) if name.startswith("role:") else ("user", name)
        try:
            arns[str(principal(client, Target(what, plain))[0]["Arn"])] = name
        except NotFound:
            yield Gap(source=source, reason=f"mapped IAM {what} {plain} does not exist")

    def look(region: str) -> Iterator[Known | Gap]:
        clusters, _ = everything(client.service("eks", region).list_clusters, "clusters", "nextToken")
        for cluster in map(str, clusters):
            yield from _eks_entries.of_cluster(client, region, cluster, arns)

    if arns:
        yield from each(client, "EKS clusters", look)


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Delete the entry; `ALREADY` when EKS does not know it. Raises `Rejected` for that of the user or role that acts, other typed errors."""
    region, cluster, arn = _eks_entries.place(credential)
    refuse_principal(client, arn)
    try:
        answer = call(client.service("eks", region).delete_access_entry, clusterName=cluster, principalArn=arn)
    except NotFound as error:
        return replace(_held.already(error, credential.owner), notes={"cluster": cluster, "principal": arn})
    return replace(_held.done(answer, credential.owner), notes={"cluster": cluster, "principal": arn})


KIND = Kind(
    id="aws.eks-access-entry",
    title="EKS access entry of an IAM user or role",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=True,
            idempotent=True,
            permissions=("eks:DeleteAccessEntry", "eks:ListAssociatedAccessPolicies", "iam:ListAccessKeys"),
            undo="make the entry again, with its policies (eks:CreateAccessEntry, eks:AssociateAccessPolicy)",
            snapshot=_eks_entries.snapshot,
            restore=_eks_entries.restore,
        ),
    },
    verify=_eks_entries.verify,
    control=_eks_entries.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "account:ListRegions",
        "eks:DescribeAccessEntry",
        "eks:DescribeCluster",
        "eks:ListAccessEntries",
        "eks:ListClusters",
        "iam:GetRole",
        "iam:GetUser",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=900 + _held.HONOURED,
        what="a token that the cluster has accepted already, for the 15 minutes that one lives",
        source="https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html",
    ),
    death=Death(
        negatives=3, seconds=10.0, source="https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"
    ),
    steps_by_hand=(
        "As an administrator of the cluster: EKS console, the cluster, Access, IAM access entries: delete the person's. Then look into "
        "the ConfigMap aws-auth of kube-system for their user or role, and at service accounts and client certificates they made."
    ),
    reference="https://docs.aws.amazon.com/eks/latest/APIReference/API_DeleteAccessEntry.html",
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
