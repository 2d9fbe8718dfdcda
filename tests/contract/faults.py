"""Faults between rescind and a provider: a loopback reverse proxy that breaks exactly what a test says.

    with FaultServer("http://127.0.0.1:8200") as server, server.faults(Rule(fault="after-reset", path="revoke", times=1)):
        ...  # a client whose base_url is server.url

A rule is tried in order, the first that matches counts. `path` is searched in the request's path and query, followed for a form by
`?` and its body, so that `Action=DeleteAccessKey` names an AWS call; where a header names it (`X-Amz-Target`), a space and that.
"""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

STATUSES = ("401", "403", "404", "409", "429", "500", "503")
UNSENT = (*STATUSES, "reset", "html", "malformed", "empty", "redirect", "nothing")
"""Faults in which the provider never saw the request."""
AFTER = ("after-reset", "after-503", "after-truncated")
"""Faults in which the provider acted, and its answer was lost."""
FAULTS = (*UNSENT, *AFTER)

_JSON = "application/json"
_LOGIN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"
_NOTHING = b'{"data":null,"warnings":["No token found with this accessor"]}'
_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
}


@dataclass
class Rule:
    """One fault: which requests, how often (`times` -1: always), after letting `skip` of them pass.

    `retry_after` goes with 429 and 503; `body` and `content_type` replace what a status, "nothing" or "malformed" answers.
    """

    fault: str
    method: str = "*"
    path: str = ""
    times: int = -1
    skip: int = 0
    retry_after: str = "1"
    body: bytes | None = None
    content_type: str = _JSON


@dataclass(frozen=True)
class Seen:
    """One request that came in: the fault it met ("" for none) and the status the provider gave (0: it never saw it)."""

    method: str
    path: str
    fault: str
    status: int


@dataclass
class FaultServer:
    """A threaded reverse proxy on a loopback port. `elsewhere_hits` counts requests that followed a redirect to another origin."""

    target_url: str
    rules: list[Rule] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    elsewhere_hits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: list[ThreadingHTTPServer] = []
        self.url = self.elsewhere_url = ""

    def __enter__(self) -> FaultServer:
        self.elsewhere_url = self._serve(_Elsewhere)
        self.url = self._serve(_Proxy)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @contextmanager
    def faults(self, *rules: Rule) -> Iterator[list[Seen]]:
        """Use these rules inside the block; gives the list of what came in meanwhile."""
        with self._lock:
            before, self.rules, start = self.rules, list(rules), len(self.seen)
        meanwhile: list[Seen] = []
        try:
            yield meanwhile
        finally:
            with self._lock:
                self.rules = before
                meanwhile += self.seen[start:]

    def pick(self, method: str, path: str) -> Rule | None:
        """Return the rule that a request meets, and count it."""
        with self._lock:
            for rule in self.rules:
                if rule.method not in {"*", method} or not re.search(rule.path, path) or rule.times == 0:
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    return None
                rule.times -= rule.times > 0
                return rule
        return None

    def note(self, method: str, path: str, rule: Rule | None, status: int) -> None:
        """Remember a request."""
        with self._lock:
            self.seen.append(Seen(method, path, rule.fault if rule else "", status))

    def _serve(self, handler: type[_Handler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"owner": self}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    owner: FaultServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes: waiting for an acknowledgement costs 40 ms each

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        raise NotImplementedError

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            # Zero linger: the client sees a reset, not a polite end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()


class _Elsewhere(_Handler):
    def serve(self) -> None:
        self.owner.elsewhere_hits.append(f"{self.command} {self.path}")
        self.answer(200, b"{}", {"Content-Type": _JSON})


class _Proxy(_Handler):
    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = "form" in (self.headers.get("Content-Type") or "")
        named = f" {target}" if (target := self.headers.get("X-Amz-Target")) else ""
        asked = self.path + ("?" + body.decode("utf-8", "replace") if form else "") + named
        rule = self.owner.pick(self.command, asked)
        if rule is not None and rule.fault in UNSENT:
            self.owner.note(self.command, self.path, rule, 0)
            self.inject(rule)
            return
        status, given, headers = self.forward(body)
        self.owner.note(self.command, self.path, rule, status)
        match rule.fault if rule else "":
            case "":
                self.answer(status, given, headers)
            case "after-reset":
                self.cut()
            case "after-truncated":
                # A 204 has no body to cut: a half-sent 200 stands for it.
                self.answer(status if given else 200, given or b"{}", {**headers, "Content-Type": _JSON}, cut=True)
                self.cut()
            case "after-503":
                self.answer(503, b'{"errors":["injected after the provider acted"]}', {"Content-Type": _JSON})
            case other:
                raise ValueError(other)

    def inject(self, rule: Rule) -> None:
        kind = {"Content-Type": rule.content_type}
        match rule.fault:
            case "reset":
                self.cut()
            case "html":
                self.answer(200, _LOGIN, {"Content-Type": "text/html"})
            case "malformed":
                self.answer(200, b'{"data": {"keys": ["' if rule.body is None else rule.body, kind)
            case "empty":
                self.answer(200, b"", {})
            case "redirect":
                self.answer(307, b"", {"Location": self.owner.elsewhere_url + self.path})
            case "nothing":
                self.answer(200, _NOTHING if rule.body is None else rule.body, kind)
            case status:
                wait = {"Retry-After": rule.retry_after} if status in {"429", "503"} and rule.retry_after else {}
                self.answer(
                    int(status), b'{"errors":["injected"]}' if rule.body is None else rule.body, {**kind, **wait}
                )

    def forward(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        target = urlsplit(self.owner.target_url)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
        try:
            # The Host header passes as it came: signatures cover it.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            if body or self.command in {"POST", "PUT"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            given = response.read()
            return response.status, given, {k: v for k, v in response.getheaders() if k.lower() not in _HOP}
        finally:
            connection.close()

    def send_response(self, code: int, message: str | None = None) -> None:
        # No `Server` and `Date` of our own: a forwarded answer brings the provider's.
        self.send_response_only(code, message)
