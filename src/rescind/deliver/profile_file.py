"""A profile in an AWS shared credentials file: only the two values change, every other byte stays.

The format is the SDKs' INI dialect, https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html. What reads differently in
different SDKs (a section twice, a value over several lines, words after a value) is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rescind.deliver import _swap
from rescind.errors import Rejected
from rescind.models.rotation import Keyring, Rotation, TargetRow, Value
from rescind.secret import Secret

_SECTION = re.compile(rb"\[([^\]\r\n]*)\]")
_SETTING = re.compile(rb"([^\s=:#;\[][^=:\r\n]*?)[ \t]*[=:][ \t]*([^\r\n]*?)[ \t]*(?=\r|\n|$)")
_ID, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    """One profile of one file."""

    path: Path
    profile: str

    @property
    def place(self) -> str:
        """Return the file and the profile."""
        return f"profile {self.profile} of {self.path}"

    def check(self) -> None:
        """Raise unless the file can be replaced and the profile holds one long-term key."""
        _swap.check(self.path)
        if self.read() is None:
            raise Rejected(
                f"{self.path.name} holds no access key under [{self.profile}]: a first one is put there by hand"
            )

    def read(self) -> Value | None:
        """Return the profile's key; None when file, profile or key is missing."""
        got = _swap.read(self.path)
        spots = self._spots(got[0]) if got else {}
        if got is None or not {_ID, _SECRET} <= set(spots):
            return None
        key, secret = (got[0][spots[name]] for name in (_ID, _SECRET))
        return Value(identifier=key.decode("ascii", "replace"), secret=Secret(secret)) if key and secret else None

    def write(self, value: Value) -> None:
        """Replace both values at once."""
        got = _swap.read(self.path)
        spots = self._spots(got[0]) if got else {}
        if got is None or not {_ID, _SECRET} <= set(spots):
            raise Rejected(f"{self.path.name} holds no access key under [{self.profile}] any more")
        data, before = got
        new = {_ID: value.identifier.encode("ascii"), _SECRET: value.secret.reveal_bytes()}
        for name in sorted(new, key=lambda n: spots[n].start, reverse=True):  # from the end: earlier places stay right
            data = data[: spots[name].start] + new[name] + data[spots[name].stop :]
        _swap.replace(self.path, data, before)

    def _spots(self, data: bytes) -> dict[str, slice]:
        """Return where each of the profile's values stands. Raises `Rejected` for what readers could understand differently."""
        spots: dict[str, slice] = {}
        inside = seen = False
        last, depth, at = "", 0, 0
        for line in data.splitlines(keepends=True):
            start, at = at, at + len(line)
            text = line.strip()
            indent = len(line) - len(line.lstrip(b" \t"))
            if section := _SECTION.match(text) if not (indent > depth and last) else None:
                inside, last, depth = section[1].strip() == self.profile.encode(), "", 0
                if inside and seen:
                    raise self._unclear("the section stands there twice")
                seen = seen or inside
            elif inside and text and text[:1] not in b"#;":
                if indent > depth and last:  # it goes on with the line before
                    if last in {_ID, _SECRET}:
                        raise self._unclear(f"{last} goes on over several lines")
                elif setting := _SETTING.match(line[indent:]):
                    last, depth = setting[1].decode("ascii", "replace").lower(), indent
                    if last in spots:
                        raise self._unclear(f"{last} stands there twice")
                    spots[last] = slice(start + indent + setting.start(2), start + indent + setting.end(2))
        if _TOKEN in spots:
            raise self._unclear("it holds a session, which is not a long-term key")
        if any(b" " in (v := data[spots[n]]) or b"\t" in v for n in (_ID, _SECRET) if n in spots):
            raise self._unclear("words follow a value")
        return spots

    def _unclear(self, why: str) -> Rejected:
        return Rejected(f"{self.path.name}, [{self.profile}]: {why}; nothing was changed")


def open_target(row: Mapping[str, str], _: Rotation, __: Keyring) -> ProfileFile:
    """Return the profile that a configuration names."""
    return ProfileFile(path=Path(row["profile_file"]), profile=row.get("profile", "default"))


TARGET = TargetRow(
    id="profile_file",
    title="a profile in an AWS shared credentials file",
    open=open_target,
    options=("profile",),
    files=("profile_file",),
)
