"""One origin, one send, no redirect, no cookie, no secret in anything that comes back."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest

from rescind import __version__
from rescind.errors import ConfigError, Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.secret import Secret
from rescind.wire.http import Http, raise_for, retry_after
from rescind.wire.pace import Pacer
from tests.unit.wire_clock import FakeClock

TOKEN = "s.FAKEfakeFAKE"  # noqa: S105


def client(handler: Callable[[httpx.Request], httpx.Response], base: str = "https://vault.example.test/base/") -> Http:
    return Http(
        base,
        pacer=Pacer(1000, FakeClock()),
        auth=lambda: {"Authorization": f"Bearer {TOKEN}"},
        transport=httpx.MockTransport(handler),
    )


def answers(status: int = 200, **more: object) -> Http:
    return client(lambda _: httpx.Response(status, **more))  # type: ignore[arg-type]


def test_a_request_goes_where_the_tenant_is_and_nowhere_else() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200,
            json={"ok": True},
            headers={"Set-Cookie": "session=1", "Date": "Mon, 23 Nov 2026 14:00:08 GMT", "X-Request-Id": "r-1"},
        )

    http = client(handler)
    answer = http.send("POST", "/v1/a%2Fb", json={"token": Secret("hidden-value")}, query={"q": "x&y=z"})
    http.send("GET", "/v1/again")
    assert str(seen[0].url) == "https://vault.example.test/base/v1/a%2Fb?q=x%26y%3Dz"
    assert seen[0].content == b'{"token": "hidden-value"}'
    assert seen[0].headers["user-agent"] == f"rescind/{__version__}"
    assert seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "cookie" not in seen[1].headers
    assert (answer.json, answer.request_id, answer.provider_time) == ({"ok": True}, "r-1", "2026-11-23T14:00:08Z")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/x",
        "//evil.test/x",
        "v1/x",
        "",
        "/a/../b",
        "/..",
        "/a/./b",
        "/a/%2e%2E/b",
        "/a/.%2e",
        "/a%2F..%2Fb",
        "/a%5C..",
        "/a\\b",
        "/a?x=1",
        "/a#b",
        "/a b",
        "/a\r\nHost: evil.test",
        "/a%0d%0ab",
        "/a\x00",
        "/ä",
        "/a\u2028",
        "/\u017f",
        "@evil.test/",
        "/%2e%2e/%2e",
    ],
)
def test_a_path_that_leaves_its_place_is_never_sent(path: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent to {request.url}")

    with pytest.raises(Rejected) as caught:
        client(handler).send("DELETE", path)
    assert caught.value.code == "unsafe-path"


def test_ordinary_paths_pass() -> None:
    http = answers(200, json={})
    for path in ("/", "/v1/sys/health", "/a...b/..c/d..", "/%C3%A4", "/a:b@c;d=e,f!$&'()*+~", "/KkSs", "/a%2Fb"):
        http.send("GET", path)


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test/", "/elsewhere", "https://vault.example.test:8443/"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_nobody_follows(status: int, target: str) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(status, headers={"Location": target})

    answer = client(handler).send("POST", "/v1/x", json={})
    with pytest.raises(Unrecognised):
        raise_for(answer, what="test")
    assert seen == ["https://vault.example.test/base/v1/x"]


@pytest.mark.parametrize(
    "base",
    [
        "http://vault.example.test",
        "ftp://x.test",
        "https://user:pw@x.test",
        "https://x.test/?a=1",
        "https://x.test/#f",
        "x.test",
        "",
        "https://",
        "file:///etc",
    ],
)
def test_an_unsafe_base_url_is_refused(base: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Http(base, pacer=Pacer(1, FakeClock()), auth=None)
    assert "pw" not in str(caught.value)


def test_plain_http_only_to_this_machine_or_on_request() -> None:
    for base in ("http://127.0.0.1:8200", "http://localhost", "http://[::1]:1"):
        Http(base, pacer=Pacer(1, FakeClock()))
    Http("http://vault.example.test", pacer=Pacer(1, FakeClock()), plaintext=True)


def test_an_operator_credential_with_a_line_break_is_refused_without_being_shown() -> None:
    for bad in ("tok\r\nHost: evil.test", "tok\n", "tök"):
        http = Http(
            "https://x.test",
            pacer=Pacer(1, FakeClock()),
            auth=lambda bad=bad: {"X-Token": bad},
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        )
        with pytest.raises(ConfigError) as caught:
            http.send("GET", "/")
        assert "tok" not in str(caught.value).replace("operator", "")


@pytest.mark.parametrize(
    "body",
    [
        {"errors": ["bad", f"{TOKEN} and hidden-value"]},
        {"message": "hidden-value"},
        {"error": {"message": f"x{TOKEN}x"}},
    ],
)
def test_what_we_sent_never_comes_back_in_an_error(body: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = answers(400, json=body, headers={"x-request-id": TOKEN}).send(
        "POST", "/v1/x", json={"list": [{"token": Secret("hidden-value")}]}
    )
    with pytest.raises(Rejected) as caught:
        raise_for(answer, what="test")
    everything = f"{caught.value} {caught.value!r} {answer!r} {caught.value.request_id} {caplog.text}"
    assert TOKEN not in everything and "hidden-value" not in everything


@pytest.mark.parametrize(
    ("error", "maybe_sent"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.ReadError(f"quoting {TOKEN}"), True),
        (httpx.RemoteProtocolError("x"), True),
        (httpx.ProxyError("x"), True),
        (httpx.DecodingError("x"), True),
    ],
    ids=lambda v: type(v).__name__,
)
def test_transport_errors_say_whether_it_may_have_been_sent(error: Exception, maybe_sent: bool) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Unreachable) as caught:
        client(handler).send("GET", "/")
    assert caught.value.maybe_sent is maybe_sent
    assert TOKEN not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, Denied),
        (403, {}, Denied),
        (404, {}, NotFound),
        (410, {}, NotFound),
        (429, {}, Throttled),
        (400, {}, Rejected),
        (409, {}, Rejected),
        (422, {}, Rejected),
        (408, {}, Unreachable),
        (500, {}, Unreachable),
        (503, {}, Unreachable),
        (304, {}, Unrecognised),
        (403, {"Retry-After": "3"}, Throttled),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, Throttled),
        (403, {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "9"}, Denied),
    ],
)
def test_statuses_become_typed_errors(status: int, headers: dict[str, str], error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        raise_for(answers(status, headers=headers).send("GET", "/"), what="test")
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_raises_nothing(status: int) -> None:
    raise_for(answers(status).send("GET", "/"), what="test")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "0"}, 0),
        ({"Date": "Mon, 23 Nov 2026 14:00:00 GMT", "Retry-After": "Mon, 23 Nov 2026 14:01:30 GMT"}, 90),
        ({"Date": "Mon, 23 Nov 2026 14:00:00 GMT", "Retry-After": "Mon, 23 Nov 2026 13:00:00 GMT"}, 0),
        ({"Date": "Mon, 23 Nov 2026 14:00:00 GMT", "X-RateLimit-Reset": "1795442460"}, 60),
        ({"Date": "Mon, 23 Nov 2026 14:00:00 GMT", "X-Rate-Limit-Reset": "1795442430"}, 30),
        ({"X-RateLimit-Reset": "12"}, 12),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(answers(429, headers=headers).send("GET", "/")) == seconds


def test_a_throttled_tenant_is_paused_for_everybody() -> None:
    clock = FakeClock()
    replies = iter([httpx.Response(429, headers={"Retry-After": "9"}), httpx.Response(200)])
    http = Http("https://x.test", pacer=Pacer(1000, clock), transport=httpx.MockTransport(lambda _: next(replies)))
    http.send("GET", "/")
    http.send("GET", "/")
    assert clock.monotonic() == pytest.approx(9)


def test_an_endless_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rescind.wire.http.MOST_BYTES", 1000)
    with pytest.raises(Unrecognised):
        client(lambda _: httpx.Response(200, content=b"x" * 2000)).send("GET", "/")


def test_deep_or_odd_json_is_no_json() -> None:
    for body in (b"[" * 200_000, b"{", b"\xff\xfe", b"<html>"):
        answer = answers(200, content=body).send("GET", "/")
        assert answer.json is None
        assert not answer.intelligible or body == b"\xff\xfe"
