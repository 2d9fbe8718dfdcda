"""A process of ours is waited for until a moment, by the system or by threads alike."""

from __future__ import annotations

import sys
import time

import pytest

from rescind.host import pipes
from rescind.host.child import Child

ECHO = (
    "import sys\n"
    "while head := sys.stdin.buffer.read(4):\n"
    "    body = sys.stdin.buffer.read(int.from_bytes(head, 'big'))\n"
    "    sys.stdout.buffer.write(head + body[::-1]); sys.stdout.buffer.flush()\n"
)


@pytest.fixture(params=[True, False], ids=["waiting", "threads"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "WAITS", request.param)


def child(code: str) -> Child:
    return Child((sys.executable, "-I", "-c", code))


def later(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


@pytest.mark.usefixtures("ways")
def test_frames_larger_than_a_pipe_go_and_come_back() -> None:
    echo = child(ECHO)
    for size in (0, 1, 3 << 20):
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        echo.write(body, later())
        assert echo.read(later()) == body[::-1]
    echo.close()


@pytest.mark.usefixtures("ways")
def test_one_that_never_answers_never_reads_or_is_gone_is_not_waited_for() -> None:
    deaf = child("import time; time.sleep(60)")
    with pytest.raises(TimeoutError):
        deaf.read(later(0.01))
    with pytest.raises(TimeoutError):
        deaf.write(b"x" * (4 << 20), later(0.05))
    deaf.kill()
    with pytest.raises(OSError):
        deaf.read(later())
    deaf.close()
