"""Questions to the process that reads a disk image, each bounded in time; late or broken, it is ended and that is a gap."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from rescind.errors import EvidenceError
from rescind.host.child import Child
from rescind.host.names import Parts
from rescind.host.tree import Trouble

OPEN_SECONDS, ANSWER_SECONDS, MOST_SECONDS, MOST_STARTS = 60.0, 10.0, 1800.0, 6
_MOST_BYTES = 512 << 20
T = TypeVar("T")
_LATE = "was not read: the image reader did not answer in time, or broke"


@dataclass(frozen=True, slots=True)
class Stat:
    """What stands at a path: `modified` is None where its file system keeps no time zone."""

    mode: int
    ino: int
    size: int
    modified: float | None
    link: str


def _folder(told: Any) -> tuple[int, dict[str, str]]:
    return int(told["ino"]), {str(name): str(letter) for name, letter in told["entries"]}


def _stat(told: Any) -> Stat:
    modified = None if told["mtime"] is None else float(told["mtime"])
    int(modified or 0)  # refuses what is no number
    return Stat(int(told["mode"]), int(told["ino"]), int(told["size"]), modified, str(told["link"]))


class ImageReader:
    """One image, held by descriptors. `volumes` are the names of its file systems. Raises `EvidenceError` when it cannot be opened."""

    def __init__(self, kind: str, fds: Sequence[int], *, command: Sequence[str] = ()) -> None:
        self._command = tuple(command) or (sys.executable, "-P", "-m", "rescind.host._image")
        self._kind, self._fds = kind, list(fds)
        self._child: Child | None = None
        self._starts, self._spent = 0, 0.0
        self._late: set[tuple[int, Parts]] = set()
        self.volumes: list[str] = []
        self.troubles: list[Trouble] = []
        try:
            told = self._begin()
            self.volumes = [str(name) for name in told["volumes"]]
            self.troubles = [Trouble((str(name),) if name else (), str(reason)) for name, reason in told["troubles"]]
        except (OSError, ValueError, TypeError, KeyError) as exc:
            self.close()
            raise EvidenceError(f"the image {_LATE}") from exc
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process and let go of the image's files."""
        self._end()
        for fd in self._fds:
            os.close(fd)
        self._fds = []

    def names(self, volume: int, parts: Parts) -> tuple[int, dict[str, str]]:
        """Return a folder's own number, and what each name in it is: `d`, `l` or `f`."""
        return self._ask("list", volume, parts, 0, _folder)

    def stat(self, volume: int, parts: Parts) -> Stat:
        """Return what stands at a path itself."""
        return self._ask("stat", volume, parts, 0, _stat)

    def read(self, volume: int, parts: Parts, most: int, *, ends: bool = False) -> bytes:
        """Return a file's bytes, at most so many and one more; with `ends` its first ninth and last eight ninths of so many."""
        return self._ask("ends" if ends else "read", volume, parts, most, None)

    @overload
    def _ask(self, operation: str, volume: int, parts: Parts, most: int, take: None) -> bytes: ...

    @overload
    def _ask(self, operation: str, volume: int, parts: Parts, most: int, take: Callable[[Any], T]) -> T: ...

    def _ask(self, operation: str, volume: int, parts: Parts, most: int, take: Callable[[Any], T] | None) -> T | bytes:
        if (volume, parts) in self._late:
            raise EvidenceError(_LATE)
        begun = time.monotonic()
        try:
            if self._child is None:
                self._begin()
            if self._child is None or self._spent > MOST_SECONDS:
                raise OSError  # noqa: TRY301 - handled with the others
            end = time.monotonic() + ANSWER_SECONDS
            self._child.write(json.dumps([operation, volume, parts, most]).encode(), end)
            told = json.loads(self._child.read(end))
            error = str(told["error"])[:200] if "error" in told else ""
            answer = b"" if error else self._child.read(end) if take is None else take(told)
        except (OSError, ValueError, TypeError, KeyError, OverflowError) as exc:
            self._end()
            self._late.add((volume, parts))
            raise EvidenceError(_LATE) from exc
        except BaseException:  # an alarm: what stands in the pipes is no longer in step
            self._end()
            raise
        finally:
            self._spent += time.monotonic() - begun
        if error:
            raise EvidenceError(error)
        return answer

    def _begin(self) -> dict[str, Any]:
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise OSError
        self._child = Child(self._command, pass_fds=self._fds, most=_MOST_BYTES)
        end = time.monotonic() + OPEN_SECONDS
        self._child.write(json.dumps([self._kind, self._fds]).encode(), end)
        told: dict[str, Any] = json.loads(self._child.read(end))
        if "error" in told:
            raise EvidenceError(f"the image {told['error']!s:.200}")
        if self.volumes and told["volumes"] != self.volumes:
            raise OSError
        return told

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()
