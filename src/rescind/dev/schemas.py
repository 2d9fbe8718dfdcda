"""Write or check the published JSON Schemas: `python -m rescind.dev.schemas write|check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rescind.schema.config_shape import ConfigShape
from rescind.schema.inventory import InventoryShape
from rescind.schema.plan import plan_shape
from rescind.schema.playbook_shape import PlaybookShape
from rescind.schema.run import RunShape

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(shape: type[BaseModel], title: str) -> dict[str, Any]:
    """Return one JSON Schema, draft 2020-12."""
    return {"$schema": _DIALECT, **shape.model_json_schema(by_alias=True), "title": title}


def schemas() -> Mapping[str, dict[str, Any]]:
    """Return every published schema by file name."""
    return {
        "config.schema.json": schema(ConfigShape, "rescind.toml"),
        "inventory.schema.json": schema(InventoryShape, "rescind.inventory/1"),
        "plan.schema.json": schema(plan_shape(), "rescind.plan/1"),
        "playbook.schema.json": schema(PlaybookShape, "rescind playbook"),
        "run.schema.json": schema(RunShape, "rescind.run/1"),
    }


def texts() -> Mapping[str, str]:
    """Return what each file must hold."""
    return {
        name: json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True) + "\n" for name, body in schemas().items()
    }


def write(folder: Path = FOLDER) -> None:
    """Write every schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")


def stale(folder: Path = FOLDER) -> list[str]:
    """Return the names of the files that are missing or out of date."""
    return [
        name
        for name, text in texts().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Carry out `write` or `check`; the answer is the process's exit code."""
    if arguments == ["write"]:
        write()
        return 0
    if arguments == ["check"]:
        old = stale()
        if old:
            print(f"out of date: {', '.join(old)}; mend with: python -m rescind.dev.schemas write", file=sys.stderr)
        return 1 if old else 0
    print("usage: python -m rescind.dev.schemas write|check", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
