"""Ours: Google's APIs behind one address, made of their discovery documents (tests/vectors/providers/google, revisions within).

    with serve(cloud) as url:  # `cloud.handle(method id, path values, query, body)` answers; base_url = url

It knows no path, parameter, field or scope that the documents do not, and refuses as Google does. What a cloud answers is held to the
documents as strictly. What Google does beyond them is in the cloud; the permission that a method needs is not in them, so the table here
is taken from https://cloud.google.com/iam/docs/permissions-reference and was compared with what Google's predefined roles hold (`roles.list`).
"""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FOLDER = Path(__file__).parents[1] / "vectors" / "providers" / "google"
SCOPE = "https://www.googleapis.com/auth/"
PERMISSIONS = {
    "iam.projects.serviceAccounts.get": "iam.serviceAccounts.get",
    "iam.projects.serviceAccounts.list": "iam.serviceAccounts.list",
    "iam.projects.serviceAccounts.disable": "iam.serviceAccounts.disable",
    "iam.projects.serviceAccounts.enable": "iam.serviceAccounts.enable",
    "iam.projects.serviceAccounts.keys.create": "iam.serviceAccountKeys.create",
    "iam.projects.serviceAccounts.keys.get": "iam.serviceAccountKeys.get",
    "iam.projects.serviceAccounts.keys.list": "iam.serviceAccountKeys.list",
    "iam.projects.serviceAccounts.keys.disable": "iam.serviceAccountKeys.disable",
    "iam.projects.serviceAccounts.keys.enable": "iam.serviceAccountKeys.enable",
    "iam.projects.serviceAccounts.keys.delete": "iam.serviceAccountKeys.delete",
    "iam.projects.locations.oauthClients.get": "iam.googleapis.com/oauthClients.get",
    "iam.projects.locations.oauthClients.list": "iam.googleapis.com/oauthClients.list",
    "iam.projects.locations.oauthClients.credentials.list": "iam.googleapis.com/oauthClientCredentials.list",
    "iam.projects.locations.oauthClients.credentials.get": "iam.googleapis.com/oauthClientCredentials.get",
    "iam.projects.locations.oauthClients.credentials.patch": "iam.googleapis.com/oauthClientCredentials.update",
    "iam.projects.locations.oauthClients.credentials.delete": "iam.googleapis.com/oauthClientCredentials.delete",
    "iam.projects.locations.oauthClients.credentials.create": "iam.googleapis.com/oauthClientCredentials.create",
    "iam.locations.workforcePools.get": "iam.googleapis.com/workforcePools.get",
    "iam.locations.workforcePools.subjects.revokeSessions": "iam.googleapis.com/workforcePoolSubjects.revokeSessions",
    "iam.locations.workforcePools.subjects.delete": "iam.googleapis.com/workforcePoolSubjects.delete",
    "iam.locations.workforcePools.subjects.undelete": "iam.googleapis.com/workforcePoolSubjects.undelete",
    "apikeys.keys.lookupKey": "apikeys.keys.lookup",
    "apikeys.projects.locations.keys.create": "apikeys.keys.create",
    "apikeys.projects.locations.keys.getKeyString": "apikeys.keys.getKeyString",
    "apikeys.projects.locations.keys.get": "apikeys.keys.get",
    "apikeys.projects.locations.keys.list": "apikeys.keys.list",
    "apikeys.projects.locations.keys.delete": "apikeys.keys.delete",
    "apikeys.projects.locations.keys.undelete": "apikeys.keys.undelete",
    "storage.projects.hmacKeys.create": "storage.hmacKeys.create",
    "storage.projects.hmacKeys.get": "storage.hmacKeys.get",
    "storage.projects.hmacKeys.list": "storage.hmacKeys.list",
    "storage.projects.hmacKeys.update": "storage.hmacKeys.update",
    "storage.projects.hmacKeys.delete": "storage.hmacKeys.delete",
    "cloudresourcemanager.projects.get": "resourcemanager.projects.get",
    "logging.entries.list": "logging.logEntries.list",
}  # fmt: skip
REASONS = {400: ("INVALID_ARGUMENT", "invalid"), 401: ("UNAUTHENTICATED", "authError"), 403: ("PERMISSION_DENIED", "forbidden"),
           404: ("NOT_FOUND", "notFound"), 409: ("ABORTED", "conflict"), 429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded")}  # fmt: skip


class Fault(Exception):
    """An error of Google: status, words, and the reason of the older APIs."""

    def __init__(self, status: int, message: str, reason: str = "", state: str = "", retry_after: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after
        self.state, self.reason = state or REASONS[status][0], reason or REASONS[status][1]


@dataclass(frozen=True)
class Method:
    """One method of one document."""

    host: str
    row: Mapping[str, Any]
    document: Mapping[str, Any]
    pattern: re.Pattern[str] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.row["id"])


@functools.cache
def methods() -> tuple[Method, ...]:
    """Return every method of every document, those with the fewest variables first."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        document = json.loads(path.read_text())
        host = urlsplit(document["rootUrl"]).netloc.partition(".")[0]
        for row in document["methods"].values():
            template = "/" + document["servicePath"] + row.get("flatPath", row["path"])
            parts = re.split(r"\{[^}]*\}", template)
            found.append((len(parts), Method(host, row, document, re.compile("([^/]+?)".join(map(re.escape, parts))))))
    return tuple(m for _, m in sorted(found, key=lambda f: f[0]))


def method_of(host: str, verb: str, path: str) -> Method | None:
    """Return the method that a request means."""
    return next(
        (m for m in methods() if m.host == host and m.row["httpMethod"] == verb and m.pattern.fullmatch(path)), None
    )


def problems(schema: Mapping[str, Any], value: Any, schemas: Mapping[str, Any], at: str = "") -> list[str]:
    """Return what is wrong with a value by a schema of a discovery document. A field that it does not have is wrong."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"]]
    match schema.get("type"):
        case "object" if isinstance(value, dict):
            known, rest = schema.get("properties", {}), schema.get("additionalProperties")
            wrong = []
            for name, inner in value.items():
                if name in known or rest:
                    wrong += problems(known.get(name, rest), inner, schemas, f"{at}.{name}")
                else:
                    wrong.append(f"Unknown name {name!r} at {at or 'the body'}: Cannot find field.")
            return wrong
        case "array" if isinstance(value, list):
            return [w for i, item in enumerate(value) for w in problems(schema["items"], item, schemas, f"{at}[{i}]")]
        case "string" if isinstance(value, str):
            bad = "enum" in schema and value not in schema["enum"]
            return [f"{at}: {value!r} is no value of the enum"] if bad else []
        case "boolean" if isinstance(value, bool):
            return []
        case "integer" | "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return []
        case "any":
            return []
    return [f"{at}: not {schema.get('type')}"]


def _plain(value: str, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "integer" and value.isdecimal():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value


def breaches(host: str, verb: str, target: str, body: Any = None) -> tuple[Method | None, list[str]]:
    """Return the method that a request means and everything in it that the document does not have."""
    split = urlsplit(target)
    method = method_of(host, verb, split.path)
    if method is None:
        return None, [f"no such method: {verb} {host}{split.path}"]
    given, known = parse_qs(split.query, keep_blank_values=True), method.row.get("parameters", {})
    queries = {**method.document["parameters"], **{n: p for n, p in known.items() if p["location"] == "query"}}
    wrong = [f"no such parameter: {n}" for n in given if n not in queries]
    wrong += [
        w
        for n, vs in given.items()
        if n in queries
        for v in vs
        for w in problems({**queries[n], "type": queries[n]["type"]}, _plain(v, queries[n]), {}, n)
    ]
    wrong += [f"missing parameter: {n}" for n, p in queries.items() if p.get("required") and n not in given]
    for name, value in values(method, split.path).items():
        if (must := known.get(name, {}).get("pattern")) and not re.fullmatch(must.strip("^$"), value):
            wrong.append(f"{name} {value!r} does not match {must}")
    if body is not None:
        wanted = method.row.get("request")
        wrong += problems(wanted, body, method.document["schemas"]) if wanted else ["a body where none is described"]
    return method, wrong


def values(method: Method, path: str) -> dict[str, str]:
    """Return the variables of a path by the names that the document gives them."""
    template = "/" + method.document["servicePath"] + method.row["path"]
    names = re.findall(r"\{\+?([^}]*)\}", template)
    shape = re.sub(r"\\\{(\\\+)?[^}]*\\\}", lambda m: "(.+)" if m[1] else "([^/]+)", re.escape(template))
    found = re.fullmatch(shape, path)
    assert found, (template, path)
    return {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}


def document_error(host: str, fault: Fault) -> dict[str, Any]:
    """Return an error as the API writes it: the older ones with `errors`, the newer ones with `status`."""
    said: dict[str, Any] = {"code": fault.status, "message": fault.message}
    if host in {"admin", "storage"}:
        domain = "usageLimits" if fault.reason.endswith("Exceeded") else "global"
        said["errors"] = [{"message": fault.message, "domain": domain, "reason": fault.reason}]
    else:
        said["status"] = fault.state
    return {"error": said}


class _Handler(BaseHTTPRequestHandler):
    cloud: Any
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host, _, rest = self.path[1:].partition("/")
        verb, target, body, later = self.command, "/" + rest, None, ""
        try:
            if verb == "POST" and self.headers.get("X-HTTP-Method-Override") == "GET":
                # how Google's own client sends what must not stand in an address (googleapiclient/http.py)
                verb, target, raw = "GET", f"{target}?{raw.decode()}", b""
            tokens = (
                host == "oauth2"
            )  # not in the documents: https://developers.google.com/identity/protocols/oauth2/service-account
            xml = (host, verb, target) == ("storage", "GET", "/")  # nor are the requests that an HMAC key signs
            body = json.loads(raw) if raw and not tokens else None
            if xml:
                status, said = self.cloud.signed_listing(self.headers, self.path)
            else:
                status, said = (
                    self.cloud.exchange(parse_qs(raw.decode())) if tokens else self._answer(host, verb, target, body)
                )
        except Fault as fault:
            status, said, later = fault.status, document_error(host, fault), fault.retry_after
        self.cloud.log.append((host, verb, target, body, status))
        out = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.cloud.now(), usegmt=True))
        if later:
            self.send_header("Retry-After", later)
        if out:
            self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _answer(self, host: str, verb: str, target: str, body: Any) -> tuple[int, Any]:
        method, wrong = breaches(host, verb, target, body)
        if method is None:
            raise Fault(404, "Requested entity was not found.")
        if wrong:
            raise Fault(400, f"Invalid JSON payload received. {wrong[0]}")
        scopes = {s.removeprefix(SCOPE) for s in method.row.get("scopes", ())}
        self.cloud.permit(
            self.headers.get("Authorization", "").removeprefix("Bearer "), scopes, PERMISSIONS.get(method.id, "")
        )
        self.cloud.pace(method)
        query = {n: v[0] for n, v in parse_qs(urlsplit(target).query).items()}
        said = self.cloud.handle(method.id, values(method, urlsplit(target).path), query, body or {})
        if "response" not in method.row:
            assert said is None, method.id
            return 204, None
        assert not problems(method.row["response"], said, method.document["schemas"]), (method.id, said)
        return 200, said

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve(cloud: Any) -> Iterator[str]:
    """Serve a cloud on a loopback port; gives the `base_url` of a tenant."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"cloud": cloud}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
