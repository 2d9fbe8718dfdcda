"""A CA in files: nothing is ever un-revoked, nothing foreign is overwritten, and listed is not announced."""

from __future__ import annotations

import os
import stat
import sys
import threading
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from rescind.catalogue import check
from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unreachable, Unrecognised
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Liveness, Subject
from rescind.providers.x509 import client_cert as kind
from tests.unit._x509 import NOW, At, Ca, name

FLAGS = x509.ReasonFlags


@pytest.fixture
def ca(tmp_path):
    made = Ca(tmp_path)
    made.record(0x1000, "/CN=ada@example.com")
    made.record(0x1001, "/CN=bob")
    return made


def test_the_row_is_accepted_by_the_catalogue():
    check(kind.KIND)


def test_revoke_then_dead_and_twice_is_the_same(ca):
    client, alice, bob = ca.client(), ca.credential(0x1000), ca.credential(0x1001)
    assert kind.verify(client, alice).liveness is Liveness.LIVE
    first = kind.revoke(client, alice)
    assert first.status is CallStatus.DONE
    assert first.notes["crl_number"] == "2"
    blob = ca.crl_path.read_bytes()
    seen = kind.verify(client, alice)
    assert seen.liveness is Liveness.DEAD
    assert "CRL number 2 of 2026-11-23T12:00:00Z lists serial 1000 (keyCompromise)" in seen.evidence
    assert kind.verify(client, bob).liveness is Liveness.LIVE
    assert kind.control(client, bob).liveness is Liveness.LIVE
    assert kind.revoke(client, alice).status is CallStatus.ALREADY
    assert ca.crl_path.read_bytes() == blob


def test_the_crl_keeps_every_entry_and_its_mode_and_moves_forward(ca):
    ca.publish(ca.crl((5, 6, 7), number=41, reason=FLAGS.superseded))
    os.chmod(ca.crl_path, 0o644)
    kind.revoke(ca.client(), ca.credential(0x1000))
    new = ca.published()
    assert {e.serial_number for e in new} == {5, 6, 7, 0x1000}
    assert new.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 42
    assert (
        new.get_revoked_certificate_by_serial_number(6).extensions.get_extension_for_class(x509.CRLReason).value.reason
        is FLAGS.superseded
    )
    assert new.is_signature_valid(ca.key.public_key())
    assert stat.S_IMODE(ca.crl_path.stat().st_mode) == 0o644


def test_der_stays_der(ca):
    ca.publish(ca.crl(), Encoding.DER)
    kind.revoke(ca.client(), ca.credential(0x1000))
    assert len(x509.load_der_x509_crl(ca.crl_path.read_bytes())) == 1
    assert kind.verify(ca.client(), ca.credential(0x1000)).liveness is Liveness.DEAD


def _foreign(ca, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    return Ca(other, "Other CA")


BAD = {
    "garbage": lambda ca, t: b"not a crl",
    "empty": lambda ca, t: b"",
    "truncated": lambda ca, t: ca.crl_path.read_bytes()[:120],
    "foreign": lambda ca, t: _foreign(ca, t).crl_path.read_bytes(),
    "forged": lambda ca, t: ca.crl(key=ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM),
    "two": lambda ca, t: ca.crl_path.read_bytes() * 2,
    "delta": lambda ca, t: ca.crl(critical=(x509.DeltaCRLIndicator(1),)).public_bytes(Encoding.PEM),
    "unknown critical": lambda ca, t: ca.crl(
        critical=(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"),)
    ).public_bytes(Encoding.PEM),
    "indirect": lambda ca, t: ca.crl(
        (0x1000,), critical=(x509.IssuingDistributionPoint(None, None, False, False, None, True, False),)
    ).public_bytes(Encoding.PEM),
}


@pytest.mark.parametrize("how", BAD)
def test_a_crl_that_is_not_this_cas_is_never_overwritten_and_proves_nothing(ca, tmp_path, how):
    blob = BAD[how](ca, tmp_path)
    ca.crl_path.write_bytes(blob)
    client, alice = ca.client(), ca.credential(0x1000)
    for fn in (kind.revoke, kind.verify, kind.control):
        with pytest.raises(Rejected):
            fn(client, alice)
    assert ca.crl_path.read_bytes() == blob


def test_a_missing_crl_is_not_invented(ca):
    ca.crl_path.unlink()
    with pytest.raises(NotFound):
        kind.revoke(ca.client(), ca.credential(0x1000))
    assert not ca.crl_path.exists()


def test_a_symlinked_crl_is_refused(ca, tmp_path):
    real = tmp_path / "real.crl"
    ca.crl_path.rename(real)
    ca.crl_path.symlink_to(real)
    before = real.read_bytes()
    with pytest.raises(Rejected):
        kind.revoke(ca.client(), ca.credential(0x1000))
    assert real.read_bytes() == before


def test_an_expired_crl_says_nothing_but_can_be_replaced(ca):
    late = At(NOW + timedelta(days=8))
    client, alice = ca.client(clock=late), ca.credential(0x1000)
    with pytest.raises(Unrecognised, match="nextUpdate"):
        kind.verify(client, alice)
    kind.revoke(client, alice)
    assert kind.verify(client, alice).liveness is Liveness.DEAD


def test_a_crl_from_the_future_says_nothing_and_is_not_preceded(ca):
    ca.publish(ca.crl(at=NOW + timedelta(days=1)))
    with pytest.raises(Unrecognised, match="future"):
        kind.verify(ca.client(), ca.credential(0x1000))
    with pytest.raises(Rejected, match="clock"):
        kind.revoke(ca.client(), ca.credential(0x1000))


def test_a_hold_is_reversible_and_becomes_final(ca):
    ca.publish(ca.crl((0x1000,), reason=FLAGS.certificate_hold))
    client, alice = ca.client(), ca.credential(0x1000)
    assert kind.verify(client, alice).reversible
    assert kind.revoke(client, alice).status is CallStatus.DONE
    seen = kind.verify(client, alice)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, False)
    assert len(ca.published()) == 1


def test_removed_from_crl_is_live(ca):
    ca.publish(ca.crl((0x1000,), reason=FLAGS.remove_from_crl))
    assert kind.verify(ca.client(), ca.credential(0x1000)).liveness is Liveness.LIVE


def test_twenty_revocations_at_once_are_all_listed(ca):
    serials, errors = range(0x2000, 0x2014), []

    def one(serial):
        try:
            kind.revoke(ca.client(), ca.credential(serial))
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=one, args=(s,)) for s in serials]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert errors == []
    assert {e.serial_number for e in ca.published()} == set(serials)
    assert ca.published().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 21


def test_the_index_is_marked_and_the_rest_stays_byte_for_byte(ca):
    before = ca.index.read_text().splitlines()
    kind.revoke(ca.client(), ca.credential(0x1000))
    after = ca.index.read_text().splitlines()
    assert after[0] == "R\t261223120000Z\t261123120000Z,keyCompromise\t1000\tunknown\t/CN=ada@example.com"
    assert after[1:] == before[1:]
    kind.revoke(ca.client(), ca.credential(0x1000))
    assert ca.index.read_text().splitlines() == after


def test_an_attempt_cut_off_before_the_index_is_completed_by_the_next(ca):
    before = ca.index.read_bytes()
    kind.revoke(ca.client(), ca.credential(0x1000))
    ca.index.write_bytes(before)
    assert kind.revoke(ca.client(), ca.credential(0x1000)).status is CallStatus.ALREADY
    assert ca.index.read_text().startswith("R\t")


def test_the_crl_number_file_of_openssl_is_kept_ahead(ca, tmp_path):
    number = tmp_path / "crlnumber"
    number.write_text("0F\n")
    kind.revoke(ca.client(crl_number=str(number)), ca.credential(0x1000))
    assert ca.published().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 0x0F
    assert number.read_text() == "10\n"


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "import sys; sys.stderr.write('no such site ' + 'A1'*20); sys.exit(3)"),
        ("/does/not/exist",),
    ],
)
def test_a_failed_reload_is_neither_success_nor_death(ca, command):
    client, alice = ca.client(reload=command, propagation_seconds=0), ca.credential(0x1000)
    with pytest.raises(Unreachable) as caught:
        kind.revoke(client, alice)
    assert caught.value.maybe_sent
    assert "A1A1A1A1A1A1" not in caught.value.message
    assert kind.verify(client, alice).liveness is Liveness.UNKNOWN
    mended = ca.client(reload=(sys.executable, "-c", ""), propagation_seconds=0)
    assert kind.revoke(mended, alice).status is CallStatus.ALREADY
    assert kind.verify(mended, alice).liveness is Liveness.DEAD


def test_a_reload_that_hangs_is_ended(ca, monkeypatch):
    monkeypatch.setattr("rescind.providers.x509._file.RELOAD_SECONDS", 0.2)
    client = ca.client(reload=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(Unreachable, match="did not end") as caught:
        kind.revoke(client, ca.credential(0x1000))
    assert caught.value.maybe_sent


def test_another_cas_certificate_is_never_touched_or_called_dead(ca):
    before = ca.crl_path.read_bytes()
    stranger = ca.credential(0x1000, issuer=name("Other CA"))
    for fn in (kind.revoke, kind.verify, kind.control, lambda c, x: kind.identify(c, x, None)):
        with pytest.raises(NotFound, match="another CA"):
            fn(ca.client(), stranger)
    assert ca.crl_path.read_bytes() == before


def test_identify_goes_by_the_cas_own_record(ca):
    known = kind.identify(ca.client(write=False), ca.credential(0x1000, subject="CN=somebody-else"), None)
    assert (known.owner, known.expires_at, known.liveness) == ("ada@example.com", "2026-12-23T12:00:00Z", Liveness.LIVE)
    assert known.identifier == ca.credential(0x1000).identifier
    with pytest.raises(NotFound, match="no record"):
        kind.identify(ca.client(), ca.credential(0x9999), None)


def test_without_an_index_the_owner_is_unproven_and_listing_is_a_gap(ca):
    client = ca.client(index=None)
    assert kind.identify(client, ca.credential(0x1000), None).owner == ""
    (gap,) = kind.enumerate(client, Subject(names=("ada@example.com",)))
    assert isinstance(gap, Gap)
    assert kind.revoke(client, ca.credential(0x1000)).status is CallStatus.DONE


def test_an_ambiguous_subject_has_no_owner(ca):
    ca.record(0x1002, "/O=x/CN=ada@example.com/CN=mallory")
    assert kind.identify(ca.client(), ca.credential(0x1002), None).owner == ""


def test_the_archive_gives_the_email_and_must_be_this_cas(ca, tmp_path):
    ca.archive(0x1001, "bob", ("bob@example.com",))
    client = ca.client(certs=str(tmp_path / "new"))
    assert kind.identify(client, ca.credential(0x1001), None).owner == "bob@example.com"
    assert kind.identify(client, ca.credential(0x1000), None).owner == "ada@example.com"
    other = _foreign(ca, tmp_path)
    other.archive(0x1000, "mallory")
    (tmp_path / "new" / "1000.pem").write_bytes((other.folder / "new" / "1000.pem").read_bytes())
    with pytest.raises(Unrecognised, match="not one of this CA"):
        kind.identify(client, ca.credential(0x1000), None)


def test_enumerate_gives_what_is_neither_expired_nor_listed(ca):
    ca.record(0x1003, "/CN=ada@example.com", expiry="251223120000Z")
    ca.record(0x1004, "/CN=ada@example.com")
    ca.record(0x1005, "/CN=lt-042")
    ca.record(
        0x1006, "/CN=ada@example.com", status="R", revoked="261101120000Z"
    )  # in the index, not on the CRL: still accepted
    kind.revoke(ca.client(), ca.credential(0x1004))
    found = kind.enumerate(ca.client(), Subject(names=("Ada@Example.com",), workstation="lt-042"))
    assert [k.attributes["serial"] for k in found] == ["1000", "1005", "1006"]


def test_a_broken_index_is_an_error_with_its_line(ca):
    ca.record(0x1002, "/CN=x", expiry="soon")
    with pytest.raises(Unrecognised, match="line 3"):
        list(kind.enumerate(ca.client(), Subject(names=("ada@example.com",))))


def test_residual_without_a_declaration_is_one_crl_lifetime_at_most_the_expiry(ca):
    client, alice = ca.client(), ca.credential(0x1000, expires_at="2026-11-23T12:00:01Z")  # evidence is not believed
    kind.revoke(client, alice)
    assert kind.verify(client, alice).residual_until == "2026-11-30T12:00:00Z"
    ca.publish(ca.crl(number=9, days=60))
    kind.revoke(client, alice)
    assert kind.verify(client, alice).residual_until == "2026-12-23T12:00:00Z"


def test_a_shorter_lifetime_never_hides_how_long_the_old_list_lives(ca):
    ca.publish(ca.crl(days=20))
    client = ca.client(crl_days=1)
    kind.revoke(client, ca.credential(0x1000))
    assert kind.verify(client, ca.credential(0x1000)).residual_until == "2026-12-13T12:00:00Z"


def test_declared_propagation_is_counted_from_the_revocation(ca):
    client, alice = ca.client(propagation_seconds=90), ca.credential(0x1000)
    kind.revoke(client, alice)
    assert kind.verify(client, alice).residual_until == "2026-11-23T12:01:30Z"


def test_reading_needs_no_key_and_gives_none(ca, tmp_path):
    (tmp_path / "ca.key").unlink()
    client = ca.client(write=False)
    assert kind.verify(client, ca.credential(0x1000)).liveness is Liveness.LIVE
    with pytest.raises(Denied):
        kind.revoke(client, ca.credential(0x1000))


def test_identity_is_the_certificate(ca):
    me = ca.client(write=False).identity()
    assert me.account.startswith("ca:")
    assert len(me.account) == 19
    assert me.principal == "CN=Test CA"


def test_the_key_is_in_no_repr(ca):
    assert "PrivateKey" not in repr(ca.client())


@pytest.mark.parametrize(
    "wrong",
    [
        {"ca": "acme"},
        {"ca_cert": None},
        {"crl": "relative.crl"},
        {"reload": "nginx -s reload"},
        {"reason": "certificateHold"},
        {"propagation_seconds": -1},
        {"crl_days": 0},
        {"ca_key": "/nowhere/ca.key"},
    ],
)
def test_settings_that_cannot_be_used(ca, wrong):
    with pytest.raises(ConfigError):
        ca.client(**wrong)


def test_a_key_of_another_ca_is_refused(ca, tmp_path):
    (tmp_path / "ca.key").write_bytes((_foreign(ca, tmp_path).folder / "ca.key").read_bytes())
    with pytest.raises(ConfigError, match="not the key"):
        ca.client()
