"""GnuPG's own files, written by gpg: every key is found by the keygrip and the fingerprint that gpg itself lists, public and private."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.models.evidence import Finding, State
from tests import counterparts
from tests.contract import store_vectors as vectors

STORE = catalogue.stores()["gnupg"]
_ALGORITHMS = (("ed25519", "sign"), ("nistp256", "sign"), ("nistp384", "sign"), ("nistp521", "sign"))


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a short path (an agent's socket is limited to about a hundred characters), and no agent left behind."""
    counterparts.require("gpg")
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp") as folder:
        (Path(folder) / ".gnupg").mkdir(mode=0o700)
        yield Path(folder)
        subprocess.run(["gpgconf", "--kill", "all"], env=_env(Path(folder)), check=False, timeout=30)


def _env(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), "GNUPGHOME": str(home / ".gnupg")}


def gpg(home: Path, *argv: str) -> str:
    done = subprocess.run(
        ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", *argv],
        env=_env(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def listed(home: Path) -> dict[str, str]:
    """Return what gpg lists: fingerprint by keygrip."""
    rows = [line.split(":") for line in gpg(home, "--list-keys", "--with-colons", "--with-keygrip").splitlines()]
    prints, grips = ([r[9] for r in rows if r[0] == kind] for kind in ("fpr", "grp"))
    return dict(zip(grips, prints, strict=True))


def test_public_and_private_halves_join_by_what_gpg_lists(home: Path) -> None:
    for name, usage in _ALGORITHMS:
        gpg(home, "--passphrase", "", "--quick-generate-key", f"{name} <{name}@example.com>", name, usage, "never")
    gpg(home, "--passphrase", "fake horse", "--quick-generate-key", "rsa <rsa@example.com>", "rsa2048", "sign", "1y")
    primary = next(f for f in listed(home).values())
    gpg(home, "--passphrase", "", "--quick-add-key", primary, "cv25519", "encr", "1y")
    want = listed(home)
    findings, gaps = vectors.read(STORE, home)
    assert gaps == []
    public = {f.identifier: f for f in findings if f.state is State.PUBLIC_ONLY and f.kind == "gnupg.key"}
    private = {f.identifier: f for f in findings if "private-keys" in f.location.path}
    assert {grip: f.attributes["fingerprint"] for grip, f in public.items()} == want
    assert private.keys() == want.keys()
    assert sorted(f.attributes["protected"] for f in private.values()) == ["no"] * 5 + ["yes"]
    revocations = {f.identifier for f in findings if f.kind == "gnupg.revocation"}
    assert revocations == {f for f in want.values() if "primary" not in _by(public, f).attributes}
    assert sum("ends" in f.attributes for f in public.values()) == 2
    exported = gpg(home, "--passphrase", "", "--armor", "--export-secret-keys", "ed25519@example.com")
    (home / "key.asc").write_text(exported)
    (first, *_), _ = vectors.read(STORE, home)
    assert [f.attributes["protected"] for f in vectors.read(STORE, home)[0] if f.location.path == "key.asc"] == [
        "no",
        "no",
    ]
    assert first.kind.startswith("gnupg.")


def _by(found: dict[str, Finding], fingerprint: str) -> Finding:
    return next(f for f in found.values() if f.attributes["fingerprint"] == fingerprint)
