"""The index of stores says what the modules say, or nothing at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rescind import catalogue, index, stores
from rescind.models.evidence import Location

ROWS = catalogue.loaded_stores()


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current index in a folder that the package looks into first."""
    monkeypatch.setattr(stores, "__path__", [str(tmp_path), *stores.__path__])
    (tmp_path / index.NAME).write_text(index.text(ROWS), encoding="utf-8")
    return tmp_path


def test_the_index_declares_what_the_rows_declare(beside: Path) -> None:
    read = index.read()
    assert read is not None
    assert list(read) == [row.id for _, row in ROWS]
    for _, row in ROWS:
        late = read[row.id]
        assert replace(late, parse=row.parse, text=row.text) == row
        assert (late.text is None) == (row.text is None)


def test_a_late_parser_reads_what_the_module_reads(beside: Path) -> None:
    rows = index.read()
    assert rows is not None
    at = Location(root="home", path=".netrc")
    blob = b"machine registry.example login me password made-up-password-1\n"
    late, own = list(rows["netrc"].parse(blob, at)), list(catalogue.stores()["netrc"].parse(blob, at))
    assert late and [(f.kind, f.location) for f in late] == [(f.kind, f.location) for f in own]
    text = rows["shell-history"].text
    assert text is not None and text(b"ls\n") == "ls\n"


@pytest.mark.parametrize("change", ["added", "edited", "not json", "no digest", "absent"])
def test_an_index_that_is_not_current_is_not_used(beside: Path, change: str) -> None:
    place = beside / index.NAME
    if change == "added":
        (beside / "new_store.py").write_text("STORE = None\n")
    elif change == "edited":
        data = json.loads(place.read_text(encoding="utf-8"))
        place.write_text(json.dumps({**data, "digest": data["digest"][::-1]}), encoding="utf-8")
    elif change == "absent":
        place.unlink()
    else:
        place.write_text("[" if change == "not json" else "{}", encoding="utf-8")
    assert index.read() is None
