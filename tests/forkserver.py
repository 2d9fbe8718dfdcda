"""Kill a process at its n-th event and see what is left: a fork server for crash tests.

`run_killed(fn, args, kill_at=n)` runs the module-level function `fn(*args)` in a fresh child and kills that child (SIGKILL, no
clean-up of any kind) at its n-th event; `kill_at=None` lets it end and tells how many events there were. Children are forked
from a small server process that has imported the slow modules once and has no threads, so a kill costs milliseconds instead of a second.

An event is one side of a durable or visible effect; each is counted before and after it happens:

    commit   every commit of a write that SQLAlchemy makes (the engine's journal); polling reads are not counted, so that
             the numbers mean nearly the same thing in every run: patched at `do_commit` of the SQLite dialect
    append   `rescind.audit.log.AuditLog.append` and `.sign_head`
    send     `httpx.HTTPTransport.handle_request` and `botocore.httpsession.URLLib3Session.send`

A test adds its own: `patch=fn2` names a module-level function that is called with the `KillPoints` in the child, before `fn`, and does
`points.around(Owner, "method", "name")`. Use `only={"append", "send"}` to count some kinds and not others. No hook is needed in `src/`.

    total = run_killed(apply_it, [str(folder)]).count
    for n in range(1, total + 1):
        run_killed(apply_it, [str(folder)], kill_at=n)     # outcome.killed is True
        assert run_killed(apply_it, [str(folder)]).error == ""
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PRELOAD = ("dbos", "sqlalchemy.dialects.sqlite", "httpx", "rescind.engine.workflow", "rescind.audit.log")


@dataclass(frozen=True)
class Outcome:
    """How a child ended: `events` are the names counted until then, `value` what `fn` returned (JSON), `error` its traceback."""

    killed: bool
    events: tuple[str, ...]
    value: Any
    error: str
    stderr: str

    @property
    def count(self) -> int:
        return len(self.events)


class KillPoints:
    """Counts events in this process, and kills it at the `kill_at`-th."""

    def __init__(self, kill_at: int | None, only: Sequence[str] | None, report: int) -> None:
        self._at, self._only, self._report = kill_at, only, report
        self._count = 0
        self._lock = threading.Lock()

    def hit(self, name: str) -> None:
        """Count one event; does not return from the fatal one."""
        if self._only is not None and name.split(":", maxsplit=1)[0] not in self._only:
            return
        with self._lock:
            self._count += 1
            os.write(self._report, f"{name}\n".encode())
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)

    def around(self, owner: Any, attribute: str, name: str, when: Callable[..., bool] = lambda *_a, **_k: True) -> None:
        """Replace a method or function by one that counts `name:before` and `name:after`."""
        original = getattr(owner, attribute)

        @functools.wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Any:
            counts = when(*args, **kwargs)
            if counts:
                self.hit(f"{name}:before")
            result = original(*args, **kwargs)
            if counts:
                self.hit(f"{name}:after")
            return result

        setattr(owner, attribute, counted)


def standard(points: KillPoints) -> None:
    """Patch what every real run does: journal commits, audit appends, HTTP sends. What is not installed is left out."""
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    points.around(SQLiteDialect_pysqlite, "do_commit", "commit", lambda _d, connection: connection.in_transaction)
    for module, owner, method, name in (
        ("rescind.audit.log", "AuditLog", "append", "append"),
        ("rescind.audit.log", "AuditLog", "sign_head", "append"),
        ("httpx", "HTTPTransport", "handle_request", "send"),
        ("botocore.httpsession", "URLLib3Session", "send", "send"),
    ):
        try:
            points.around(getattr(importlib.import_module(module), owner), method, name)
        except ImportError:
            continue


def run_killed(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    *,
    kill_at: int | None = None,
    patch: Callable[[KillPoints], None] | None = None,
    only: Sequence[str] | None = None,
    timeout: float = 60.0,
) -> Outcome:
    """Run `fn(*args)` in a child that dies at its `kill_at`-th event. Arguments and result are JSON; `fn` is module-level."""
    request = {
        "fn": f"{fn.__module__}:{fn.__qualname__}",
        "args": list(args),
        "kill_at": kill_at,
        "patch": f"{patch.__module__}:{patch.__qualname__}" if patch else "",
        "only": sorted(only) if only is not None else None,
        "timeout": timeout,
    }
    with _server_lock:
        server = _server()
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        line = server.stdout.readline()
    if not line:
        raise RuntimeError("the fork server died")
    answer = json.loads(line)
    return Outcome(answer["killed"], tuple(answer["events"]), answer["value"], answer["error"], answer["stderr"])


_server_lock = threading.Lock()
_process: subprocess.Popen[str] | None = None


def _server() -> subprocess.Popen[str]:
    global _process
    if _process is None or _process.poll() is not None:
        _process = subprocess.Popen(
            [sys.executable, "-m", "tests.forkserver"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(_process.kill)
    return _process


def _load(name: str) -> Any:
    module, qualname = name.split(":")
    return functools.reduce(getattr, qualname.split("."), importlib.import_module(module))


def _child(request: dict[str, Any], events: int, result: int) -> None:
    answer: dict[str, Any] = {"value": None, "error": ""}
    try:
        points = KillPoints(request["kill_at"], request["only"], events)
        standard(points)
        if request["patch"]:
            _load(request["patch"])(points)
        answer["value"] = _load(request["fn"])(*request["args"])
    except BaseException:
        answer["error"] = traceback.format_exc()
    os.write(result, json.dumps(answer).encode())


def _read_all(handles: Sequence[int], deadline: float) -> dict[int, bytes]:
    """Read pipes until their other ends are closed, or until the deadline."""
    got = dict.fromkeys(handles, b"")
    live = set(handles)
    while live and (left := deadline - time.monotonic()) > 0:
        for handle in select.select(list(live), [], [], left)[0]:
            data = os.read(handle, 65536)
            got[handle] += data
            if not data:
                live.discard(handle)
    return got


def _serve_one(request: dict[str, Any]) -> dict[str, Any]:
    for name in (request["fn"], request["patch"]):
        if name:
            _load(name)  # imported here, once, so that children inherit it
    assert threading.active_count() == 1, "a fork with threads is not a fair crash"
    pipes = [os.pipe() for _ in range(3)]
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(pipes[2][1], 2)
        _child(request, pipes[0][1], pipes[1][1])
        os._exit(0)
    for _, write in pipes:
        os.close(write)
    events, result, stderr = (read for read, _ in pipes)
    deadline = time.monotonic() + request["timeout"]
    got = _read_all((events, result, stderr), deadline)
    late = time.monotonic() >= deadline
    if late:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    for read, _ in pipes:
        os.close(read)
    answer = json.loads(got[result]) if got[result] else {"value": None, "error": ""}
    if late:
        answer["error"] = f"no end within {request['timeout']} s"
    return {
        **answer,
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and not late,
        "events": got[events].decode().split(),
        "stderr": got[stderr].decode(errors="replace"),
    }


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever is printed here or in a test module must not look like an answer
    for name in PRELOAD:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for line in sys.stdin:
        answers.write(json.dumps(_serve_one(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
