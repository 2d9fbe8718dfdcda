"""What `doctor` prints of a tenant: how it stands first, what is missing next, and what is in order in a line."""

from __future__ import annotations

from typing import Any

import pytest

from rescind.cli.info import _tell


def kind(name: str, *, readable: str = "yes", writable: str = "yes", missing: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "kind": name,
        "readable": readable,
        "evidence": f"said of {name}",
        "permissions": [f"{name}:Read"],
        "writable": writable,
        "missing": list(missing),
    }


def test_what_is_missing_comes_first_and_the_rest_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    kinds = [
        kind("demo.fine"),
        kind("demo.fine-too"),
        kind("demo.unsure", writable="unknown"),
        kind("demo.short", writable="no", missing=("demo:Delete",)),
        kind("demo.hidden", readable="no", writable="unknown"),
    ]
    record = {
        "record": "demo.log",
        "title": "the log",
        "permissions": ["log:Read"],
        "readable": "no",
        "evidence": "denied",
    }
    _tell({"tenant": "prod", "provider": "demo", "verdict": "reached", "kinds": kinds, "records": [record]})
    told = capsys.readouterr().out
    first, *rest = told.splitlines()
    assert first == "prod (demo): reached; 4 of 5 kinds can be read, 1 lack rights to be ended"
    assert all(len(line) <= 80 for line in rest)
    flat = " ".join(told.split())
    assert "demo.short yes: said of demo.short to end them it also needs: demo:Delete" in flat
    assert "demo.hidden no: said of demo.hidden needs: demo.hidden:Read" in flat
    assert "what credentials did, in the log: no: denied; needs: log:Read" in flat
    assert "may be ended demo.fine, demo.fine-too" in flat
    assert "can be read demo.unsure; whether they could be ended nobody says before it is done" in flat
    assert "said of demo.fine " not in flat


def test_a_tenant_that_is_not_reached_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    _tell({"tenant": "prod", "provider": "demo", "verdict": "no such host", "kinds": [], "records": []})
    assert capsys.readouterr().out == "prod (demo): no such host\n"
