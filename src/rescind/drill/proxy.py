"""What stands between rescind and a provider of the drill: a reverse proxy on loopback that breaks what the script says.

The drill's own probes go to the provider directly, so what they see is the truth.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from rescind.drill.trouble import Fault, Script

_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"}
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"
_STATUS = {"429": 429, "503": 503, "403": 403}


class Proxy:
    """A reverse proxy of one provider. `url` is what rescind is configured with."""

    def __init__(self, provider: str, target: str, script: Script) -> None:
        handler = type("Bound", (_Handler,), {"provider": provider, "target": target, "script": script})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="drill-proxy", daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: str
    target: str
    script: Script
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # header and body are two writes: waiting for an acknowledgement costs 40 ms each

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's word
        pass

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)  # no `Server` and `Date` of ours: the provider's answer brings its own

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = body.decode("utf-8", "replace") if "form" in (self.headers.get("Content-Type") or "") else ""
        asked = f"{self.command} {self.path}?{form} {self.headers.get('X-Amz-Target') or ''}".rstrip()
        fault = self.script.meets(self.provider, asked)
        if fault is None:
            self.answer(*self.forward(body))
        else:
            self.trouble(fault, body)

    def trouble(self, fault: Fault, body: bytes) -> None:
        match fault.name:
            case "slow":
                time.sleep(fault.seconds)
                self.answer(*self.forward(body))
            case "html":
                self.answer(200, _PAGE, {"Content-Type": "text/html"})
            case "reset-after":
                self.forward(body)
                self.cut()
            case "reset-before" | "down":
                self.cut()
            case status:
                wait = {"Retry-After": "1"} if status == "429" else {}
                self.answer(
                    _STATUS[status], b'{"errors":["made by the drill"]}', {"Content-Type": "application/json", **wait}
                )

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the client may have left
            self.wfile.write(body)

    def cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            # no lingering: the client sees a reset, not a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()

    def forward(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        target = urlsplit(self.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        try:
            # The Host header passes as it came: signatures cover it, and a server names its endpoints by it.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_THE_CONNECTION:
                    connection.putheader(name, value)
            if body or self.command in {"POST", "PUT"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            given = response.read()
            headers = {k: v for k, v in response.getheaders() if k.lower() not in _OF_THE_CONNECTION}
            return response.status, given, headers
        finally:
            connection.close()
