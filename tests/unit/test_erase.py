"""Only the value goes, only if it is still the one that was found, and never through a link."""

from __future__ import annotations

import json
import os
import secrets
import stat

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.catalogue import check
from rescind.errors import ConfigError, Denied, NotFound, RefusedError, Rejected, Unreachable, Unrecognised
from rescind.host import erase
from rescind.models.credential import Credential, EndState, Sighted
from rescind.models.evidence import Location
from rescind.models.kind import CallStatus, Liveness, Verb
from rescind.models.tenant import Tenant
from rescind.providers.local import file_secret as kind
from rescind.providers.local._connect import connect, local_client
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.unit._x509 import At

KEY = b"k" * 32
VALUE = "s3cr3t-" + secrets.token_urlsafe(18)


def print_of(value):
    return Secret(value).fingerprint(KEY)


def machine(tmp_path, **more):
    return erase.local_host(tmp_path, key=KEY, clock=At(), **more)


def credential(*places, value=VALUE):
    found = tuple(Sighted(store="dotenv", location=Location(root="home", path=p, line=n)) for p, n in places)
    return Credential(kind="file.secret", provider="local", fingerprint=print_of(value), findings=found)


def test_the_row_is_accepted_and_never_promises_more_than_contained():
    check(kind.KIND)
    assert kind.KIND.actions[Verb.ERASE_LOCAL].ends is EndState.CONTAINED


SHAPES = [
    ("API_KEY={}", "API_KEY="),
    ("export API_KEY='{}' # mine", "export API_KEY='' # mine"),
    ('  "token": "{}",', '  "token": "",'),
    ("url = https://ada:{}@example.com/x.git", "url = https://ada:@example.com/x.git"),
    ("//registry.example.com/:_authToken={}\r", "//registry.example.com/:_authToken=\r"),
    ("{}", ""),
    ("a={0} b={0}", "a= b="),
]


@pytest.mark.parametrize(("before", "after"), SHAPES)
def test_only_the_value_goes(tmp_path, before, after):
    file = tmp_path / ".env"
    file.write_bytes(f"KEEP=1\n{before.format(VALUE)}\nLAST=\xff".encode("latin-1"))
    file.chmod(0o640)
    client, cred = local_client(machine(tmp_path)), credential((".env", 2))
    assert kind.verify(client, cred).liveness is Liveness.LIVE
    assert kind.erase(client, cred).status is CallStatus.DONE
    assert file.read_bytes() == f"KEEP=1\n{after}\nLAST=\xff".encode("latin-1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert kind.verify(client, cred).liveness is Liveness.DEAD
    assert kind.erase(client, cred).status is CallStatus.ALREADY
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("value", ["=abc==", "$x", "a b c", "pä$$w/rd+==", "x", "-----", '"quoted"'])
def test_awkward_values(tmp_path, value):
    (tmp_path / "f").write_text(f"P={value}\n")
    assert erase.erase_value(tmp_path, "f", 1, print_of(value), KEY)
    assert (tmp_path / "f").read_text() == "P=\n"


@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20),
    tail=st.sampled_from(["", " # x", '"', ","]),
)
@settings(max_examples=60, deadline=None)
def test_any_value_after_an_equals_sign_is_found(value, tail):
    line = f"NAME={value}{tail}".encode()
    found = erase.find(line, print_of(value), KEY)
    assert found is not None
    assert line[found] == value.encode()


def test_a_short_value_is_not_taken_out_of_the_name(tmp_path):
    (tmp_path / "f").write_text("PAx_x=x y\n")
    assert erase.erase_value(tmp_path, "f", 1, print_of("x"), KEY)
    assert (tmp_path / "f").read_text() == "PAx_x= y\n"


def test_several_places_and_a_line_that_is_not_known(tmp_path):
    (tmp_path / "a").write_text(f"x\nT={VALUE}\n")
    (tmp_path / "b").write_text(f"{VALUE}\n")
    client, cred = local_client(machine(tmp_path)), credential(("a", None), ("b", 1))
    assert kind.erase(client, cred).notes == {"erased": "2"}
    assert kind.verify(client, cred).liveness is Liveness.DEAD


def test_another_copy_in_the_same_file_keeps_it_live(tmp_path):
    (tmp_path / "a").write_text(f"T={VALUE}\nU={VALUE}\n")
    client, cred = local_client(machine(tmp_path)), credential(("a", 1))
    kind.erase(client, cred)
    assert kind.verify(client, cred).liveness is Liveness.LIVE


def test_a_value_that_moved_is_left_alone(tmp_path):
    (tmp_path / "a").write_text(f"NEW=1\nT={VALUE}\n")
    with pytest.raises(Rejected, match="changed since"):
        kind.erase(local_client(machine(tmp_path)), credential(("a", 1)))
    assert (tmp_path / "a").read_text() == f"NEW=1\nT={VALUE}\n"


@pytest.mark.parametrize("now", ["T=another-value-entirely\n", 'x: {"t": "rotated"}\n', ""])
def test_a_value_that_took_its_place_is_never_touched(tmp_path, now):
    (tmp_path / "a").write_text(now)
    assert kind.erase(local_client(machine(tmp_path)), credential(("a", 1))).status is CallStatus.ALREADY
    assert (tmp_path / "a").read_text() == now


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "a").write_text(f"T={VALUE}\n")
    real = erase.find

    def slow(line, fingerprint, key):
        (tmp_path / "a").write_text(f"T={VALUE}\nMORE=1\n")
        return real(line, fingerprint, key)

    monkeypatch.setattr(erase, "find", slow)
    with pytest.raises(Rejected, match="while the value was being erased"):
        erase.erase_value(tmp_path, "a", 1, print_of(VALUE), KEY)
    assert (tmp_path / "a").read_text() == f"T={VALUE}\nMORE=1\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_gone_is_gone(tmp_path):
    client = local_client(machine(tmp_path))
    for cred in (credential(("a", 1)), credential(("no/such/dir/a", 1))):
        assert kind.erase(client, cred).status is CallStatus.ALREADY
        assert kind.verify(client, cred).liveness is Liveness.DEAD


def test_links_pipes_and_ways_out_are_refused(tmp_path):
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    out.mkdir()
    (out / "f").write_text(f"T={VALUE}\n")
    (home / "link").symlink_to(out / "f")
    (home / "dir").symlink_to(out)
    os.mkfifo(home / "pipe")
    for path in ("link", "dir/f", "pipe", "../out/f", "", "a/../../out/f"):
        for act in (
            lambda p: erase.erase_value(home, p, 1, print_of(VALUE), KEY),
            lambda p: erase.holds(home, p, print_of(VALUE), KEY),
        ):
            with pytest.raises(Rejected):
                act(path)
    assert VALUE in (out / "f").read_text()


def test_a_second_name_would_keep_it(tmp_path):
    (tmp_path / "a").write_text(f"T={VALUE}\n")
    os.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(Rejected, match="second name"):
        erase.erase_value(tmp_path, "a", 1, print_of(VALUE), KEY)


def test_names_that_are_not_text_are_found_again(tmp_path):
    name = b"caf\xe9\\x.env"
    (tmp_path / os.fsdecode(name)).write_text(f"T={VALUE}\n")
    assert erase.erase_value(tmp_path, "caf\\xe9\\\\x.env", 1, print_of(VALUE), KEY)


def test_a_root_that_is_not_there_proves_nothing(tmp_path):
    with pytest.raises(Unreachable):
        erase.holds(tmp_path / "unmounted", "a", print_of(VALUE), KEY)
    with pytest.raises(NotFound):
        machine(tmp_path).file_has("elsewhere", "a", print_of(VALUE))


def test_a_line_too_long_to_search_proves_nothing(tmp_path):
    (tmp_path / "a").write_text("a," * 3000)
    with pytest.raises(Unrecognised):
        erase.holds(tmp_path, "a", print_of(VALUE), KEY)
    (tmp_path / "a").write_bytes(b"x\n" * (erase.MOST_BYTES // 2 + 1))
    with pytest.raises(Rejected, match="larger"):
        erase.holds(tmp_path, "a", print_of(VALUE), KEY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_proves_nothing(tmp_path):
    (tmp_path / "a").write_text("T=1\n")
    (tmp_path / "a").chmod(0)
    with pytest.raises(Denied):
        erase.holds(tmp_path, "a", print_of(VALUE), KEY)


def test_what_is_erased_is_sealed_first(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    home, sealed = tmp_path / "home", tmp_path / "state" / "sealed"
    home.mkdir()
    (home / "a").write_text(f"x\nT={VALUE}\n")
    host = machine(home, recipients=(str(identity.to_public()),), sealed_dir=sealed)
    assert host.erase_file("home", "a", 2, print_of(VALUE))
    (blob,) = sealed.iterdir()
    assert VALUE.encode() not in blob.read_bytes()
    assert stat.S_IMODE(blob.stat().st_mode) == 0o600
    assert json.loads(pyrage.decrypt(blob.read_bytes(), [identity])) == {"path": "a", "line": 2, "value": VALUE}


def test_nothing_is_erased_when_it_cannot_be_sealed(tmp_path):
    (tmp_path / "a").write_text(f"T={VALUE}\n")
    (tmp_path / "not-a-folder").write_text("")
    to = (str(pyrage.x25519.Identity.generate().to_public()),)
    with pytest.raises(ConfigError):
        machine(tmp_path, recipients=to).erase_file("home", "a", 1, print_of(VALUE))
    with pytest.raises(Denied):
        machine(tmp_path, recipients=to, sealed_dir=tmp_path / "not-a-folder").erase_file(
            "home", "a", 1, print_of(VALUE)
        )
    assert VALUE in (tmp_path / "a").read_text()


def test_the_key_is_in_no_repr(tmp_path):
    assert "kkkk" not in repr(machine(tmp_path))


def test_the_local_provider_is_never_configured():
    with pytest.raises(RefusedError):
        connect(Tenant(name="x", provider="local"), lambda r: Secret(""), Pacer(1, At()), write=True)


def test_a_finding_without_a_place_or_a_fingerprint_is_refused(tmp_path):
    client = local_client(machine(tmp_path))
    with pytest.raises(Rejected):
        kind.erase(client, Credential(kind="file.secret", provider="local", fingerprint="x"))
    with pytest.raises(Rejected):
        kind.verify(client, credential(("a", 1)).__class__(kind="file.secret", provider="local"))
