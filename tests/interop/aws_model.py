"""Ours: an AWS endpoint made of botocore's own service models. It knows no operation, parameter or answer that the models do not.

    with serve(cloud) as url:  # `cloud` answers operations: cloud.handle(service, operation, parameters) -> the output's members

A request is read back into an operation and its parameters by the model of the service it was signed for, and refused as AWS refuses
it: an unknown action, path or parameter, a missing or ill-typed value, no signature, no permission. What a cloud answers is held to the
output's model as strictly, and errors to the operation's. It is a simulator: what AWS does beyond its models is in the cloud.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore.validate import ParamValidator

NAMES = {"sso": "sso-admin"}
"""Services whose model is not called what requests are signed for."""
COMMON = {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "Throttling", "ThrottlingException",
          "MissingAuthenticationToken", "ValidationError", "ValidationException", "InvalidAction", "UnknownOperationException"}  # fmt: skip
PERMISSIONS = {"sso-admin": "sso"}


class Fault(Exception):
    """An error of AWS: its code and status."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Cloud(Protocol):
    """What stands behind the endpoint."""

    def now(self) -> datetime:
        """Return the provider's own time."""

    def permit(self, key: str, permission: str) -> None:
        """Raise a `Fault` where a key may not do this."""

    def handle(self, service: str, operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one operation."""


@functools.cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def permission(service: str, operation: str) -> str:
    return f"{PERMISSIONS.get(service, service)}:{operation}"


def check(operation: Any, given: Mapping[str, Any]) -> None:
    """Hold parameters to an operation's input model, unknown ones too."""
    shape = operation.input_shape
    if shape is None:
        if given:
            raise Fault("ValidationError")
        return
    report = ParamValidator().validate(dict(given), shape)
    if report.has_errors():
        raise Fault("ValidationError")


def _scalar(shape: Any, text: str) -> Any:
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    return int(text) if shape.type_name in {"integer", "long"} else text


def _flat(shape: Any, prefix: str, form: dict[str, str], used: set[str]) -> Any:
    """Read a value of the query protocol."""
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            key = f"{prefix}.{name}" if prefix else name
            if any(k == key or k.startswith(key + ".") for k in form):
                found[name] = _flat(member, key, form, used)
        return found
    if shape.type_name == "list":
        nth = sorted({int(k[len(prefix) + 8 :].split(".")[0]) for k in form if k.startswith(prefix + ".member.")})
        return [_flat(shape.member, f"{prefix}.member.{n}", form, used) for n in nth]
    used.add(prefix)
    return _scalar(shape, form[prefix])


def _query(service: str, body: str) -> tuple[Any, dict[str, Any]]:
    form = dict(parse_qsl(body, keep_blank_values=True))
    action, version = form.pop("Action", ""), form.pop("Version", "")
    if action not in model(service).operation_names or version != model(service).api_version:
        raise Fault("InvalidAction")
    operation, used = model(service).operation_model(action), set[str]()
    given = _flat(operation.input_shape, "", form, used) if operation.input_shape else {}
    if set(form) - used:
        raise Fault("ValidationError")
    return operation, given


def _blobs(shape: Any, value: Any) -> Any:
    """Return a JSON value as its model means it: member names instead of the wire's, blobs as bytes. Unknown names stay, and fail."""
    if shape.type_name == "structure" and isinstance(value, dict):
        wire = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
        return {(wire[k][0] if k in wire else k): (_blobs(wire[k][1], v) if k in wire else v) for k, v in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_blobs(shape.member, v) for v in value]
    return base64.b64decode(value) if shape.type_name == "blob" else value


def _json(service: str, target: str, body: str) -> tuple[Any, dict[str, Any]]:
    prefix, _, action = target.rpartition(".")
    if prefix != model(service).metadata["targetPrefix"] or action not in model(service).operation_names:
        raise Fault("UnknownOperationException")
    operation = model(service).operation_model(action)
    given = json.loads(body or "{}")
    return operation, _blobs(operation.input_shape, given) if operation.input_shape else given


def _rest(service: str, method: str, url: str, body: str) -> tuple[Any, dict[str, Any]]:
    parts = urlsplit(url)
    for name in model(service).operation_names:
        operation = model(service).operation_model(name)
        path = operation.http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        found = re.fullmatch(pattern, parts.path)
        if found and operation.http["method"] == method:
            break
    else:
        raise Fault("UnknownOperationException", 404)
    members = operation.input_shape.members if operation.input_shape else {}
    wire = {m.serialization.get("name", n): n for n, m in members.items() if m.serialization.get("location")}
    given = {wire[k]: unquote(v) for k, v in found.groupdict().items()}
    for key, text in parse_qsl(parts.query, keep_blank_values=True):
        if key not in wire or members[wire[key]].serialization["location"] != "querystring":
            raise Fault("ValidationException")
        member = members[wire[key]]
        one = [*given.get(wire[key], []), text] if member.type_name == "list" else _scalar(member, text)
        given[wire[key]] = one
    sent = json.loads(body) if body else {}
    if set(sent) & set(wire):
        raise Fault("ValidationException")
    return operation, {**given, **(_blobs(operation.input_shape, sent) if sent else {})}


def read(service: str, method: str, url: str, target: str, body: str) -> tuple[Any, dict[str, Any]]:
    """Return the operation and the parameters of a request, by the service's model. Raises `Fault` for what it does not know."""
    protocol = model(service).metadata["protocol"]
    if protocol == "query":
        return _query(service, body)
    return _json(service, target, body) if protocol == "json" else _rest(service, method, url, body)


def _xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(f"<{n}>{_xml(shape.members[n], v)}</{n}>" for n, v in value.items())
    if shape.type_name == "list":
        return "".join(f"<member>{_xml(shape.member, v)}</member>" for v in value)
    if shape.type_name == "map":
        return "".join(
            f"<entry><key>{escape(k)}</key><value>{_xml(shape.value, v)}</value></entry>" for k, v in value.items()
        )
    if shape.type_name == "timestamp":
        return str(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _plain(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {shape.members[n].serialization.get("name", n): _plain(shape.members[n], v) for n, v in value.items()}
    if shape.type_name == "list":
        return [_plain(shape.member, v) for v in value]
    if shape.type_name == "timestamp":
        iso = shape.serialization.get("timestampFormat") == "iso8601"
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if iso else value.timestamp()
    return base64.b64encode(value).decode() if shape.type_name == "blob" else value


def written(operation: Any, answer: Mapping[str, Any]) -> bytes:
    """Return the body of an answer, after its model accepted it."""
    shape, protocol = operation.output_shape, operation.service_model.metadata["protocol"]
    if shape is not None:
        report = ParamValidator().validate(dict(answer), shape)
        assert not report.has_errors(), f"{operation.name}: {report.generate_report()}"
    if protocol == "query":
        result = f"<{operation.name}Result>{_xml(shape, answer)}</{operation.name}Result>" if shape else ""
        meta = "<ResponseMetadata><RequestId>rq-fake</RequestId></ResponseMetadata>"
        return f'<{operation.name}Response xmlns="urn:fake">{result}{meta}</{operation.name}Response>'.encode()
    return json.dumps(_plain(shape, answer) if shape else {}).encode()


def refused(service: str, operation: Any, fault: Fault) -> tuple[int, bytes]:
    """Return status and body of an error; one that the operation's model does not name is a mistake of the cloud."""
    codes = (
        {(e.metadata.get("error") or {}).get("code", e.name) for e in operation.error_shapes} if operation else set()
    )
    assert fault.code in codes | COMMON, f"{operation.name if operation else service} has no error {fault.code}"
    if model(service).metadata["protocol"] == "query":
        inner = f"<Error><Type>Sender</Type><Code>{fault.code}</Code><Message>no</Message></Error>"
        return (
            fault.status,
            f'<ErrorResponse xmlns="urn:fake">{inner}<RequestId>rq-fake</RequestId></ErrorResponse>'.encode(),
        )
    return fault.status, json.dumps({"__type": fault.code, "message": "no"}).encode()


def answer(cloud: Cloud, method: str, url: str, headers: Mapping[str, str], body: str) -> tuple[int, bytes]:
    """Answer one request."""
    signed = re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request", headers.get("Authorization", ""))
    if not signed:
        return 403, b'{"__type": "MissingAuthenticationToken"}'
    service, operation = NAMES.get(signed[3], signed[3]), None
    try:
        operation, given = read(service, method, url, headers.get("X-Amz-Target", ""), body)
        check(operation, given)
        if enter := getattr(cloud, "enter", None):  # a cloud that knows regions is told which one was asked
            enter(signed[2])
        cloud.permit(signed[1], permission(service, operation.name))
        return 200, written(operation, cloud.handle(service, operation.name, given))
    except Fault as fault:
        return refused(service, operation, fault)


@contextmanager
def serve(cloud: Cloud) -> Iterator[str]:
    """Serve a cloud on a loopback port; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, said = answer(cloud, self.command, self.path, self.headers, body)  # type: ignore[arg-type]
            self.send_response_only(status)
            for name, value in (
                ("Date", format_datetime(cloud.now().astimezone(UTC), usegmt=True)), ("x-amzn-RequestId", "rq-fake"),
                ("Content-Type", "text/xml" if said.startswith(b"<") else "application/json"), ("Content-Length", str(len(said))),
            ):  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
