"""Check-ins: what is sent, what is believed, and that a forged, replayed, older or other machine's one is refused and reported."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from rescind.audit.signer import new_signer
from rescind.errors import ConfigError, EvidenceError, Rejected, Unreachable
from rescind.models.checkin import CheckinConf, Enrolled, SinkConf
from rescind.models.config import Config, Org
from rescind.models.credential import Credential, Inventory, Relation
from rescind.pipeline import checkin, envelope, received, sealed
from rescind.secret import Secret
from rescind.sinks.folder import Folder
from tests.unit.made_up import FakeClock

NAME = "ada-laptop"
VALUE = "fake-npm-token-4711-horse-battery"


def credential(identifier="", *, kind="aws.access-key", **facts):
    return Credential(kind=kind, provider=kind.partition(".")[0], identifier=identifier, **facts)


class Machine:
    """One machine with its own state, whose content and clock a test moves."""

    def __init__(self, folder: Path, recipient: str, *, values: bool = False, name: str = NAME) -> None:
        self.state = folder / f"state-{name}"
        self.root = folder / "sink"
        self.root.mkdir(exist_ok=True)
        self.sink = Folder(self.root)
        self.now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
        conf = CheckinConf(sink=SinkConf(form="folder"), workstation=name, values=values)
        self.config = Config(org=Org(recipients=(recipient,)), checkin=conf)
        token = credential(kind="npm.token", fingerprint="hmac-sha256:1")
        self.held = Inventory(workstation={"hostname": name}, credentials=(credential("AKIAMADEUP"), token))
        self.secrets = {token.id: Secret(VALUE)}

    def send(self, sink=None, hours=1):
        self.now += timedelta(hours=hours)
        return checkin.send(
            self.config,
            sink or self.sink,
            lambda: (self.held, self.secrets),
            state_dir=self.state,
            now=lambda: self.now,
        )

    def change(self, identifier):
        self.held = replace(self.held, credentials=(*self.held.credentials, credential(identifier)))

    @property
    def enrolled(self):
        return Enrolled(key=checkin.device_signer(self.state, self.config.checkin.workstation).vkey)

    def files(self):
        return sorted((self.root / self.config.checkin.workstation).glob("[0-9]*.json"))

    def choose(self, tmp_path, **facts):
        clock = FakeClock()
        clock.t = (facts.pop("now", self.now + timedelta(hours=3)) - clock.now()).total_seconds()
        return received.choose(
            self.sink,
            NAME,
            facts.pop("enrolled", self.enrolled),
            state_dir=tmp_path / "responder",
            clock=clock,
            **facts,
        )


@pytest.fixture
def key(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    path = tmp_path / "age.key"
    path.write_text(str(identity))
    return path, str(identity.to_public())


@pytest.fixture
def machine(tmp_path, key):
    return Machine(tmp_path, key[1])


def reasons(found):
    return " | ".join(g.reason for g in found.gaps)


def test_a_check_in_can_be_opened_by_the_team_and_not_by_the_machine(machine, key, tmp_path):
    sent = machine.send()
    assert (sent.number, sent.heartbeat) == (1, False)
    (path,) = machine.files()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    found = machine.choose(tmp_path)
    inventory, values = sealed.opened(found.full.payload, key[0], name="it")
    assert inventory.credentials == machine.held.credentials
    assert values == {}
    with pytest.raises(EvidenceError, match="sealed"):
        sealed.opened(found.full.payload, None, name="it")
    everything = b"".join(p.read_bytes() for p in machine.state.rglob("*") if p.is_file()) + path.read_bytes()
    assert VALUE.encode() not in everything
    assert b"AKIAMADEUP" not in everything, "the machine keeps only digests of what it sent"


def test_raw_values_are_opt_in_only_where_the_value_is_needed_and_only_inside_the_seal(tmp_path, key):
    machine = Machine(tmp_path, key[1], values=True)
    machine.send()
    found = machine.choose(tmp_path)
    _, values = sealed.opened(found.full.payload, key[0], name="it")
    assert {k: v.reveal() for k, v in values.items()} == {"hmac-sha256:1": VALUE}
    assert VALUE.encode() not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_a_heartbeat_when_nothing_changed_and_a_whole_one_every_week(machine, tmp_path):
    assert [machine.send().heartbeat for _ in range(3)] == [False, True, True]
    assert max(p.stat().st_size for p in machine.files()[1:]) < 1024
    machine.change("AKIANEW")
    assert machine.send().heartbeat is False
    found = machine.choose(tmp_path)
    assert (found.full.number, found.newest.number) == (4, 4)
    assert machine.send().heartbeat is True
    found = machine.choose(tmp_path)
    assert (found.full.number, found.newest.number) == (4, 5)
    assert machine.send(hours=24 * 8).heartbeat is False


def test_the_age_is_always_said_and_what_came_after_the_loss_is_not_used(machine, tmp_path):
    machine.send()
    assert "3.0 h ago" in reasons(machine.choose(tmp_path))
    machine.change("AKIASHAPED")
    lost = machine.now + timedelta(minutes=1)
    machine.send()
    found = machine.choose(tmp_path, lost_at=lost.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert found.full.number == 1
    assert "1 made after the loss" in reasons(found)
    assert "before the loss" in reasons(found)
    with pytest.raises(EvidenceError, match="no check-in"):
        machine.choose(tmp_path, lost_at="2026-11-01T00:00:00Z")
    assert "future" in reasons(machine.choose(tmp_path, now=machine.now - timedelta(days=1)))


def test_another_key_another_machine_and_any_changed_byte_are_refused(machine, tmp_path, key):
    machine.send()
    (path,) = machine.files()
    good = path.read_bytes()
    other = Machine(tmp_path, key[1], name="eve-laptop")
    other.send()
    with pytest.raises(EvidenceError, match="another"):
        envelope.read(other.files()[0].read_bytes(), machine.enrolled.key)
    forged = envelope.make(
        new_signer(envelope.ORIGIN + NAME),
        number=2,
        previous="-",
        at="2026-11-24T09:30:00Z",
        inventory="sha256:" + "0" * 64,
        payload=b"",
    )
    (path.parent / f"{2:015d}-{'0' * 16}.json").write_bytes(forged)
    found = machine.choose(tmp_path)
    assert found.full.number == 1
    assert "refused" in reasons(found)
    note, payload = json.loads(good)["note"], json.loads(good)["payload"]
    for i in range(0, len(note), 3):
        broken = json.dumps(
            {"schema": envelope.SCHEMA, "note": note[:i] + chr(ord(note[i]) ^ 1) + note[i + 1 :], "payload": payload}
        )
        with pytest.raises(EvidenceError):
            envelope.read(broken.encode(), machine.enrolled.key)
    with pytest.raises(EvidenceError, match="payload"):
        envelope.read(
            json.dumps({"schema": envelope.SCHEMA, "note": note, "payload": "AAAA"}).encode(), machine.enrolled.key
        )
    for junk in (b"", b"[]", b"{}", b"\xff", b'{"schema":1,"note":2,"payload":3}', b"[" * 100_000):
        with pytest.raises(EvidenceError):
            envelope.read(junk, machine.enrolled.key)


def test_a_replayed_older_one_under_a_newer_name_is_refused(machine, tmp_path):
    for identifier in ("AKIAB", "AKIAC"):
        machine.send()
        machine.change(identifier)
    first = machine.files()[0].read_bytes()
    (machine.root / NAME / f"{9:015d}-{'a' * 16}.json").write_bytes(first)
    found = machine.choose(tmp_path)
    assert found.full.number == 2
    assert "number 1 under the name of another" in reasons(found)


def test_missing_numbers_broken_links_forks_and_a_rolled_back_sink_are_reported(machine, tmp_path):
    for identifier in ("AKIAB", "AKIAC", "AKIAD"):
        machine.send()
        machine.change(identifier)
    received.remember(tmp_path / "responder", NAME, 3)
    machine.files()[1].unlink()
    assert "check-ins 2 to 2 are missing" in reasons(machine.choose(tmp_path))
    machine.files()[-1].unlink()
    assert "check-in 3 was accepted here before" in reasons(machine.choose(tmp_path))
    stolen = checkin.device_signer(machine.state, NAME)
    for n, previous in ((2, "sha256:" + "1" * 64), (2, "-")):
        blob = envelope.make(
            stolen, number=n, previous=previous, at="2026-11-24T12:00:00Z", inventory="sha256:" + "2" * 64, payload=b"x"
        )
        machine.sink.put(NAME, envelope.file_name(envelope.read(blob, stolen.vkey)), blob)
    text = reasons(machine.choose(tmp_path))
    assert "number 2 was signed twice" in text
    assert "does not follow" in text


class Broken:
    """A sink that fails before or after it stored."""

    def __init__(self, inner, *, after):
        self.inner, self.after = inner, after

    def put(self, *args):
        if self.after:
            self.inner.put(*args)
        raise Unreachable("cut", maybe_sent=self.after)


@pytest.mark.parametrize("after", [False, True])
def test_a_failed_send_is_repeated_as_it_was_and_no_number_stands_for_two_contents(machine, tmp_path, after):
    machine.send()
    machine.change("AKIAB")
    with pytest.raises(Unreachable):
        machine.send(Broken(machine.sink, after=after))
    machine.change("AKIAC")
    sent = machine.send()
    assert (sent.number, sent.resent) == (3, 1)
    found = machine.choose(tmp_path)
    assert [f.name[:15].lstrip("0") for f in machine.files()] == ["1", "2", "3"]
    assert "twice" not in reasons(found)
    assert "missing" not in reasons(found)
    assert machine.send().resent == 0


def test_a_crash_between_state_and_pending_repeats_nothing(machine):
    machine.send()
    pending = {
        "envelope": __import__("base64").b64encode(machine.files()[0].read_bytes()).decode(),
        "full_at": "2026-11-24T09:00:00Z",
    }
    (machine.state / checkin.PENDING).write_text(json.dumps(pending))
    assert machine.send().number == 2
    assert len(machine.files()) == 2


def test_refusals_before_anything_is_sent(machine, tmp_path):
    with pytest.raises(ConfigError, match="who may open"):
        checkin.send(
            Config(checkin=machine.config.checkin), machine.sink, dict, state_dir=machine.state, now=datetime.now
        )
    for bad in ("", "a b", "../x", "x" * 70):
        with pytest.raises(ConfigError, match="not a name"):
            checkin.device_signer(tmp_path / "other", bad)
    machine.send()
    with pytest.raises(ConfigError, match="enrolled as"):
        checkin.device_signer(machine.state, "renamed")
    (machine.state / checkin.KEY).chmod(0o644)
    with pytest.raises(ConfigError, match="others can read"):
        machine.send()


def test_the_folder_replaces_nothing_and_reads_no_link(machine):
    machine.sink.put(NAME, "a.json", b"one")
    machine.sink.put(NAME, "a.json", b"two")
    assert machine.sink.get(NAME, "a.json", 10) == b"one"
    assert machine.sink.names(NAME) == ["a.json"]
    os.symlink("/etc/passwd", machine.root / NAME / "b.json")
    with pytest.raises(Rejected):
        machine.sink.get(NAME, "b.json", 10_000)
    os.mkfifo(machine.root / NAME / "c.json")
    with pytest.raises(Rejected, match="regular"):
        machine.sink.get(NAME, "c.json", 10)
    with pytest.raises(Rejected, match="larger"):
        machine.sink.get(NAME, "a.json", 2)


def test_what_providers_show_as_newer_than_the_check_in_is_named(machine, tmp_path):
    machine.send()
    newest = machine.choose(tmp_path).newest
    made = [
        credential("AKIAOLD", created_at="2026-01-01T00:00:00Z", relation=Relation.INHERITED),
        credential("AKIALATER", created_at="2026-11-24T23:00:00Z", relation=Relation.INHERITED),
    ]
    gap = received.since(made, newest)
    assert gap is not None
    assert "AKIALATER" in gap.reason
    assert "AKIAOLD" not in gap.reason
    assert received.since(made[:1], newest) is None
