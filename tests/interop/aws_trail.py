"""ministack behind a CloudTrail of ours: sessions are made and refused by ministack, and this answers `LookupEvents` about them.

ministack records who called, but calls everybody an IAM user named by the key id, and leaves `responseElements` out. The events here
have the fields that AWS documents: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.interop.aws_world import ALLOW_ALL, World

TRUST_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Session:
    """One session with its value, and the role session name that its holder chose ("" for a user's own session)."""

    id: str
    secret: str
    token: str
    name: str = ""

    @property
    def value(self) -> tuple[str, str, str]:
        return self.id, self.secret, self.token


@dataclass
class Trail:
    """A front of one ministack. `events` is what it tells as CloudTrail; `rows` may replace it with anything."""

    aws: World
    events: list[dict[str, Any]] = field(default_factory=list)
    page: int = 50
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The same AWS, reached through the front."""
        return replace(self.aws, endpoint=self.url, _clients={})

    def role(self, name: str, path: str = "/") -> str:
        """Make a role that everybody may assume and that may do everything; return its ARN."""
        iam = self.aws.client("iam")
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST_ALL))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(ALLOW_ALL))
        return str(made["Arn"])

    def assume(self, key: tuple[str, str], role: str, name: str, *, recorded: bool = True) -> Session:
        """Let a key assume a role, and record it as AWS does."""
        answer = self.aws.client("sts", *key).assume_role(RoleArn=role, RoleSessionName=name)
        if recorded:
            self._record("AssumeRole", key, answer, {"roleArn": role, "roleSessionName": name})
        given = answer["Credentials"]
        return Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], name)

    def session(self, key: tuple[str, str], *, recorded: bool = True) -> Session:
        """Let a key ask for a session of its own user, and record it as AWS does."""
        answer = self.aws.client("sts", *key).get_session_token()
        if recorded:
            self._record("GetSessionToken", key, answer, {})
        given = answer["Credentials"]
        return Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def caller(self, key: tuple[str, str]) -> dict[str, Any]:
        """Return the `userIdentity` of an IAM user's key."""
        me = self.aws.client("sts", *key).get_caller_identity()
        return {
            "type": "IAMUser",
            "principalId": me["UserId"],
            "arn": me["Arn"],
            "accountId": me["Account"],
            "accessKeyId": key[0],
            "userName": me["Arn"].rsplit("/", 1)[-1],
        }

    def _record(self, name: str, key: tuple[str, str], answer: dict[str, Any], asked: dict[str, str]) -> None:
        given = answer["Credentials"]
        out: dict[str, Any] = {
            "credentials": {
                "accessKeyId": given["AccessKeyId"],
                "expiration": given["Expiration"].astimezone(UTC).strftime("%b %d, %Y, %I:%M:%S %p"),
                "sessionToken": "HIDDEN",
            }
        }
        resources = [given["AccessKeyId"]]
        if "AssumedRoleUser" in answer:
            user = answer["AssumedRoleUser"]
            out["assumedRoleUser"] = {"assumedRoleId": user["AssumedRoleId"], "arn": user["Arn"]}
            resources += [user["Arn"], user["AssumedRoleId"], asked["roleArn"]]
        self.tell(name, self.caller(key), out, asked, resources)

    def use(self, session: Session, identity: dict[str, Any], *, created: datetime | None = None) -> None:
        """Record that a session was used."""
        shown = {**identity, "accessKeyId": session.id}
        if created:
            shown["sessionContext"] = {
                **shown.get("sessionContext", {}),
                "attributes": {"creationDate": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
            }
        self.tell("ListBuckets", shown, None, {}, [], source="s3.amazonaws.com")

    def tell(
        self, name: str, identity: dict[str, Any], out: Any, asked: Any, resources: list[str], source: str = ""
    ) -> None:
        """Add one event."""
        now = datetime.now(UTC)
        event = {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": source or "sts.amazonaws.com", "eventName": name,
            "awsRegion": "us-east-1", "requestParameters": asked, "responseElements": out, "eventType": "AwsApiCall", "recipientAccountId": self.aws.account,
        }  # fmt: skip
        self.events.append(
            {
                "EventId": str(uuid.uuid4()),
                "EventName": name,
                "EventTime": now.timestamp(),
                "Username": identity.get("userName", ""),
                "AccessKeyId": identity.get("accessKeyId", ""),
                "Resources": [{"ResourceName": r} for r in resources],
                "CloudTrailEvent": json.dumps(event),
            }
        )

    def lookup(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer `LookupEvents`: one attribute, newest first, in pages."""
        self.asked.append(body)
        ((row),) = body["LookupAttributes"]
        key, value = row["AttributeKey"], row["AttributeValue"]
        hits = [
            e
            for e in reversed(self.events)
            if e["EventTime"] >= body.get("StartTime", 0)
            and (any(r["ResourceName"] == value for r in e["Resources"]) if key == "ResourceName" else e[key] == value)
        ]
        start = int(body.get("NextToken", "0"))
        more = {"NextToken": str(start + self.page)} if start + self.page < len(hits) else {}
        return {"Events": hits[start : start + self.page], **more}


@contextmanager
def front(aws: World) -> Iterator[Trail]:
    """Serve CloudTrail in front of a ministack, and pass everything else on to it."""
    trail = Trail(aws)
    target = urlsplit(aws.endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "CloudTrail" in self.headers.get("X-Amz-Target", ""):
                raw = json.dumps(trail.lookup(json.loads(body))).encode()
                return self.answer(
                    200, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}, raw
                )
            link = http.client.HTTPConnection(target.netloc, timeout=15)
            # the Host header stays as it was signed
            link.request(self.command, self.path, body, dict(self.headers.items()))
            got = link.getresponse()
            raw = got.read()
            kept = {
                k: v
                for k, v in got.getheaders()
                if k.lower() not in {"content-length", "transfer-encoding", "connection", "server"}
            }
            link.close()
            return self.answer(got.status, kept, raw)

        do_GET = do_POST

        def answer(self, status: int, headers: dict[str, str], raw: bytes) -> None:
            self.send_response_only(status)
            date = {} if "date" in {k.lower() for k in headers} else {"Date": formatdate(usegmt=True)}
            for name, value in {**headers, **date, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    trail.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield trail
    finally:
        server.shutdown()
        server.server_close()
