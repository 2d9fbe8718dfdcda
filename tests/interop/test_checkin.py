"""Check-ins against sinks that others wrote, and the line from a machine that is gone: sent, erased, planned from afar, ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from rescind.errors import Denied, NotFound, Rejected
from rescind.host.timer import timer
from rescind.models.checkin import SinkConf
from rescind.models.clock import parse_rfc3339
from rescind.models.tenant import SecretRef
from rescind.secret import Secret
from rescind.sinks import open_sink
from tests.counterparts import find, free_port, require
from tests.interop.aws_world import ministack  # noqa: F401  (fixture)
from tests.interop.verdaccio_world import start as verdaccio

BLOB = os.urandom(3000)


def judge(sink):
    """What every sink that can be read keeps."""
    sink.put("ada", "1.json", BLOB)
    sink.put("ada", "1.json", b"another")
    sink.put("ada", "2.json", b"two")
    sink.put("ada-2", "3.json", b"three")
    assert sorted(sink.names("ada")) == ["1.json", "2.json"]
    assert sink.get("ada", "1.json", 5000) == BLOB, "nothing that is there is replaced"
    with pytest.raises(Rejected, match="larger"):
        sink.get("ada", "1.json", 100)
    with pytest.raises(NotFound):
        sink.get("ada", "9.json", 100)


def test_a_bucket(ministack):  # noqa: F811
    ministack.client("s3").create_bucket(Bucket="checkins")
    refs = {"access_key_id": SecretRef(env="A"), "secret_access_key": SecretRef(env="B")}
    settings = {"bucket": "checkins", "prefix": "fleet/", "endpoint_url": ministack.endpoint, "region": "us-east-1"}
    values = dict(zip("AB", ministack.root, strict=True))
    sink = open_sink(SinkConf(form="s3", settings=settings, refs=refs), lambda r: Secret(values[r.env]))
    judge(sink)
    many = [f"{n:03d}" for n in range(20)]
    for name in many:
        sink.put("many", name, b"x")
    sink._client.list_objects_v2 = _two_at_a_time(sink._client.list_objects_v2)
    assert sink.names("many") == many, "every page of the listing"
    keys = [o["Key"] for o in ministack.client("s3").list_objects_v2(Bucket="checkins")["Contents"]]
    assert "fleet/ada/1.json" in keys
    came = sink.arrivals("many")
    assert sorted(came) == many
    assert all(a.sure and abs(datetime.now(UTC) - parse_rfc3339(a.at)) < timedelta(minutes=5) for a in came.values())


def _two_at_a_time(method):
    def list_objects_v2(**arguments):
        return method(**arguments, MaxKeys=2)

    return list_objects_v2


NGINX = """daemon off; master_process on; worker_processes 1; pid {d}/pid; error_log {d}/error.log; {user}
events {{}} http {{ access_log off; client_body_temp_path {d}/body;
 server {{ listen 127.0.0.1:{p}; location / {{ root {d}/root; dav_methods PUT; create_full_put_path on;
  if ($http_authorization != "Bearer fake-upload-token") {{ return 401; }} }} }} }}
"""


def test_an_upload_address(tmp_path):
    program, port = require("nginx"), free_port()
    for name in ("body", "root"):
        (tmp_path / name).mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "conf").write_text(NGINX.format(d=tmp_path, p=port, user=user))
    process = subprocess.Popen(
        [program, "-c", f"{tmp_path}/conf", "-e", f"{tmp_path}/error.log"], stderr=subprocess.DEVNULL
    )
    try:
        _until(port)
        value = ["fake-upload-token"]
        conf = SinkConf(form="put", settings={"url": f"http://127.0.0.1:{port}/in"}, refs={"token": SecretRef(env="T")})
        sink = open_sink(conf, lambda _: Secret(value[0]))
        sink.put("ada", "1.json", BLOB)
        assert (tmp_path / "root/in/ada/1.json").read_bytes() == BLOB
        with pytest.raises(Rejected, match="read back"):
            sink.names("ada")
        value[0] = "wrong"
        with pytest.raises(Denied):
            sink.put("ada", "2.json", BLOB)
        assert not (tmp_path / "root/in/ada/2.json").exists()
    finally:
        process.terminate()
        process.wait(10)


def _until(port: int) -> None:
    import socket

    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nothing listens")


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """Run a private server; as root it runs as the user `nobody`, because PostgreSQL refuses to be root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    program = str(found[-1]) if found else require("initdb")
    bin_dir, data, port = Path(program).parent, folder / "data", free_port()
    data.mkdir()
    drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    if drop:
        shutil.chown(data, "nobody", "nogroup")
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    run = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*drop, program, "-D", str(data), "-A", "trust", "-N", "-U", "admin"], check=True, **run)
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
    server = subprocess.Popen([*drop, str(bin_dir / "postgres"), "-D", str(data), *options], **run)
    try:
        _until(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def test_a_table_with_a_role_that_may_only_insert(tmp_path):
    import psycopg

    with postgres(tmp_path) as port:
        base = f"postgresql://{{}}@127.0.0.1:{port}/postgres"
        end = time.monotonic() + 20
        while True:
            try:
                admin = psycopg.connect(base.format("admin"), autocommit=True)
                break
            except psycopg.OperationalError:
                assert time.monotonic() < end
                time.sleep(0.1)
        with admin:
            for line in (
                "create table rescind_checkins (workstation text, name text, envelope bytea not null, stored_at timestamptz not null default now(), primary key (workstation, name))",
                "create role laptop login",
                "create role responder login",
                "grant insert on rescind_checkins to laptop",
                "grant select on rescind_checkins to responder",
            ):
                admin.execute(line)
            admin.execute("grant select, insert on rescind_checkins to admin")
        sinks = {
            who: open_sink(SinkConf(form="postgresql", settings={"url": base.format(who)}), lambda _: Secret(""))
            for who in ("admin", "laptop", "responder", "nobody-here")
        }
        judge(sinks["admin"])
        sinks["laptop"].put("eve", "1.json", BLOB)
        with pytest.raises(Denied):
            sinks["laptop"].names("eve")
        with pytest.raises(Denied):
            sinks["laptop"].get("eve", "1.json", 5000)
        assert sinks["responder"].get("eve", "1.json", 5000) == BLOB
        (came,) = sinks["responder"].arrivals("eve").values()
        assert abs(datetime.now(UTC) - parse_rfc3339(came.at)) < timedelta(minutes=5)
        assert not came.sure, "who may insert every column chooses the time"
        with psycopg.connect(base.format("admin"), autocommit=True) as owner:
            owner.execute("revoke insert on rescind_checkins from laptop")
            owner.execute("grant insert (workstation, name, envelope) on rescind_checkins to laptop")
        sinks["laptop"].put("eve", "1.json", BLOB)
        assert sinks["responder"].arrivals("eve")["1.json"].sure
        with (
            psycopg.connect(base.format("laptop"), autocommit=True) as thief,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            thief.execute("insert into rescind_checkins values ('eve', '2.json', '', '2020-01-01')")
        with pytest.raises(Denied):
            sinks["responder"].put("eve", "2.json", BLOB)
        with pytest.raises(Exception, match="refuses the login"):
            sinks["nobody-here"].names("eve")


def test_systemd_accepts_the_units(tmp_path):
    program = find("systemd-analyze")
    if program is None:
        pytest.skip("counterpart absent: systemd-analyze")
    made = timer(
        "linux",
        [sys.executable, "-m", "rescind", "--config", "/tmp/a b%c$d.toml", "checkin"],
        hours=6,
        home=tmp_path,
        config_home=tmp_path,
    )
    for path, data in made.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in made.files:
        done = subprocess.run(
            [program, "verify", "--user", str(path)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        )
        assert path.name not in done.stderr, done.stderr


def rescind(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DBUS", "RESCIND_", "AWS_"))}
    env |= {
        "HOME": str(home),
        "NO_COLOR": "1",
        "NPM_OPERATOR": (home / "operator").read_text() if (home / "operator").exists() else "",
    }
    return subprocess.run([sys.executable, "-m", "rescind", *args], env=env, cwd=home, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)  # fmt: skip


PLAYBOOK = """
name: registry-logins
version: 1
title: Registry logins
inputs: {workstation: required, person: optional}
scope: {evidence: [home], providers: [npm], sides: [machine, provider]}
sweep: {rounds: 0}
phases:
  - name: revoke
    steps:
      - {select: credential.kind == "npm.token", verbs: [revoke], wait: 20s}
"""


def test_a_machine_that_is_gone_is_answered_from_its_last_check_in(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    laptop, desk = tmp_path / "laptop", tmp_path / "desk"
    for home in (laptop, desk, tmp_path / "sink", tmp_path / "npm"):
        home.mkdir()
    (desk / "age.key").write_text(str(identity))
    with verdaccio(tmp_path / "npm") as npm:
        operator, ada = npm.login("responder"), npm.login("ada")
        token, key = npm.create("ada", ada)
        (laptop / ".npmrc").write_text(f"//{npm.url.partition('//')[2]}/:_authToken={token}\n")
        shared = f'[org]\ndomains = ["example.com"]\nrecipients = ["{identity.to_public()}"]\n[checkin]\nfolder = {{ path = "{tmp_path}/sink" }}\n'
        config = laptop / "r.toml"
        config.write_text(shared + 'workstation = "ada-laptop"\nvalues = true\n')
        where = ("--config", str(config), "--state", str(laptop / "state"), "-q")
        enrolment = rescind(laptop, *where, "checkin", "key").stdout
        first, second = (rescind(laptop, *where, "checkin", "--json") for _ in range(2))
        assert (first.returncode, second.returncode) == (0, 0), first.stderr
        assert [json.loads(x.stdout)["heartbeat"] for x in (first, second)] == [False, True]
        shutil.rmtree(laptop)
        for path in (tmp_path / "sink").rglob("*.json"):
            assert token not in path.read_text()

        (desk / "operator").write_text(operator)
        (desk / "book.yaml").write_text(PLAYBOOK)
        desk_config = desk / "r.toml"
        desk_config.write_text(
            shared
            + enrolment
            + 'person = "ada@example.com"\n'
            + f'[tenant.npm]\nprovider = "npm"\nbase_url = "{npm.url}"\nself_revoke = true\ntoken = {{ env = "NPM_OPERATOR" }}\n'
            + '[person."ada@example.com"]\nnpm = ["ada"]\n'
        )
        where = ("--config", str(desk_config), "--state", str(desk / "state"), "-q")
        case = ("run", str(desk / "book.yaml"), "--workstation", "ada-laptop", "--yes", "--json")
        sealed = rescind(desk, *where, *case)
        assert sealed.returncode == 2, sealed.stdout
        assert "--identity" in sealed.stderr
        assert npm.whoami(token) == "ada"

        done = rescind(desk, *where, *case, "--identity", str(desk / "age.key"))
        answer = json.loads(done.stdout)
        rows = {c["identifier"]: c["end_state"] for c in answer["credentials"]}
        assert rows[key] == "residual", answer
        assert npm.whoami(token) == ""
        assert any("last check-in (2," in g["reason"] for g in answer["gaps"])
        assert done.returncode != 0, "what came to the machine since is not known"
        for path in (*(desk / "state").rglob("*"), *(tmp_path / "sink").rglob("*")):
            assert not path.is_file() or token.encode() not in path.read_bytes(), path
        assert token not in done.stdout + done.stderr

        unknown = rescind(desk, *where, "plan", str(desk / "book.yaml"), "--workstation", "eve-laptop")
        assert unknown.returncode == 2
        assert "not enrolled" in unknown.stderr
