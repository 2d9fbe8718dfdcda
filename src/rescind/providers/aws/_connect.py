"""The operator's own connection to one AWS account, and every AWS answer turned into rescind's typed errors.

The only importer of boto3 and botocore, and only when a tenant is used. Nothing from evidence reaches this module: the identity is
the operator's default chain, a named profile, an assumed role, or a key kept where the configuration says.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from rescind import __version__
from rescind.errors import ConfigError, Denied, Unrecognised
from rescind.models.clock import rfc3339
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.aws._errors import meta, moment, no_answer, refusal
from rescind.secret import Secret

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
MOST_PAGES = 1000
_KEY = ("access_key_id", "secret_access_key", "session_token")
_BY_REGION = {"cloudtrail"}  # services whose budget is one of each region
_LAST = threading.local()  # status and headers of the answer that this thread's call is about to parse
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Pace(Protocol):
    """What waits for the tenant's rate budget before each send."""

    def wait(self, endpoint_class: str = "default") -> None:
        """Block until the next send is allowed."""


class Answer(NamedTuple):
    """One successful answer: the parsed body, AWS's request id, and AWS's own clock as RFC 3339 UTC ("" when it gave none)."""

    body: Mapping[str, Any]
    request_id: str
    provider_time: str


def call(method: Callable[..., Mapping[str, Any]], **arguments: Any) -> Answer:
    """Send one AWS request, once, and return its answer.

    Raises `Denied`, `Throttled`, `NotFound`, `Unreachable`, `Unrecognised` or `Rejected`; none says that a credential is dead.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    operation = "".join(part.capitalize() for part in getattr(method, "__name__", "call").split("_"))
    _LAST.meta = None
    try:
        body = method(**arguments)
    except ClientError as error:
        raise refusal(str(error.operation_name), error.response) from None
    except (ResponseParserError, LookupError, AttributeError, TypeError, ValueError) as error:
        # Something that is not AWS answered: the SDK's parser fails on it in several ways, and drops the status.
        shown = _LAST.meta
        if shown and shown["HTTPStatusCode"] >= 300:
            raise refusal(operation, {"ResponseMetadata": shown}) from None
        raise no_answer(error, operation) from None
    except (BotoCoreError, HTTPError, OSError) as error:
        raise no_answer(error, operation) from None
    _, rid, headers = meta(body)
    if not rid:  # well-formed XML of another kind, a portal's page: the SDK takes it for an empty success
        raise Unrecognised(f"{operation}: the answer has no AWS request id")
    at = moment(headers.get("date", ""))
    return Answer(body, rid, rfc3339(at) if at else "")


def pages(
    method: Callable[..., Mapping[str, Any]], field: str, **arguments: Any
) -> tuple[list[Mapping[str, Any]], Answer]:
    """Return everything of a listing that pages with `IsTruncated` and `Marker`, and the last answer; all of it or an error.

    Raises what `call` raises, and `Unrecognised` when the list is missing or the marker does not move on.
    """
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    marker = ""
    while True:
        answer = call(method, **arguments, **({"Marker": marker} if marker else {}))
        items = answer.body.get(field)
        # Well-formed XML of another kind parses to an empty dictionary: without this check a portal's page would be an empty list.
        if not isinstance(items, list):
            raise Unrecognised(f"the answer has no {field}", request_id=answer.request_id)
        found += items
        if not answer.body.get("IsTruncated"):
            return found, answer
        marker = str(answer.body.get("Marker") or "")
        if not marker or marker in seen or len(seen) >= MOST_PAGES:
            raise Unrecognised(
                f"the list of {field} does not end: its marker does not move on", request_id=answer.request_id
            )
        seen.add(marker)


class AwsClient:
    """One operator identity in one account. Service clients are built when first used, once, from any thread."""

    def __init__(
        self, tenant: Tenant, core: Any, options: Mapping[str, Any], source: Any, pacer: Pace | None = None
    ) -> None:
        from boto3.session import Session

        self._pacer = pacer
        self.tenant = tenant
        self.account = tenant.text("account_id")
        self.partition = _partition(core, str(options["region_name"]))
        self._core, self._options, self._source = core, options, source
        self._session: Any = Session(botocore_session=core)
        self._lock = threading.Lock()
        self._services: dict[tuple[str, str], Any] = {}

    def service(self, name: str, region: str = "") -> Any:
        """Return the boto3 client of one service (`iam`, `sts`), in the tenant's region unless another is named.

        Raises typed errors when there is no usable login.
        """
        from botocore.exceptions import BotoCoreError

        with self._lock:  # boto3 clients may be shared between threads, but not built by two at once
            if (name, region) not in self._services:
                options = {**self._options, **({"region_name": region} if region else {})}
                try:
                    self._services[name, region] = self._session.client(name, **options)
                except BotoCoreError as error:
                    raise no_answer(error, name) from None
            return self._services[name, region]

    def as_key(self, name: str, key_id: str, secret: Secret, token: Secret | None = None) -> Any:
        """Return a client of one service that uses a key we were just given, not the operator's own identity; nothing is sent."""
        key = {"aws_access_key_id": key_id, "aws_secret_access_key": secret.reveal()}
        session = {"aws_session_token": token.reveal()} if token else {}
        return self._core.create_client(name, **{**self._options, **key, **session})

    def as_profile(self, name: str, profile: str) -> Any:
        """Return a client of one service that works as another AWS profile of the operator; nothing is sent. Raises `ConfigError`."""
        core = _session(self.tenant, profile)
        if self._pacer:
            _listen(core, self._pacer)
        return core.create_client(name, **self._options)

    def identity(self) -> Identity:
        """Ask AWS who we are. `identifiers` also names the long-term key behind an assumed role. Raises a `ProviderError`."""
        body = call(self.service("sts").get_caller_identity).body
        if not all(isinstance(body.get(part), str) and body[part] for part in ("Account", "Arn", "UserId")):
            raise Unrecognised("GetCallerIdentity did not name an account")
        marks = (*self._keys(), body["Arn"], body["UserId"])
        return Identity(account=body["Account"], principal=body["Arn"], identifiers=tuple(dict.fromkeys(marks)))

    def may(self, permissions: Iterable[str]) -> Mapping[str, bool]:
        """Say of each permission whether the identity that acts is allowed it, where IAM can tell. Raises a `ProviderError`."""
        from rescind.providers.aws._simulate import may

        return may(self, permissions)

    def _keys(self) -> tuple[str, ...]:
        """Return the key ids that we stand on: ending one of them would end the run."""
        own = self._core.get_credentials()
        base = self._source or own
        below = _profile_keys(self._core) if base is not None and base.method == "assume-role" else ()
        return (*(str(c.access_key) for c in (own, self._source) if c is not None), *below)


def _partition(core: Any, region: str) -> str:
    from botocore.exceptions import UnknownRegionError

    try:
        return str(core.get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"  # a private cloud's own region name


def _profile_keys(core: Any) -> tuple[str, ...]:
    """Return the long-term key ids that the session's profile, through its source profiles, stands on."""
    profiles, found, seen = core.full_config.get("profiles", {}), [], set()
    profile = str(core.profile or "default")
    while profile and profile not in seen:
        seen.add(profile)
        row = profiles.get(profile, {})
        found += [str(row["aws_access_key_id"])] if row.get("aws_access_key_id") else []
        profile = str(row.get("source_profile", ""))
    return tuple(found)


def _as_role(core: Any, options: Mapping[str, Any], role_arn: str, external_id: str) -> Any:
    """Let the session assume a role, again whenever it is about to expire. Returns the credentials it is assumed with."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    source = core.get_credentials()
    if source is None:
        raise Denied(
            "no AWS login of the operator to assume the role with", hint="log in, or set profile or a key reference"
        )
    extra = {"RoleSessionName": "rescind", **({"ExternalId": external_id} if external_id else {})}
    create = functools.partial(_create, core, options)
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=create, source_credentials=source, role_arn=role_arn, extra_args=extra
    )
    # The public way to a refreshing role is a profile in a file, which a tenant's role_arn need not be.
    core._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)  # noqa: SLF001
    return source


def _create(core: Any, options: Mapping[str, Any], service: str, **credentials: Any) -> Any:
    return core.create_client(service, **{**options, **credentials})


def _settings(tenant: Tenant, *, write: bool) -> tuple[dict[str, str], Mapping[str, SecretRef]]:
    """Return who to be. A write identity stands alone: the reading role or key is never mixed into it."""
    own = {key: tenant.text(key) for key in ("profile", "role_arn", "external_id")}
    if not write or not (tenant.write or tenant.write_refs):
        return own, tenant.refs
    source = {} if tenant.write.get("profile") else tenant.refs
    return {"profile": own["profile"], "role_arn": "", "external_id": "", **tenant.write}, tenant.write_refs or source


def _set_key(core: Any, key: Mapping[str, Secret]) -> None:
    core.set_credentials(*(key[name].reveal() if name in key else None for name in _KEY))


def _is_key(tenant: Tenant, refs: Mapping[str, SecretRef]) -> bool:
    held = [name for name in _KEY if name in refs]
    if held and not {"access_key_id", "secret_access_key"} <= set(held):  # half a key must not become another identity
        raise ConfigError(f"tenant {tenant.name!r}: access_key_id and secret_access_key belong together")
    return bool(held)


def _wait(pacer: Pace, event_name: str = "", request: Any = None, **_: Any) -> None:
    # Anything but None would be taken for the answer.
    service = event_name.split(".")[1]
    where = urlsplit(str(getattr(request, "url", ""))).netloc if service in _BY_REGION else ""
    pacer.wait(f"aws.{service}" + (f"@{where}" if where else ""))


def _note(**event: Any) -> None:
    seen = event["response_dict"]
    _LAST.meta = {"HTTPStatusCode": seen["status_code"], "HTTPHeaders": dict(seen["headers"])}


def _session(tenant: Tenant, profile: str) -> Any:
    from botocore.session import Session

    core = Session(profile=profile or None)
    if core.profile and core.profile not in core.available_profiles:
        raise ConfigError(f"tenant {tenant.name!r}: there is no AWS profile {core.profile!r} here")
    return core


def _listen(core: Any, pacer: Pace) -> None:
    core.register("before-send", functools.partial(_wait, pacer), unique_id="rescind-pace")
    core.register("before-parse", _note, unique_id="rescind-note")


def _checked(tenant: Tenant) -> None:
    if not re.fullmatch(r"\d{12}", tenant.text("account_id")):
        raise ConfigError(f"tenant {tenant.name!r}: account_id must be the 12 digits of the AWS account, as text")
    url = urlsplit(tenant.text("endpoint_url"))
    if url.scheme not in {"", "https"} and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise ConfigError(f"tenant {tenant.name!r}: endpoint_url must be https (http only on this machine)")


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pace, *, write: bool) -> AwsClient:
    """Return the client of one AWS tenant; nothing is sent to AWS yet. With `write`, the tenant's write identity is used if it has one.

    Raises `ConfigError` for settings that cannot be used, `Denied` when there is no login to assume a role with.
    """
    _checked(tenant)
    try:
        from botocore.config import Config
    except ImportError:
        raise ConfigError("the AWS provider needs boto3", hint="pip install 'rescind[aws]'") from None
    who, refs = _settings(tenant, write=write)
    static = _is_key(tenant, refs)
    core = _session(tenant, "" if static else who["profile"])
    _listen(core, pacer)
    options: dict[str, Any] = {
        "region_name": tenant.text("region", "us-east-1"),
        "endpoint_url": tenant.text("endpoint_url") or None,
        "verify": tenant.text("ca_bundle") or None,
        "config": Config(
            retries={"total_max_attempts": 1, "mode": "standard"},  # retrying is decided in one place, by typed errors
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            user_agent_extra=f"rescind/{__version__}",
        ),
    }
    if static:
        _set_key(core, {name: resolve(refs[name]) for name in _KEY if name in refs})
    source = _as_role(core, options, who["role_arn"], who["external_id"]) if who["role_arn"] else None
    return AwsClient(tenant, core, options, source, pacer)
