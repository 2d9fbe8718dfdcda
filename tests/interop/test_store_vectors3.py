"""Stores against programs that own the formats: Chromium, GNOME's keyring and Java's keytool write, the parsers read."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.models.evidence import Finding, State
from tests import counterparts
from tests.contract import store_vectors as vectors

_ITEMS = """
import secretstorage
bus = secretstorage.dbus_init()
for label, attributes in (
    ("gh", {"service": "gh:github.com", "username": "ada"}),
    ("az", {"service": "Microsoft Azure CLI", "account": "MsalClientID"}),
    ("corp", {"server": "ldap.corp.example", "user": "ada"}),
):
    secretstorage.get_default_collection(bus).create_item(label, attributes, b"fake-keyring-horse", replace=True)
"""


def read(store: str, home: Path) -> list[Finding]:
    findings, gaps = vectors.read(catalogue.stores()[store], home)
    assert gaps == []
    return findings


class _Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        for cookie in ("_gitlab_session=fake-cookie-horse; Max-Age=86400; HttpOnly", "theme=dark; Max-Age=86400"):
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_session_that_chromium_keeps_is_told_without_its_value(tmp_path: Path) -> None:
    chromium = counterparts.require("chromium")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = tmp_path / ".config/chromium"
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom")
    try:
        url = f"http://localhost:{server.server_address[1]}/"
        command = [chromium, *options, f"--user-data-dir={profile}", url]
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=tmp_path)
    finally:
        server.shutdown()
        server.server_close()
    (found,) = read("chromium-sessions", tmp_path)
    assert (found.kind, found.issuer, found.secret) == ("browser.session", "localhost", None)
    assert found.attributes["cookies"] == "_gitlab_session"
    assert found.expires_at
    assert read("chromium-logins", tmp_path) == read("chromium-accounts", tmp_path) == []


def test_items_of_a_locked_gnome_keyring_are_told_by_the_hashes_of_their_names(tmp_path: Path) -> None:
    for name in ("dbus-run-session", "gnome-keyring-daemon"):
        counterparts.require(name)
    script = (
        'printf "%s" "fake password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n'
        f'exec "{sys.executable}" -c "$ITEMS"\n'
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ITEMS": _ITEMS, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["dbus-run-session", "--", "sh", "-c", script]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    found = read("gnome-keyring", tmp_path)
    assert sorted((f.kind, f.issuer) for f in found) == [
        ("entra.refresh-token", "login.microsoftonline.com"),
        ("github.token", "github.com"),
        ("keyring.item", ""),
    ]
    assert all(f.secret is None and f.attributes["at_rest"] == "passphrase" for f in found)


@pytest.mark.parametrize("form", ["JKS", "JCEKS"])
def test_keytool_and_the_parser_agree_on_what_a_keystore_holds(tmp_path: Path, form: str) -> None:
    keytool = counterparts.require("keytool")
    store = tmp_path / "upload.jks"
    where = ("-keystore", store, "-storepass", "fakepass", "-storetype", form)
    make = (
        "-genkeypair",
        "-alias",
        "upload",
        "-keyalg",
        "EC",
        "-keypass",
        "fakepass",
        "-dname",
        "CN=upload, O=Example",
    )
    subprocess.run([keytool, *make, *where], check=True, capture_output=True, timeout=60)
    told = subprocess.run([keytool, "-list", "-v", *where], check=True, capture_output=True, timeout=60).stdout.decode()
    (found,) = read("java-keystores", tmp_path)
    serial = next(line.partition(": ")[2].strip() for line in told.splitlines() if line.startswith("Serial number"))
    assert found.kind == "x509.client-cert"
    assert found.identifier.partition("@")[0] == serial.lstrip("0")
    assert (found.attributes["alias"], found.attributes["has_key"]) == ("upload", "encrypted")
    assert found.state is State.LIVE_UNVERIFIED
