"""`rescind init`: suggestions only, nothing overwritten, no secret copied, and the file loads."""

from __future__ import annotations

import re
import stat

import pytest
from typer.testing import CliRunner

from rescind.cli import app
from rescind.errors import UsageError
from rescind.host.surroundings import aws_profiles, vault_address
from rescind.pipeline.starter import starter
from rescind.schema.config import load

SECRET = "AKIAFAKEFAKEFAKEFAKE"


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[default]\nregion=x\n[profile responder]\n[sso-session corp]\n")
    (tmp_path / ".aws/credentials").write_text(
        f"[ci]\naws_access_key_id = {SECRET}\naws_secret_access_key = {SECRET}\n"
    )
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BAO_ADDR", "RESCIND_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", "https://u:p@vault.corp.example:8200/ui?x=1")
    return tmp_path


def test_it_loads_is_private_and_confirms_nothing(home):
    place = home / "new" / "rescind.toml"
    ran = CliRunner().invoke(app, ["init", "-o", str(place)])
    assert ran.exit_code == 0, ran.output
    text = place.read_text()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert load(place).tenants == ()
    assert SECRET not in text
    assert "u:p@" not in text
    assert 'base_url = "https://vault.corp.example:8200"' in text
    assert [p for p in ("default", "responder", "ci", "corp") if f'profile = "{p}"' in text] == [
        "default",
        "responder",
        "ci",
    ]


def test_uncommented_suggestions_load_as_tenants(home):
    place = home / "rescind.toml"
    text = starter(dict.fromkeys(aws_profiles(home), "123456789012"), vault_address())
    body = re.sub(r"(?m)^# (\[tenant.*|[a-z_]+ = .*)$", r"\1", text.split('vault = ["ada"]\n')[1])
    place.write_text(body)
    place.chmod(0o600)
    assert [(t.name, t.provider) for t in load(place).tenants] == [
        ("aws-default", "aws"),
        ("aws-responder", "aws"),
        ("aws-ci", "aws"),
        ("vault", "vault"),
    ]


def test_nothing_is_overwritten(home):
    place = home / "rescind.toml"
    place.write_text("mine")
    ran = CliRunner().invoke(app, ["init", "-o", str(place)])
    assert isinstance(ran.exception, UsageError)
    assert place.read_text() == "mine"


@pytest.mark.parametrize("value", ["", "ftp://x", "https://", "https://a b", "http://[", "https://x:99999"])
def test_what_is_no_address_suggests_none(value):
    assert vault_address({"VAULT_ADDR": value}) == ""
