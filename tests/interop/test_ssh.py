"""A real sshd and a real ssh-keygen judge what the ssh provider does."""

from __future__ import annotations

import base64
import os
import pwd
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rescind.errors import Rejected, Unrecognised
from rescind.models.clock import SystemClock
from rescind.models.credential import Credential
from rescind.models.evidence import Location
from rescind.models.kind import CallStatus, Liveness, Subject
from rescind.models.tenant import Tenant
from rescind.providers.ssh import _authorized, _connect, _installation, _krl, user_cert, user_key
from rescind.providers.ssh._blob import FIELDS, fingerprint, packed
from rescind.secret import Secret
from rescind.stores import ssh_certs
from rescind.wire.pace import Pacer
from tests.counterparts import free_port, require

ME = pwd.getpwuid(os.geteuid()).pw_name
CONFIG = """ListenAddress 127.0.0.1
Port {port}
HostKey {d}/host
PidFile {d}/sshd.pid
AuthorizedKeysFile {d}/authorized_keys {d}/more_keys
TrustedUserCAKeys {d}/ca.pub
{revoked}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
LogLevel VERBOSE
"""
QUIET = "-q -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null".split()


def keygen(folder, *args, check=True):
    return subprocess.run(
        [require("ssh-keygen"), *map(str, args)], cwd=folder, check=check, capture_output=True, text=True
    )


class Server:
    """An sshd on loopback that trusts two authorized_keys files and one CA, and reads one KRL."""

    def __init__(self, folder: Path, *, krl: bool = True) -> None:
        self.d, self.port, self.has_krl = folder, free_port(), krl
        for name in ("host", "ca", "alice", "bob", "carol"):
            keygen(folder, "-q", "-t", "ed25519", "-N", "", "-f", name, "-C", f"{name}@lt-042")
        keygen(folder, "-q", "-k", "-f", "revoked.krl", "-z", "7")
        self.authorize("alice", "bob")
        (folder / "more_keys").write_bytes(b"# hand-kept\n\n" + self.pub("alice"))
        (folder / "more_keys").chmod(0o640)

    def pub(self, name):
        return (self.d / f"{name}.pub").read_bytes()

    def blob(self, name):
        return base64.b64decode(self.pub(name).split()[1])

    def authorize(self, *names):
        (self.d / "authorized_keys").write_bytes(b"".join(self.pub(n) for n in names))

    def sign(self, name, *args):
        keygen(self.d, "-q", "-s", "ca", "-n", ME, "-V", "+1h", *args, f"{name}.pub")

    def start(self):
        program = require("sshd")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        config = self.d / "sshd_config"
        text = CONFIG.format(
            port=self.port, d=self.d, revoked=f"RevokedKeys {self.d}/revoked.krl" if self.has_krl else ""
        )
        for more in (
            "PerSourcePenalties no\n",
            "",
        ):  # newer servers lock out who fails often; older do not know the word
            config.write_text(text + more)
            tested = subprocess.run([program, "-t", "-f", config], capture_output=True, text=True)
            if tested.returncode == 0:
                break
        assert tested.returncode == 0, tested.stderr
        self.process = subprocess.Popen([program, "-D", "-f", config, "-E", self.d / "sshd.log"])
        end = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (self.d / "sshd.log").read_text()
                time.sleep(0.02)

    def argv(self, name, *command, cert=False):
        # Without the file beside it, ssh would offer a certificate where the plain key is meant.
        more = ["-o", f"CertificateFile={self.d}/{name}-cert.pub"] if cert else ["-o", "CertificateFile=none"]
        key = self.d / f"plain-{name}"
        if not key.exists():
            key.write_bytes((self.d / name).read_bytes())
            key.chmod(0o600)
        return [require("ssh"), *QUIET, "-p", str(self.port), *more, "-i", str(key), f"{ME}@127.0.0.1", *command]

    def lets_in(self, name, *, cert=False):
        done = subprocess.run(
            self.argv(name, "true", cert=cert), stdin=subprocess.DEVNULL, capture_output=True, timeout=30
        )
        assert done.returncode in {0, 255}, done
        return done.returncode == 0

    def asked(self, *files):
        """What ssh-keygen says of each file: is it revoked."""
        done = keygen(self.d, "-Q", "-f", "revoked.krl", *files, check=False)
        assert done.returncode in {0, 1}, done
        return [line.endswith("REVOKED") for line in done.stdout.splitlines()]

    def client(self, *, krl=True, write=True, **more):
        settings = {
            "authorized_keys": (f"{self.d}/authorized_keys", f"{self.d}/more_*"),
            "cas": (f"{self.d}/ca.pub",),
            **({"krl": f"{self.d}/revoked.krl"} if krl else {}),
            **more,
        }
        tenant = Tenant(name="hosts", provider="ssh", settings=settings)
        return _connect.connect(tenant, lambda r: Secret(""), Pacer(1000, SystemClock()), write=write)

    def key(self, name):
        return Credential(kind="ssh.user-key", provider="ssh", identifier=fingerprint(self.blob(name)))

    def cert(self, name):
        at = Location(root="home", path=f".ssh/{name}-cert.pub")
        (found,) = ssh_certs.parse((self.d / f"{name}-cert.pub").read_bytes(), at)
        return Credential(
            kind=found.kind,
            provider="ssh",
            identifier=found.identifier,
            attributes=found.attributes,
            issuer=found.issuer,
        )


@pytest.fixture
def plain(tmp_path):
    require("ssh-keygen")
    return Server(tmp_path)


@pytest.fixture
def server(plain):
    require("sshd")
    require("ssh")
    plain.start()
    yield plain
    plain.process.terminate()
    plain.process.wait(10)


def test_a_key_gets_in_before_and_is_refused_after(server):
    client, alice = server.client(), server.key("alice")
    owner = (server.d / "more_keys").stat()
    assert server.lets_in("alice") and server.lets_in("bob")
    assert user_key.verify(client, alice).liveness is Liveness.LIVE
    result = user_key.revoke(client, alice)
    assert result.status is CallStatus.DONE
    assert result.notes["lines_removed"] == "2" and result.notes["krl_version"] == "8"
    assert result.notes["krl_read_by"] == "ssh-keygen and rescind"
    assert not server.lets_in("alice")
    assert server.lets_in("bob")
    seen = user_key.verify(client, alice)
    assert seen.liveness is Liveness.DEAD and "ssh-keygen says so too" in seen.evidence
    assert seen.residual_until == _installation.NO_END
    assert user_key.verify(client, server.key("bob")).liveness is Liveness.LIVE
    assert user_key.control(client, alice).liveness is Liveness.LIVE
    assert server.asked("alice.pub", "bob.pub") == [True, False]
    assert (server.d / "more_keys").read_bytes() == b"# hand-kept\n\n"
    now = (server.d / "more_keys").stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (owner.st_mode, owner.st_uid, owner.st_gid)
    assert user_key.revoke(client, alice).status is CallStatus.ALREADY


def test_the_list_alone_refuses_a_key_whose_line_comes_back(server):
    client, alice = server.client(), server.key("alice")
    user_key.revoke(client, alice)
    server.authorize("alice", "bob")
    assert not server.lets_in("alice")
    seen = user_key.verify(client, alice)
    assert (
        seen.liveness is Liveness.LIVE and "does not" not in seen.evidence
    )  # other hosts may read the file and no list
    assert user_key.revoke(client, alice).status is CallStatus.DONE
    assert user_key.verify(client, alice).liveness is Liveness.DEAD


def test_without_a_list_only_the_files_are_known(tmp_path):
    require("sshd"), require("ssh-keygen"), require("ssh")
    server = Server(tmp_path, krl=False)
    server.start()
    try:
        client, alice = server.client(krl=False), server.key("alice")
        assert server.lets_in("alice")
        assert user_key.deny(client, alice).status is CallStatus.DONE
        assert not server.lets_in("alice") and server.lets_in("bob")
        assert user_key.denied(client, alice).liveness is Liveness.DEAD
        assert user_key.KIND.actions["deny"].ends == "contained"
        assert user_key.verify(client, alice).liveness is Liveness.UNKNOWN
        assert user_key.revoke(client, server.key("bob")).notes["krl"] == "none is configured"
        assert not server.lets_in("bob")
    finally:
        server.process.terminate()
        server.process.wait(10)


@pytest.mark.parametrize("how", ["serial", "key id", "key"])
def test_a_certificate_gets_in_before_and_is_refused_after(server, how):
    server.authorize()
    (server.d / "more_keys").write_bytes(b"")
    alice = {"serial": ("-I", "alice-lt042", "-z", 1001), "key id": ("-I", "alice@x/lt 042%"), "key": ("-I", "")}[how]
    server.sign("alice", *alice)
    server.sign("carol", "-I", "carol-lt042", "-z", 1002)
    client, cert = server.client(), server.cert("alice")
    assert server.lets_in("alice", cert=True) and server.lets_in("carol", cert=True)
    assert not server.lets_in("alice")
    known = user_cert.identify(client, cert, None)
    assert known.liveness is Liveness.LIVE and known.owner == ""
    assert known.attributes["key_fingerprint"] == fingerprint(server.blob("alice"))
    assert user_cert.verify(client, cert).liveness is Liveness.LIVE
    assert user_cert.revoke(client, cert).status is CallStatus.DONE
    assert not server.lets_in("alice", cert=True)
    assert server.lets_in("carol", cert=True)
    seen = user_cert.verify(client, cert)
    assert seen.liveness is Liveness.DEAD and "ssh-keygen says so too" in seen.evidence
    bare = Credential(kind=cert.kind, provider="ssh", identifier=cert.identifier)
    assert user_cert.verify(client, bare).liveness is Liveness.DEAD
    assert user_cert.verify(client, server.cert("carol")).liveness is Liveness.LIVE
    assert server.asked("alice-cert.pub", "carol-cert.pub") == [True, False]
    assert server.asked("alice.pub") == [how == "key"]  # a serial or key id does not end the key itself
    assert user_cert.revoke(client, cert).status is CallStatus.ALREADY


def test_a_revoked_key_takes_its_certificates_along(server):
    server.sign("alice", "-I", "alice", "-z", 5)
    client, cert = server.client(), server.cert("alice")
    assert server.lets_in("alice", cert=True)
    user_key.revoke(client, server.key("alice"))
    assert not server.lets_in("alice", cert=True)
    assert user_cert.verify(client, cert).liveness is Liveness.DEAD


def test_an_open_session_survives_and_the_residual_says_until_when(server):
    client, alice = server.client(session_seconds=3600, propagation_seconds=60), server.key("alice")
    argv = [a for a in server.argv("alice", "cat")]
    session = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        session.stdin.write(b"before\n"), session.stdin.flush()
        assert session.stdout.readline() == b"before\n"
        user_key.revoke(client, alice)
        session.stdin.write(b"after\n"), session.stdin.flush()
        assert session.stdout.readline() == b"after\n"
        assert not server.lets_in("alice")
        seen = user_key.verify(client, alice)
        assert seen.liveness is Liveness.DEAD
        left = _until(seen.residual_until) - time.time()
        assert 3600 < left < 3600 + 60 + 30
    finally:
        session.stdin.close()
        session.wait(10)


def _until(text):
    from rescind.models.clock import parse_rfc3339

    return parse_rfc3339(text).timestamp()


@pytest.mark.parametrize("damage", [b"garbage", b"", b"SSHKRL\n\0", b"ssh-ed25519 AAAA\n"])
def test_a_list_that_sshd_cannot_read_is_left_alone(server, damage):
    krl = server.d / "revoked.krl"
    krl.write_bytes(damage)
    client, alice = server.client(), server.key("alice")
    with pytest.raises(Rejected):
        user_key.verify(client, alice)
    with pytest.raises(Rejected):
        user_key.revoke(client, alice)
    assert krl.read_bytes() == damage
    assert not server.lets_in("alice"), "its line is gone all the same"


def test_a_missing_list_is_not_made(server):
    (server.d / "revoked.krl").unlink()
    assert not server.lets_in("bob"), "sshd lets nobody in without its list"
    with pytest.raises(Rejected, match="not there"):
        user_key.revoke(server.client(), server.key("alice"))
    assert not (server.d / "revoked.krl").exists()


def _cut(old, wanted, *, now):
    return _krl.MAGIC + b"\0\0\0\1"


def test_a_damaged_new_list_is_never_installed(server, monkeypatch):
    before = (server.d / "revoked.krl").read_bytes()
    right = _krl.extended
    for wrong in (
        _cut,
        lambda old, w, *, now: right(old, w, now=now)[:-1],
        lambda old, w, *, now: right(old, w, now=now) + b"\x09\0\0\0\0",
        lambda old, w, *, now: right(old, _krl.Wanted(sha256=bytes(32)), now=now),
    ):
        monkeypatch.setattr(_krl, "extended", wrong)
        with pytest.raises(Rejected):
            user_key.revoke(server.client(), server.key("alice"))
        assert (server.d / "revoked.krl").read_bytes() == before
        assert server.lets_in("bob")


SPEC = """serial: 5
serial: 100-4000
serial: 5001
serial: 5003
serial: 5004
serial: 5007
serial: 5012
serial: 5013
serial: 18446744073709551615
id: old laptop
id: x
"""


def written_by_keygen(server):
    """A list with every kind of entry that ssh-keygen writes."""
    d = server.d
    (d / "spec").write_text(SPEC)
    keygen(d, "-q", "-k", "-f", "revoked.krl", "-z", "41", "-s", "ca.pub", "-C", "kept by ops", "spec")
    for name in ("old1", "old2", "old3"):
        keygen(d, "-q", "-t", "ed25519", "-N", "", "-f", name)
    spec = f"key: {server.pub('old1').decode()}sha1: {server.pub('old2').decode()}sha256: {server.pub('old3').decode()}"
    (d / "spec2").write_text(spec)
    keygen(d, "-q", "-k", "-u", "-f", "revoked.krl", "-z", "42", "spec2")


def test_a_list_of_ssh_keygens_is_read_and_extended(plain):
    written_by_keygen(plain)
    old = _krl.parse((plain.d / "revoked.krl").read_bytes())
    listed_before = set(keygen(plain.d, "-Q", "-l", "-f", "revoked.krl").stdout.splitlines()[2:])
    plain.sign("carol", "-I", "carol", "-z", 6000)
    client = plain.client()
    user_cert.revoke(client, plain.cert("carol"))
    plain.sign("carol", "-I", "carol")
    user_cert.revoke(client, plain.cert("carol"))
    user_key.revoke(client, plain.key("alice"))
    new = _krl.parse((plain.d / "revoked.krl").read_bytes())
    assert new.version == old.version + 3
    assert new.body.startswith(old.body) and new.comment == old.comment
    listed = set(keygen(plain.d, "-Q", "-l", "-f", "revoked.krl").stdout.splitlines()[2:])
    assert listed > listed_before
    assert {"serial: 6000", "id: carol"} <= listed
    assert plain.asked("old1.pub", "old2.pub", "old3.pub", "alice.pub", "bob.pub") == [True, True, True, True, False]
    ca, of = plain.blob("ca"), new.of(plain.blob("ca"))
    for serial in (5, 100, 2222, 4000, 5001, 5003, 5004, 5007, 5012, 5013, 6000, 2**64 - 1):
        assert of.serial(serial), serial
    for serial in (0, 1, 4, 6, 99, 4001, 5000, 5002, 5005, 5006, 5008, 5014, 5999, 6001, 2**64 - 2):
        assert not _krl.revokes_certificate(new, ca, serial=serial, key_id=b"new"), serial
    assert _krl.revokes_certificate(new, ca, serial=1, key_id=b"old laptop")


def test_every_serial_is_read_as_ssh_keygen_reads_it(plain):
    plain.sign("carol", "-I", "carol", "-z", 1)
    chance = random.Random(4)
    for _ in range(6):
        base = chance.choice([1, 1000, 2**40, 2**64 - 400])
        serials = sorted({base + chance.randrange(chance.choice([8, 60, 390])) for _ in range(chance.randrange(1, 60))})
        (plain.d / "spec").write_text("".join(f"serial: {s}\n" for s in serials))
        keygen(plain.d, "-q", "-k", "-f", "revoked.krl", "-s", "ca.pub", "spec")
        krl = _krl.parse((plain.d / "revoked.krl").read_bytes())
        of = krl.of(plain.blob("ca"))
        around = {s + x for s in serials for x in (-1, 0, 1)} - {0, 2**64}
        assert {s for s in around if of.serial(s)} == set(serials)


def test_ssh_keygen_reads_damaged_lists_no_more_strictly(plain):
    """What ssh-keygen accepts we read, and what we read it accepts, unless a CA's key in it is damaged."""
    written_by_keygen(plain)
    whole = (plain.d / "revoked.krl").read_bytes()
    chance, both = random.Random(9), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (plain.d / "damaged").write_bytes(damaged)
        theirs = keygen(plain.d, "-Q", "-f", "damaged", "bob.pub", check=False).returncode != 255
        try:
            ours = bool(_krl.parse(bytes(damaged)).keys | {b"x"})
        except Unrecognised:
            ours = False
        both += ours and theirs
        ca_touched = damaged[damaged.find(b"ssh-ed25519") - 8 :][:59] != whole[whole.find(b"ssh-ed25519") - 8 :][:59]
        assert ours == theirs or (ours and ca_touched), damaged.hex()
    assert both > 20


def test_concurrent_revocations_lose_nothing(plain):
    client, errors = plain.client(), []
    ca = fingerprint(plain.blob("ca"))

    def end(serial):
        try:
            user_cert.revoke(client, Credential(kind="ssh.user-cert", provider="ssh", identifier=f"{serial}@{ca}"))
        except Exception as e:
            errors.append(e)

    script = (
        "import sys\nfrom tests.interop.test_ssh import *\n"
        "s = object.__new__(Server); s.d = Path(sys.argv[1])\n"
        "ca = fingerprint(s.blob('ca'))\n"
        "for n in range(100, 106): user_cert.revoke(s.client(), Credential(kind='k', provider='ssh', identifier=f'{n}@{ca}'))\n"
    )
    root = Path(__file__).resolve().parent.parent.parent
    other = subprocess.Popen([sys.executable, "-c", script, str(plain.d)], cwd=root)
    threads = [threading.Thread(target=end, args=(n,)) for n in range(1, 9)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert other.wait(60) == 0 and not errors
    krl = _krl.parse((plain.d / "revoked.krl").read_bytes())
    assert all(krl.of(plain.blob("ca")).serial(n) for n in [*range(1, 9), *range(100, 106)])
    assert krl.version == 7 + 14


def loose(blob, where):
    """The same RSA key with superfluous zeros, as no tool would write it."""
    from rescind.providers.ssh._blob import Reader

    reader = Reader(blob, "key")
    parts = [reader.string() for _ in range(3)]
    parts[where] = b"\0\0" + parts[where]
    return b"".join(map(packed, parts))


def test_a_line_counts_exactly_where_sshd_lets_its_key_in(server):
    """For each way of writing a line: if sshd accepts the key through it, we see it, take it out, and sshd refuses."""
    d = server.d
    keygen(d, "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa")
    ed, rsa = server.pub("bob").split()[1], server.pub("rsa").split()[1]
    other = server.pub("carol").split()[1]
    lines = [
        ("bob", b"ssh-ed25519 " + ed, True),
        ("bob", b" \t ssh-ed25519\t \t" + ed + b"\tbob and more", True),
        ("bob", b"ssh-ed25519 " + ed + b"\r", True),
        ("bob", b'no-pty,environment="A=b c",command="true \\"x y\\"" ssh-ed25519 ' + ed + b" c", True),
        ("bob", b'command="true ' + other + b' x" ssh-ed25519 ' + ed, True),
        ("bob", b'command="true ' + ed + b' x" ssh-ed25519 ' + other, False),
        ("bob", b"restrict ssh-ed25519 " + ed + b"\0 tail", True),
        ("bob", b"# ssh-ed25519 " + ed, False),
        ("bob", b"cert-authority ssh-ed25519 " + ed, None),
        ("bob", b"no-such-option ssh-ed25519 " + ed, None),
        ("bob", b"ssh-rsa " + ed, None),
        ("bob", b'command="true ssh-ed25519 ' + ed, False),
        ("bob", b"ssh-ed25519 " + ed[:-4], False),
        ("rsa", b"ssh-rsa " + rsa, True),
        ("rsa", b"rsa-sha2-512 " + rsa, None),
        ("rsa", b"ssh-rsa " + base64.b64encode(loose(server.blob("rsa"), 1)), True),
        ("rsa", b"ssh-rsa " + base64.b64encode(loose(server.blob("rsa"), 2)), True),
    ]
    (d / "more_keys").write_bytes(b"")
    client = server.client(krl=False)
    for name, line, accepted in lines:
        (d / "authorized_keys").write_bytes(b"# first\n" + line + b"\nssh-ed25519 " + other + b" carol")
        got_in = server.lets_in(name)
        assert accepted is None or got_in is accepted, line
        listed = bool(client.listed(_krl.digest(server.blob(name))).files)
        assert listed or not got_in, line
        assert accepted is not False or not listed, line
        user_key.deny(client, server.key(name))
        assert not server.lets_in(name), line
        left = (d / "authorized_keys").read_bytes()
        assert left == b"# first\n" + (b"" if listed else line + b"\n") + b"ssh-ed25519 " + other + b" carol"
    assert server.lets_in("carol")


def test_hardware_keys_and_every_type_go_on_the_list(plain):
    sk = packed(b"sk-ssh-ed25519@openssh.com") + packed(bytes(range(32))) + packed(b"ssh:")
    (plain.d / "sk.pub").write_bytes(b"sk-ssh-ed25519@openssh.com " + base64.b64encode(sk) + b" token\n")
    names = ["sk"]
    for kind, bits in (("rsa", 2048), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521)):
        keygen(plain.d, "-q", "-t", kind, "-b", bits, "-N", "", "-f", f"{kind}{bits}")
        names.append(f"{kind}{bits}")
    plain.authorize(*names, "bob")
    client = plain.client()
    for name in names:
        assert plain.asked(f"{name}.pub") == [False]
        assert user_key.identify(client, plain.key(name), None).attributes["type"] in FIELDS
        user_key.revoke(client, plain.key(name))
        assert user_key.verify(client, plain.key(name)).liveness is Liveness.DEAD
        assert plain.asked(f"{name}.pub") == [True]
        assert plain.asked("bob.pub") == [False]
    assert (plain.d / "authorized_keys").read_bytes() == plain.pub("bob")


def test_the_registry_says_whose_it_is(plain):
    plain.sign("alice", "-I", "carol", "-z", 9)
    plain.sign("carol", "-I", "carol")
    cert, nameless = plain.cert("alice"), plain.cert("carol")
    registry = plain.d / "registry"
    registry.write_bytes(b"# staff\nada " + plain.pub("alice") + f"carol {nameless.identifier}\n".encode())
    client = plain.client(registry=str(registry))
    assert user_key.identify(client, plain.key("alice"), None).owner == "ada"
    assert user_cert.identify(client, cert, None).owner == "ada", (
        "by its key, for the CA signed that; not by its key id"
    )
    assert user_cert.identify(client, nameless, None).owner == "carol"
    bare = Credential(kind=cert.kind, provider="ssh", identifier=cert.identifier)
    assert user_cert.identify(client, bare, None).owner == ""
    forged = Credential(
        kind=cert.kind,
        provider="ssh",
        identifier=nameless.identifier,
        attributes={"certificate": cert.attributes["certificate"]},
    )
    assert user_cert.identify(client, forged, None).attributes.get("key_fingerprint") is None
    listed = [k.identifier for k in user_key.enumerate(client, Subject(names=("ada",)))]
    assert listed == [plain.key("alice").identifier]
    user_key.revoke(client, plain.key("alice"))
    assert list(user_key.enumerate(client, Subject(names=("ada",)))) == []


def test_a_certificate_of_hardware_is_vouched_for_by_ssh_keygen(plain):
    sk = packed(b"sk-ssh-ed25519@openssh.com") + packed(bytes(range(32))) + packed(b"ssh:")
    (plain.d / "sk.pub").write_bytes(b"sk-ssh-ed25519@openssh.com " + base64.b64encode(sk) + b" token\n")
    plain.sign("sk", "-I", "sk", "-z", 3)
    client = plain.client()
    assert user_cert.identify(client, plain.cert("sk"), None).attributes["key_fingerprint"] == fingerprint(sk)
    whole = base64.b64decode(plain.cert("sk").attributes["certificate"])
    forged = whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]
    cert = plain.cert("sk")
    wrong = Credential(
        kind=cert.kind,
        provider="ssh",
        identifier=cert.identifier,
        attributes={"certificate": base64.b64encode(forged).decode()},
    )
    assert "key_fingerprint" not in user_cert.identify(client, wrong, None).attributes


def test_the_parser_sees_what_the_file_says(plain):
    assert [e.comment for e in _authorized.entries(plain.pub("alice") + plain.pub("bob"))] == [
        b"alice@lt-042",
        b"bob@lt-042",
    ]
