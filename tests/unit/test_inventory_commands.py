"""`inventory ls|show|diff`, over saved inventories and files."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rescind.cli import app
from rescind.engine import state
from rescind.errors import UsageError
from rescind.models.credential import Credential, Inventory
from rescind.models.evidence import Gap, State
from rescind.pipeline.inventory_json import to_json


def held(*names, gaps=(), **states):
    rows = [
        Credential(kind="aws.access-key", provider="aws", identifier=n, state=states.get(n, State.LIVE_UNVERIFIED))
        for n in names
    ]
    return Inventory(workstation={"name": "lap-1"}, credentials=tuple(rows), gaps=gaps)


def saved(folder, run, inventory):
    state.save_inventory(folder, run, "lap-1", json.dumps(to_json(inventory)))


def rescind(folder, *args):
    return CliRunner().invoke(app, ["--state", str(folder), "inventory", *args])


def test_without_any_nothing_is_made_up_or_created(tmp_path):
    assert "No inventory" in rescind(tmp_path / "s", "ls").output
    assert isinstance(rescind(tmp_path / "s", "show").exception, UsageError)
    assert not (tmp_path / "s").exists()


def test_the_newest_of_a_workstation_is_shown_and_gaps_exit_7(tmp_path):
    saved(tmp_path, "r1", held("a"))
    saved(tmp_path, "r2", held("a", "b", gaps=(Gap(source="scan", reason="unreadable"),)))
    listed = json.loads(rescind(tmp_path, "ls", "--json").output)["inventories"]
    assert [(r["run"], r["credentials"], r["gaps"]) for r in listed] == [("r2", 2, 1), ("r1", 1, 0)]
    shown = rescind(tmp_path, "show", "lap-1", "--json")
    assert shown.exit_code == 7
    assert len(json.loads(shown.output)["credentials"]) == 2
    assert rescind(tmp_path, "show", "r1").exit_code == 0


def test_a_saved_inventory_is_not_replaced(tmp_path):
    saved(tmp_path, "r1", held("a"))
    saved(tmp_path, "r1", held("b"))
    assert rescind(tmp_path, "show", "r1").output.split()[-2:] == ["live-unverified", "a"]


@pytest.mark.parametrize("as_file", [False, True])
def test_diff_of_runs_and_files(tmp_path, as_file):
    saved(tmp_path, "r1", held("a", "b", "c"))
    new = held("b", "c", "d", c=State.EXPIRED)
    saved(tmp_path, "r2", new)
    (tmp_path / "new.json").write_text(json.dumps(to_json(new)))
    found = json.loads(
        rescind(tmp_path, "diff", "r1", str(tmp_path / "new.json") if as_file else "r2", "--json").output
    )
    assert [r["identifier"] for r in found["added"]] == ["d"]
    assert [r["identifier"] for r in found["removed"]] == ["a"]
    assert [(r["identifier"], r["was"], r["state"]) for r in found["changed"]] == [("c", "live-unverified", "expired")]
    assert found["same"] == 1
