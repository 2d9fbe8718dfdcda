"""The words of `--fail`, the proxy that does what they say, and how a drill judges what was printed."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rescind.drill.judge import agrees, judge
from rescind.drill.oauth import OPERATOR, Server
from rescind.drill.proxy import Proxy
from rescind.drill.trouble import CHANGES, FAULTS, Script, parse
from rescind.drill.world import Probe
from rescind.errors import UsageError

WRITE = "/?Action=UpdateAccessKey"


def fail(*texts: str) -> Script:
    return Script(parse(texts, ("aws", "oauth")), armed=True)


def test_the_words_are_read_in_their_order() -> None:
    script = fail("aws=429x5,reset-after,slow=0.5x2", "oauth=down")
    assert [(f.provider, f.name, f.times, f.seconds) for f in script.faults] == [
        ("aws", "429", 5, 0.0),
        ("aws", "reset-after", 1, 0.0),
        ("aws", "slow", 2, 0.5),
        ("oauth", "down", -1, 0.0),
    ]
    assert [f.asked for f in script.faults] == ["429x5", "reset-after", "slow=0.5x2", "down"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("asw=429", "did you mean 'aws'?"),
        ("aws=rest-after", "did you mean 'reset-after'?"),
        ("aws=dwon", "did you mean 'down'?"),
        ("aws=slwo=3", "did you mean 'slow'?"),
        ("aws=429x0", "429[xN]"),
        ("aws=slow", "slow=SECONDS[xN]"),
        ("aws=slow=9000", "at most 60"),
        ("aws=403=3", "403[xN]"),
        ("aws=downx3", "down has neither"),
        ("aws=", "there is no fault ''"),
        ("aws", "PROVIDER=FAULT"),
        ("x509=429", "providers: aws, oauth"),
    ],
)
def test_a_typo_gets_the_nearest_word_and_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        fail(text)
    shown = f"{error.value.message} {error.value.hint}"
    if said not in shown:
        assert "N is 1 to" in shown, shown
    if text.startswith("aws=rest"):
        assert all(row in error.value.hint for row in FAULTS.values())


def test_each_request_meets_the_first_fault_that_applies_and_is_left() -> None:
    script = fail("aws=reset-after,429x2")
    read, write = "GET /?Action=GetUser", f"POST {WRITE}"
    met = [script.meets("aws", r) for r in (read, write, read, read, write)]
    assert [f.name if f else "" for f in met] == ["429", "reset-after", "429", "", ""]
    assert script.meets("oauth", "POST /revoke") is None
    assert script.struck


def test_nothing_strikes_before_the_script_is_armed() -> None:
    script = Script(parse(["aws=down"], ("aws",)))
    assert script.meets("aws", WRITE) is None
    assert not script.struck


@pytest.mark.parametrize(
    ("provider", "request_", "changes"),
    [
        ("aws", "POST /?Action=PutUserPolicy&X=1", True),
        ("aws", "POST /?Action=ListAccessKeys", False),
        ("aws", "POST /? SWBExternalService.PutInlinePolicyToPermissionSet", True),
        ("aws", "POST /? SWBExternalService.ListInstances", False),
        ("oauth", "POST /revoke?token=x", True),
        ("oauth", "POST /introspect?token=x", False),
    ],
)
def test_a_change_is_told_from_a_read(provider: str, request_: str, changes: bool) -> None:
    assert provider in CHANGES
    assert (fail(f"{provider}=reset-after").meets(provider, request_) is not None) is changes


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("word", "answer", "acted"),
    [
        ("429", "429 wait 1", False),
        ("503", "503 wait ", False),
        ("403", "403 wait ", False),
        ("html", "200 <!DOCTYP", False),
        ("reset-before", "cut", False),
        ("reset-after", "cut", True),
        ("down", "cut", False),
        ("slow=0.05", "200 done", True),
    ],
)
def test_the_proxy_does_what_the_word_says(
    provider: tuple[str, list[str]], word: str, answer: str, acted: bool
) -> None:
    target, seen = provider
    script = fail(f"aws={word}")
    proxy = Proxy("aws", target, script)
    before, began = len(seen), time.monotonic()
    try:
        assert _get(proxy.url) == answer
        assert (len(seen) > before) is acted
        assert script.faults[0].struck == 1
        if word.startswith("slow"):
            assert time.monotonic() - began >= 0.05
        if word != "down":
            assert _get(proxy.url) == "200 done"
    finally:
        proxy.stop()


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url + WRITE, timeout=5) as got:
            return f"{got.status} {got.read()[:8].decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} wait {error.headers.get('Retry-After') or ''}"
    except OSError:
        return "cut"


@pytest.mark.parametrize(
    ("after", "printed", "true"),
    [
        ("refused: x", "dead", True),
        ("works", "dead", False),
        ("works", "contained", False),
        ("no answer: x", "residual", False),
        ("works", "failed", True),
        ("refused: x", "failed", False),
        ("works", "unknown", True),
        ("refused: x", "unknown", True),
        ("works", "", False),
    ],
)
def test_what_was_printed_must_be_true_of_what_was_seen(after: str, printed: str, true: bool) -> None:
    assert agrees(after, printed) is true


def test_unknown_passes_only_where_trouble_was_made() -> None:
    probe = Probe(name="k", kind="aws.access-key", identifier="A", use=lambda: "works")
    assert not judge(probe, "works", "works", "unknown")
    assert judge(probe, "works", "works", "unknown", trouble=True)
    assert not judge(probe, "works", "works", "dead", trouble=True)
    assert not judge(probe, "refused: x", "refused: x", "dead", trouble=True)
    bystander = Probe(name="b", kind="bystander", must="works", use=lambda: "works")
    assert not judge(bystander, "works", "refused: x", "", trouble=True)
    copy = Probe(name="c", kind="file.secret", use=lambda: "works")
    assert not judge(copy, "works", "refused: gone", "dead")


def test_the_authorization_server_refuses_a_revoked_token_only() -> None:
    server = Server("operator-fake")
    try:
        mine, other = server.issue("1//0mine-fake", "ada"), server.issue("1//0other-fake", "grace")
        assert server.try_refresh(mine) == server.try_refresh(other) == "works"
        form = f"token={mine}&client_id={OPERATOR}".encode()
        request = urllib.request.Request(server.url + "/revoke", form)
        request.add_header("Authorization", "Basic cmVzcG9uZGVyOm9wZXJhdG9yLWZha2U=")  # responder:operator-fake
        urllib.request.urlopen(request, timeout=5).close()
        assert server.try_refresh(mine) == "refused: invalid_grant"
        assert server.try_refresh(other) == "works"
    finally:
        server.stop()
