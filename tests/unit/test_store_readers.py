"""Readers that many stores share: TOML, tables of JSON and YAML, dates of Go programs, one token, and encrypted items."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.errors import Unparsable
from rescind.models.evidence import Location, State
from rescind.stores import _filering, _json, _toml, _yaml
from rescind.stores._ai_key import key
from rescind.stores._moment import rfc822
from rescind.stores._token import kept, token
from tests.contract.store_templates import jwt

AT = Location(root="home", path="some/file")


def test_toml_that_is_whole_is_read_as_the_standard_reads_it() -> None:
    assert _toml.read(b'a = 1\r\n[b."c.d"]\nt = "x"\n') == ({"a": 1, "b": {"c.d": {"t": "x"}}}, "")
    assert _toml.read(b"") == ({}, "")


def test_toml_that_is_broken_gives_what_single_lines_say() -> None:
    text = b'top = "a"\n[[runners]]\n  token = "one\n[runners.cache]\nK = \'v\'\n[[runners]]\n token = two\n["q.r".s]\nt = "x"\n= nothing\n'
    document, trouble = _toml.read(text)
    assert document == {
        "top": "a",
        "runners": [{"token": "one", "cache": {"K": "v"}}, {"token": "two"}],
        "q.r": {"s": {"t": "x"}},
    }
    assert trouble == "the file is not valid TOML; only what single lines say was read"


@pytest.mark.parametrize("blob", [b"x" * 600_000, b"a." * 1001 + b"b = 1"])
def test_toml_that_is_too_much_is_refused(blob: bytes) -> None:
    with pytest.raises(Unparsable, match="larger than a configuration"):
        _toml.read(blob)


@pytest.mark.parametrize("blob", [b"a = " + b"[" * 500_000, b"[[a]]\n" * 80_000, b"[a.a.a.a.a]\n" * 40_000])
def test_toml_that_is_nasty_is_survived(blob: bytes) -> None:
    assert isinstance(_toml.read(blob)[0], dict)


def test_tables() -> None:
    assert _json.table(b" \n") == {}
    assert _json.pairs(_json.table(b'{"a": {"b": 1}, "c": [2]}'), "a") == [("b", 1)]
    assert _json.pairs({"c": [2]}, "c") == _json.pairs(None) == []
    with pytest.raises(Unparsable, match="not a JSON object"):
        _json.table(b"[1]")
    assert list(_yaml.maps(b"a: b\n---\n---\nc: d\n")) == [{"a": "b"}, {"c": "d"}]
    with pytest.raises(Unparsable, match="not a YAML map"):
        list(_yaml.maps(b"a: b\n---\n- c\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13 Mar 23 15:47 GMT", "2023-03-13T15:47:00Z"),
        ("01 Jan 2050 00:00 UTC", "2050-01-01T00:00:00Z"),
        ("13 Mar 23 15:47 +0200", "2023-03-13T13:47:00Z"),
        ("13 Oct 25 12:35 CEST", None),  # a name of a zone says nothing for certain
        ("13 Oct 1925 12:35 GMT", None),
        *((t, None) for t in ("", "soon", "99 Mar 23 15:47 GMT", "13 Mar 23 15:47 GMT" * 9)),
    ],
)
def test_dates_of_go(text: str, shown: str | None) -> None:
    assert rfc822(text) == shown


def test_one_token_says_what_its_form_and_claims_tell() -> None:
    (found,) = token("circleci.token", "CCIPAT_" + "a4" * 11 + "_" + "b4" * 20, AT, "token", more={"host": "x"})
    assert (found.identifier, found.issuer) == ("a4" * 11, "circleci.com")
    assert found.attributes == {"form": "PAT", "host": "x"}
    (other,) = token("x.token", jwt({"jti": "7", "exp": 1795344000}), replace(AT, pointer="here"))
    assert (other.expires_at, other.attributes["jti"], other.location.pointer) == ("2026-11-22T10:40:00Z", "7", "here")


@pytest.mark.parametrize(
    "value", ["", "  ", "null", "~", "${TOKEN}", "{{ env_var('X') }}", "op://vault/item", "true", "443"]
)
def test_what_is_no_token_gives_nothing(value: str) -> None:
    assert not list(token("x.token", value, AT))


@pytest.mark.parametrize("value", ["<token>", "hf_xxxxxxxxxxxx", "YOUR_API_KEY", "***"])
def test_a_stand_in_keeps_no_secret(value: str) -> None:
    (found,) = token("x.token", value, AT)
    assert (found.state, found.secret) == (State.PLACEHOLDER, None)


def test_a_poor_password_is_a_password() -> None:
    (found,) = token("x.password", "admin", AT, password=True)
    assert found.state is State.LIVE_UNVERIFIED
    assert kept("x.password", AT, more={"kept_in": "keychain"}).state is State.PUBLIC_ONLY


def test_keys_of_model_providers_are_told_by_form_then_by_name() -> None:
    kinds = [next(key(name, value, AT)).kind for name, value in (
        ("openai", "fake-horse-battery-42"),
        ("GEMINI_API_KEY", "fake-horse-battery-42"),
        ("anything", "gsk_" + "a4" * 26),
        ("anything", "fake-horse-battery-42"),
    )]  # fmt: skip
    assert kinds == ["openai.api-key", "google.api-key", "groq.api-key", "file.secret"]
    assert not list(key("ollama", "not-needed", AT))


def test_encrypted_items_are_named_by_their_files() -> None:
    blob = b"eyJhbGciOiJQQkVTMiIsICJjcmVhdGVkIjogIjIwMjYifQ.a.b.c.d"
    assert _filering.item(blob, replace(AT, path="keys/a%2Fb")) == ("a/b", {"alg": "PBES2", "created_at": "2026"})
    for other in (b"", b"text", b"ZmFrZWZha2U.a.b.c.d", b"W10gICAgICAg.a.b.c"):
        with pytest.raises(Unparsable):
            _filering.item(other, AT)
