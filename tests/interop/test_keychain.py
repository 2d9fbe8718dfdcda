"""A real gnome-keyring in a private D-Bus session: erased for one process is gone for every other."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import pytest

from tests.counterparts import require

INNER = r"""
import json, os, subprocess, sys, time
import keyring, secretstorage
from rescind.host import erase, keychain
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.errors import ProviderError
from rescind.providers.local import keychain_item as kind
from rescind.providers.local._connect import local_client

home, value = os.environ["HOME"], os.environ["PLANTED"]
gkd = subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"correct horse", capture_output=True)
keyring.set_password("github.com", "alice", value)
keyring.set_password("github.com", "bob", "bystander")
subprocess.run(["secret-tool", "store", "--label=editor token", "service", "editor", "account", "alice", "host", "lt-042"], input=b"other", check=True)
out = {}

def lookup(user):
    return subprocess.run(["secret-tool", "lookup", "service", "github.com", "username", user], capture_output=True, text=True).stdout

out["before"] = lookup("alice")
found = list(keychain.findings())
out["gaps_before"] = [g.reason for g in found if isinstance(g, Gap)]
found = [f for f in found if not isinstance(f, Gap)]
out["listed"] = sorted([f.attributes.get("service"), f.attributes.get("username")] for f in found)
out["leaks"] = value in repr(found)
alice = next(f for f in found if f.subject == "alice" and f.issuer == "github.com")
out["modified"] = bool(alice.location.modified)
c = Credential(kind=alice.kind, provider="local", identifier=alice.identifier, attributes=alice.attributes)
client = local_client(erase.LiveMachine(roots={}, key=b"k", seal_to=(os.environ["RECIPIENT"],), folder=__import__("pathlib").Path(home) / "sealed"))
out["verify_before"] = kind.verify(client, c).liveness
out["first"] = kind.erase(client, c).status
out["verify_after"] = kind.verify(client, c).liveness
out["second"] = kind.erase(client, c).status
out["after"], out["bystander"] = lookup("alice"), lookup("bob")
out["third_process"] = subprocess.run([sys.executable, "-c", "import keyring; print(keyring.get_password('github.com', 'alice'))"], capture_output=True, text=True).stdout.strip()
out["sealed"] = [str(p) for p in (client.host.folder).iterdir()]
bus = secretstorage.dbus_init()
secretstorage.get_default_collection(bus).lock()
bus.close()
out["gaps_locked"] = [g.reason for g in keychain.findings() if isinstance(g, Gap)]
bob = next(f for f in found if f.subject == "bob")
for name, item in (("erased", c), ("bob", Credential(kind=bob.kind, provider="local", identifier=bob.identifier, attributes=bob.attributes))):
    for act in ("verify", "erase", "control"):
        try:
            out[f"locked_{name}_{act}"] = str(getattr(kind, act)(client, item))
        except ProviderError as e:
            out[f"locked_{name}_{act}"] = type(e).__name__
pid = next((l.split("=")[1] for l in gkd.stdout.decode().splitlines() if l.startswith("GNOME_KEYRING_PID=")), "")
if pid:
    os.kill(int(pid), 15)
print("RESULT" + json.dumps(out))
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    dbus = require("dbus-run-session")
    require("gnome-keyring-daemon")
    require("secret-tool")
    import pyrage

    home = tmp_path_factory.mktemp("home")
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "PLANTED": "gho_" + secrets.token_hex(18)}
    identity = pyrage.x25519.Identity.generate()
    env["RECIPIENT"] = str(identity.to_public())
    for name in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        (home / name).mkdir(mode=0o700)
        env[name] = str(home / name)
    done = subprocess.run(
        [dbus, "--", sys.executable, "-c", INNER], env=env, capture_output=True, text=True, timeout=90
    )
    line = next((text for text in done.stdout.splitlines() if text.startswith("RESULT")), None)
    assert line, done.stderr[-2000:].replace(env["PLANTED"], "[planted]")
    return json.loads(line[6:]), env["PLANTED"], identity


def test_it_works_before_and_every_collection_is_listed(session):
    out, planted, _ = session
    assert out["before"] == planted
    assert out["gaps_before"] == []
    assert out["listed"] == [["editor", "alice"], ["github.com", "alice"], ["github.com", "bob"]]
    assert out["modified"]
    assert not out["leaks"]


def test_erased_for_every_process_and_the_bystander_stays(session):
    out, _, _ = session
    assert (out["verify_before"], out["first"], out["verify_after"]) == ("live", "done", "dead")
    assert out["after"] == ""
    assert out["third_process"] == "None"
    assert out["bystander"] == "bystander"
    assert out["second"] == "already"


def test_a_locked_collection_is_a_gap_and_never_dead(session):
    out, _, _ = session
    assert len(out["gaps_locked"]) == 1
    assert "locked" in out["gaps_locked"][0]
    assert {v for k, v in out.items() if k.startswith("locked_")} == {"Denied"}


def test_the_sealed_copy_opens_with_the_teams_identity_only(session):
    import base64

    import pyrage

    out, planted, identity = session
    (file,) = out["sealed"]
    blob = open(file, "rb").read()
    assert planted.encode() not in blob
    opened = json.loads(pyrage.decrypt(blob, [identity]))
    assert base64.b64decode(opened["value_base64"]).decode() == planted
    assert opened["attributes"]["username"] == "alice"
