"""A file that holds one value and nothing else, such as the secret-id file of an OpenBao agent.

White space around the value stays as it is. https://openbao.org/docs/agent-and-proxy/autoauth/methods/approle/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rescind.deliver import _swap
from rescind.errors import Rejected
from rescind.models.rotation import Keyring, Rotation, TargetRow, Value
from rescind.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFile:
    """One value in one file."""

    path: Path
    rotation: Rotation

    @property
    def place(self) -> str:
        """Return the file."""
        return f"file {self.path}"

    def check(self) -> None:
        """Raise unless the file can be replaced."""
        _swap.check(self.path)

    def read(self) -> Value | None:
        """Return the value in the file; None for a missing or empty file."""
        got = _swap.read(self.path)
        text = got[0].strip() if got else b""
        if not text:
            return None
        try:
            return self.rotation.unpack(Secret(text))
        except ValueError:
            raise Rejected(f"{self.path.name} does not hold one value of this kind") from None

    def write(self, value: Value) -> None:
        """Replace the value."""
        got = _swap.read(self.path)
        if got is None:
            raise Rejected(f"{self.path.name} is not there any more")
        data, before = got
        old = data.strip()
        head, _, tail = data.partition(old) if old else (b"", b"", data)
        _swap.replace(self.path, head + self.rotation.pack(value).reveal_bytes() + tail, before)


def open_target(row: Mapping[str, str], rotation: Rotation, _: Keyring) -> PlainFile:
    """Return the file that a configuration names."""
    return PlainFile(path=Path(row["file"]), rotation=rotation)


TARGET = TargetRow(id="file", title="a file that holds the value alone", open=open_target, files=("file",))
