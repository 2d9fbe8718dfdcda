"""SSH keys and certificates without any ssh-keygen: what is dead, what only looks like it, and whose it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.catalogue import check
from rescind.errors import ConfigError, Denied, NotFound, ProviderError, Rejected, Unrecognised
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.tenant import Tenant
from rescind.providers.ssh import _certificate, _connect, _installation, _keygen, _krl, _registry, user_cert, user_key
from rescind.providers.ssh._blob import digest_of, fingerprint, packed
from tests.unit._ssh import Hosts, blob, cert, certificates, key, krl, line, section


@pytest.fixture
def hosts(tmp_path):
    return Hosts(tmp_path)


def test_the_rows_are_accepted_by_the_catalogue():
    check(user_key.KIND)
    check(user_cert.KIND)
    assert user_key.KIND.actions[Verb.DENY].ends is EndState.CONTAINED


def test_a_key_ends_in_files_and_list(hosts):
    client = hosts.client()
    assert user_key.identify(client, key(1), None).liveness is Liveness.LIVE
    result = user_key.revoke(client, key(1))
    assert result.status is CallStatus.DONE
    assert "no ssh-keygen" in result.notes["krl_read_by"]
    assert hosts.ada.read_bytes() == line(2) and hosts.bob.read_bytes() == b"# bob\r\n" + line(2)
    now = hosts.published()
    assert blob(1) in now.keys and _krl.digest(blob(1)) in now.sha256s and now.comment == b"ops"
    seen = user_key.verify(client, key(1))
    assert seen.liveness is Liveness.DEAD and "read by rescind only" in seen.evidence
    assert user_key.verify(client, key(2)).liveness is Liveness.LIVE
    written = hosts.krl.read_bytes()
    assert user_key.revoke(client, key(1)).status is CallStatus.ALREADY
    assert hosts.krl.read_bytes() == written
    assert user_key.identify(client, key(1), None).liveness is Liveness.DEAD


@pytest.mark.parametrize("revoked", [True, False])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("has_krl", [True, False])
def test_dead_needs_the_list_and_clean_files(hosts, has_krl, listed, revoked):
    if not listed:
        hosts.ada.write_bytes(line(2)), hosts.bob.write_bytes(line(2))
    if revoked:
        hosts.krl.write_bytes(krl(section(5, packed(_krl.digest(blob(1))))))
    seen = user_key.verify(hosts.client(krl=str(hosts.krl) if has_krl else None), key(1))
    if listed:
        want = Liveness.LIVE
    elif not has_krl:
        want = Liveness.UNKNOWN
    else:
        want = Liveness.DEAD if revoked else Liveness.LIVE
    assert seen.liveness is want


def test_deny_only_sweeps(hosts):
    client, before = hosts.client(), hosts.krl.read_bytes()
    assert user_key.denied(client, key(1)).liveness is Liveness.LIVE
    assert user_key.deny(client, key(1)).status is CallStatus.DONE
    assert user_key.denied(client, key(1)).liveness is Liveness.DEAD
    assert hosts.krl.read_bytes() == before
    assert user_key.deny(client, key(1)).status is CallStatus.ALREADY
    for work in (user_key.deny, user_key.denied):
        with pytest.raises(Rejected):
            work(hosts.client(authorized_keys=None), key(1))


def test_a_fingerprint_alone_is_enough_for_the_list(hosts):
    hosts.registry.write_text(f"ada {fingerprint(blob(7))}\n")
    client = hosts.client()
    assert user_key.identify(client, key(7), None).owner == "ada"
    assert user_key.revoke(client, key(7)).notes["krl_entry"] == "digest"
    assert user_key.verify(client, key(7)).liveness is Liveness.DEAD


def test_residual(hosts):
    user_key.revoke(hosts.client(), key(1))
    assert user_key.verify(hosts.client(), key(1)).residual_until == _installation.NO_END
    soon = user_key.verify(hosts.client(session_seconds=0), key(1)).residual_until
    later = user_key.verify(hosts.client(session_seconds=3600, propagation_seconds=60), key(1)).residual_until
    assert soon < later < _installation.NO_END
    hosts.krl.write_bytes(krl(hosts.published().body, date=2**64 - 1))
    assert user_key.verify(hosts.client(session_seconds=0), key(1)).residual_until == _installation.NO_END


def test_one_half_failing_does_not_keep_the_other_from_being_done(hosts):
    hosts.krl.write_bytes(b"garbage")
    with pytest.raises(Unrecognised):
        user_key.revoke(hosts.client(), key(1))
    assert hosts.ada.read_bytes() == line(2) and hosts.krl.read_bytes() == b"garbage"
    hosts.krl.write_bytes(krl())
    hosts.ada.unlink()
    hosts.ada.symlink_to("/etc/passwd")
    with pytest.raises(Rejected):
        user_key.revoke(hosts.client(), key(1))
    assert _krl.revokes_key(hosts.published(), _krl.digest(blob(1)))
    with pytest.raises(Rejected):
        user_key.verify(hosts.client(), key(1))


def test_one_file_failing_does_not_keep_the_others_from_being_swept(hosts, monkeypatch):
    real = user_key._authorized.sweep

    def sweep(path, digest):
        if path == hosts.ada:
            raise Denied("no")
        return real(path, digest)

    monkeypatch.setattr(user_key._authorized, "sweep", sweep)
    with pytest.raises(Denied):
        user_key.revoke(hosts.client(), key(1))
    assert line(1) not in hosts.bob.read_bytes()
    assert user_key.verify(hosts.client(), key(1)).liveness is Liveness.LIVE


def test_a_client_that_only_reads_writes_nothing(hosts):
    reader, before = hosts.client(write=False), hosts.ada.read_bytes()
    for work, c in ((user_key.revoke, key(1)), (user_key.deny, key(1)), (user_cert.revoke, cert(5))):
        with pytest.raises(Denied):
            work(reader, c)
    assert hosts.ada.read_bytes() == before and hosts.published().version == 1
    assert not hosts.krl.with_name("revoked.krl.lock").exists()


def test_whose_a_key_is(hosts):
    hosts.ada.write_bytes(line(1, "bob@example.com") + line(3, "ada") + b"cert-authority " + line(4))
    hosts.registry.write_bytes(
        b"ada " + line(1) + b"ada,bob " + line(2) + b"*@example.com " + line(3) + b"ada " + line(4) + b"ada " + line(9)
    )
    client = hosts.client()
    owners = {n: user_key.identify(client, key(n), None).owner for n in (1, 2, 3, 4, 9)}
    assert owners == {1: "ada", 2: "", 3: "", 4: "", 9: ""}, "shared, a pattern, and CAs are nobody's"
    assert user_key.identify(client, key(9), None).attributes["cert_authority"] == "yes"
    assert user_key.identify(hosts.client(registry=None), key(3), None).owner == "", "a comment says nothing"
    with pytest.raises(NotFound):
        user_key.identify(client, key(8), None)
    found = {k.identifier: k.owner for k in user_key.enumerate(client, Subject(names=("ada",)))}
    assert found == {fingerprint(blob(n)): owners[n] for n in (1, 2, 4, 9)}
    gaps = list(user_key.enumerate(hosts.client(registry=None), Subject(names=("ada",))))
    assert len(gaps) == 1 and isinstance(gaps[0], Gap)


@pytest.mark.parametrize(
    "text",
    [b"ada\n", b"ada nonsense\n", b"ada SHA256:short\n", b"\xff\n", b"ssh-ed25519 AAAA\n", b"ada ssh-ed25519 AAAA\n"],
)
def test_a_registry_that_cannot_be_read_says_nothing(hosts, text):
    hosts.registry.write_bytes(b"ada " + line(1) + text)
    with pytest.raises(Unrecognised):
        user_key.identify(hosts.client(), key(1), None)


def test_a_registry_that_is_gone_is_no_empty_one(hosts):
    hosts.registry.unlink()
    with pytest.raises(Rejected) as caught:
        user_key.identify(hosts.client(), key(1), None)
    assert not isinstance(caught.value, NotFound)


def test_registry_lines():
    data = b'# staff\r\n\n"ada x" ' + line(1) + b'bob namespaces="file",valid-after="2020" ' + line(2)
    read = _registry.read(data + b"eve cert-authority " + line(3))
    assert read.names == {fingerprint(blob(1)): {"ada x"}, fingerprint(blob(2)): {"bob"}}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_registry_is_read_or_unrecognised(data):
    try:
        _registry.read(data)
    except Unrecognised:
        pass


def test_certificates_end_by_serial_key_id_or_key(hosts):
    client = hosts.client()
    by_key = f"key:{fingerprint(blob(5))}"
    for name in (1001, "id:ada%40lt%20042", by_key):
        assert user_cert.verify(client, cert(name)).liveness is Liveness.LIVE
        assert user_cert.revoke(client, cert(name)).status is CallStatus.DONE
        assert user_cert.verify(client, cert(name)).liveness is Liveness.DEAD
        assert user_cert.revoke(client, cert(name)).status is CallStatus.ALREADY
    now = hosts.published()
    assert now.version == 4 and now.of(blob(9)).key_ids == {b"ada@lt 042"}
    assert _krl.digest(blob(5)) in now.sha256s
    assert user_cert.verify(client, cert(1002)).liveness is Liveness.LIVE
    assert user_cert.control(client, cert(1002)).liveness is Liveness.LIVE


def test_another_ca_is_not_ours_and_no_list_ends_nothing(hosts):
    for work in (lambda c: user_cert.identify(hosts.client(), c, None), lambda c: user_cert.revoke(hosts.client(), c)):
        with pytest.raises(NotFound):
            work(cert(5, ca=8))
    for work in (user_cert.revoke, user_cert.verify):
        with pytest.raises(Rejected):
            work(hosts.client(krl=None), cert(5))
    assert user_cert.identify(hosts.client(krl=None), cert(5), None).liveness is Liveness.UNKNOWN


@pytest.mark.parametrize("name", ["0", "00", "05", "-1", "x", "id:", "id:%00", "key:x", "18446744073709551616", "5@6"])
def test_names_that_name_nothing(hosts, name):
    with pytest.raises(Rejected):
        user_cert.revoke(hosts.client(), cert(name))
    assert hosts.published().version == 1


def test_certificates_of_the_registry_are_listed_and_the_rest_is_a_gap(hosts):
    hosts.registry.write_text(f"ada {cert(5).identifier}\nbob {cert(6).identifier}\nada {cert(7, ca=8).identifier}\n")
    client = hosts.client()
    known, gap = user_cert.enumerate(client, Subject(names=("ada",)))
    assert isinstance(known, Known) and known.identifier == cert(5).identifier and known.owner == "ada"
    assert isinstance(gap, Gap)
    user_cert.revoke(client, cert(5))
    assert [type(x) for x in user_cert.enumerate(client, Subject(names=("ada",)))] == [Gap]
    assert list(user_cert.enumerate(hosts.client(cas=None), Subject(names=("ada",)))) == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_certificate_is_read_or_unrecognised(data, plausible):
    head = packed(b"ssh-ed25519-cert-v01@openssh.com") if plausible else b""
    try:
        _certificate.signed(_certificate.parse(head + data))
    except Unrecognised:
        pass


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_identifier_is_one_or_a_typed_error(text):
    for work in (_certificate.named, digest_of):
        try:
            work(text)
        except ProviderError:
            pass


def test_two_readers_that_disagree_say_nothing(hosts, monkeypatch):
    hosts.ada.write_bytes(line(2)), hosts.bob.write_bytes(line(2))
    hosts.krl.write_bytes(krl(section(2, packed(blob(1))) + certificates(section(0x20, (5).to_bytes(8, "big")))))
    client = hosts.client(keygen="ssh-keygen")
    monkeypatch.setattr(_keygen, "listing", lambda program, data: _keygen.Listing())
    monkeypatch.setattr(_keygen, "revoked", lambda program, data, asked: False)
    with pytest.raises(Unrecognised):
        user_key.verify(client, key(1))
    with pytest.raises(Unrecognised):
        user_cert.verify(client, cert(5))
    monkeypatch.setattr(_keygen, "listing", lambda program, data: _keygen.Listing({"*": [(6, 6)]}))
    with pytest.raises(Unrecognised):
        user_cert.verify(client, cert(6))


def test_a_list_that_ssh_keygen_does_not_confirm_is_not_installed(hosts, monkeypatch):
    before = hosts.krl.read_bytes()
    monkeypatch.setattr(_keygen, "listing", lambda program, data: _keygen.Listing())
    with pytest.raises(Rejected):
        user_cert.revoke(hosts.client(keygen="ssh-keygen"), cert(5))
    assert hosts.krl.read_bytes() == before


def test_the_account_follows_the_configuration_not_the_contents(hosts):
    first = hosts.client().identity()
    assert first.account.startswith("ssh:") and len(first.account) == 20
    hosts.ada.write_bytes(b"")
    assert hosts.client(session_seconds=5).identity() == first
    assert hosts.client(krl=None).identity().account != first.account
    assert hosts.client(cas=None).identity().account != first.account


@pytest.mark.parametrize(
    "settings_",
    [
        {},
        {"authorized_keys": ("relative",)},
        {"authorized_keys": ("/a/**/b",)},
        {"authorized_keys": ("/a/../b",)},
        {"authorized_keys": 5},
        {"krl": "relative"},
        {"krl": "/k", "cas": ("/nowhere.pub",)},
        {"krl": "/k", "session_seconds": -1},
        {"krl": "/k", "session_seconds": True},
        {"krl": "/k", "propagation_seconds": "soon"},
    ],
)
def test_settings_that_cannot_be_used(settings_):
    with pytest.raises(ConfigError):
        _connect.connect(Tenant(name="h", provider="ssh", settings=settings_), None, None, write=False)


def test_no_key_of_evidence_reaches_a_command_line(hosts):
    planted = Credential(kind="ssh.user-key", provider="ssh", identifier="-oProxyCommand=x")
    with pytest.raises(Unrecognised):
        user_key.revoke(hosts.client(), planted)
    assert replace(planted, identifier="").identifier == ""
