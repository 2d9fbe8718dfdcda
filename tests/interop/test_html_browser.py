"""The HTML report in a real browser: it renders, its script runs, hostile text does nothing, and no request leaves.

Chromium is given a proxy that is ours for every address (loopback too): whatever it asks for is seen there and refused. The
browser's own background traffic is switched off; what it still asks for goes to other hosts than those planted in the report.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rescind.models.clock import SystemClock, rfc3339
from rescind.models.credential import EndState
from rescind.models.evidence import Gap
from rescind.models.plan import Decision
from rescind.pipeline.html import html
from rescind.pipeline.report import line_one
from tests.counterparts import require
from tests.unit.test_html import Page
from tests.unit.test_report import add_up, credential, plan, receipt, step

MARK = "planted.example.net"
PLANTED = (
    f"<script>document.title='owned'</script><img src=http://{MARK}/a onerror=\"document.title='owned'\">"
    f"\"'><link rel=stylesheet href=http://{MARK}/b><iframe src=http://{MARK}/c></iframe><svg/onload=document.title='owned'>\u202etxt"
)


@contextmanager
def proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy on loopback that writes down what it is asked for, and answers 403."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_CONNECT = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def dump(page: Path, port: int, *more: str) -> str:
    """Load a file, let the page run for two virtual seconds, and return the document as the browser then holds it."""
    command = [require("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [
        "--disable-default-apps",
        "--no-pings",
        "--metrics-recording-only",
        f"--user-data-dir={page.parent / 'profile'}",
    ]
    command += [
        f"--proxy-server=127.0.0.1:{port}",
        "--proxy-bypass-list=<-loopback>",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    command += ["--virtual-time-budget=2000", *more, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode()


def planted():
    now = SystemClock().now()
    held, cut = credential(1, identifier=PLANTED, owner=PLANTED), credential(2, identifier=PLANTED + "2")
    s = step(cut)
    told = Decision(credential=held.id, end_state=EndState.HELD, reason=PLANTED, task=PLANTED, would_break=PLANTED)
    p = plan([held, cut], [s], [told], gaps=[Gap(source="s", reason="r", path=PLANTED)])
    p = replace(p, case=replace(p.case, person=PLANTED))
    end = rfc3339(now + timedelta(hours=5, minutes=30))
    r = receipt(s, EndState.RESIDUAL, evidence=PLANTED, cut_at=rfc3339(now), residual_until=end, residual_what=PLANTED)
    return add_up(p, [r], now=now), p, now


def test_the_report_in_a_browser(tmp_path: Path) -> None:
    result, p, now = planted()
    file = tmp_path / "report.html"
    # Written as of a year ago: only a script that ran can show the five hours that are left today.
    file.write_text(html(result, plans=[p], now=now - timedelta(days=365)), encoding="utf-8")
    assert "365 d 5 h" in file.read_text()
    with proxy() as (port, asked):
        document = dump(file, port)
    seen = Page(document.strip())
    assert seen.texts["h1"] == line_one(result)
    assert re.search(r"5 h (29|30) min", seen.texts["span"]), "the page's own script runs under its own policy"
    assert "365 d" not in seen.texts["span"]
    assert "owned" not in seen.texts["title"].partition("0 dead")[0]
    assert not [tag for tag, _ in seen.elements if tag in {"img", "iframe", "link", "object"}]
    assert "<script>document.title='owned'</script>" in seen.texts["main"]
    assert "\\u202etxt" in seen.texts["main"]
    drawn = "".join(re.findall(r"<svg.*?</svg>", document, re.DOTALL))
    assert drawn.count("<rect") == file.read_text().count("<rect"), "no drawing is broken off"
    assert [a for a in asked if MARK in a] == []


def test_the_policy_stops_what_a_fault_of_ours_would_let_in(tmp_path: Path) -> None:
    result, p, now = planted()
    inside = PLANTED.partition("\u202e")[0] + "<p id=proof style='display:none'>there</p>"
    raw = html(result, plans=[p], now=now).replace("<main>", f"<main>{inside}", 1)
    (tmp_path / "policy").mkdir()
    with_policy, without = tmp_path / "policy" / "a.html", tmp_path / "b.html"
    with_policy.write_text(raw, encoding="utf-8")
    without.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", raw), encoding="utf-8")
    with proxy() as (port, asked):
        document = dump(with_policy, port)
        assert [a for a in asked if MARK in a] == []
        assert 'id="proof"' in document
        assert not re.search(r"<title>owned", document)
    with proxy() as (port, asked):
        document = dump(without, port)
        assert [a for a in asked if MARK in a] != [], (
            "the same page without its policy does ask: the proxy sees requests"
        )
        assert re.search(r"<title>owned", document)
