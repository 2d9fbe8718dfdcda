"""An inventory that leaves its machine: sealed to the response team, on request with the values that only they can end.

The content is `rescind.inventory/1`; `values` stands beside it, by fingerprint, and exists only inside a seal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rescind import catalogue
from rescind.errors import EvidenceError
from rescind.host.seal import open_sealed, seal
from rescind.models.credential import Inventory
from rescind.pipeline.inventory_json import to_json
from rescind.schema.bounded import read_bounded
from rescind.schema.inventory import MAX_BYTES, parse_inventory
from rescind.schema.json_file import parse_object
from rescind.secret import Secret

MAGIC = b"age-encryption.org/v1"


def needed(inventory: Inventory, secrets: Mapping[str, Secret]) -> dict[str, Secret]:
    """Return the raw values, by fingerprint, of the credentials whose kind can be ended by its value only."""
    kinds = catalogue.kinds()
    wanted = [c for c in inventory.credentials if c.fingerprint and c.kind in kinds and kinds[c.kind].needs_secret]
    return {c.fingerprint: secrets[c.id] for c in wanted if c.id in secrets}


def sealed(inventory: Inventory, recipients: Sequence[str], values: Mapping[str, Secret] | None = None) -> bytes:
    """Return an inventory encrypted to every recipient; the machine that wrote it cannot open it. Raises `EvidenceError`."""
    data = to_json(inventory)
    if values:
        data["values"] = {fingerprint: value.reveal() for fingerprint, value in sorted(values.items())}
    return seal(json.dumps(data).encode("utf-8", "surrogatepass"), recipients)


def opened(blob: bytes, identity: Path | None, *, name: str) -> tuple[Inventory, dict[str, Secret]]:
    """Return the inventory in bytes, plain or sealed, and the values in it by fingerprint. Raises `EvidenceError`."""
    values: dict[str, Secret] = {}
    if blob.startswith(MAGIC):
        if identity is None:
            raise EvidenceError(f"{name} is sealed", hint="give --identity FILE: the age key that it was sealed to")
        data = parse_object(open_sealed(blob, identity), name, EvidenceError)
        held = data.pop("values", {})
        texts = held.items() if isinstance(held, dict) else ()
        values = {k: Secret(v) for k, v in texts if isinstance(v, str) and v}
    else:
        data = parse_object(blob, name, EvidenceError)
    return parse_inventory(data, name=name), values


def read(path: Path, identity: Path | None) -> tuple[Inventory, dict[str, Secret]]:
    """Return what an inventory file holds. Raises `EvidenceError`."""
    return opened(read_bounded(path, MAX_BYTES, EvidenceError), identity, name=str(path))
