"""The formats that several stores share: JWT, epochs, GitHub tokens, YAML and SQLite out of hostile files."""

from __future__ import annotations

import netrc
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import yaml

from rescind import catalogue
from rescind.errors import Unparsable
from rescind.models.clock import SystemClock
from rescind.models.evidence import Finding, Location
from rescind.pipeline.scan import scan
from rescind.stores import _epoch, _github, _jwt, _sqlite, _yaml
from rescind.stores._netrc import entries
from rescind.stores._password import is_stand_in
from tests.contract.store_templates import database, jwt


def parse(store: str, blob: bytes, path: str = "some/file") -> list[Finding]:
    return list(catalogue.stores()[store].parse(blob, Location(root="home", path=path)))


def test_claims_are_read_without_a_signature_and_never_keep_it() -> None:
    token = jwt({"jti": "fa4e", "aud": ["a", "b", ["c"]], "oid": 7, "sub": None, "exp": 1795344000, "email": True})
    assert _jwt.facts(token) == {"jti": "fa4e", "aud": "a b", "oid": "7", "sub": "", "email": ""}
    assert _jwt.expiry(token) == "2026-11-22T10:40:00Z"
    assert "fake" not in str(_jwt.claims(token))
    assert _jwt.is_sample(jwt({"sub": "1234567890", "name": "John Doe"}))


@pytest.mark.parametrize(
    "text",
    ["", "a.b.c", "eyJh.eyJh", jwt({}).replace(".", ".x.", 2), jwt({})[4:], "eyJhbGciOiJub25lIn0.WzFd.", "é" * 9]
    + [jwt({"a": "x" * 70_000})],
)
def test_other_texts_have_no_claims(text: str) -> None:
    assert _jwt.claims(text) == {}
    assert _jwt.expiry(text) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1795344000, "2026-11-22T10:40:00Z"),
        (1795344000.9, "2026-11-22T10:40:00Z"),
        ("1795344000", "2026-11-22T10:40:00Z"),
        (1795344000123, "2026-11-22T10:40:00Z"),
        *((v, None) for v in (0, -1, 17, True, None, "", "soon", float("nan"), float("inf"), 10**30, [], "9" * 5000)),
        (99999999999999999, None),
    ],
)
def test_epochs(value: object, shown: str | None) -> None:
    assert _epoch.epoch(value) == shown


@pytest.mark.parametrize(
    ("body", "last"),
    [("0123456789abcdefghijABCDEFGHIJ", "3mpbCX"), ("x" * 30, "13M0X2"), ("a" * 30, "1yLcDB")],
)
def test_the_last_six_characters_check_the_others(body: str, last: str) -> None:
    assert _github.checksum(f"ghp_{body}{last}") == "ok"
    assert _github.checksum(f"npm_{body}{last}") == "ok"
    assert _github.checksum(f"ghp_{body}{last.swapcase()}") == "wrong"
    assert _github.checksum("ghr_" + "a" * 76) == ""


def test_the_digest_is_that_of_the_audit_log() -> None:
    # `echo -n abc | openssl dgst -sha256 -binary | base64`, the command in GitHub's documentation
    assert _github.hashed_token("abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    short = _github.finding("fake", Location(root="home", path="x"), host="github.com", login="")
    assert "hashed_token" not in short.attributes


@pytest.mark.parametrize(
    ("token", "host", "form"),
    [
        ("ghp_" + "a" * 36, "", "personal-classic"),
        ("github_pat_" + "a" * 22 + "_" + "b" * 59, "x", "personal-fine-grained"),
        ("ghs_" + "a" * 36, "", "app-installation"),
        ("ghs_123_" + jwt({"iss": "x"}) + "fake", "", "app-installation"),
        ("a4" * 20, "github.com", "before-2021"),
        ("a4" * 20, "api.github.com:443", "before-2021"),
        ("a4" * 20, "github.com.example.net", ""),
        ("a4" * 20, "notgithub.com", ""),
        ("ghp_" + "a" * 35, "github.com", ""),
        ("ghp_" + "a" * 36 + "\n", "github.com", ""),
    ],
)
def test_forms_of_github_tokens(token: str, host: str, form: str) -> None:
    assert _github.form_of(token, host) == form


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(yaml, request.param):
        pytest.skip("this PyYAML was built without libyaml")
    monkeypatch.setattr(_yaml, "_LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("loader")
def test_a_surrogate_in_a_token_stops_nothing() -> None:
    blob = b'github.com: {user: ada, oauth_token: "\\ud800fake-horse-battery-42"}'
    try:
        (finding,) = parse("gh-hosts", blob)
    except Unparsable:
        return  # libyaml refuses it
    assert finding.secret is not None


@pytest.mark.usefixtures("loader")
def test_yaml_scalars_stay_text_and_merges_are_joined() -> None:
    text = b"a: &a {x: 1e10, y: yes}\nb: {<<: *a, y: ~}\nc: {<<: [*a, {z: 2026-01-01}]}\nd:\n--- [0x10, !!str 7]\n"
    a = {"x": "1e10", "y": "yes"}
    assert _yaml.load(text) == [
        {"a": a, "b": {"x": "1e10", "y": "~"}, "c": a | {"z": "2026-01-01"}, "d": ""},
        ["0x10", "7"],
    ]
    assert _yaml.load(b"") == []


_LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_LAUGHS, "aliases"),
        ("a: &a [*a]", "alias of nothing"),
        ("a: *b", "alias of nothing"),
        ("[" * 500, "nested"),
        ("- " * 500, "nested"),
        ("a: !!python/object/apply:os.system [x]", "tag"),
        ("a: !!python/name:os.system x", "tag"),
        ("a: !ruby/object x", "tag"),
        ("? [a]\n: b", "key that is not text"),
        ("a: [", "not valid"),
        ("a: \0", "not valid"),
        ("x" * 1_100_000, "larger"),
    ],
)
def test_yaml_that_is_refused(text: str, reason: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unparsable, match=reason):
        _yaml.load(text.encode())
    assert time.monotonic() - begun < 3


_ONE = "CREATE TABLE credentials (account_id TEXT PRIMARY KEY, value BLOB); INSERT INTO credentials VALUES ('a', 'b');"
_ASK = ("credentials", ("account_id", "value", "missing"))


@pytest.mark.parametrize("mode", ["sqlite", "sqlite-wal"])
def test_tables_are_read_in_either_journal_mode(mode: str) -> None:
    blob = database(_ONE, mode)
    assert _sqlite.in_wal_mode(blob) == (mode == "sqlite-wal")
    assert _sqlite.rows(blob, *_ASK) == [("a", "b", "")]
    assert _sqlite.rows(blob, "access_tokens", ("x",)) is None


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW credentials AS SELECT 1 AS account_id, 2 AS value",
        "CREATE VIRTUAL TABLE credentials USING fts5(account_id, value)",
    ],
)
def test_only_real_tables_are_read(sql: str) -> None:
    assert _sqlite.rows(database(sql), *_ASK) is None


def test_columns_that_would_be_computed_are_not() -> None:
    sql = "CREATE TABLE credentials (account_id TEXT, value AS (hex(zeroblob(400000000)))); INSERT INTO credentials VALUES ('a');"
    assert _sqlite.rows(database(sql), *_ASK) == [("a", "", "")]


def test_a_table_too_large_to_be_one_is_given_up() -> None:
    rows = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c LIMIT 5) SELECT n, zeroblob(5000000) FROM c"
    with pytest.raises(Unparsable, match="too much work"):
        _sqlite.rows(
            database(f"CREATE TABLE credentials (account_id TEXT, value BLOB); INSERT INTO credentials {rows};"), *_ASK
        )


def test_a_login_that_is_only_in_the_log_of_gcloud_is_found(tmp_path: Path) -> None:
    place = tmp_path / "home/.config/gcloud"
    place.mkdir(parents=True)
    base = sqlite3.connect(tmp_path / "credentials.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=wal")
    base.executescript(
        _ONE.replace("'b'", """'{"refresh_token": "fake-refresh-token-horse-battery", "type": "authorized_user"}'""")
    )
    for end in ("", "-wal"):  # copied while the tool is at work: this is how evidence looks
        shutil.copy(tmp_path / f"credentials.db{end}", place)
    base.close()
    with pytest.raises(Unparsable):
        parse("gcloud-credentials", (place / "credentials.db").read_bytes(), ".config/gcloud/credentials.db")
    row = catalogue.stores()["gcloud-credentials"]
    result = scan(tmp_path / "home", clock=SystemClock(), stores=[row], environ={})
    assert [(f.kind, f.subject, f.state.value) for _, f in result.findings] == [
        ("oauth.refresh-token", "a", "live-unverified")
    ]
    assert not result.gaps


def test_netrc_words_are_read_as_python_reads_them(tmp_path: Path) -> None:
    text = 'machine a login b password "c d"\nmacdef m\npassword n\n\nmachine e\n\tpassword f#g\n\tlogin h\ndefault login i password j\n'
    (tmp_path / "netrc").write_text(text)
    want = {
        host: (login, password) for host, (login, _, password) in netrc.netrc(str(tmp_path / "netrc")).hosts.items()
    }
    assert {e.host: (e.user, e.password) for e in entries(text)} == want
    assert [e.line for e in entries(text)] == [1, 6, 8]
    assert all(e.password not in repr(e) for e in entries(text) if len(e.password) > 1)


def test_commented_entries_of_a_netrc_count_and_prose_does_not() -> None:
    text = '# the password is in the safe\n  # machine A.example login b password c123\n#machine d password "e456"\n'
    assert [(e.host, e.user, e.password, e.line, e.commented) for e in entries(text)] == [
        ("a.example", "b", "c123", 2, True),
        ("d", "", "e456", 3, True),
    ]


@pytest.mark.parametrize(
    "password", ["<password>", "your-password", "***", "xxxxxxxx", "REDACTED", "", "${PASSWORD}", "CHANGE_ME"]
)
def test_stand_ins_for_passwords(password: str) -> None:
    assert is_stand_in(password)


@pytest.mark.parametrize("password", ["admin", "$hell", "changeme", "password", "1e10", "test", "secret"])
def test_a_poor_password_is_a_password(password: str) -> None:
    assert not is_stand_in(password)
    (finding,) = parse("netrc", f"machine a.example login b password {password}".encode())
    assert finding.secret is not None
    assert finding.secret.reveal() == password
