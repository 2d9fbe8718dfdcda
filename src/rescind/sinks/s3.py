"""An S3-compatible bucket: `BUCKET/PREFIX<workstation>/<name>`. The machine needs `s3:PutObject` on its own prefix and nothing else.

Credentials come from the SDK's default chain, or from a profile. Bucket versioning or an object lock keeps what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.checkin import Arrival, SinkConf
from rescind.models.clock import SystemClock, rfc3339
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.aws import _connect as aws
from rescind.secret import Secret
from rescind.wire.pace import Pacer

_NO_ACCOUNT = "0" * 12  # a bucket's account is nobody's tenant, and is not asked for


class Bucket:
    """Check-ins as objects."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def put(self, workstation: str, name: str, blob: bytes) -> None:
        """Store one object that must not be there yet (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)."""
        try:
            aws.call(
                self._client.put_object,
                Bucket=self._bucket,
                Key=f"{self._prefix}{workstation}/{name}",
                Body=blob,
                IfNoneMatch="*",
            )
        except Rejected as error:
            if error.code != "PreconditionFailed":
                raise

    def names(self, workstation: str) -> list[str]:
        """Return the stored names, every page of them."""
        return [name for name, _ in self._stored(workstation)]

    def arrivals(self, workstation: str) -> Mapping[str, Arrival]:
        """Return when each object was stored, by the bucket's clock; storing one again starts it anew."""
        return {
            name: Arrival(at=rfc3339(at), sure=True)
            for name, at in self._stored(workstation)
            if isinstance(at, datetime)
        }

    def _stored(self, workstation: str) -> list[tuple[str, object]]:
        start, found, token = f"{self._prefix}{workstation}/", list[tuple[str, object]](), ""
        while True:
            more: Mapping[str, str] = {"ContinuationToken": token} if token else {}
            body = aws.call(self._client.list_objects_v2, Bucket=self._bucket, Prefix=start, **more).body
            found += [(str(o["Key"]).removeprefix(start), o.get("LastModified")) for o in body.get("Contents", ())]
            if not body.get("IsTruncated"):
                return found
            token = str(body.get("NextContinuationToken") or "")
            if not token:
                raise Unrecognised("the listing of the bucket does not end")

    def get(self, workstation: str, name: str, limit: int) -> bytes:
        """Return one object."""
        body = aws.call(self._client.get_object, Bucket=self._bucket, Key=f"{self._prefix}{workstation}/{name}").body
        if "Body" not in body:
            raise NotFound(f"{name} is not there")
        blob = bytes(body["Body"].read(limit + 1))
        if len(blob) > limit:
            raise Unrecognised(f"{name} is larger than {limit} bytes")
        return blob


def open_sink(conf: SinkConf, resolve: Callable[[SecretRef], Secret]) -> Bucket:
    """Return the bucket's sink. Raises `ConfigError` where the AWS SDK is missing or its settings cannot be used."""
    prefix = conf.settings.get("prefix", "").strip("/")
    named = {k: conf.settings[k] for k in ("profile", "region", "endpoint_url", "ca_bundle") if k in conf.settings}
    own = Tenant(name="checkin", provider="aws", settings={**named, "account_id": _NO_ACCOUNT}, refs=conf.refs)
    client = aws.connect(own, resolve, Pacer(10.0, clock=SystemClock()), write=False).service("s3")
    return Bucket(client, conf.settings["bucket"], f"{prefix}/" if prefix else "")
