"""`rotate --due`: a rotation whose age cannot be read is not one that is not due."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from rescind.cli import app, rotation
from rescind.models.rotation import Rotating
from rescind.pipeline import rotations
from rescind.pipeline import session as flow

READ, UNREAD = (Rotating(name=n, kind="aws.access-key", tenant="t", subject=n, max_age=10) for n in ("read", "unread"))


@pytest.fixture
def command(monkeypatch, tmp_path):
    def run(seconds, ended=0):
        ages = [
            rotations.Age(row=READ, identifier="a", seconds=seconds),
            rotations.Age(row=UNREAD, why="access denied to us"),
        ]
        monkeypatch.setattr(rotations, "chosen", lambda *_: [READ, UNREAD])
        monkeypatch.setattr(rotations, "ages", lambda _: ages)
        monkeypatch.setattr(flow, "survey", lambda s, p, case: case.rotations)
        monkeypatch.setattr(rotation, "confirm", lambda *_, **__: None)

        def start(_, rows, **__):
            assert rows == ("read",)
            raise typer.Exit(ended)

        monkeypatch.setattr(rotation, "start_run", start)
        return CliRunner().invoke(app, ["--state", str(tmp_path), "rotate", "--due", "--yes"])

    return run


def test_nothing_known_to_be_due_is_no_success(command):
    done = command(seconds=5.0)
    assert done.exit_code == 7
    assert "unread was left alone, its age is not known: access denied to us" in done.output
    assert "known to be due" in done.output


@pytest.mark.parametrize(("ended", "code"), [(0, 7), (5, 7), (4, 4), (3, 3)])
def test_the_others_are_rotated_and_the_unread_one_is_not_forgotten(command, ended, code):
    done = command(seconds=50.0, ended=ended)
    assert done.exit_code == code
    assert "unread was left alone" in done.output
