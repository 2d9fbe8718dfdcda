"""What a running machine holds outside its files: environments of processes, keys in agents, tickets. Read, never asked to do anything.

Only of the running user's own home, and only what belongs to it: a process counts when its `HOME` is that home, an agent when such a
process, the session or the home itself names its socket. What cannot be read is a gap with the reason.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from rescind import osfiles
from rescind.host.names import visible
from rescind.models.evidence import Gap, Location

Reading = tuple[Location, bytes]
MOST_PROCESSES, MOST_BYTES, MOST_PLACES, SECONDS = 5000, 256 * 1024, 32, 2.0
_AGENTC_REQUEST_IDENTITIES, _AGENT_IDENTITIES_ANSWER = 11, 12


class Live:
    """One look at a live home. The environments are read once and serve every source."""

    def __init__(self, home: Path, environ: Mapping[str, str], *, proc: Path = Path("/proc")) -> None:
        self.home, self.environ, self._proc = home.resolve(), environ, proc
        self._read: list[tuple[str, list[bytes]]] | None = None
        self.unreadable = self.cut = self.left_out = 0

    def processes(self) -> list[tuple[str, list[bytes]]]:
        """Return the (name, variables) of each process of this home, each variable only in the first that has it."""
        if self._read is None:
            self._read, seen = [], set[bytes]()
            mine = f"HOME={self.home}".encode("utf-8", "surrogateescape")
            for pid in self._pids():
                held = self._variables(pid)
                if held and mine in held:
                    self._read.append((f"{pid}:{self._name(pid)}", [v for v in held if v not in seen]))
                    seen.update(held)
        return self._read

    def _pids(self) -> list[str]:
        with suppress(OSError):
            # what this program was started with, its parent has too; the system's first process belongs to no home
            aside = {str(os.getpid()), "1"}
            pids = (e.name for e in os.scandir(self._proc) if e.name.isdigit() and e.name not in aside)
            found = sorted(pids, key=int)
            self.left_out = max(0, len(found) - MOST_PROCESSES)
            return found[:MOST_PROCESSES]
        return []

    def _variables(self, pid: str) -> list[bytes]:
        place = self._proc / pid
        try:
            if place.stat().st_uid != self.home.stat().st_uid:
                return []
            with (place / "environ").open("rb") as file:
                held = file.read(MOST_BYTES + 1)
            self.cut += len(held) > MOST_BYTES
            return [v for v in held[:MOST_BYTES].split(b"\0") if v]
        except (FileNotFoundError, ProcessLookupError):
            return []  # it ended while we looked
        except OSError:
            self.unreadable += 1
            return []

    def _name(self, pid: str) -> str:
        try:
            return visible((self._proc / pid / "comm").read_bytes()[:64].decode("utf-8", "replace").strip())
        except OSError:
            return ""

    def named(self, variable: str) -> list[str]:
        """Return what the session and the processes of this home say for a variable, each once."""
        mark = f"{variable}=".encode()
        said = [self.environ.get(variable, "")]
        said += [
            v[len(mark) :].decode("utf-8", "surrogateescape")
            for _, held in self.processes()
            for v in held
            if v.startswith(mark)
        ]
        return list(dict.fromkeys(v for v in said if v))


def _gap(source: str, reason: str, path: str = "") -> Gap:
    return Gap(source=source, root="live", reason=reason, path=visible(path))


def environments(live: Live) -> Iterator[Reading | Gap]:
    """Yield the environment of each process of this home, as the kernel keeps it: `NAME=value`, each ended by a NUL (proc(5))."""
    if not sys.platform.startswith("linux"):
        yield _gap("process-environment", "this system shows no program the environment of another")
        return
    for name, held in live.processes():
        if held:
            yield Location(root="live", path=f"process/{name}"), b"\0".join(held)
    for count, what in (
        (live.unreadable, "of this user's processes may not be read"),
        (live.cut, f"of this user's processes is longer than {MOST_BYTES} bytes and was read up to there"),
        (live.left_out, f"processes beyond the first {MOST_PROCESSES} was not looked at"),
    ):
        if count:
            yield _gap("process-environment", f"the environment of {count} {what}")


def _bounded(source: str, places: list[Path]) -> Iterator[Path | Gap]:
    """Yield every absolute place once, at most `MOST_PLACES`: a variable is anybody's text, and each place may cost seconds."""
    found = list(dict.fromkeys(p for p in places if p.is_absolute()))
    yield from found[:MOST_PLACES]
    if len(found) > MOST_PLACES:
        more = len(found) - MOST_PLACES
        yield _gap(source, f"{more} of the {len(found)} places that variables name were not looked at")


def _listed(source: str, folder: Path) -> list[Path] | Gap:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        return _gap(source, f"cannot be listed: {error.strerror}", str(folder))


def ssh_agents(live: Live) -> Iterator[Reading | Gap]:
    """Yield each agent's list of identities, public halves only (https://datatracker.ietf.org/doc/draft-ietf-sshm-ssh-agent/)."""
    if not hasattr(socket, "AF_UNIX"):
        yield _gap("ssh-agent", "agents on this system are asked through named pipes, which is not done")
        return
    places = [Path(p) for p in live.named("SSH_AUTH_SOCK")]
    more = _listed("ssh-agent", live.home / ".ssh" / "agent")  # OpenSSH 10.1 and later
    if isinstance(more, Gap):
        yield more
    for place in _bounded("ssh-agent", places if isinstance(more, Gap) else places + more):
        if isinstance(place, Gap):
            yield place
            continue
        answer = _asked("ssh-agent", place, b"\0\0\0\1" + bytes([_AGENTC_REQUEST_IDENTITIES]), _agent_answer)
        if isinstance(answer, Gap):
            yield answer
        elif answer[:1] == bytes([_AGENT_IDENTITIES_ANSWER]):
            yield Location(root="live", path=f"agent{place}"), answer
        elif answer:
            yield _gap("ssh-agent", "the agent refused to list its keys: it is locked", str(place))


def gpg_agents(live: Live) -> Iterator[Reading | Gap]:
    """Yield what GnuPG's agent says of the keys it can use (`KEYINFO --list`, https://www.gnupg.org/documentation/manuals/gnupg/)."""
    if not hasattr(socket, "AF_UNIX"):
        return  # its store reads the files of its keys
    runtime = [Path(p) / "gnupg" for p in live.named("XDG_RUNTIME_DIR")]
    homes = [Path(p) for p in live.named("GNUPGHOME")]
    sockets = [folder / "S.gpg-agent" for folder in (live.home / ".gnupg", *runtime, *homes)]
    for place in _bounded("gpg-agent", [p for p in sockets if os.path.lexists(p)]):
        if isinstance(place, Gap):
            yield place
            continue
        answer = _asked("gpg-agent", place, b"KEYINFO --list\nBYE\n", _to_the_end)
        if isinstance(answer, Gap):
            yield answer
        else:
            yield Location(root="live", path=f"agent{place}"), answer


def tickets(live: Live) -> Iterator[Reading | Gap]:
    """Yield the Kerberos credential caches that are files; of the kernel's and the daemon's it is only said that they are in use.

    https://web.mit.edu/kerberos/krb5-latest/doc/basic/ccache_def.html
    """
    named = live.named("KRB5CCNAME")
    if sys.platform == "win32" and live.environ.get("USERDNSDOMAIN"):
        yield _gap("kerberos-ccache", "tickets of the domain are in the system's own cache, which is not read")
    with suppress(OSError):
        named = named or [f"FILE:/tmp/krb5cc_{live.home.stat().st_uid}"]
    for name in named:
        kind, _, rest = name.partition(":") if ":" in name and not name.startswith("/") else ("FILE", ":", name)
        if kind not in {"FILE", "DIR"}:
            yield _gap(
                "kerberos-ccache", f"tickets are kept in a cache of type {visible(kind)[:20]}, which is not read"
            )
            continue
        places = [Path(rest)] if kind == "FILE" else _listed("kerberos-ccache", Path(rest))
        if isinstance(places, Gap):
            yield places
            continue
        for place in _bounded("kerberos-ccache", [p for p in places if kind == "FILE" or p.name.startswith("tkt")]):
            if (read := place if isinstance(place, Gap) else _ticket(place)) is not None:
                yield read


def _ticket(place: Path) -> Reading | Gap | None:
    try:
        with open(osfiles.open_closed(place, os.O_RDONLY), "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _gap("kerberos-ccache", "is no regular file", str(place))
            held = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return _gap("kerberos-ccache", f"cannot be read: {error.strerror}", str(place))
    if len(held) > MOST_BYTES:
        return _gap("kerberos-ccache", f"is larger than {MOST_BYTES} bytes and was not read", str(place))
    return Location(root="live", path=f"tickets{place}"), held


def _asked(source: str, place: Path, question: bytes, read: Callable[[socket.socket], bytes]) -> bytes | Gap:
    """Ask one local socket of this user one question. What has not answered it in whole in time is a gap."""
    try:
        found = place.lstat()
        if not stat.S_ISSOCK(found.st_mode):
            return _gap(source, "is named as a socket and is none", str(place))
        if found.st_uid and not osfiles.is_ours(found):
            return _gap(source, "belongs to another user and was not asked", str(place))
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(SECONDS)
            s.connect(str(place))
            s.sendall(question)
            return read(s)
    except FileNotFoundError:
        return b""
    except ConnectionRefusedError:
        return b""  # a socket that an ended agent left behind
    except (OSError, ValueError) as error:
        return _gap(source, f"does not answer: {type(error).__name__}", str(place))


def _agent_answer(s: socket.socket) -> bytes:
    end = time.monotonic() + SECONDS
    size = int.from_bytes(_exactly(s, 4, end), "big")
    if size > MOST_BYTES:
        raise ValueError(size)
    return _exactly(s, size, end)


def _more(s: socket.socket, count: int, end: float) -> bytes:
    """Return what came, before `end`: who answers a byte at a time gets no more time for it."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    s.settimeout(left)
    return s.recv(count)


def _exactly(s: socket.socket, count: int, end: float) -> bytes:
    held = b""
    while len(held) < count:
        part = _more(s, count - len(held), end)
        if not part:
            raise ValueError(count)
        held += part
    return held


def _to_the_end(s: socket.socket) -> bytes:
    held, end = b"", time.monotonic() + SECONDS
    while part := _more(s, 4096, end):
        held += part
        if len(held) > MOST_BYTES:
            raise ValueError(MOST_BYTES)
    return held


SOURCES: Mapping[str, Callable[[Live], Iterator[Reading | Gap]]] = {
    "environ": environments,
    "ssh-agent": ssh_agents,
    "gpg-agent": gpg_agents,
    "kerberos": tickets,
}
"""What a store row may name as `live`."""
