"""The command line against a machine that was prepared for it: nothing runs, nothing is contacted, nothing hangs, nothing is told."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks import _planted

CANARY = "CaNaRy7qZ3xW9vB1nM5kL8jH2gF4dS6"
EVIL = "x\u202egnp.\x1b[31m\x07\x9b2J38 dead \u200b</title><script>alert(1)</script>|`touch {m}`;$(touch {m})' OR 1=1 ../../../etc?x=1#f%00{{7*7}}![x]({u})"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
EXITS = {0, 2, 3, 4, 5, 6, 7}
MEGABYTE = 1024 * 1024


class Place:
    """One test's folders: the operator's own home and working directory, and the evidence."""

    def __init__(self, top: Path) -> None:
        self.top, self.home, self.marker = top, top / "evidence", top / "was-run"
        for name in ("evidence", "operator", "cwd", "runtime"):
            (top / name).mkdir(mode=0o700)

    def put(self, where: str | bytes, data: str | bytes, mode: int = 0o600) -> Path:
        path = self.home / os.fsdecode(where)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(mode)
        return path

    def run(self, *args: str | Path, before: Callable[[], None] | None = None, **env: str) -> tuple[int, str, str]:
        """Run one command within 20 s and 300 MB; whatever it says must be fit to be read."""
        told: dict[str, str] = {
            "HOME": str(self.top / "operator"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(self.top / "runtime"),
            "PYTHONDONTWRITEBYTECODE": "1",  # a full disk would leave half of a module behind
            **env,
        }  # fmt: skip
        code, out, err, peak = measured(
            [sys.executable, "-m", "rescind", *map(str, args)], cwd=self.top / "cwd", env=told, preexec_fn=before
        )
        assert code in EXITS | {1}, err
        for text in (out, err):
            fit(text)
            assert "Traceback" not in text
            assert "internal error" not in text
        assert peak < 300 * 1024
        return code, out, err


def measured(command: list[str], *, seconds: float = 20.0, **how: Any) -> tuple[int, str, str, int]:
    """Run one command to its end: exit code, what it printed, and its own peak memory in KiB."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
    texts = {"out": b"", "err": b""}

    def drain(name: str, pipe: Any) -> None:
        with pipe:
            texts[name] = pipe.read()

    readers = [threading.Thread(target=drain, args=a) for a in (("out", process.stdout), ("err", process.stderr))]
    for reader in readers:
        reader.start()
    end = time.monotonic() + seconds
    peak = 0
    while process.poll() is None:
        # the kernel's own high-water mark of this program; getrusage would count what the tests' process had before the exec
        with contextlib.suppress(OSError):
            said = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            if said and b"\0-m\0rescind" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                peak = max(peak, int(said[1]))
        if time.monotonic() > end:
            process.kill()
            process.wait()
            raise TimeoutError(f"{command} took more than {seconds} s")
        time.sleep(0.01)
    for reader in readers:
        reader.join()
    out, err = (texts[n].decode("utf-8", "surrogateescape") for n in ("out", "err"))
    return process.returncode, out, err, peak


def fit(text: str) -> None:
    assert not STEERS.search(text), STEERS.search(text)
    assert CANARY not in text
    assert base64.b64encode(CANARY.encode()).decode()[:36] not in text


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def trap():
    """A server that no command may ever reach; yields its address and what it was sent."""
    hits: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                hits.append(peer.recv(200))
                peer.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", hits


def planted(place: Place, url: str) -> None:
    """Fill the evidence with everything that would like to be run, asked, loaded or printed raw."""
    evil = EVIL.replace("{m}", str(place.marker)).replace("{u}", url)
    exe = place.put("bin/evil.sh", f"#!/bin/sh\ntouch {place.marker}\necho '{{}}'\n", 0o755)
    key = f"aws_access_key_id=AKIA234567ABCDEFGHI{{}}\naws_secret_access_key={CANARY}aaaaaaaaa\n"
    place.put(".aws/credentials", f"[{evil}]\n{key.format('J')}[b]\n{key.format('K')}endpoint_url={url}\n")
    place.put(
        ".aws/config",
        f"[default]\nendpoint_url={url}\ncredential_process={exe}\n[profile p]\ncredential_process={exe} {CANARY}\n",
    )
    runs = {"command": str(exe), "args": [CANARY], "apiVersion": "client.authentication.k8s.io/v1"}
    users = [
        {"name": "u|<b>", "user": {"token": CANARY + "kube", "exec": runs}},
        {"name": "e", "user": {"exec": runs, "tokenFile": "/etc/shadow"}},
    ]
    place.put(
        ".kube/config",
        json.dumps({"users": users, "clusters": [{"name": "c", "cluster": {"server": url, "proxy-url": url}}]}),
    )
    pair = base64.b64encode(f"{evil}:{CANARY}".encode()).decode()
    place.put(
        ".docker/config.json",
        json.dumps(
            {"credsStore": "evil", "credHelpers": {evil: "../../bin/evil.sh"}, "auths": {url + evil: {"auth": pair}}}
        ),
    )
    place.put(
        ".npmrc",
        f"registry={url}\nproxy={url}\n{url[5:]}/:_authToken=npm_{CANARY}abcd\n//x/:tokenHelper={exe}\n//y/:_auth={pair}\n",
    )
    place.put(".netrc", f"machine {url[7:]} login {evil.replace(' ', '')} password {CANARY}\n")
    place.put(
        ".git-credentials", f"{url.replace('://', f'://u:{CANARY}@')}\nhttps://ghp_{CANARY}abcdef@github.com/{evil}\n"
    )
    place.put(".config/gh/hosts.yml", json.dumps({url[7:]: {"user": "a|b`c`<i>", "oauth_token": f"gho_{CANARY}abcd"}}))
    server = {"command": str(exe), "args": [CANARY], "env": {"API_KEY": CANARY + "k"}, "url": url}
    place.put(
        ".claude.json",
        json.dumps({"primaryApiKey": "sk-ant-" + CANARY, "apiKeyHelper": str(exe), "mcpServers": {evil: server}}),
    )
    place.put(
        ".azure/service_principal_entries.json",
        json.dumps([{"tenant": evil, "client_id": evil, "client_secret": CANARY}]),
    )
    place.put(
        ".env",
        f"VAULT_ADDR={url}\nHTTPS_PROXY={url}\nAWS_ENDPOINT_URL={url}\nVAULT_TOKEN=hvs.{CANARY}\nX_TOKEN=$(touch {place.marker})\n",
    )
    place.put(
        ".profile",
        f"export VAULT_ADDR={url} AWS_ENDPOINT_URL={url} GH_CONFIG_DIR=/etc KUBECONFIG=$(touch {place.marker})\ntouch {place.marker}\n",
    )
    database = place.top / "g.db"
    with sqlite3.connect(database) as base:
        base.execute("create table credentials (account_id text, value blob)")
        login = {
            "type": "authorized_user",
            "refresh_token": "1//" + CANARY,
            "client_id": evil,
            "token_uri": url,
            "revoke_uri": url,
        }
        base.execute("insert into credentials values (?, ?)", (f"ada{evil}@example.com", json.dumps(login)))
    base.close()
    place.put(".config/gcloud/credentials.db", database.read_bytes())
    for number, name in enumerate(
        [
            b"a\nb",
            b"\x1b[2Jred",
            "\u202egnp".encode(),
            b"\xff\xfe",
            b"<img src=x onerror=alert(1)>",
            b"`x`|**y**",
            b"%s%n{0}",
        ]
    ):
        place.put(b"n/.env." + name, f"DB_PASSWORD={CANARY}{number}\n")
    config = f'[tenant.evil]\nprovider = "vault"\nbase_url = "{url}"\ntoken = {{command = ["{exe}"]}}\n'
    for name in ("rescind.toml", ".config/rescind/rescind.toml", "../cwd/rescind.toml"):
        place.put(name, config)
    place.put("../cwd/plan.json", "{}")
    place.put("../cwd/lost-laptop", "name: planted\n")


def test_a_home_full_of_traps_is_read_planned_ended_and_reported_without_springing_one(place, trap):
    url, hits = trap
    planted(place, url)
    state, plan = ("--state", str(place.top / "state")), place.top / "plan.json"
    code, out, _ = place.run("scan", place.home)
    assert code == 7
    assert int(out.split(" ", 1)[0]) >= 20  # the files were understood, not just refused
    assert place.run("scan", place.home, "-o", place.top / "inventory.json")[0] == 7
    assert place.run("plan", "lost-laptop", "--target", place.home, "-o", plan)[0] == 4
    assert place.run(*state, "apply", plan, "--yes")[0] == 4
    for name in ("r.html", "r.md", "r.json"):
        assert place.run(*state, "report", "-o", place.top / name)[0] == 0
        fit((place.top / name).read_text())
    html = (place.top / "r.html").read_text()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert place.run(*state, "audit", "show")[0] == 0
    assert place.run(*state, "audit", "export", "-o", place.top / "trail.jsonl")[0] == 0
    for file in (*place.top.glob("*.json*"), *(place.top / "state").rglob("*")):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file
    assert not place.marker.exists()
    assert hits == []


def test_links_pipes_devices_and_giants_are_gaps_at_once(place):
    (place.top / "secret").write_text(
        f"[d]\naws_access_key_id=AKIAOUTSIDE234567ABC\naws_secret_access_key={CANARY}aaaaaaaaa\n"
    )
    links = {".aws/credentials": str(place.top / "secret"), ".env": "../secret", ".netrc": "/proc/self/environ", ".npmrc": "/dev/zero", "self": ".", ".ssh/up": "../.ssh", ".kube/config": "config"}  # fmt: skip
    for name, target in links.items():
        (place.home / name).parent.mkdir(exist_ok=True)
        (place.home / name).symlink_to(target)
    for name in (".vault-token", ".claude.json", ".ssh/id_rsa", "x/.env", "certs/a.pem"):
        (place.home / name).parent.mkdir(exist_ok=True)
        os.mkfifo(place.home / name)
    os.truncate(place.put(".docker/config.json", ""), 300 * MEGABYTE)
    os.truncate(place.put(".config/gcloud/credentials.db", ""), 1000 * MEGABYTE)
    place.put("y/.env", b"A=" + b"x" * 50 * MEGABYTE)
    code, out, _ = place.run("scan", place.home)
    assert code == 7
    assert out.startswith("0 credentials")
    assert "AKIAOUTSIDE" not in out
    for name in (*links, ".vault-token", ".claude.json", ".ssh/id_rsa", ".docker/config.json", "y/.env"):
        assert name in out or name in {"self", ".ssh/up"}, name


def test_thousands_of_planted_credentials_do_not_stop_the_plan(place):
    lines = "".join(f"A_TOKEN_{n}={CANARY}{n:05d}\n" for n in range(3000))
    place.put(".env", lines)
    plan = place.top / "plan.json"
    assert place.run("plan", "lost-laptop", "--target", place.home, "-o", plan)[0] == 4
    assert len(json.loads(plan.read_text())["credentials"]) == 3000


# --- the operator's own disk


def small_files(limit: int) -> Callable[[], None]:
    """Let the process write files of so many bytes only: what a full disk does, without one."""

    def before() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return before


def test_a_full_disk_is_told_as_what_it_is_and_loses_nothing(place):
    for number in range(30):
        place.put(f"{number}/.env", f"X_TOKEN={CANARY}{number}\n")
    plan, state = place.top / "plan.json", place.top / "state"
    make = ("plan", "lost-laptop", "--target", place.home, "-o", plan)
    assert place.run(*make)[0] == 4
    old = plan.read_bytes()
    full = small_files(2000)
    for args in (make, ("scan", place.home, "-o", plan)):
        code, _, err = place.run(*args, before=full)
        assert (code, plan.read_bytes()) == (2, old)
        assert str(plan) in err
    for limit in (1000, 20_000, 100_000):  # it fails at another place each time; another try goes through
        again = ("--state", state / str(limit), "apply", plan, "--yes")
        code, _, err = place.run(*again, before=small_files(limit))
        assert code in {1, 6}
        assert "→" in err
        assert place.run(*again)[0] == 4
        assert place.run("--state", state / str(limit), "audit", "verify")[0] == 0
    done = ("--state", state / "20000")
    code, _, err = place.run(*done, "report", "-o", place.top / "no" / "r.html")
    assert code == 2
    assert "nothing was written" in err
    assert {p.name for p in place.top.iterdir()} == {"evidence", "operator", "cwd", "runtime", "state", "plan.json"}
    code, _, err = place.run(*done, "audit", "export", "-o", place.top / "no" / "trail.jsonl")
    assert code == 2  # the trail is fine; 6 would call it forged
    assert "the trail itself is untouched" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "args", [("scan", "evidence"), ("scan", "evidence", "--json"), ("--help",), ("catalogue", "kinds")]
)
def test_an_answer_that_nobody_could_take_is_no_success(place, args):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rescind", *args], cwd=place.top, env={**os.environ, "HOME": str(place.top / "operator"), "XDG_RUNTIME_DIR": str(place.top / "runtime")},
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


# --- the key of fingerprints


def test_a_key_that_somebody_could_know_is_refused(place):
    place.put(".env", f"X_TOKEN={CANARY}\n")
    folder = place.top / "runtime" / f"rescind-{os.getuid()}"
    key = folder / "fingerprint.key"

    def refused() -> str:
        code, out, err = place.run("scan", place.home)
        assert code in {2, 3}, out
        assert "→" in err
        return err

    folder.write_text("a file")
    assert "not a folder of yours alone" in refused()
    folder.unlink()
    folder.symlink_to(place.home, target_is_directory=True)
    assert "not a folder of yours alone" in refused()
    folder.unlink()
    folder.mkdir(mode=0o700)
    key.write_bytes(b"")
    key.chmod(0o600)
    assert "holds no key" in refused()
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    assert "not a file of yours alone" in refused()
    key.unlink()
    for target in ("/dev/zero", "/nowhere"):
        key.symlink_to(target)
        refused()
        key.unlink()
    os.mkfifo(key, 0o600)
    refused()
    shutil.rmtree(folder)
    assert place.run("scan", place.home, TMPDIR=str(place.top), XDG_RUNTIME_DIR="/nowhere")[0] == 0
    assert not folder.exists()


def test_no_secret_of_free_text_leaves_the_machine_through_any_output(place):
    files, values = _planted.planted(6)
    for path, data in files.items():
        place.put(path, data)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in place.home.rglob("*") if p.is_file()}
    told, plan = [], place.top / "plan.json"
    for args in (
        ("scan", place.home),
        ("scan", place.home, "--json"),
        ("plan", "lost-laptop", "--target", place.home, "-o", plan),
    ):
        code, out, err = place.run(*args)
        assert code != 1
        told += [out, err]
    assert len(json.loads(told[2])["credentials"]) == len(values)
    kept = [p for p in place.top.rglob("*") if p.is_file() and place.home not in p.parents]
    told += [p.read_bytes().decode("utf-8", "replace") for p in kept]
    assert plan in kept
    for name, value in values.items():
        encoded = base64.b64encode(value.encode()).decode().rstrip("=")[:-1]
        assert not [t for t in told if value in t or encoded in t], name
    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in place.home.rglob("*") if p.is_file()}
