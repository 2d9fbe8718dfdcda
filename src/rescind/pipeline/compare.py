"""What changed between two inventories of a machine."""

from __future__ import annotations

from typing import Any

from rescind.models.credential import Credential, Inventory


def _row(c: Credential) -> dict[str, str]:
    return {"id": c.id, "kind": c.kind, "identifier": c.identifier or c.fingerprint, "state": str(c.state)}


def diff(old: Inventory, new: Inventory) -> dict[str, Any]:
    """Return what was added, what was removed, and whose state changed; candidates count as well, under their own ids."""
    before, after = ({c.id: c for c in (*i.credentials, *i.candidates)} for i in (old, new))
    return {
        "schema": "rescind.inventory-diff/1",
        "added": [_row(c) for i, c in sorted(after.items()) if i not in before],
        "removed": [_row(c) for i, c in sorted(before.items()) if i not in after],
        "changed": [
            {**_row(c), "was": str(before[i].state)}
            for i, c in sorted(after.items())
            if i in before and before[i].state is not c.state
        ],
        "same": sum(1 for i, c in after.items() if i in before and before[i].state is c.state),
        "gaps": {"before": len(old.gaps), "after": len(new.gaps)},
    }
