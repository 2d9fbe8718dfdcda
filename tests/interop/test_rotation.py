"""Rotation against real counterparts: an OpenBao AppRole and access keys of ministack, killed, broken and watched while it works."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from tests.forkserver import run_killed
from tests.interop import aws_world, bao_world
from tests.interop.rotation_world import (
    PROFILES,
    accessors,
    aws_config,
    bao_config,
    bao_role,
    leaks,
    logs_in,
    play,
    private,
    profile,
    rotate,
    secret_id,
    session,
    watched,
    watched_play,
    who,
    whole,
)


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    with bao_world.start(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture(scope="module")
def aws():
    world = aws_world.start()
    yield world
    world.stop()


class BaoJob:
    """One AppRole with a secret id in a file, and another one of somebody else's in the same role."""

    def __init__(self, bao, folder: Path, role: str, **times: str) -> None:
        self.bao, self.folder, self.role = bao, folder, role
        self.role_id = bao_role(bao, role)
        self.old, self.old_value = secret_id(bao, role)
        self.other, self.other_value = secret_id(bao, role)
        self.file = private(folder / "secret-id", self.old_value + "\n")
        bao_config(folder, bao.url, role, f'file = "{self.file}"', **times)

    def values(self) -> list[str]:
        return [self.old_value, self.held()]

    def held(self) -> str:
        return self.file.read_text().strip()

    def works(self) -> bool:
        return logs_in(self.bao, self.role_id, self.held())

    def ended(self, run: dict) -> None:
        """Exactly one of this user's lives, and it is in the file; the stranger's was not touched; the trail is whole."""
        assert run["exit_code"] == 0, run["first_line"]
        assert self.works()
        assert self.held() != self.old_value
        assert not logs_in(self.bao, self.role_id, self.old_value)
        assert logs_in(self.bao, self.role_id, self.other_value)
        assert len(accessors(self.bao, self.role) - {self.other}) == 1
        assert whole(self.folder) == ("ok", "complete", ())
        told = [f.read_bytes() for f in (self.folder / "state").rglob("*") if f.is_file()]
        assert not any(v.encode() in blob for blob in told for v in (self.held(), self.old_value))


class AwsJob:
    """One IAM user with a key in a profile among others."""

    def __init__(self, aws, folder: Path, user: str, **times: str) -> None:
        self.aws, self.folder, self.user = aws, folder, aws.make_user(user)
        self.old, self.old_secret = aws.make_key(user)
        self.file = private(folder / "credentials", PROFILES.format(key=self.old, secret=self.old_secret))
        aws_config(folder, aws.endpoint, aws.account, user, f'profile_file = "{self.file}"', **times)

    def values(self) -> list[str]:
        return [self.old_secret, profile(self.file)[1]]

    def keys(self) -> dict[str, str]:
        rows = self.aws.client("iam").list_access_keys(UserName=self.user)["AccessKeyMetadata"]
        return {r["AccessKeyId"]: r["Status"] for r in rows}

    def works(self) -> bool:
        return who(self.aws.endpoint, *profile(self.file)).endswith(f"/{self.user}")

    def ended(self, run: dict) -> None:
        assert run["exit_code"] == 0, run["first_line"]
        key, secret = profile(self.file)
        assert self.works()
        assert self.keys() == {key: "Active"}
        assert key != self.old
        assert not self.aws.works(self.old, self.old_secret)
        assert self.file.read_bytes() == PROFILES.format(key=key, secret=secret).encode()
        assert whole(self.folder) == ("ok", "complete", ())
        told = [f.read_bytes() for f in (self.folder / "state").rglob("*") if f.is_file()]
        assert not any(v.encode() in blob for blob in told for v in (secret, self.old_secret))


def test_an_approle_is_rotated_and_nobody_else_notices(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "plain")
    run = json.loads(play(str(tmp_path)))
    job.ended(run)
    (c,) = run["credentials"]
    assert (c["identifier"], c["end_state"], c["as_intended"]) == (job.old, "residual", True)
    assert c["steps"][0]["notes"]["new"] in accessors(bao, job.role)


def test_an_access_key_is_rotated_and_every_other_byte_stays(aws, tmp_path):
    job = AwsJob(aws, tmp_path, "plain")
    run = json.loads(play(str(tmp_path)))
    job.ended(run)
    assert [s["verb"] for s in run["credentials"][0]["steps"]] == ["rotate", "deactivate", "delete"]


# --- kill -9 at every boundary


def boundaries(events: tuple[str, ...], samples: int) -> list[int]:
    """Return where to kill: everywhere with RESCIND_CRASH=all, otherwise a sample of the calls and entries of the step that mints."""
    if os.environ.get("RESCIND_CRASH") == "all":
        return list(range(1, len(events) + 1))
    calls = [n for n, e in enumerate(events, 1) if e.startswith(("send", "append"))]
    renames = [n for n, e in enumerate(events, 1) if e.startswith("rename")]
    return sorted({*calls[len(calls) // 5 :: max(1, len(calls) // samples)], *renames[-2:]})


def killed_everywhere(make, folder: Path, samples: int) -> tuple[int, int]:
    """Kill a rotation at each boundary, look at what its user has and at what it left behind, resume, and look again."""
    first = make(folder / "count", "count")
    told = run_killed(watched_play, [str(first.folder)], patch=watched)
    assert told.error == "", told.error
    first.ended(json.loads(told.value))
    assert any(e.startswith("rename") for e in told.events)
    tried = boundaries(told.events, samples)
    for n in tried:
        job = make(folder / f"k{n}", f"k{n}")
        killed = run_killed(watched_play, [str(job.folder)], kill_at=n, patch=watched)
        assert killed.killed, killed.error
        assert job.works(), (n, killed.events[-3:])
        assert leaks(job.folder, killed.stderr, job.values()) == [], (n, killed.events[-3:])
        last = run_killed(watched_play, [str(job.folder)], patch=watched)
        assert last.error == "", (n, last.error)
        job.ended(json.loads(last.value))
        assert leaks(job.folder, last.stderr + last.value, job.values()) == [], n
        assert not list(job.folder.glob(".*.tmp")), n
    return len(tried), told.count


def test_killed_anywhere_an_approle_user_always_has_one_that_works(bao, tmp_path):
    tried, total = killed_everywhere(lambda folder, tag: BaoJob(bao, folder, tag), tmp_path, 5)
    print(f"{tried} of {total} boundaries of a rotation at OpenBao")


def test_killed_anywhere_a_key_user_always_has_one_that_works(aws, tmp_path):
    tried, total = killed_everywhere(lambda folder, tag: AwsJob(aws, folder, tag), tmp_path, 4)
    print(f"{tried} of {total} boundaries of a rotation at ministack")


def test_killed_between_the_intent_to_delete_and_the_call_it_is_deleted_after_all(aws, tmp_path):
    told = run_killed(watched_play, [str(AwsJob(aws, tmp_path / "count", "del0").folder)], patch=watched)
    assert told.error == "", told.error
    appends = [n for n, e in enumerate(told.events, 1) if e == "append:after"]
    job = AwsJob(aws, tmp_path / "del", "del")
    assert run_killed(watched_play, [str(job.folder)], kill_at=appends[12], patch=watched).killed
    assert job.keys()[job.old] == "Inactive"
    job.ended(json.loads(play(str(job.folder))))


def test_killed_again_and_again_it_still_ends(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "again")
    for n in (60, 40, 30, 30, 30):
        if not run_killed(play, [str(tmp_path)], kill_at=n).killed:
            break
        assert job.works()
    last = run_killed(play, [str(tmp_path)])
    assert last.error == "", last.error
    job.ended(json.loads(last.value))


def test_a_run_resumed_after_another_one_rotated_ends_only_what_it_had_minted(bao, tmp_path):
    from dataclasses import replace

    told = run_killed(watched_play, [str(BaoJob(bao, tmp_path / "count", "late0").folder)], patch=watched)
    assert told.error == "", told.error
    appends = [n for n, e in enumerate(told.events, 1) if e == "append:after"]
    job = BaoJob(bao, tmp_path / "late", "late")
    killed = run_killed(
        watched_play, [str(job.folder)], kill_at=appends[2], patch=watched
    )  # minted, told, not delivered
    assert killed.killed
    assert len(accessors(bao, "late")) == 3
    rotate(replace(session(job.folder), state_dir=job.folder / "state2"))
    now = job.held()
    run = json.loads(play(str(job.folder)))
    assert run["credentials"][0]["end_state"] == "held"
    assert job.held() == now
    assert job.works()
    assert len(accessors(bao, "late") - {job.other}) == 1


# --- a user who reads and uses it all the time


class Scaled:
    """The system's clock, twenty times as fast: what a rotation waits for is waited for, but in a test's time."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def now(self):
        from rescind.models.clock import SystemClock

        return SystemClock().now()

    def monotonic(self) -> float:
        return self.began + (time.monotonic() - self.began) * 20

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0) / 20)


class Consumer:
    """Reads the file and uses what it holds every 10 ms, from before the rotation until after it."""

    def __init__(self, use) -> None:
        self.use, self.uses, self.failures, self._stop = use, 0, [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.use():
                    self.failures.append("refused")
            except Exception as error:
                self.failures.append(repr(error))
            self.uses += 1
            time.sleep(0.01)

    def __enter__(self) -> Consumer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.2)
        self._stop.set()
        self._thread.join(10)


def test_a_login_every_10_ms_sees_no_failure(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "busy", overlap="10s")
    with Consumer(job.works) as consumer:
        rotate(session(tmp_path, clock=Scaled()))
    assert consumer.failures == []
    assert consumer.uses > 20
    assert not logs_in(bao, job.role_id, job.old_value)


def test_a_key_used_every_10_ms_sees_no_failure(aws, tmp_path):
    job = AwsJob(aws, tmp_path, "busy", overlap="10s")
    with Consumer(job.works) as consumer:
        rotate(session(tmp_path, clock=Scaled()))
    assert consumer.failures == []
    assert consumer.uses > 20
    assert not aws.works(job.old, job.old_secret)


# --- grace, and what is there already


def test_the_old_key_is_kept_switched_off_until_the_grace_is_over(aws, tmp_path):
    from rescind.errors import RefusedError
    from rescind.models.clock import SystemClock

    class Tomorrow(Scaled):
        def now(self):
            from datetime import timedelta

            return SystemClock().now() + timedelta(hours=25)

    job = AwsJob(aws, tmp_path, "grace", grace="24h")
    run = json.loads(play(str(tmp_path)))
    assert run["status"] == "waiting"
    assert job.keys()[job.old] == "Inactive"
    assert job.works()
    with pytest.raises(RefusedError, match="rests until"):
        rotate(session(tmp_path))
    assert job.keys()[job.old] == "Inactive"
    done = rotate(session(tmp_path, clock=Tomorrow()))
    assert done.status == "ended"
    assert job.keys() == {profile(job.file)[0]: "Active"}


def test_an_undo_switches_the_old_key_on_again_and_it_is_not_deleted_after_that(aws, tmp_path):
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.engine import start
    from rescind.engine.runs import outcomes, plans_of
    from rescind.errors import RefusedError
    from rescind.pipeline.session import gate
    from rescind.pipeline.undo import make_undo, snapshots
    from rescind.schema.playbook import load_playbook, parse_playbook

    job = AwsJob(aws, tmp_path, "back", grace="1s")
    first = json.loads(play(str(tmp_path)))
    assert first["status"] == "waiting"
    new = profile(job.file)[0]
    s, run = session(tmp_path), first["run"]
    log = open_log(s.state_dir / "rescind.db", load_signer(s.state_dir), s.clock)
    plans = plans_of(s.state_dir, run)[0]
    back = make_undo(s, run, plans, outcomes(log, run), snapshots(log, run))
    book = parse_playbook(json.dumps(dict(back.playbook)), "undo")
    start.new(s, back, book, gate(s, back, book), log)
    assert job.keys() == {job.old: "Active", new: "Active"}
    time.sleep(1.1)
    with pytest.raises(RefusedError, match="was taken back by run"):
        start.again(session(tmp_path), run, plans[0], load_playbook("rotate-tokens"), log)
    assert job.keys() == {job.old: "Active", new: "Active"}
    assert job.works()


def test_a_successor_is_bound_as_the_old_one_was(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "bound")
    bao.ask("POST", f"auth/approle/role/{job.role}/secret-id-accessor/destroy", {"secret_id_accessor": job.old})
    _, value = secret_id(bao, "bound", cidr_list=["127.0.0.0/8"], token_bound_cidrs=["127.0.0.1/32"], ttl="2h")
    private(job.file, value)
    run = json.loads(play(str(tmp_path)))
    assert run["exit_code"] == 0, run["first_line"]
    shown = bao.ask("POST", "auth/approle/role/bound/secret-id/lookup", {"secret_id": job.held()})[1]["data"]
    assert (shown["cidr_list"], shown["token_bound_cidrs"], shown["secret_id_ttl"]) == (
        ["127.0.0.0/8"],
        ["127.0.0.1/32"],
        7200,
    )
    assert job.works()


def test_the_published_policies_are_enough(bao, tmp_path):
    """`apply` rotates; `plan` can plan and cannot mint: then its user keeps what it has."""
    from rescind.dev import policies

    made = policies.files()
    for job, ends in (("plan", "failed"), ("apply", "residual")):
        name = f"rotate-tokens.{job}"
        status, answer = bao.ask("PUT", f"sys/policies/acl/{name}", {"policy": made[f"policy-{name}.vault.hcl"]})
        assert status == 204, answer
        work = BaoJob(bao, tmp_path / job, f"least-{job}")
        private(work.folder / "token", bao.new(policies=[name])["client_token"])
        run = json.loads(play(str(work.folder)))
        assert [c["end_state"] for c in run["credentials"]] == [ends], run["credentials"]
        assert work.works()
        assert (work.held() == work.old_value) is (ends == "failed")


def test_a_second_key_of_unknown_origin_is_never_deleted_for_room(aws, tmp_path):
    job = AwsJob(aws, tmp_path, "two")
    other, _ = aws.make_key("two")
    run = json.loads(play(str(tmp_path)))
    (c,) = run["credentials"]
    assert (c["end_state"], run["exit_code"]) == ("held", 4)
    assert other in c["reason"]
    assert job.keys() == {job.old: "Active", other: "Active"}
    assert profile(job.file) == (job.old, job.old_secret)


def test_a_place_that_holds_nothing_or_something_strange_is_a_gap(bao, tmp_path):
    job = BaoJob(bao, tmp_path, "strange")
    for text in ("", "792eeaec-0000-0000-0000-ec03dabf7c8a", "two words"):
        private(job.file, text)
        (tmp_path / "state").exists() and __import__("shutil").rmtree(tmp_path / "state")
        run = json.loads(play(str(tmp_path)))
        assert (run["credentials"], len(run["gaps"])) == ([], 1), run
        assert job.file.read_text() == text
    assert len(accessors(bao, job.role)) == 2


# --- the command line


def test_rotate_and_due_on_the_command_line(bao, tmp_path):
    import subprocess
    import sys

    job = BaoJob(bao, tmp_path, "cli", max_age="1s")
    (tmp_path / "home").mkdir()

    def rescind(*args: str) -> subprocess.CompletedProcess[str]:
        where = ["--config", str(tmp_path / "rescind.toml"), "--state", str(tmp_path / "state"), "-q"]
        env = {
            "HOME": str(tmp_path / "home"),
            "PATH": os.environ["PATH"],
            "NO_COLOR": "1",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        return subprocess.run(
            [sys.executable, "-m", "rescind", *where, *args], env=env, capture_output=True, text=True, timeout=120
        )

    time.sleep(1.1)
    late = rescind("due")
    assert late.returncode == 4, late.stderr
    assert "due  job  vault.approle-secret-id" in late.stdout
    assert "→ rescind rotate job" in late.stdout
    unasked = rescind("rotate", "job")
    assert unasked.returncode == 3
    assert "no terminal" in unasked.stderr
    assert rescind("rotate", "jib", "--yes").returncode == 2
    assert job.held() == job.old_value
    done = rescind("rotate", "job", "--due", "--yes", "--json")
    job.ended(json.loads(done.stdout))
    assert not any(v in done.stdout + done.stderr for v in (job.held(), job.old_value))
    told = json.loads(rescind("due", "--json").stdout)
    assert [r["identifier"] for r in told["rotations"]] == list(accessors(bao, "cli") - {job.other})
    made = rescind("plan", "rotate-tokens", "-o", str(tmp_path / "plan.json"))
    assert made.returncode == 0, made.stderr
    assert "rotate  vault.approle-secret-id" in made.stdout


# --- the real keychain

IN_A_DESKTOP = r"""
import json, os, subprocess, sys
from pathlib import Path
from tests.interop.rotation_world import Quick, rotate, session

def lookup(user):
    return subprocess.run(["secret-tool", "lookup", "service", "ci", "username", user], capture_output=True, text=True).stdout

gkd = subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"correct horse", capture_output=True)
import keyring
for user in ("role", "key", "bystander"):
    keyring.set_password("ci", user, os.environ[f"PLANTED_{user}"])
out = {"results": {}}
for name in ("role", "key"):
    folder = Path(os.environ[f"FOLDER_{name}"])
    done = rotate(session(folder))
    out["results"][name] = [str(c.end_state) for c in done.credentials] + [g.reason for g in done.gaps]
out["now"] = {user: lookup(user) for user in ("role", "key", "bystander")}
pid = next((l.split("=")[1] for l in gkd.stdout.decode().splitlines() if l.startswith("GNOME_KEYRING_PID=")), "")
if pid:
    os.kill(int(pid), 15)
print("RESULT" + json.dumps(out))
"""


def test_delivered_to_a_real_keychain_for_every_other_process(bao, aws, tmp_path):
    import subprocess
    import sys

    from tests.counterparts import require
    from tests.forkserver import ROOT

    dbus = require("dbus-run-session")
    require("gnome-keyring-daemon")
    require("secret-tool")
    role_id = bao_role(bao, "kc")
    _, old_value = secret_id(bao, "kc")
    key, secret = aws.make_key(aws.make_user("kc"))
    old_key = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})
    folders = {name: tmp_path / name for name in ("role", "key")}
    for folder in folders.values():
        folder.mkdir()
    bao_config(folders["role"], bao.url, "kc", 'keychain = "ci/role"')
    aws_config(folders["key"], aws.endpoint, aws.account, "kc", 'keychain = "ci/key"')
    home = tmp_path / "home"
    env = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))),
    }
    env |= {"PLANTED_role": old_value, "PLANTED_key": old_key, "PLANTED_bystander": "bystander-FAKE"}
    env |= {f"FOLDER_{name}": str(folder) for name, folder in folders.items()}
    for name in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        (home / name).mkdir(mode=0o700, parents=True)
        env[name] = str(home / name)
    done = subprocess.run(
        [dbus, "--", sys.executable, "-c", IN_A_DESKTOP], env=env, capture_output=True, text=True, timeout=120
    )
    line = next((text for text in done.stdout.splitlines() if text.startswith("RESULT")), None)
    assert line, done.stderr[-3000:]
    out = json.loads(line.removeprefix("RESULT"))
    assert out["results"] == {"role": ["residual"], "key": ["residual"]}
    assert out["now"]["bystander"] == "bystander-FAKE"
    assert logs_in(bao, role_id, out["now"]["role"])
    assert not logs_in(bao, role_id, old_value)
    printed = json.loads(out["now"]["key"])
    assert who(aws.endpoint, printed["AccessKeyId"], printed["SecretAccessKey"]).endswith("/kc")
    assert not aws.works(key, secret)
    for folder in folders.values():
        told = [f.read_bytes() for f in (folder / "state").rglob("*") if f.is_file()]
        values = (old_value, secret, out["now"]["role"], printed["SecretAccessKey"])
        assert not any(v.encode() in blob for blob in told for v in values)
