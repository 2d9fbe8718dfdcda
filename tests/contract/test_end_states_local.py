"""The same rule where there is no wire: a CA kept in files, a keychain, a secret in a file.

The relying party of the CA is the test's own: it goes by the copy of the CRL that the reload command gave it, as nginx does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from keyrings.alt.file import PlaintextKeyring

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.host import erase, keychain
from rescind.models.credential import Credential, EndState, Ownership, Sighted
from rescind.models.evidence import Finding, Location
from rescind.models.kind import Verb
from rescind.models.plan import Step
from rescind.models.run import Receipt
from rescind.pipeline import execute
from rescind.pipeline.people import People
from rescind.pipeline.tenants import LOCAL, Tenants
from rescind.providers.local._connect import local_client
from rescind.secret import Secret
from tests.contract.test_end_states import JumpClock, Stages, check, staged
from tests.unit import _x509

ADA = "ada@example.com"
COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
KEY = b"k" * 32
VALUE = "s3cr3t-fake-value-of-nobody"


class Ground:
    """A tenant without a wire, a trail, and one credential that `lives` can be asked about."""

    def __init__(self, base: Path, kind: str, tenants: Callable[[JumpClock], Tenants], tenant: str) -> None:
        (base / "state").mkdir()
        self.clock, self.stages = JumpClock(), Stages()
        self.kind = catalogue.kinds()[kind]
        self.tenants, self.tenant = tenants(self.clock), tenant
        self.log = open_log(base / "state" / "rescind.db", load_signer(base / "state"), self.clock)
        self.runs = 0

    def act(self, verb: Verb, c: Credential, lives: Callable[[], bool]) -> Receipt:
        self.runs += 1
        people = People(mapped={"x509": (ADA,)})
        ctx = execute.Context(
            run=f"run-{self.runs}", tenants=self.tenants, people=people, log=self.log, clock=self.clock
        )
        step = Step(phase="revoke", verb=verb, credential=c.id, tenant=self.tenant, wait_seconds=10)
        with staged(self.kind, self.stages):
            receipt = execute.act(step, c, ctx)
            start = len(list(self.log.entries()))
            assert execute.act(step, c, ctx) == receipt
            assert len(list(self.log.entries())) == start
        check(receipt, lives(), self.kind, verb)
        return receipt

    def broken(self, stage: str, trouble: Callable, verb: Verb, c: Credential, lives: Callable[[], bool]) -> Receipt:
        self.stages.stage, self.stages.trouble = stage, trouble
        try:
            return self.act(verb, c, lives)
        finally:
            self.stages.stage = ""


# --- a certificate authority in files


class FileCa(Ground):
    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_x509, "NOW", datetime.now(UTC).replace(microsecond=0))
        (base / "ca").mkdir()
        self.ca = _x509.Ca(base / "ca")
        expiry = (datetime.now(UTC) + timedelta(days=30)).strftime("%y%m%d%H%M%SZ")
        self.ca.record(0x1000, f"/CN={ADA}", expiry=expiry)
        self.relying = base / "relying.crl"
        self.script = base / "reload.py"
        self.script.write_text(COPY)
        reload = (sys.executable, str(self.script), str(self.ca.crl_path), str(self.relying))
        self.relying.write_bytes(self.ca.crl_path.read_bytes())
        row = replace(self.ca.tenant(reload=reload, propagation_seconds=0), rate=1000.0)
        super().__init__(
            base, "x509.client-cert",
            lambda clock: Tenants((row,), resolve=lambda _: Secret(""), clock=clock, write=True), "corp-ca",
        )  # fmt: skip
        self.c = self.ca.credential(0x1000, owner=ADA, tenant="corp-ca", ownership=Ownership.CASE)

    def lives(self) -> bool:
        """What the relying party does with a client that shows the certificate."""
        crl = x509.load_pem_x509_crl(self.relying.read_bytes())
        return crl.get_revoked_certificate_by_serial_number(0x1000) is None

    @contextmanager
    def instead(self, path: Path, data: bytes | None) -> Iterator[None]:
        """Let a file hold something else for a while (None: it is a folder, which nobody can read as a file)."""
        kept = path.with_name(path.name + ".kept")
        path.rename(kept)
        path.mkdir() if data is None else path.write_bytes(data)
        try:
            yield
        finally:
            path.rmdir() if data is None else path.unlink()
            kept.rename(path)

    def troubles(self, base: Path) -> dict[str, Callable]:
        crl, other = self.ca.crl_path, base / "other"
        other.mkdir()
        foreign = _x509.Ca(other, "Other CA").crl_path.read_bytes()
        return {
            "unreadable": lambda: self.instead(crl, None),
            "corrupt": lambda: self.instead(crl, crl.read_bytes()[:90]),
            "empty": lambda: self.instead(crl, b""),
            "other issuer": lambda: self.instead(crl, foreign),
            "a page": lambda: self.instead(crl, b"<html>Please sign in</html>"),
            "reload fails": lambda: self.instead(self.script, b"raise SystemExit(3)"),
        }


@pytest.fixture
def ca(tmp_path, monkeypatch):
    return FileCa(tmp_path, monkeypatch)


CRL_TROUBLES = ("unreadable", "corrupt", "empty", "other issuer", "a page")


def test_a_certificate_is_dead_when_its_relying_party_refuses_it_and_twice_is_the_same(ca):
    assert ca.lives()
    assert ca.act(Verb.REVOKE, ca.c, ca.lives).end_state is EndState.DEAD
    assert not ca.lives()
    assert ca.act(Verb.REVOKE, ca.c, ca.lives).end_state is EndState.DEAD


@pytest.mark.parametrize("trouble", CRL_TROUBLES)
@pytest.mark.parametrize("stage", ["identify", "action", "verify", "control", "all"])
def test_a_crl_that_is_not_one_proves_nothing(ca, tmp_path, trouble, stage):
    receipt = ca.broken(stage, ca.troubles(tmp_path)[trouble], Verb.REVOKE, ca.c, ca.lives)
    wanted = EndState.FAILED if stage == "action" else EndState.UNKNOWN
    assert receipt.end_state is wanted, receipt
    assert ca.lives() is (stage in {"identify", "action", "all"})
    assert ca.act(Verb.REVOKE, ca.c, ca.lives).end_state is EndState.DEAD


def test_a_reload_that_fails_leaves_it_working_and_is_never_called_dead(ca, tmp_path):
    receipt = ca.broken("action", ca.troubles(tmp_path)["reload fails"], Verb.REVOKE, ca.c, ca.lives)
    assert ca.lives()
    assert receipt.end_state is EndState.UNKNOWN
    assert receipt.error
    assert "the reload that makes relying parties read it has not succeeded" in receipt.evidence
    assert ca.act(Verb.REVOKE, ca.c, ca.lives).end_state is EndState.DEAD


def test_a_crl_put_back_by_somebody_is_seen(ca):
    before = ca.ca.crl_path.read_bytes()
    assert ca.act(Verb.REVOKE, ca.c, ca.lives).end_state is EndState.DEAD

    def put_back():
        ca.ca.crl_path.write_bytes(before)
        ca.relying.write_bytes(before)
        return nullcontext()

    assert ca.broken("verify", put_back, Verb.REVOKE, ca.c, ca.lives).end_state is EndState.FAILED


# --- the keychain


class Keychain(Ground):
    def __init__(self, base: Path) -> None:
        self.backend = PlaintextKeyring()
        self.backend.file_path = str(base / "keyring.cfg")
        self.backend.set_password("chat.example.com", "ada", VALUE)
        self.backend.set_password("bystander.example.com", "ada", "other-fake")
        item = next(f for f in keychain.findings(self.backend) if isinstance(f, Finding) and "chat" in f.identifier)
        self.c = Credential(
            kind=item.kind, provider="local", identifier=item.identifier, attributes=item.attributes, tenant=LOCAL,
            ownership=Ownership.CASE,
        )  # fmt: skip
        live = local_client(erase.LiveMachine(roots={}, key=KEY, backend=self.backend))
        super().__init__(
            base,
            "keychain.item",
            lambda clock: Tenants((), resolve=lambda _: Secret(""), clock=clock, write=True, local=live),
            LOCAL,
        )

    def lives(self) -> bool:
        return self.backend.get_password("chat.example.com", "ada") is not None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A keychain that cannot be opened: its file is a folder."""
        path = Path(self.backend.file_path)
        kept = path.with_name("kept")
        path.rename(kept)
        path.mkdir()
        try:
            yield
        finally:
            path.rmdir()
            kept.rename(path)


@pytest.fixture
def chain(tmp_path):
    return Keychain(tmp_path)


def test_a_keychain_item_is_contained_when_it_is_gone_and_twice_is_the_same(chain):
    assert chain.act(Verb.ERASE_LOCAL, chain.c, chain.lives).end_state is EndState.CONTAINED
    assert not chain.lives()
    assert chain.act(Verb.ERASE_LOCAL, chain.c, chain.lives).end_state is EndState.CONTAINED
    assert chain.backend.get_password("bystander.example.com", "ada") == "other-fake"


@pytest.mark.parametrize("stage", ["action", "verify", "control", "all"])
def test_a_locked_keychain_proves_nothing(chain, stage):
    receipt = chain.broken(stage, chain.locked, Verb.ERASE_LOCAL, chain.c, chain.lives)
    assert receipt.end_state is (EndState.FAILED if stage == "action" else EndState.UNKNOWN), receipt
    assert chain.lives() is (stage in {"action", "all"})
    assert chain.act(Verb.ERASE_LOCAL, chain.c, chain.lives).end_state is EndState.CONTAINED


# --- a secret in a file


class SecretFile(Ground):
    def __init__(self, base: Path) -> None:
        self.home = base / "home"
        self.home.mkdir()
        self.file = self.home / ".env"
        self.file.write_text(f"KEEP=1\nTOKEN={VALUE}\n")
        at = Location(root="home", path=".env", line=2)
        self.c = Credential(
            kind="file.secret", provider="local", fingerprint=Secret(VALUE).fingerprint(KEY), tenant=LOCAL,
            findings=(Sighted(store="dotenv", location=at),), ownership=Ownership.CASE,
        )  # fmt: skip
        live = local_client(erase.LiveMachine(roots={"home": self.home}, key=KEY))
        super().__init__(
            base,
            "file.secret",
            lambda clock: Tenants((), resolve=lambda _: Secret(""), clock=clock, write=True, local=live),
            LOCAL,
        )

    def lives(self) -> bool:
        return any(VALUE in p.read_text() for p in self.home.rglob("*") if p.is_file())

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """The home is away (an image that was unmounted)."""
        away = self.home.with_name("away")
        self.home.rename(away)
        try:
            yield
        finally:
            away.rename(self.home)

    @contextmanager
    def linked(self) -> Iterator[None]:
        """The file became a link to one that does not hold the value."""
        kept = self.home / ".env.kept"
        self.file.rename(kept)
        (self.home / "harmless").write_text("nothing here\n")
        self.file.symlink_to("harmless")
        try:
            yield
        finally:
            self.file.unlink()
            kept.rename(self.file)


@pytest.fixture
def secret(tmp_path):
    return SecretFile(tmp_path)


def test_a_secret_in_a_file_is_contained_when_no_line_holds_it_and_twice_is_the_same(secret):
    assert secret.act(Verb.ERASE_LOCAL, secret.c, secret.lives).end_state is EndState.CONTAINED
    assert secret.file.read_text() == "KEEP=1\nTOKEN=\n"
    assert secret.act(Verb.ERASE_LOCAL, secret.c, secret.lives).end_state is EndState.CONTAINED


def test_a_file_that_changed_since_is_left_alone_and_failed(secret):
    secret.file.write_text(f"KEEP=1\n# somebody works here\nTOKEN={VALUE}\n")
    before = secret.file.read_bytes()
    receipt = secret.act(Verb.ERASE_LOCAL, secret.c, secret.lives)
    assert receipt.end_state is EndState.FAILED
    assert "scan again" in receipt.error
    assert secret.file.read_bytes() == before


def test_another_value_that_took_its_place_is_never_erased(secret):
    secret.file.write_text("KEEP=1\nTOKEN=another-value-of-somebody\n")
    before = secret.file.read_bytes()
    assert secret.act(Verb.ERASE_LOCAL, secret.c, secret.lives).end_state is EndState.CONTAINED
    assert secret.file.read_bytes() == before


@pytest.mark.parametrize("trouble", ["elsewhere", "linked"])
@pytest.mark.parametrize("stage", ["action", "verify", "control", "all"])
def test_a_file_that_cannot_be_read_proves_nothing(secret, trouble, stage):
    receipt = secret.broken(stage, getattr(secret, trouble), Verb.ERASE_LOCAL, secret.c, secret.lives)
    assert receipt.end_state is (EndState.FAILED if stage == "action" else EndState.UNKNOWN), receipt
    assert secret.lives() is (stage in {"action", "all"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_proves_nothing(secret):
    @contextmanager
    def forbidden():
        secret.file.chmod(0)
        yield
        secret.file.chmod(0o600)

    assert secret.broken("verify", forbidden, Verb.ERASE_LOCAL, secret.c, secret.lives).end_state is EndState.UNKNOWN
