"""Every way in which a scanned machine may try to lead, stall or fool the reader."""

from __future__ import annotations

import fnmatch
import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescind.errors import EvidenceError
from rescind.host import beneath
from rescind.host.names import as_parts, as_text
from rescind.host.opening import open_host
from rescind.models.evidence import Gap
from rescind.models.store import At, Match, Root
from tests.unit._evidence import StillClock, picture, put, split, store

LEAVES = "link leaves the evidence"


def opened(target: Path, row, environ=None):
    with open_host(target, clock=StillClock(), environ=environ or {}) as host:
        return split(host.candidates(row))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    put(tmp_path / "outside" / "secret", "outside-the-evidence")
    put(tmp_path / "ada" / ".profile", "")
    return tmp_path / "ada"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    put(tmp_path / "outside" / "secret", "outside-the-evidence")
    root = tmp_path / "mnt"
    put(root / "etc" / "passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n")
    put(root / "etc" / "hostname", "lost-1\n")
    put(root / "home" / "ada" / ".profile", "")
    put(root / "root" / ".profile", "")
    return root


def test_plain_file_with_location(home: Path) -> None:
    os.utime(put(home / ".demo" / "a.json"), (1_700_000_000, 1_700_000_000))
    with open_host(home, clock=StillClock(), environ={}) as host:
        (item,) = host.candidates(store(".demo/*.json"))
        assert (item.location.root, item.location.path, item.location.modified) == (
            "home",
            ".demo/a.json",
            "2023-11-14T22:13:20Z",
        )
        assert host.read("home", ".demo/a.json", 100) == b"made-up-token-1"
        assert not host.live
        with pytest.raises(EvidenceError, match="larger"):
            host.read("home", ".demo/a.json", 3)
        with pytest.raises(EvidenceError, match="not there"):
            host.read("home", ".demo/b.json", 3)
        with pytest.raises(EvidenceError, match="no root"):
            host.read("root", ".demo/a.json", 100)
        with pytest.raises(EvidenceError, match=LEAVES):
            host.read("home", "../outside/secret", 100)


@pytest.mark.parametrize("link", ["../../outside/secret", "/etc/passwd", "../../../../../../etc/passwd"])
def test_link_out_of_a_home_is_a_gap(home: Path, link: str) -> None:
    (home / ".demo").mkdir()
    (home / ".demo" / "a").symlink_to(link)
    assert opened(home, store(".demo/a")) == ({}, {".demo/a": LEAVES})


def test_linked_folder_out_of_a_home_is_a_gap(home: Path) -> None:
    (home / ".demo").symlink_to("../outside")
    assert opened(home, store(".demo/secret")) == ({}, {".demo/secret": LEAVES})
    assert opened(home, store(".demo/*"))[1] == {".demo": LEAVES}


def test_link_inside_a_home_is_followed_absolute_and_relative(home: Path) -> None:
    put(home / "dotfiles" / "a", "in")
    (home / ".relative").symlink_to("dotfiles/../dotfiles/./a")
    (home / ".absolute").symlink_to(home / "dotfiles" / "a")
    (home / ".original").symlink_to("/home/ada/dotfiles/a")  # where the copy came from
    blobs, reasons = opened(home, store(".relative", ".absolute", ".original"))
    assert blobs == {".relative": b"in", ".absolute": b"in", ".original": b"in"}
    assert not reasons


def test_absolute_link_in_a_mounted_root_is_rebased(system: Path) -> None:
    put(system / "outside" / "secret", "inside the image")
    (system / "home" / "ada" / ".demo").symlink_to("/outside/secret")
    (system / "home" / "ada" / ".up").symlink_to("../../../../../../outside/secret")
    blobs, _ = opened(system, store(".demo", ".up"))
    assert set(blobs.values()) == {b"inside the image"}
    assert set(blobs) == {"home/ada/.demo", "home/ada/.up"}


def test_mounted_root_never_reads_the_real_one(system: Path, tmp_path: Path) -> None:
    (system / "home" / "ada" / ".demo").symlink_to(tmp_path / "outside" / "secret")
    (system / "home" / "ada" / ".proc").symlink_to("/proc/self/environ")
    _, reasons = opened(system, store(".demo", ".proc"))
    assert reasons["home/ada/.demo"] == "link target is not in the evidence"
    assert "pseudo file system" in reasons["home/ada/.proc"]


def test_loops_and_dangling_links_are_gaps(home: Path) -> None:
    (home / ".a").symlink_to(".b")
    (home / ".b").symlink_to(".a")
    (home / ".self").symlink_to(".self/x")
    (home / ".gone").symlink_to("nowhere")
    _, reasons = opened(home, store(".a", ".self", ".gone"))
    assert reasons == {
        ".a": "links run in a circle",
        ".self": "links run in a circle",
        ".gone": "link target is not in the evidence",
    }


def test_pipes_sockets_devices_and_folders_are_gaps_without_stalling(home: Path) -> None:
    os.mkfifo(home / ".pipe")
    (home / ".folder").mkdir()
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(home)
        s.bind(".socket")
        os.chdir(here)
        _, reasons = opened(home, store(".pipe", ".folder", ".socket"))
    assert reasons == {
        ".pipe": "is a named pipe, not a file",
        ".folder": "is a directory, not a file",
        ".socket": "is a socket, not a file",
    }


def test_device_is_a_gap(home: Path) -> None:
    try:
        os.mknod(home / ".device", stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero never ends
    except PermissionError:
        pytest.skip("making a device needs root")
    assert opened(home, store(".device"))[1] == {".device": "is a device, not a file"}


def test_bare_star_skips_folders_and_sockets_but_not_pipes(home: Path) -> None:
    put(home / ".ssh" / "id_x")
    (home / ".ssh" / "sockets").mkdir()
    os.mkfifo(home / ".ssh" / "id_pipe")
    blobs, reasons = opened(home, store(".ssh/*"))
    assert list(blobs) == [".ssh/id_x"]
    assert list(reasons) == [".ssh/id_pipe"]


def test_huge_sparse_file_is_not_read(home: Path) -> None:
    with (home / ".huge").open("wb") as f:
        f.truncate(300 * 2**20)
    blobs, reasons = opened(home, store(".huge"))
    assert not blobs
    assert reasons == {".huge": "is larger than 1048576 bytes"}


def test_a_file_of_exactly_the_cap_is_read(home: Path) -> None:
    put(home / ".a", b"x" * 10)
    put(home / ".b", b"x" * 11)
    blobs, reasons = opened(home, store(".a", ".b", max_bytes=10))
    assert (list(blobs), list(reasons)) == ([".a"], [".b"])


def as_nobody(call) -> str:
    """Run a call in a child process without rights and return the text that it made."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(into, json.dumps(call()).encode())
        except BaseException as exc:
            os.write(into, json.dumps(repr(exc)).encode())
        finally:
            os._exit(0)
    os.close(into)
    with open(out, "rb") as f:
        text = f.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def test_unreadable_file_and_folder_are_gaps() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        locked = [put(home / ".locked"), put(home / ".shut" / "a").parent, put(home / "src" / "shut" / ".env").parent]
        for path in locked:
            path.chmod(0)
        row = store(".locked", ".shut/a", ".shut/*.json", "**/.env")
        got = as_nobody(lambda: opened(home, row))
        for path in locked:
            path.chmod(0o700)
    assert got == [{}, dict.fromkeys((".locked", ".shut/a", ".shut", "src/shut"), "cannot be read: permission denied")]


def test_unreadable_evidence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no such file"):
        open_host(tmp_path / "nowhere", clock=StillClock())
    with pytest.raises(EvidenceError, match="neither a folder nor an archive"):
        open_host(put(tmp_path / "file"), clock=StillClock())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in").mkdir(mode=0)
        Path(folder).chmod(0o755)
        assert "cannot be read: permission denied" in as_nobody(lambda: opened(Path(folder, "in"), store(".a")))
        Path(folder, "in").chmod(0o700)


def test_input_output_error_is_a_gap(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / ".a")

    def broken(fd: int, size: int) -> bytes:
        raise OSError(5, "quoted /path/secret")

    monkeypatch.setattr(beneath.os, "read", broken)
    assert opened(home, store(".a"))[1] == {".a": "cannot be read: input/output error"}


def test_names_that_are_no_text_are_escaped_and_found_again(home: Path) -> None:
    folder = os.fsencode(home / ".demo")
    os.mkdir(folder)
    for name in (
        b"\xe9t\xe9.json",
        b"new\nline.json",
        b"esc\x1b[2J.json",
        "rtl\u202e.json".encode(),
        b"back\\x41.json",
    ):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(name)
    with open_host(home, clock=StillClock(), environ={}) as host:
        items = list(host.candidates(store(".demo/*.json")))
        assert len(items) == 5
        for item in items:
            assert item.location.path.isprintable()
            item.location.path.encode()
            assert host.read("home", item.location.path, 100) == item.blob
    paths = {item.location.path for item in items}
    assert {
        ".demo/\\xe9t\\xe9.json",
        ".demo/new\\x0aline.json",
        ".demo/back\\\\x41.json",
        ".demo/rtl\\u202e.json",
    } <= paths


@given(
    st.lists(
        st.binary(min_size=1, max_size=20).filter(lambda b: not {0, 47} & set(b) and b != b"."), min_size=1, max_size=4
    )
)
def test_path_text_is_reversible(raw: list[bytes]) -> None:
    parts = tuple(os.fsdecode(b) for b in raw)
    assert as_text(parts).isprintable()
    assert as_parts(as_text(parts)) == parts


def test_file_that_changes_once_is_read_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home / ".a", "before")
    changes = iter([b"after!", None])
    real = beneath.Tree._drain

    def drain(self, fd, max_bytes):
        data = real(self, fd, max_bytes)
        if (new := next(changes)) is not None:
            path.write_bytes(new)
            os.utime(path, ns=(1, 1))
        return data

    monkeypatch.setattr(beneath.Tree, "_drain", drain)
    assert opened(home, store(".a")) == ({".a": b"after!"}, {})


def test_file_that_keeps_changing_is_a_gap(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home / ".a", "x")
    real = beneath.Tree._drain

    def drain(self, fd, max_bytes):
        data = real(self, fd, max_bytes)
        with path.open("ab") as f:
            f.write(b"x")
        return data

    monkeypatch.setattr(beneath.Tree, "_drain", drain)
    assert opened(home, store(".a")) == ({}, {".a": "changed while it was read"})


def test_name_swapped_for_a_link_between_look_and_open(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home / ".a", "x")
    real = beneath.open_quietly

    def swap(name, flags, fd):
        if name == ".a" and not path.is_symlink():
            path.unlink()
            path.symlink_to("../outside/secret")
        return real(name, flags, fd)

    monkeypatch.setattr(beneath, "open_quietly", swap)
    blobs, reasons = opened(home, store(".a"))
    assert not blobs
    assert list(reasons) == [".a"]


def test_slow_read_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / ".a", b"x" * 100)
    clock = StillClock()
    real = os.read

    def slow(fd, size):
        clock.ticks += 11
        return real(fd, 1)

    monkeypatch.setattr(beneath.os, "read", slow)
    with open_host(home, clock=clock, environ={}) as host:
        assert split(host.candidates(store(".a")))[1] == {".a": "could not be read within 10 s"}


def test_first_takes_only_what_the_tool_would_read(home: Path) -> None:
    put(home / ".b", "second")
    put(home / ".c", "third")
    assert opened(home, store(".a", ".b", ".c", match=Match.FIRST)) == ({".b": b"second"}, {})
    (home / ".a").mkdir()
    blobs, reasons = opened(home, store(".a", ".b", ".c", match=Match.FIRST))
    assert (list(blobs), list(reasons)) == ([".b"], [".a"])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".profile", "export DEMO_FILE=$HOME/elsewhere/d\n"),
        (".bashrc", 'if true; then export A=1 DEMO_FILE="${HOME}/elsewhere/d"; fi\n'),
        (".zshenv", "BASE=~/elsewhere\nexport DEMO_FILE=$BASE/d # moved\n"),
        (".zprofile", "DEMO_FILE='/home/ada/elsewhere/d'\n"),
        (".config/environment.d/10-x.conf", "DEMO_FILE=${HOME}/elsewhere/d\n"),
        (".pam_environment", "DEMO_FILE DEFAULT=@{HOME}/elsewhere/d\n"),
        (".config/fish/config.fish", "set -gx DEMO_FILE ~/elsewhere/d\n"),
        (".profile", "export DEMO_FILE=~/elsewhere\n"),
    ],
)
def test_moved_file_is_found(home: Path, file: str, text: str) -> None:
    put(home / file, text)
    put(home / "elsewhere" / "d", "moved")
    row = store(At(root=Root.HOME, glob=".demo/d", env="DEMO_FILE"))
    assert opened(home, row) == ({"elsewhere/d": b"moved"}, {})


@pytest.mark.parametrize(
    "value",
    [
        "/etc/passwd",
        "$(cat x)/d",
        "`x`/d",
        "relative/d",
        "~bob/d",
        "$UNKNOWN/d",
        "../outside/secret",
        "~/../outside/secret",
    ],
)
def test_moved_outside_or_unknowable_is_a_gap(home: Path, value: str) -> None:
    put(home / ".profile", f'export DEMO_FILE="{value}"\n')
    blobs, reasons = opened(home, store(At(root=Root.HOME, glob=".demo", env="DEMO_FILE")))
    assert not blobs
    assert len(reasons) == 1
    assert value not in str(reasons.values())


def test_variable_on_an_absurdly_long_line_is_a_gap(home: Path) -> None:
    put(home / ".profile", "A=" + "x" * 5000 + " DEMO_FILE=~/d\n")
    assert "only a shell could tell" in str(opened(home, store(At(root=Root.HOME, glob=".demo", env="DEMO_FILE")))[1])


def test_variable_that_switches_a_file_off_or_is_in_a_comment_moves_nothing(home: Path) -> None:
    put(
        home / ".profile",
        "export DEMO_FILE=/dev/null\n# export DEMO_FILE=/x\nexport OTHER_DEMO_FILE=/y\nexport DEMO_FILE=\n",
    )
    assert opened(home, store(At(root=Root.HOME, glob=".demo", env="DEMO_FILE"))) == ({}, {})


def test_live_home_also_honours_the_process_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / "one", "1")
    put(home / "two", "2")
    row = store(At(root=Root.HOME, glob=".demo", env="DEMO_FILE"))
    environ = {"DEMO_FILE": f"{home}/one:{home}/two"}
    assert opened(home, row, environ) == ({}, {})
    monkeypatch.setenv("HOME", str(home))
    assert opened(home, row, environ) == ({"one": b"1", "two": b"2"}, {})


def test_moved_xdg_root_and_moved_walk(home: Path) -> None:
    put(home / ".profile", "export XDG_CONFIG_HOME=~/cfg DEMO_DIR=~/moved\n")
    put(home / "cfg" / "demo" / "a", "new")
    put(home / ".config" / "demo" / "a", "old")
    put(home / "moved" / "deep" / "er" / "t.json", "walked")
    row = store(At(root=Root.XDG_CONFIG, glob="demo/a"), At(root=Root.HOME, glob=".demo/**/t.json", env="DEMO_DIR"))
    assert opened(home, row)[0] == {"cfg/demo/a": b"new", ".config/demo/a": b"old", "moved/deep/er/t.json": b"walked"}


def test_walk_is_shared_pruned_and_complete(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (
        ".env",
        "a/.env",
        "a/b/c/.env",
        "a/node_modules/x/.env",
        "a/skipped/.env",
        "a/.git/config",
        "a/k.pem",
        "x/y/z.json",
    ):
        put(home / path)
    (home / "a" / "venv" / ".env").mkdir(parents=True)
    rows = [
        store(At(root=Root.HOME, glob="**/.env", skip=("skipped",)), name="env"),
        store("**/*.pem", name="pem"),
        store("**/.git/config", name="git"),
        store("x/**/*.json", name="json"),
        store("a/**/c/**/.env", name="two"),
    ]
    calls = []
    real = os.scandir
    with open_host(home, clock=StillClock(), environ={}) as host:
        monkeypatch.setattr(os, "scandir", lambda fd: calls.append(fd) or real(fd))
        host.prepare(rows)
        walked = len(calls)
        got = {row.id: sorted(split(host.candidates(row))[0]) for row in rows}
    assert got == {
        "env": [".env", "a/.env", "a/b/c/.env"],
        "pem": ["a/k.pem"],
        "git": ["a/.git/config"],
        "json": ["x/y/z.json"],
        "two": ["a/b/c/.env"],
    }
    assert walked <= 13  # one listing for each folder, whatever the number of rows


def test_walk_bounds_are_gaps(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home.joinpath(*["d"] * 40) / ".env")
    assert "deeper than 32 levels" in str(opened(home, store("**/.env"))[1])
    from rescind.host import walk

    monkeypatch.setattr(walk, "MAX_ENTRIES", 5)
    assert "stopped here after 5 entries" in str(opened(home, store("**/.env"))[1])


def test_walk_hits_are_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rescind.host import view, walk

    monkeypatch.setattr(walk, "MAX_HITS", 3)
    monkeypatch.setattr(view, "MAX_HITS", 3)
    for n in range(6):
        put(home / str(n) / ".env")
    blobs, reasons = opened(home, store("**/.env"))
    assert len(blobs) == 3
    assert "more than 3 files" in reasons[""]


def test_linked_folders_in_a_walk(home: Path, system: Path) -> None:
    (home / "work").symlink_to("../outside")
    (home / "lib").symlink_to("/usr/lib")
    (home / "self").symlink_to(".")
    put(home / "a" / ".env")
    blobs, reasons = opened(home, store("**/.env"))
    assert (list(blobs), reasons) == (["a/.env"], {"work": LEAVES})
    put(system / "data" / "p" / ".env")
    (system / "home" / "ada" / "data").symlink_to("/data")
    assert list(opened(system, store("**/.env"))[0]) == ["data/p/.env"]


def test_sandboxed_homes_are_read_too(home: Path) -> None:
    put(home / "snap" / "x" / "7" / ".demo", "snap")
    (home / "snap" / "x" / "current").symlink_to("7")
    put(home / ".var" / "app" / "org.x" / "config" / "demo" / "a", "flatpak")
    row = store(".demo", At(root=Root.XDG_CONFIG, glob="demo/a"))
    assert opened(home, row)[0] == {"snap/x/current/.demo": b"snap", ".var/app/org.x/config/demo/a": b"flatpak"}


def test_public_half_stands_beside_an_ssh_key(home: Path) -> None:
    put(home / ".ssh" / "id_a", "private")
    put(home / ".ssh" / "id_a.pub", "public")
    with open_host(home, clock=StillClock(), environ={}) as host:
        beside = {i.location.path: dict(i.siblings) for i in host.candidates(store(".ssh/*", yields=("ssh.user-key",)))}
        assert beside[".ssh/id_a"] == {".pub": b"public"}
        assert all(not i.siblings for i in host.candidates(store(".ssh/*")))


def test_nothing_in_the_tree_changes(system: Path) -> None:
    for path in ("home/ada/.demo", "home/ada/a/.env", "root/.demo"):
        put(system / path)
    (system / "home" / "ada" / "l").symlink_to("/etc/hostname")
    os.mkfifo(system / "home" / "ada" / ".pipe")
    before = picture(system)
    with open_host(system, clock=StillClock(), environ={}) as host:
        assert len(list(host.candidates(store(".demo", ".pipe", "**/.env", "l")))) == 5
    assert picture(system) == before


def test_no_descriptor_is_left_open(home: Path) -> None:
    for n in range(5):
        put(home / str(n) / ".env")
    (home / ".loop").symlink_to(".loop")
    (home / ".out").symlink_to("../x")
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    opened(home, store("**/.env", ".loop", ".out", ".missing/x"))
    assert not before or len(os.listdir("/proc/self/fd")) == before


NAMES = st.sampled_from(["a", "b", ".env", ".demo", "c.json", "é", "x\n"])
NODES = st.sampled_from(
    ["file", "dir", "fifo", "link:../..", "link:/etc/passwd", "link:../b", "link:a/.env", "link:../outside/secret"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nodes=st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), NODES), max_size=14))
def test_any_tree_is_read_without_escape_and_without_loss(tmp_path_factory: pytest.TempPathFactory, nodes) -> None:
    base = tmp_path_factory.mktemp("tree")
    put(base / "outside" / "secret", "outside-the-evidence")
    home = base / "home-of-somebody"
    home.mkdir()
    for parts, node in nodes:
        path = home.joinpath(*parts)
        try:
            if not path.parent.resolve().is_relative_to(home.resolve()):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or path.exists():
                continue
            if node == "file":
                path.write_bytes(b"inside")
            elif node == "dir":
                path.mkdir()
            elif node == "fifo":
                os.mkfifo(path)
            else:
                path.symlink_to(node.removeprefix("link:"))
        except (OSError, RuntimeError):
            continue  # a link loop in the way, or a file where a folder should be
    before = picture(home)
    row = store("**/.env", ".demo", "*/.demo", "a/*/c.json")
    with open_host(home, clock=StillClock(), environ={}) as host:
        items = list(host.candidates(row))
    assert picture(home) == before
    got = {i.location.path for i in items if not isinstance(i, Gap)}
    assert all(i.blob == b"inside" for i in items if not isinstance(i, Gap))
    told = got | {i.path for i in items if isinstance(i, Gap)}
    for folder, _, files in os.walk(home):
        for name in files:
            rel = os.path.relpath(os.path.join(folder, name), home)
            if (
                name == ".env"
                and os.path.isfile(os.path.join(folder, name))
                and not os.path.islink(os.path.join(folder, name))
            ):
                assert as_text(tuple(rel.split("/"))) in told


GLOBS = (
    "*",
    "*~",
    "#*#",
    ".env",
    ".env.*",
    "?*.env",
    "*.pem",
    "*secret*.yaml",
    "*a*",
    "id_*",
    "[Uu]nattend.xml",
    ".*.sw[a-p]",
    "é*",
    "*.é",
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    globs=st.lists(st.sampled_from(GLOBS), min_size=1, max_size=6, unique=True),
    names=st.lists(
        st.text("aé.#~_ suenvmpyl[Uwxid", min_size=1, max_size=9)
        | st.sampled_from((".env", "a.pem", "my-secret.yaml", "x.env", ".a.swp", "~")),
        min_size=1,
        max_size=20,
    ),
)
def test_a_walk_hits_what_the_globs_name_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, globs, names
) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in {n for n in names if n.strip(".")}:
        (home / name).write_text("made-up")
    want = {n for n in os.listdir(home) if any(fnmatch.fnmatchcase(n, g) for g in globs)}
    assert set(opened(home, store(*(f"**/{g}" for g in globs)))[0]) == {as_text((n,)) for n in want}
