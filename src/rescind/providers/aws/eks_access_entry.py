"""Access entries of EKS clusters: what lets an IAM user or role into Kubernetes.

A token for a cluster is a signed `GetCallerIdentity`, which no policy can deny, so a deny-all on the user or role does not keep it
out; taking its entry away does (https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html). A cluster may also read the
ConfigMap `aws-auth`, which this API does not show: that is a gap. What the person made inside the cluster is not seen from here either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._iam import principals
from rescind.providers.aws._older import Target, principal
from rescind.providers.aws._ours import refuse_principal
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

_LEFT = "it may also let people in by its ConfigMap aws-auth, which only the cluster shows (kubectl -n kube-system get cm aws-auth)"


def _entry(client: AwsClient, region: str, cluster: str, arn: str) -> tuple[Mapping[str, Any], Answer]:
    answer = call(client.service("eks", region).describe_access_entry, clusterName=cluster, principalArn=arn)
    entry = answer.body.get("accessEntry")
    if not isinstance(entry, Mapping) or entry.get("principalArn") != arn or not entry.get("accessEntryArn"):
        raise Unrecognised("DescribeAccessEntry did not show the entry", request_id=answer.request_id)
    return entry, answer


def _known(client: AwsClient, region: str, owner: str, entry: Mapping[str, Any]) -> Known:
    return Known(
        identifier=str(entry["accessEntryArn"]),
        issuer=client.account,
        subject=str(entry["principalArn"]),
        owner=owner,
        attributes={"region": region, "cluster": str(entry.get("clusterName", "")), "type": str(entry.get("type", ""))},
        created_at=_held.time(entry.get("createdAt")),
        liveness=Liveness.LIVE,
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is none
    """Look the entry up again. Raises `NotFound` when it is not there, other typed errors when it could not be asked."""
    region, cluster, arn = _place(credential)
    entry, _ = _entry(client, region, cluster, arn)
    if entry["accessEntryArn"] != credential.identifier:
        raise NotFound(
            "the entry was deleted and made anew since: it is another one now", code="ResourceNotFoundException"
        )
    return _known(client, region, credential.owner, entry)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the entries of the person's users and mapped roles in every cluster of every region. What could not be read is a `Gap`."""
    source, arns = f"tenant:{client.tenant.name}", dict[str, str]()
    for name in principals(subject.names):
        what, plain = ("role", name.removeprefix("role:")) if name.startswith("role:") else ("user", name)
        try:
            arns[str(principal(client, Target(what, plain))[0]["Arn"])] = name
        except NotFound:
            yield Gap(source=source, reason=f"mapped IAM {what} {plain} does not exist")
    places, doubt = regions(client) if arns else ([], "")
    if doubt:
        yield Gap(source=source, reason=f"EKS clusters: {doubt}")
    for region in places:
        try:
            clusters, _ = everything(client.service("eks", region).list_clusters, "clusters", "nextToken")
            for cluster in map(str, clusters):
                yield from _of_cluster(client, region, cluster, arns)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(source=source, reason=f"EKS clusters in {region} could not be read: {error.message}")


def _of_cluster(client: AwsClient, region: str, cluster: str, arns: Mapping[str, str]) -> Iterator[Known | Gap]:
    gap = Gap(source=f"tenant:{client.tenant.name}", reason=f"EKS cluster {cluster} in {region}: {_LEFT}")
    shown = call(client.service("eks", region).describe_cluster, name=cluster).body.get("cluster")
    access = shown.get("accessConfig") if isinstance(shown, Mapping) else None
    mode = str(access.get("authenticationMode") or "") if isinstance(access, Mapping) else ""
    if mode != "API":
        yield gap
    if mode in {"", "CONFIG_MAP"}:  # no entries there
        return
    method = client.service("eks", region).list_access_entries
    entries, _ = everything(method, "accessEntries", "nextToken", clusterName=cluster)
    for arn in (a for a in map(str, entries) if a in arns):
        yield _known(client, region, arns[arn], _entry(client, region, cluster, arn)[0])


def _place(credential: Credential) -> tuple[str, str, str]:
    place = credential.attributes.get("region", ""), credential.attributes.get("cluster", ""), credential.subject
    if not all(place):
        raise Rejected("it is not known which cluster the entry is of", code="incomplete")
    return place


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Delete the entry; `ALREADY` when EKS does not know it. Raises `Rejected` for that of the user or role that acts, other typed errors."""
    region, cluster, arn = _place(credential)
    refuse_principal(client, arn)
    try:
        answer = call(client.service("eks", region).delete_access_entry, clusterName=cluster, principalArn=arn)
    except NotFound as error:
        return replace(_held.already(error, credential.owner), notes={"cluster": cluster, "principal": arn})
    return replace(_held.done(answer, credential.owner), notes={"cluster": cluster, "principal": arn})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return the entry and the policies on it, as they are put back. Raises typed provider errors."""
    region, cluster, arn = _place(credential)
    entry, _ = _entry(client, region, cluster, arn)
    keep = ["type", "tags", *(["kubernetesGroups", "username"] if entry.get("type") == "STANDARD" else [])]
    method = client.service("eks", region).list_associated_access_policies
    rows, _ = everything(method, "associatedAccessPolicies", "nextToken", clusterName=cluster, principalArn=arn)
    policies = [{part: row[part] for part in ("policyArn", "accessScope")} for row in rows]
    return {"entry": json.dumps({k: entry[k] for k in keep if entry.get(k)}), "policies": json.dumps(policies)}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Make the entry again, with the policies that were on it. Raises `Rejected` where that is not known, other typed errors."""
    facts, (region, cluster, arn) = credential.attributes, _place(credential)
    if "before.entry" not in facts or "before.policies" not in facts:
        raise Rejected("the entry before it was deleted is not known; nothing was made", code="no-snapshot")
    eks, named = client.service("eks", region), {"clusterName": cluster, "principalArn": arn}
    try:
        _, answer = _entry(client, region, cluster, arn)
    except NotFound:
        answer = call(eks.create_access_entry, **named, **json.loads(facts["before.entry"]))
    for row in json.loads(facts["before.policies"]):
        answer = call(eks.associate_access_policy, **named, **row)
    return replace(_held.done(answer, credential.owner), notes={"cluster": cluster, "principal": arn})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look the entry up: not found counts only beside its cluster. Raises typed provider errors."""
    region, cluster, arn = _place(credential)
    try:
        _, answer = _entry(client, region, cluster, arn)
    except NotFound:
        seen = control(client, credential)
        why = f"DescribeAccessEntry does not find {arn} in cluster {cluster}; {seen.evidence}"
        return replace(seen, liveness=Liveness.DEAD, evidence=why)
    return _held.seen(answer, Liveness.LIVE, f"DescribeAccessEntry shows {arn} in cluster {cluster}")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the entry's cluster can be read in this run: DescribeCluster. Raises typed provider errors.

    Without a credential (`rescind doctor`): that clusters can be listed in the first region.
    """
    if not credential.identifier:
        region = regions(client)[0][0]
        rows, shown = everything(client.service("eks", region).list_clusters, "clusters", "nextToken")
        return _held.seen(shown, Liveness.LIVE, f"ListClusters shows {len(rows)} in {region}")
    region, cluster, _ = _place(credential)
    answer = call(client.service("eks", region).describe_cluster, name=cluster)
    described = answer.body.get("cluster")
    if not isinstance(described, Mapping) or described.get("name") != cluster:
        raise Unrecognised(f"DescribeCluster did not show {cluster}", request_id=answer.request_id)
    return _held.seen(answer, Liveness.LIVE, f"DescribeCluster shows {cluster}")


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
            snapshot=snapshot,
            restore=restore,
        ),
    },
    verify=verify,
    control=control,
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
