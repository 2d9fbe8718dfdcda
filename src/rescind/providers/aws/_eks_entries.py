"""Access entries as EKS has them: which cluster one is of, what it allows, and whether it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, Known, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions

_LEFT = "it may also let people in by its ConfigMap aws-auth, which only the cluster shows (kubectl -n kube-system get cm aws-auth)"


def entry(client: AwsClient, region: str, cluster: str, arn: str) -> tuple[Mapping[str, Any], Answer]:
    """Return a principal's entry to a cluster. Raises `NotFound` for none, other typed errors."""
    answer = call(client.service("eks", region).describe_access_entry, clusterName=cluster, principalArn=arn)
    shown = answer.body.get("accessEntry")
    if not isinstance(shown, Mapping) or shown.get("principalArn") != arn or not shown.get("accessEntryArn"):
        raise Unrecognised("DescribeAccessEntry did not show the entry", request_id=answer.request_id)
    return shown, answer


def known(client: AwsClient, region: str, owner: str, shown: Mapping[str, Any]) -> Known:
    """Return an entry as the catalogue shows it."""
    return Known(
        identifier=str(shown["accessEntryArn"]),
        issuer=client.account,
        subject=str(shown["principalArn"]),
        owner=owner,
        attributes={"region": region, "cluster": str(shown.get("clusterName", "")), "type": str(shown.get("type", ""))},
        created_at=_held.time(shown.get("createdAt")),
        liveness=Liveness.LIVE,
    )


def of_cluster(client: AwsClient, region: str, cluster: str, arns: Mapping[str, str]) -> Iterator[Known | Gap]:
    """Show the entries of these principals, by their ARN, in one cluster. A cluster that may let them in otherwise is a `Gap`."""
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
        yield known(client, region, arns[arn], entry(client, region, cluster, arn)[0])


def place(credential: Credential) -> tuple[str, str, str]:
    """Return region, cluster and principal of an entry. Raises `Rejected` where one is not known."""
    where = credential.attributes.get("region", ""), credential.attributes.get("cluster", ""), credential.subject
    if not all(where):
        raise Rejected("it is not known which cluster the entry is of", code="incomplete")
    return where


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return the entry and the policies on it, as they are put back. Raises typed provider errors."""
    region, cluster, arn = place(credential)
    shown, _ = entry(client, region, cluster, arn)
    keep = ["type", "tags", *(["kubernetesGroups", "username"] if shown.get("type") == "STANDARD" else [])]
    method = client.service("eks", region).list_associated_access_policies
    rows, _ = everything(method, "associatedAccessPolicies", "nextToken", clusterName=cluster, principalArn=arn)
    policies = [{part: row[part] for part in ("policyArn", "accessScope")} for row in rows]
    return {"entry": json.dumps({k: shown[k] for k in keep if shown.get(k)}), "policies": json.dumps(policies)}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Make the entry again, with the policies that were on it. Raises `Rejected` where that is not known, other typed errors."""
    facts, (region, cluster, arn) = credential.attributes, place(credential)
    if "before.entry" not in facts or "before.policies" not in facts:
        raise Rejected("the entry before it was deleted is not known; nothing was made", code="no-snapshot")
    eks, named = client.service("eks", region), {"clusterName": cluster, "principalArn": arn}
    try:
        _, answer = entry(client, region, cluster, arn)
    except NotFound:
        answer = call(eks.create_access_entry, **named, **json.loads(facts["before.entry"]))
    for row in json.loads(facts["before.policies"]):
        answer = call(eks.associate_access_policy, **named, **row)
    return replace(_held.done(answer, credential.owner), notes={"cluster": cluster, "principal": arn})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look the entry up: not found counts only beside its cluster. Raises typed provider errors."""
    region, cluster, arn = place(credential)
    try:
        _, answer = entry(client, region, cluster, arn)
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
    region, cluster, _ = place(credential)
    answer = call(client.service("eks", region).describe_cluster, name=cluster)
    described = answer.body.get("cluster")
    if not isinstance(described, Mapping) or described.get("name") != cluster:
        raise Unrecognised(f"DescribeCluster did not show {cluster}", request_id=answer.request_id)
    return _held.seen(answer, Liveness.LIVE, f"DescribeCluster shows {cluster}")
