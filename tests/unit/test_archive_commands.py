"""`scan` and `plan` of an archive on the command line, and the value of a credential read again out of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rescind.cli import app
from rescind.errors import EvidenceError
from rescind.models.config import Config
from rescind.models.plan import Case
from rescind.pipeline import machine, session
from rescind.secret import Secret
from tests.unit._evidence import put
from tests.unit.made_up import FakeClock

VALUE = "hvs.CAESIJfakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefakefake"


@pytest.fixture(params=["zip", "tar.gz", "tar.zst"])
def archive(request, tmp_path: Path) -> Path:
    home = tmp_path / "c/uploads/auto/home/ada"
    put(home / ".vault-token", VALUE)
    put(
        home / ".aws/credentials",
        "[default]\naws_access_key_id = AKIARZPUZDIKFAKEFAKE\naws_secret_access_key = fake/horse\n",
    )
    target = tmp_path / f"evidence.{request.param}"
    program = {"zip": "zip", "tar.zst": "zstd"}.get(request.param, "tar")
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here")
    call = ["zip", "-qr", target, "."] if request.param == "zip" else ["tar", "-caf", target, "."]
    subprocess.run(call, cwd=tmp_path / "c", check=True)
    return target


def rescind(folder: Path, *args: object):
    return CliRunner().invoke(
        app, ["--state", str(folder / "state"), "--config", str(folder / "rescind.toml"), *map(str, args)]
    )


def test_scan_and_plan_take_an_archive(archive: Path, tmp_path: Path) -> None:
    put(tmp_path / "rescind.toml", "")
    (tmp_path / "rescind.toml").chmod(0o600)
    for given in ((archive,), ("--root", archive)):
        done = rescind(tmp_path, "scan", "--json", *given)
        found = json.loads(done.stdout)
        assert VALUE not in done.output
        assert {f["path"] for c in found["credentials"] for f in c["findings"]} == {
            "uploads/auto/home/ada/.vault-token",
            "uploads/auto/home/ada/.aws/credentials",
        }
        assert found["workstation"]["users"] == "ada"
    plan = tmp_path / "plan.json"
    done = rescind(tmp_path, "plan", "lost-laptop", "--target", archive, "--person", "ada@example.com", "-o", plan)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert "AKIARZPUZDIKFAKEFAKE" in plan.read_text()
    assert VALUE not in plan.read_text()


def test_two_targets_are_an_error(tmp_path: Path) -> None:
    done = rescind(tmp_path, "scan", tmp_path, "--all-users")
    assert isinstance(done.exception, EvidenceError)


def test_the_value_is_read_again_out_of_the_archive(archive: Path, tmp_path: Path) -> None:
    s = session.Session(config=Config(), resolve=lambda _: Secret(""), clock=FakeClock(), state_dir=tmp_path / "state")
    case = Case(target=str(archive))
    seen, _ = machine.inventory_of(s, case)
    (token,) = [c for c in seen.credentials if [f.store for f in c.findings] == ["vault-token"]]
    value = machine.secret_reader(s, case)(token)
    assert value is not None
    assert value.reveal() == VALUE
