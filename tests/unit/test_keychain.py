"""The keychain listed by attributes, on a plain-file back end handed in as an object."""

from __future__ import annotations

import json
import secrets

import keyring
import pyrage
import pytest
from keyrings.alt.file import PlaintextKeyring

from rescind.catalogue import check
from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unreachable
from rescind.host import erase, keychain
from rescind.host.keychain_items import make_item
from rescind.models.credential import Credential
from rescind.models.evidence import Finding, Gap
from rescind.models.kind import CallStatus, Liveness
from rescind.providers.local import keychain_item as kind
from rescind.providers.local._connect import local_client
from rescind.secret import Secret

VALUE = "gho_" + secrets.token_hex(16)


@pytest.fixture
def backend(tmp_path):
    made = PlaintextKeyring()
    made.file_path = str(tmp_path / "keyring.cfg")
    made.set_password("github.com", "ada", VALUE)
    made.set_password("Ünïcode: [svc]/x", "ada@example.com", "other")
    return made


def credential(finding):
    return Credential(kind=finding.kind, provider="local", identifier=finding.identifier, attributes=finding.attributes)


def client_of(backend, **more):
    return local_client(erase.LiveMachine(roots={}, key=b"k", backend=backend, **more))


def test_the_row_is_accepted_by_the_catalogue():
    check(kind.KIND)


def test_items_are_listed_without_their_values(backend):
    chosen = keyring.get_keyring()
    found = list(keychain.findings(backend))
    assert {(f.attributes["service"], f.attributes["username"]) for f in found} == {
        ("github.com", "ada"),
        ("Ünïcode: [svc]/x", "ada@example.com"),
    }
    assert all(isinstance(f, Finding) and f.secret is None and f.location.root == "keychain" for f in found)
    assert VALUE not in repr(found)
    assert next(f for f in found if f.subject == "ada").identifier.startswith("github.com/ada#")
    assert keyring.get_keyring() is chosen


def test_identifiers_are_stable_and_tell_items_apart(backend):
    assert [i.identifier for i in keychain.listing(backend).items] == [
        i.identifier for i in keychain.listing(backend).items
    ]
    a = make_item("login", {"service": "s", "username": "u", "host": "a"}, "", None, None)
    b = make_item("login", {"service": "s", "username": "u", "host": "b"}, "", None, None)
    c = make_item("other", {"service": "s", "username": "u", "host": "a"}, "", None, None)
    assert len({a.identifier, b.identifier, c.identifier}) == 3
    assert make_item("login", {}, "one", None, None).identifier != make_item("login", {}, "two", None, None).identifier


def test_hostile_attributes_cannot_steer_a_terminal():
    item = make_item("login", {"service": "\x1b[2J" + "x" * 5000, "username": "a\nb"}, "\x07", None, None)
    assert item.identifier.isprintable()
    assert len(item.identifier) < 300
    assert item.label.isprintable()


def test_erased_once_and_the_others_stay(backend):
    found = {f.subject: f for f in keychain.findings(backend)}
    client, ada = client_of(backend), credential(found["ada"])
    assert kind.control(client, ada).liveness is Liveness.LIVE
    assert kind.verify(client, ada).liveness is Liveness.LIVE
    assert kind.erase(client, ada).status is CallStatus.DONE
    seen = kind.verify(client, ada)
    assert seen.liveness is Liveness.DEAD
    assert "listing of 1 items" in seen.evidence
    assert kind.erase(client, ada).status is CallStatus.ALREADY
    assert backend.get_password("Ünïcode: [svc]/x", "ada@example.com") == "other"
    assert backend.get_password("github.com", "ada") is None


def test_sealed_first(backend, tmp_path):
    identity = pyrage.x25519.Identity.generate()
    client = client_of(backend, seal_to=(str(identity.to_public()),), folder=tmp_path / "sealed")
    kind.erase(client, credential(next(f for f in keychain.findings(backend) if f.subject == "ada")))
    (blob,) = (tmp_path / "sealed").iterdir()
    opened = json.loads(pyrage.decrypt(blob.read_bytes(), [identity]))
    assert opened["service"] == "github.com"
    assert __import__("base64").b64decode(opened["value_base64"]).decode() == VALUE


def test_nothing_is_erased_when_sealing_fails(backend):
    found = next(f for f in keychain.findings(backend) if f.subject == "ada")
    client = client_of(backend, seal_to=(str(pyrage.x25519.Identity.generate().to_public()),))
    with pytest.raises(ConfigError):
        kind.erase(client, credential(found))
    assert backend.get_password("github.com", "ada") == VALUE


def test_a_collection_that_is_not_there_proves_nothing(backend):
    found = credential(next(keychain.findings(backend)))
    stray = Credential(
        kind=found.kind, provider="local", identifier=found.identifier, attributes={"collection": "elsewhere"}
    )
    for act in (kind.verify, kind.erase, kind.control):
        with pytest.raises(NotFound):
            act(client_of(backend), stray)


def test_a_locked_collection_proves_nothing():
    listing = keychain.Listing(items=(), readable=("session",), locked=("login",))
    with pytest.raises(Denied):
        keychain._matching(listing, "x", "login")


@pytest.mark.parametrize("content", [b"[broken", b"\xff\xfe", b"key without section = 1\n"])
def test_a_file_that_is_not_understood_is_a_gap(backend, content):
    open(backend.file_path, "wb").write(content)
    (gap,) = keychain.findings(backend)
    assert isinstance(gap, Gap)


def test_an_empty_keychain_is_empty(tmp_path):
    made = PlaintextKeyring()
    made.file_path = str(tmp_path / "none.cfg")
    assert list(keychain.findings(made)) == []


def test_a_back_end_that_cannot_list_is_a_gap():
    (gap,) = keychain.findings(object())
    assert "cannot list" in gap.reason


def test_no_secret_service_is_a_gap_and_proves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    (gap,) = keychain.findings()
    assert "no Secret Service" in gap.reason
    with pytest.raises(Unreachable):
        keychain.has("x", "login")


def test_a_finding_that_does_not_say_which_item_is_refused(backend):
    with pytest.raises(Rejected):
        kind.erase(client_of(backend), Credential(kind="keychain.item", provider="local", identifier="x"))


def test_the_operators_own_credentials(backend):
    keychain.set_password("rescind/github", Secret("t0ken"), backend)
    got = keychain.get_password("rescind/github", backend)
    assert got is not None
    assert got.reveal() == "t0ken"
    assert keychain.get_password("rescind/none", backend) is None
    with pytest.raises(ConfigError):
        keychain.get_password("rescind", backend)
    with pytest.raises(ConfigError):
        keychain.get_password("rescind/x", keyring.backends.fail.Keyring())


def test_a_file_that_stands_in_for_a_keychain_keeps_nothing_of_the_operators(monkeypatch, tmp_path):
    assert PlaintextKeyring.priority < 1, "the package is installed, and offers itself"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    with pytest.raises(ConfigError, match="did not take"):
        keychain.set_password("rescind/audit", Secret(VALUE))
    assert not any(VALUE.encode() in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setattr(PlaintextKeyring, "file_path", str(tmp_path / "chosen.cfg"))
    keychain.set_password("rescind/audit", Secret(VALUE))
    assert keychain.get_password("rescind/audit").reveal() == VALUE, "what somebody configured is used"
