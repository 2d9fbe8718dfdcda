"""Run the command line with everything taken away that only POSIX systems have, as far as a POSIX system lets itself be robbed of it.

Not taken: the name of the system, by which the libraries beneath choose their own code; the locks are those of a stand-in for
`msvcrt` that remembers who holds what. `tests/interop/test_windows.py` runs the same on a real Windows Python, where one is named.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import types


def _stand_in() -> types.ModuleType:
    made, held = types.ModuleType("msvcrt"), dict[tuple[int, int], int]()

    def locking(fd: int, _mode: int, _count: int) -> None:
        seen = os.fstat(fd)
        if held.setdefault((seen.st_dev, seen.st_ino), fd) != fd:
            raise PermissionError

    made.LK_LOCK, made.LK_NBLCK, made.locking = 1, 2, locking  # type: ignore[attr-defined]
    return made


def _locks_of_windows() -> None:
    here, sys.platform = sys.platform, "win32"
    sys.modules["msvcrt"] = _stand_in()
    import rescind.osfiles

    del sys.modules["msvcrt"]
    sys.platform = here
    assert not rescind.osfiles.HAS_OWNERS
    assert not rescind.osfiles.HOLDS_FOLDERS


def as_macos() -> None:
    """Take away what Linux has and macOS does not, and say that this is macOS: `/proc` stays, and must not be asked."""
    _load()
    del os.O_NOATIME
    sys.platform = "darwin"


def _load() -> None:
    """Load the libraries that have code of their own for each system."""
    for name in (
        "asyncio",
        "subprocess",
        "tempfile",
        "platformdirs.unix",
        "keyring",
        "secretstorage",
        "dbos",
        "psycopg",
    ):
        importlib.import_module(name)


def rob() -> None:
    """Take away what Windows does not have."""
    _load()
    flags = ("NOFOLLOW", "DIRECTORY", "NONBLOCK", "NOCTTY", "CLOEXEC", "NOATIME")
    calls = ("getuid", "getgid", "geteuid", "getegid", "getgroups", "fchmod", "fchown", "chown", "lchown", "pread")
    more = ("killpg", "getpgid", "setsid", "uname", "fork", "umask", "mkfifo", "getloadavg", "supports_dir_fd")
    for name in (*(f"O_{f}" for f in flags), *calls, *more):
        if hasattr(os, name):
            delattr(os, name)
    os.supports_dir_fd = set()
    os.getlogin = lambda: "ada"
    for name in ("setitimer", "getitimer", "ITIMER_REAL", "SIGALRM", "SIGHUP"):
        delattr(signal, name)
    del socket.AF_UNIX
    for name in ("fcntl", "pwd", "grp", "resource", "termios"):
        sys.modules[name] = None  # type: ignore[assignment]
    _locks_of_windows()


if __name__ == "__main__":
    as_macos() if sys.argv.pop(1) == "macos" else rob()
    if sys.argv[1:] == ["import everything"]:
        import pkgutil

        import rescind

        for found in pkgutil.walk_packages(rescind.__path__, "rescind."):
            if found.name.rpartition(".")[2] not in {"__main__", "_image"}:  # a program of its own, for POSIX alone
                importlib.import_module(found.name)
    else:
        from rescind.cli import main

        main()
