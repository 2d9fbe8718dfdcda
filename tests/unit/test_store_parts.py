"""Parts that several stores are made of, against published vectors and other people's implementations."""

from __future__ import annotations

import base64
import hashlib

import pyrage
import pytest

from rescind.errors import Unparsable
from rescind.models.evidence import Location
from rescind.stores import _bech32, _curve25519, _keybox, _keygrip, _nested, _openpgp
from rescind.stores._drives import device_id
from rescind.stores._sighting import sighting

AT = Location(root="home", path="f")


def test_age_recipient_is_the_one_that_rage_derives() -> None:
    for _ in range(5):
        identity = pyrage.x25519.Identity.generate()
        raw = _bech32.decode(str(identity), "age-secret-key-")
        assert len(raw) == 32
        assert _bech32.encode(_curve25519.public_half(raw), "age") == str(identity.to_public())
        assert _bech32.encode(raw, "age-secret-key-").upper() == str(identity)
        assert _bech32.decode(str(identity)[:-1] + "Q", "age-secret-key-") in {b"", raw}


def test_what_is_no_key_has_no_public_half() -> None:
    assert _curve25519.public_half(b"short") == b""
    assert _curve25519.wireguard_public("not base64!") == ""
    assert _curve25519.wireguard_public(base64.b64encode(bytes(31)).decode()) == ""


def test_device_id_is_the_one_in_syncthings_documentation() -> None:
    digest = base64.b32decode("P56IOI7MZJNU2IQGDREYDM2MGTMGL3BXNPQ6W5BTBBZ4TJXZWICQ====")
    assert device_id(digest) == "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2"


def test_an_address_in_a_finding_keeps_no_password() -> None:
    link = "see https://ada:fake-horse-42@db.example.com:5432/app and ssh://git@example.com"
    found = sighting("file.secret", AT, issuer=link, subject=link, pointer=link, attributes={"url": link})
    for text in (found.issuer, found.subject, found.attributes["url"], found.location.pointer or ""):
        assert "fake-horse" not in text
        assert "ada:…@db.example.com:5432/app" in text
        assert "ssh://git@example.com" in text


def test_keygrip_of_rsa_hashes_the_modulus_as_libgcrypt_writes_it() -> None:
    assert _keygrip.of_numbers("n", [b"\xaa\x01"]) == hashlib.sha1(b"\0\xaa\x01").hexdigest().upper()  # noqa: S324
    assert _keygrip.of_numbers("n", [b"\0\0\x2a"]) == hashlib.sha1(b"\x2a").hexdigest().upper()  # noqa: S324
    assert _keygrip.of_point("00", b"") == ""


def test_packets_of_every_length_form_are_cut_alike() -> None:
    for size, head in ((5, b"\xc6\x05"), (300, b"\xc6\xc0\x6c"), (70_000, b"\xc6\xff" + (70_000).to_bytes(4, "big"))):
        assert list(_openpgp.packets(head + bytes(size))) == [(6, bytes(size))]
    assert list(_openpgp.packets(b"\x99\x00\x03abc")) == [(6, b"abc")]
    assert list(_openpgp.packets(b"\xcb\xe1ab\x01c")) == [(11, b"abc")], "a body in two parts"
    for cut in (b"\xc6\x05ab", b"\x99\x00\x09ab", b"text", b"\xcb\xe1ab"):
        with pytest.raises(Unparsable):
            list(_openpgp.packets(cut))


def test_a_keybox_that_goes_nowhere_is_refused() -> None:
    for blob in (bytes(64), b"\0\0\0\x40\x02" + bytes(20), (20).to_bytes(4, "big") + b"\x02\1\0\0" + b"\xff" * 12):
        with pytest.raises(Unparsable):
            list(_keybox.contents(blob))


def test_nested_secrets_are_told_by_their_names() -> None:
    document = {
        "user": "ada",
        "apiKey": "fake-a-42",
        "list": [{"key": "password", "value": "fake-b-42"}, {"key": "host", "value": "fake-c-42"}],
        "deep": {"Authorization": "Bearer fake-d-42", "note": "{{secret}}", "clientSecret": "{{secret}}"},
        "url": "https://ada:fake-e-42@example.com/",
    }
    found = [f.secret.reveal() for f in _nested.secrets(document, AT) if f.secret]
    assert sorted(found) == ["fake-a-42", "fake-b-42", "fake-d-42", "fake-e-42"]
