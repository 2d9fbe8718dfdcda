"""The only HTTP client. One send per call: no retry, no redirect, no cookie, no address but the tenant's own.

A credential of the operator is bound to its tenant's origin: every path is checked to stay there, and a redirect is an answer
that nobody understood, never a place to go. Raw values travel as `Secret` and are scrubbed from whatever comes back.
"""

from __future__ import annotations

import ipaddress
import json as jsonlib
import re
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import httpx

from rescind import __version__
from rescind.errors import ConfigError, Rejected, Unreachable, Unrecognised
from rescind.secret import Secret
from rescind.wire.answer import Answer, raise_for, read, retry_after
from rescind.wire.pace import Pacer

MOST_BYTES = 32 * 1024 * 1024
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# Dot segments count behind encoded slashes too: some servers decode before they route.
_SLASH = r"(?:/|%2[fF]|%5[cC])"
_UNSAFE_PATH = re.compile(rf"[^\x21-\x7e]|[\\#?]|(?:^|{_SLASH})(?:\.|%2[eE]){{1,2}}(?={_SLASH}|$)|%0[adAD]")


class Http:
    """A client bound to one origin. `auth` is asked for headers at each send; `headers` are sent with every request.

    `timeout` is seconds per connect, write or read (three times that for a whole answer). `verify` is True or the path of a CA
    bundle. Plain `http://` is refused beyond loopback unless `plaintext`. Thread-safe.
    """

    def __init__(
        self,
        base_url: str,
        *,
        pacer: Pacer,
        headers: Mapping[str, str] | None = None,
        auth: Callable[[], Mapping[str, str]] | None = None,
        timeout: float = 20.0,
        verify: bool | str = True,
        transport: httpx.BaseTransport | None = None,
        plaintext: bool = False,
    ) -> None:
        self._base = _origin(base_url, plaintext=plaintext)
        self._prefix = self._base.raw_path.decode("ascii").rstrip("/")
        self._pacer = pacer
        self._headers = {"User-Agent": f"rescind/{__version__}", "Accept": "application/json", **(headers or {})}
        self._auth = auth
        self._timeout = timeout
        self._client = httpx.Client(
            timeout=timeout,
            verify=_trust(verify),
            transport=transport,
            follow_redirects=False,
            # A session cookie could quietly turn one operator identity into another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    @property
    def base_url(self) -> str:
        """The tenant's address as configured, without a trailing slash."""
        return str(self._base).rstrip("/")

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any | None = None,
        form: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | None = None,
        endpoint_class: str = "default",
    ) -> Answer:
        """Send one request and return the answer, whatever its status. `content` is sent as it is, as octets.

        `Secret` values may stand in `json`, `form` and `headers` (never in `query`). Raises `Rejected` for a path that leaves the origin,
        `Unreachable` when no whole answer came (`maybe_sent` False only if no connection was made), `Unrecognised` for an
        answer of more than `MOST_BYTES`.
        """
        scrub: list[str] = []
        sent = {**self._headers, **{k: _shown(k, v, scrub) for k, v in (headers or {}).items()}}
        for name, value in (self._auth() if self._auth else {}).items():
            _header(name, value)
            sent[name] = value
            scrub += [value, value.partition(" ")[2]]
        if content is not None:
            sent["Content-Type"] = "application/octet-stream"
        elif json is not None:
            content = jsonlib.dumps(_revealed(json, scrub)).encode()
            sent["Content-Type"] = "application/json"
        elif form is not None:
            content = urlencode(_revealed(form, scrub)).encode("ascii")
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        request = self._client.build_request(method, self._url(path, query), content=content, headers=sent)
        self._pacer.wait(endpoint_class)
        answer = self._exchange(request, scrub)
        asked = retry_after(answer) if answer.status in {403, 429, 503} else None
        if asked:
            self._pacer.pause(asked)
        return answer

    def _url(self, path: str, query: Mapping[str, str] | None) -> httpx.URL:
        if not path.startswith("/") or path.startswith("//") or _UNSAFE_PATH.search(path):
            raise Rejected("a request path that would leave its place was refused", code="unsafe-path")
        origin = f"{self._base.scheme}://{self._base.netloc.decode('ascii')}"
        wanted = self._prefix + path + ("?" + urlencode(query) if query else "")
        url = httpx.URL(origin + wanted)
        # The parser has the last word: what it would send must be exactly what was meant, at exactly our origin.
        if (url.scheme, url.netloc, url.raw_path) != (self._base.scheme, self._base.netloc, wanted.encode("ascii")):
            raise Rejected("a request path that does not survive parsing was refused", code="unsafe-path")
        return url

    def _exchange(self, request: httpx.Request, scrub: list[str]) -> Answer:
        clock = self._pacer.clock
        end = clock.monotonic() + 3 * self._timeout
        body = bytearray()
        try:
            response = self._client.send(request, stream=True)
            try:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise Unrecognised(f"an answer of more than {MOST_BYTES} bytes", status=response.status_code)
                    if clock.monotonic() > end:
                        raise Unreachable("the answer did not end in time", maybe_sent=True)
            finally:
                response.close()
        except _NOT_SENT as error:
            raise Unreachable(f"no connection: {type(error).__name__}", maybe_sent=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            # Only the type: the text of a transport error may quote what was sent.
            raise Unreachable(f"no whole answer: {type(error).__name__}", maybe_sent=True) from None
        return read(response, bytes(body), scrub)


def _origin(base_url: str, *, plaintext: bool) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, UnicodeError):
        raise ConfigError("base_url is not a URL") from None
    if url.scheme not in {"https", "http"} or not url.host or url.userinfo or url.query or url.fragment:
        raise ConfigError("base_url must be https://host[:port][/path] without a user, query or fragment")
    if url.scheme == "http" and not plaintext and not _loopback(url.host):
        raise ConfigError(
            f"base_url {url.host!r} is plain http: credentials would be readable on the way", hint="use https"
        )
    return url


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _trust(verify: bool | str) -> Any:
    if isinstance(verify, bool):
        return verify
    import ssl

    try:
        return ssl.create_default_context(cafile=verify)
    except (OSError, ssl.SSLError):
        raise ConfigError("the CA bundle cannot be read", hint="ca_bundle names a PEM file") from None


def _header(name: str, value: str) -> None:
    if not name.isascii() or not value.isascii() or any(not c.isprintable() for c in name + value):
        raise ConfigError(f"the operator credential for header {name!r} holds characters that a header cannot")


def _shown(name: str, value: str | Secret, scrub: list[str]) -> str:
    if isinstance(value, str):
        return value
    text = value.reveal()
    if not text.isascii() or not text.isprintable():
        raise Rejected(f"a value that cannot stand in the header {name!r} was not sent", code="unsafe-header")
    scrub += [text, text.partition(" ")[2]]
    return text


def _revealed(value: Any, scrub: list[str]) -> Any:
    match value:
        case Secret():
            scrub.append(value.reveal())
            return value.reveal()
        case Mapping():
            return {k: _revealed(v, scrub) for k, v in value.items()}
        case list() | tuple():
            return [_revealed(v, scrub) for v in value]
    return value


__all__ = ["Answer", "Http", "raise_for", "retry_after"]
