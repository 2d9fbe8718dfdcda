"""Revocation lists: every section is read, nothing is ever lost, and what sshd could not read is neither believed nor made."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.errors import Rejected, Unrecognised
from rescind.providers.ssh import _krl
from rescind.providers.ssh._blob import packed, packed_mpint
from tests.unit._ssh import blob, certificates, krl, section

U64 = st.integers(1, 2**64 - 1)
CA = blob(9)


def u64(*values: int) -> bytes:
    return b"".join(v.to_bytes(8, "big") for v in values)


def extension(name: bytes, critical: int) -> bytes:
    return packed(name) + bytes([critical]) + packed(b"contents")


def test_every_section_is_read():
    sha1, sha256 = hashlib.sha1(blob(2)).digest(), hashlib.sha256(blob(3)).digest()
    body = certificates(
        section(0x20, u64(5, 7)),
        section(0x21, u64(100, 200)),
        section(0x22, u64(1000) + packed_mpint(0b1001)),
        section(0x23, packed(b"laptop") + packed(b"other\0")),
        section(0x39, extension(b"note@example.com", 0)),
    )
    body += certificates(section(0x23, packed(b"everywhere")), ca=b"")
    body += section(2, packed(blob(1))) + section(3, packed(sha1)) + section(5, packed(sha256))
    body += section(255, extension(b"note@example.com", 0)) + bytes([4]) + packed(b"key") + packed(b"signature")
    read = _krl.parse(krl(body, version=3, comment=b"ops", reserved=b"r"))
    assert (read.version, read.comment, read.reserved, read.signed) == (3, b"ops", b"r", True)
    assert {s for s in range(1100) if read.of(CA).serial(s)} == {5, 7, *range(100, 201), 1000, 1003}
    for n, by in ((1, "the key itself"), (2, "SHA-1 digest"), (3, "SHA-256 digest"), (4, "")):
        assert _krl.revokes_key(read, _krl.digest(blob(n)), blob(n)) == by
    assert _krl.revokes_key(read, _krl.digest(blob(1))) == "the key itself"
    ends = {b"laptop": "key id", b"other": "key id", b"everywhere": "key id", b"new": "", None: ""}
    for key_id, by in ends.items():
        assert _krl.revokes_certificate(read, CA, serial=0, key_id=key_id) == by
    assert _krl.revokes_certificate(read, blob(8), serial=5, key_id=b"laptop") == ""
    assert _krl.revokes_certificate(read, blob(8), serial=5, key_id=b"everywhere") == "key id"
    assert _krl.revokes_certificate(read, CA, serial=9, key_id=b"x", key=blob(2)) == "its key, by SHA-1 digest"
    assert _krl.revokes_certificate(read, blob(1), serial=9, key_id=b"x") == "its CA, by the key itself"


REFUSED = {
    "empty": b"",
    "text": b"ssh-ed25519 AAAA\n",
    "magic only": _krl.MAGIC,
    "format 2": krl().replace(b"\0\0\0\1", b"\0\0\0\2", 1),
    "cut": krl(section(2, packed(blob(1))))[:-1],
    "tail": krl() + b"\1",
    "unknown section": krl(section(9, b"")),
    "critical extension": krl(section(255, extension(b"new", 1))),
    "critical certificate extension": krl(certificates(section(0x39, extension(b"new", 1)))),
    "extension with a tail": krl(section(255, extension(b"new", 0) + b"x")),
    "unknown certificate section": krl(certificates(section(0x24, b""))),
    "serial 0": krl(certificates(section(0x20, u64(0)))),
    "half a serial": krl(certificates(section(0x20, u64(1)[:5]))),
    "range backwards": krl(certificates(section(0x21, u64(9, 8)))),
    "range from 0": krl(certificates(section(0x21, u64(0, 8)))),
    "range with a tail": krl(certificates(section(0x21, u64(1, 8, 9)))),
    "bitmap with serial 0": krl(certificates(section(0x22, u64(0) + packed_mpint(1)))),
    "bitmap beyond the end": krl(certificates(section(0x22, u64(2**64 - 1) + packed_mpint(2)))),
    "negative bitmap": krl(certificates(section(0x22, u64(1) + packed(b"\x80")))),
    "bitmap too large": krl(certificates(section(0x22, u64(1) + packed(b"\1" * 2049)))),
    "key id with NUL": krl(certificates(section(0x23, packed(b"a\0b")))),
    "short digest": krl(section(5, packed(b"x" * 31))),
    "long digest": krl(section(3, packed(b"x" * 21))),
    "section after the signature": krl(bytes([4]) + packed(b"k") + packed(b"s") + section(2, packed(blob(1)))),
    "signature of one part": krl(bytes([4]) + packed(b"k")),
    "length beyond the end": krl(b"\2\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_sshd_would_refuse_is_refused(data):
    with pytest.raises(Unrecognised):
        _krl.parse(data)


def test_a_signed_or_worn_out_list_is_not_extended():
    signed = _krl.parse(krl(bytes([4]) + packed(b"k") + packed(b"s")))
    last = _krl.parse(krl(version=2**64 - 1))
    for old in (signed, last):
        with pytest.raises(Rejected):
            _krl.extended(old, _krl.Wanted(sha256=bytes(32)), now=1)
    with pytest.raises(Rejected):
        _krl.extended(_krl.parse(krl()), _krl.Wanted(serial=4), now=1)


def test_time_and_version_never_go_back():
    new = _krl.parse(_krl.extended(_krl.parse(krl(version=41, date=900)), _krl.Wanted(sha256=bytes(32)), now=100))
    assert (new.version, new.date) == (42, 900)


PARTS = st.one_of(
    st.lists(U64, max_size=5).map(lambda v: section(0x20, u64(*v))),
    st.tuples(U64, U64).map(lambda v: section(0x21, u64(*sorted(v)))),
    st.tuples(st.integers(1, 2**63), st.integers(0, 2**200)).map(
        lambda v: section(0x22, u64(v[0]) + packed_mpint(v[1]))
    ),
    st.lists(st.binary(max_size=9).filter(lambda b: b"\0" not in b), max_size=3).map(
        lambda v: section(0x23, b"".join(map(packed, v)))
    ),
    st.just(section(0x39, extension(b"x", 0))),
)
SECTIONS = st.one_of(
    st.tuples(st.lists(PARTS, max_size=4), st.sampled_from([CA, blob(8), b""])).map(
        lambda v: certificates(*v[0], ca=v[1])
    ),
    st.lists(st.binary(max_size=40), max_size=3).map(lambda v: section(2, b"".join(map(packed, v)))),
    st.lists(st.binary(min_size=20, max_size=20), max_size=3).map(lambda v: section(3, b"".join(map(packed, v)))),
    st.lists(st.binary(min_size=32, max_size=32), max_size=3).map(lambda v: section(5, b"".join(map(packed, v)))),
    st.just(section(255, extension(b"x", 0))),
)
LISTS = st.builds(
    lambda body, version, comment: krl(b"".join(body), version=version, comment=comment),
    st.lists(SECTIONS, max_size=6),
    st.integers(0, 2**64 - 2),
    st.binary(max_size=9).filter(lambda b: b"\0" not in b),
)
WANTED = st.one_of(
    st.builds(lambda k: _krl.Wanted(key=k, sha256=_krl.digest(k)), st.binary(min_size=1, max_size=60)),
    st.builds(lambda s: _krl.Wanted(ca=CA, serial=s), U64),
    st.builds(lambda i: _krl.Wanted(ca=CA, key_id=i), st.binary(max_size=20).filter(lambda b: b"\0" not in b)),
)


@settings(max_examples=300, deadline=None)
@given(LISTS, st.lists(WANTED, min_size=1, max_size=4), U64)
def test_extending_loses_nothing_and_adds_what_is_wanted(data, wants, serial):
    first = now = _krl.parse(data)
    for n, wanted in enumerate(wants):
        if now.version == 2**64 - 1:
            return
        more = _krl.missing(now, wanted)
        if _krl.nothing(more):
            continue
        before, now = now, _krl.parse(_krl.extended(now, more, now=n))
        assert _krl.holds(now, before) and not _krl.holds(before, now)
        assert _krl.nothing(_krl.missing(now, wanted))
    assert now.body.startswith(first.body)
    for ca in (CA, blob(8)):
        for s in {serial, *(s for c in first.certificates.values() for s in c.serials)}:
            if _krl.revokes_certificate(first, ca, serial=s, key_id=None):
                assert _krl.revokes_certificate(now, ca, serial=s, key_id=None)
    for wanted in wants:
        if wanted.sha256:
            assert _krl.revokes_key(now, wanted.sha256)
        else:
            assert _krl.revokes_certificate(now, CA, serial=wanted.serial, key_id=wanted.key_id)


def test_a_weaker_list_is_noticed():
    body = certificates(section(0x20, u64(5)), section(0x21, u64(8, 9)), section(0x23, packed(b"id")))
    old = _krl.parse(krl(body + section(2, packed(blob(1))) + section(3, packed(b"x" * 20)), comment=b"ops"))
    right = _krl.parse(_krl.extended(old, _krl.Wanted(sha256=bytes(32)), now=1))
    assert _krl.holds(right, old)
    for weaker in (
        krl(old.body, version=1, comment=b"ops"),
        krl(old.body, version=2, comment=b"mine"),
        krl(body, version=2, comment=b"ops"),
        krl(old.body[len(body) :], version=2, comment=b"ops"),
        krl(old.body.replace(u64(8, 9), u64(8, 8)), version=2, comment=b"ops"),
        krl(old.body.replace(b"\2id", b"\2ix"), version=2, comment=b"ops"),
    ):
        assert not _krl.holds(_krl.parse(weaker), old)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(krl)))
def test_any_bytes_are_a_list_or_unrecognised(data):
    try:
        _krl.parse(data)
    except Unrecognised:
        pass


@settings(max_examples=400, deadline=None)
@given(LISTS, st.data())
def test_any_damage_is_a_list_or_unrecognised(data, draw):
    at = draw.draw(st.integers(0, len(data)))
    to = draw.draw(st.integers(at, min(len(data), at + 12)))
    try:
        _krl.parse(data[:at] + draw.draw(st.binary(max_size=8)) + data[to:])
    except Unrecognised:
        pass
