"""moto's IAM Identity Center behind a front of ours, which tells where a permission set is in effect: moto takes no account of that.

What moto answers goes through unchanged. A set whose inline policy was changed is out of date in the account until it is provisioned.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.interop.aws_world import World

ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
_CHANGES = {"PutInlinePolicyToPermissionSet", "DeleteInlinePolicyFromPermissionSet"}
_LISTING = "ListAccountsForProvisionedPermissionSet"
_JOBS = "ListPermissionSetProvisioningStatus"  # which moto does not know; nothing is ever under way here


@dataclass
class Center:
    """One instance. `stale` are the sets that were changed and not provisioned since; while `stuck`, provisioning takes no effect."""

    aws: World
    url: str = ""
    stale: set[str] = field(default_factory=set)
    stuck: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The same AWS, reached through the front."""
        return replace(self.aws, endpoint=self.url, _clients={})

    def admin(self) -> Any:
        return self.aws.client("sso-admin")

    def instance(self) -> tuple[str, str]:
        (row,) = self.admin().list_instances()["Instances"]
        return row["InstanceArn"], row["IdentityStoreId"]

    def user(self, name: str) -> str:
        made = self.aws.client("identitystore").create_user(
            IdentityStoreId=self.instance()[1],
            UserName=name,
            DisplayName=name,
            Name={"GivenName": name, "FamilyName": "Test"},
            Emails=[{"Value": f"{name}@example.com", "Type": "work", "Primary": True}],
        )
        return str(made["UserId"])

    def group(self, name: str, *members: str) -> str:
        directory, store = self.aws.client("identitystore"), self.instance()[1]
        made = str(directory.create_group(IdentityStoreId=store, DisplayName=name)["GroupId"])
        for member in members:
            directory.create_group_membership(IdentityStoreId=store, GroupId=made, MemberId={"UserId": member})
        return made

    def permission_set(self, name: str, inline: str = "") -> str:
        instance, _ = self.instance()
        made = self.admin().create_permission_set(Name=name, InstanceArn=instance)["PermissionSet"]["PermissionSetArn"]
        if inline:
            self.admin().put_inline_policy_to_permission_set(
                InstanceArn=instance, PermissionSetArn=made, InlinePolicy=inline
            )
        self.admin().provision_permission_set(
            InstanceArn=instance, PermissionSetArn=made, TargetType="ALL_PROVISIONED_ACCOUNTS"
        )
        return str(made)

    def assign(self, principal: str, set_arn: str, kind: str = "USER") -> None:
        self.admin().create_account_assignment(
            InstanceArn=self.instance()[0],
            TargetId=self.aws.account,
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=set_arn,
            PrincipalType=kind,
            PrincipalId=principal,
        )

    def inline(self, set_arn: str) -> str:
        shown = self.admin().get_inline_policy_for_permission_set(
            InstanceArn=self.instance()[0], PermissionSetArn=set_arn
        )
        return str(shown.get("InlinePolicy") or "")

    def cut(self, user_id: str, set_arn: str) -> bool:
        """Whether a set denies a user everything, and is in effect."""
        if set_arn in self.stale or not self.inline(set_arn):
            return False
        rows = json.loads(self.inline(set_arn))["Statement"]
        return any(
            r["Effect"] == "Deny" and user_id in r["Condition"]["StringEquals"]["identitystore:UserId"] for r in rows
        )


@contextmanager
def front(aws: World) -> Iterator[Center]:
    """Serve moto with what it leaves out."""
    center = Center(aws)
    target = urlsplit(aws.endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
            center.asked.append(operation)
            upstream = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
            upstream.request(self.command, self.path, body, dict(self.headers.items()))
            got = upstream.getresponse()
            said, headers = got.read(), [(k, v) for k, v in got.getheaders() if k.lower() != "content-length"]
            upstream.close()
            asked = json.loads(body) if operation and body else {}
            if got.status == 200 and operation in _CHANGES:
                center.stale.add(asked["PermissionSetArn"])
            if got.status == 200 and operation == "ProvisionPermissionSet" and not center.stuck:
                center.stale.discard(asked["PermissionSetArn"])
            if operation == _LISTING and asked.get("ProvisioningStatus") == "LATEST_PERMISSION_SET_NOT_PROVISIONED":
                rows = json.loads(said)["AccountIds"] if asked["PermissionSetArn"] in center.stale else []
                said = json.dumps({"AccountIds": rows}).encode()
            status = got.status
            if operation == _JOBS:
                status, said = 200, b'{"PermissionSetsProvisioningStatus": []}'
                headers = [("x-amzn-RequestId", "rq-fake"), ("Content-Type", "application/x-amz-json-1.1")]
            self.send_response_only(status)
            for name, value in [*headers, ("Content-Length", str(len(said)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    center.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield center
    finally:
        server.shutdown()
        server.server_close()
