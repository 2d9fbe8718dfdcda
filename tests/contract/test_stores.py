"""What every store parser keeps: its vectors, and for any bytes at all findings or `Unparsable`, never a secret in the open."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescind import catalogue
from rescind.errors import Unparsable
from rescind.host.live import SOURCES
from rescind.models.evidence import Finding, Location
from rescind.models.store import Root, Store
from rescind.stores._lines import plain
from tests.contract import store_vectors as vectors

STORES = [row for _, row in catalogue.loaded_stores()]
PARSERS = list({s.parse: s for s in reversed(STORES)}.values())[::-1]  # stores of free text share theirs
WITH_VECTORS = [s for s in STORES if vectors.cases(s.id)]
CASES = [pytest.param(s, c, id=f"{s.id}/{c.name}") for s in STORES for c in vectors.cases(s.id)]
_SECONDS = 3.0  # of processor time: no file may hold a scan up longer, and a busy machine is no fault of a parser
_EASY = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def parse(store: Store, blob: bytes, path: str = "some/file") -> list[Finding]:
    """Parse, and check what holds for every input."""
    found: list[Finding] = []
    begun = time.thread_time()
    try:
        for finding in store.parse(blob, Location(root="home", path=path)):
            found.append(finding)
    except Unparsable as e:
        assert e.message
        for text in (e.message, e.hint, repr(e)):
            assert all(secret not in text for secret in vectors.secrets_of(found))
    assert time.thread_time() - begun < _SECONDS
    for finding in found:
        assert finding.kind in store.yields
        assert finding.location.path == path
        texts = [str(v) for v in vectors.plain(finding).values()]
        assert all(t.isprintable() for t in texts), "control characters or lone surrogates from the file"
        assert all(len(t) < 12_000 for t in texts)
        for secret in vectors.secrets_of([finding]):
            assert all(secret not in t for t in (repr(finding), str(finding), *texts))
    return found


@pytest.mark.parametrize(("store", "case"), CASES)
def test_vector(store: Store, case: Path, tmp_path: Path) -> None:
    findings, gaps = vectors.read(store, vectors.build(case, tmp_path))
    want = vectors.expected(case)
    assert want["tool"]
    assert gaps == [(g["path"], g["reason"]) for g in want["gaps"]]
    got = [vectors.plain(f) for f in findings]
    assert [(f["path"], f["identifier"]) for f in got] == [(f["path"], f["identifier"]) for f in want["findings"]]
    for have, wanted in zip(got, want["findings"], strict=True):
        attributes = wanted.pop("attributes", {})
        assert attributes.items() <= have["attributes"].items()
        assert {k: have[k] for k in wanted} == wanted
    for path in vectors.matched(store, tmp_path):
        parse(store, (tmp_path / path).read_bytes(), path)


@pytest.mark.parametrize("store", STORES, ids=lambda s: s.id)
def test_row(store: Store) -> None:
    assert store.reference.startswith("https://")
    assert store.reference.count("/") > 3, "a deep link, not a home page"
    assert store.where or store.live in SOURCES
    assert store.yields
    for at in store.where:
        assert not at.glob.startswith("/")
        assert ".." not in at.glob.split("/")
        assert at.root is not Root.SYSTEM or not at.glob.startswith("*"), (
            "a walk of a whole system names a folder of it"
        )


_TEXT = st.text(alphabet=st.sampled_from("aA0=[]{}\"'`#$\\/.:;-_ \t\r\n\0\x1b\u202eé\ufeff"), max_size=300)
_WORD = st.sampled_from(
    [
        "aws_access_key_id=",
        "aws_secret_access_key = ",
        "AKIARZPUZDIKFAKEFAKE",
        "[default]\n",
        "fake/horse/battery/42",
        "hvs.FAKEFAKEFAKEFAKEFAKEFAKE",
    ]
    + [
        "-----BEGIN OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----\n",
        "\n",
        "API_TOKEN=",
        "export ",
        '"',
        '{"Credentials":',
        "}",
    ]
)
_BYTES = st.one_of(
    st.binary(max_size=400),
    _TEXT.map(lambda t: t.encode("utf-8", "surrogatepass")),
    _TEXT.map(lambda t: t.encode("utf-16")),
    st.lists(_WORD, max_size=30).map(lambda w: "".join(w).encode()),
)


@pytest.mark.parametrize("store", PARSERS, ids=lambda s: s.id)
def test_any_bytes(store: Store) -> None:
    @_EASY
    @given(_BYTES, st.sampled_from(["file", "a/.ssh/b", "x.p12", ".env.example"]))
    def check(blob: bytes, path: str) -> None:
        parse(store, blob, path)

    check()


@pytest.mark.parametrize("store", WITH_VECTORS, ids=lambda s: s.id)
def test_mutated_vectors(store: Store, tmp_path: Path) -> None:
    files: list[tuple[str, bytes]] = []
    for case in vectors.cases(store.id):
        home = vectors.build(case, tmp_path / case.name)
        files += [(p, (home / p).read_bytes()) for p in vectors.matched(store, home)]

    @_EASY
    @given(st.sampled_from(files), st.data())
    def check(file: tuple[str, bytes], data: st.DataObject) -> None:
        path, blob = file
        for _ in range(data.draw(st.integers(1, 4))):
            i = data.draw(st.integers(0, len(blob)))
            j = data.draw(st.integers(i, min(len(blob), i + 60)))
            put = data.draw(
                st.one_of(
                    st.just(b""),
                    st.binary(max_size=8),
                    st.sampled_from([blob[i:j] * 2, blob[j : j + 80], b"\n", b"\xff\xff\xff\xff"]),
                )
            )
            blob = blob[:i] + put + blob[j:]
        parse(store, blob, path)

    check()


_BIG = 5_000_000
_NASTY = {
    "empty": b"",
    "nul": bytes(100_000),
    "long line": b"a" * _BIG,
    "long blank": b" " * _BIG + b"x",
    "blank lines": b"\n" * 300_000,
    "long value": b"API_TOKEN=" + b"x1y2" * (_BIG // 4),
    "long key": b"K" * _BIG + b"=v",
    "long ini value": b"[a]\naws_secret_access_key=" + b"q7/" * (_BIG // 3),
    "spaces before hash": b"A=" + b" " * _BIG + b"#",
    "hashes": b"#" * _BIG,
    "open quotes": b"".join(b"T%d_TOKEN=\"'`\n" % i for i in range(5_000)),
    "backslashes": b'A_TOKEN="' + b"\\" * 1_000_001,
    "deep array": b"[" * 200_000,
    "deep object": b'{"Credentials":' * 60_000,
    "huge number": b'{"Credentials": ' + b"9" * 100_000 + b"}",
    "lone surrogate": b'{"Credentials": {"AccessKeyId": "ASIARZPUZDIKFAKEFAKE", "SecretAccessKey": "\\ud800horse"}, "ProviderType": "\\udfff"}',
    "pem begins": b"-----BEGIN RSA PRIVATE KEY-----\n" * 50_000,
    "pem without end": b"-----BEGIN CERTIFICATE-----\n" + b"A" * _BIG,
    "pem header lines": b"-----BEGIN RSA PRIVATE KEY-----\n" + b"\n" * 200_000 + b"-----END RSA PRIVATE KEY-----\n",
    "dashes": b"-" * _BIG,
    "der of der": b"\x30\x80" * 100_000,
    "openssh lengths": b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA/////w==\n-----END OPENSSH PRIVATE KEY-----\n",
    "ppk": b"PuTTY-User-Key-File-3: ssh-ed25519\r\nPublic-Lines: 9999\r\nPrivate-Lines: 1\r\n" + b"A\r\n" * 100_000,
    "many keys": b"".join(b"K%d=AKIARZPUZDIKFAKEFAKE\n" % i for i in range(20_000)),
    "urls": b"".join(b"U%d_URL=x://" % i + b":" * 3000 + b"\n" for i in range(60)),
    "escapes": b"[\x1b[2J\x1b]0;owned\x07]\naws_access_key_id = AKIARZPUZDIKFAKEFAKE\naws_secret_access_key = fake/horse/battery/42\n",
}


@pytest.mark.parametrize("name", _NASTY)
@pytest.mark.parametrize("store", PARSERS, ids=lambda s: s.id)
def test_nasty(store: Store, name: str) -> None:
    if store.text not in {None, plain}:  # the search behind it is the same for all free text
        with contextlib.suppress(Unparsable):
            assert isinstance(store.text(_NASTY[name]), str)
        return
    parse(store, _NASTY[name])
    if store.text is None:
        parse(store, _NASTY[name], "x.p12")


def test_a_secret_repeated_elsewhere_in_the_file_is_withheld() -> None:
    secret = "fake/Secret/For/Tests/Only/0000/00000009"
    blob = f"[profile {secret}]\naws_access_key_id = AKIARZPUZDIKFAKEFAKE\naws_secret_access_key = {secret}\n".encode()
    (finding,) = parse(catalogue.stores()["aws-credentials"], blob)
    assert finding.location.pointer == "[withheld]"
    assert finding.secret is not None
    assert finding.secret.reveal() == secret


def test_account_ids_come_out_of_key_ids() -> None:
    from rescind.stores._aws import account_of

    assert account_of("AKIARZPUZDIKAAAAAAAA") == "123456789012"
    assert account_of("ASIAY34FZKBOKMUTVV7A") == "609629065308"  # a published vector
    assert [
        account_of(k) for k in ("AKIAIOSFODNN7EXAMPLE", "AKIAJ234567ABCDEFGHI", "AKIA0000000000000000", "test")
    ] == [""] * 4


def der(tag: int, *contents: bytes) -> bytes:
    """Return one DER element."""
    body = b"".join(contents)
    n = len(body)
    size = bytes([n]) if n < 0x80 else bytes([0x81, n]) if n < 0x100 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + size + body


def test_pkcs12_that_asks_for_too_much_work_is_refused_before_any_is_done() -> None:
    from rescind.stores._pkcs12 import _members, work

    blob = vectors.render("cert client p12")
    [(_, pfx)] = _members(blob) or []
    (_, version), (_, safe), (_, mac) = _members(pfx) or []
    (_, digest), (_, salt), (_, iterations) = _members(mac) or []

    def made(count: int) -> bytes:
        return der(
            0x30,
            der(2, version),
            der(0x30, safe),
            der(0x30, der(0x30, digest), der(4, salt), der(2, count.to_bytes(4, "big").lstrip(b"\0"))),
        )

    own = int.from_bytes(iterations, "big")
    assert work(blob) == own > 0
    assert work(made(own)) == own
    store = catalogue.stores()["client-certs"]
    assert parse(store, made(own), "x.p12"), "the same file, put together by this test, is read"
    begun = time.thread_time()
    with pytest.raises(Unparsable, match="amount of work"):
        list(store.parse(made(0x7FFFFFFF), Location(root="home", path="x.p12")))
    assert time.thread_time() - begun < 1


def test_sample_key_that_everybody_has_is_a_placeholder() -> None:
    from rescind.stores._decoys import is_sample_key

    # the public half as Vagrant publishes it: https://github.com/hashicorp/vagrant/blob/main/keys/vagrant.pub
    assert is_sample_key("SHA256:1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA")


def test_ciphertext_that_looks_like_der_is_not_followed_and_content_is() -> None:
    from rescind.stores._pkcs12 import work

    asks = der(0x30, der(6, b"\x2a"), der(0x30, der(4, b"0\x05salt56"), der(2, b"\x08\x00")))
    shrouded = der(0x30, asks, der(4, b"0\x03rest of a ciphertext"))
    bag = der(0x30, der(0x30, der(6, b"\x2a"), der(0xA0, shrouded)))

    def made(content: bytes) -> bytes:
        return der(0x30, der(2, b"\x03"), der(0x30, der(6, b"\x2a"), der(0xA0, der(4, content))))

    assert work(made(bag)) == 2048
    with pytest.raises(Unparsable, match="plain DER"):
        work(made(b"0\x03rest of something else"))
