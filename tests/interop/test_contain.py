"""`contain` cuts a person at a real OpenBao and an enforcing AWS double at once; `undo` puts back exactly what was there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from tests.interop import aws_world, bao_world

LIMIT = 3.0 * max(
    1.0, os.getloadavg()[0] / (os.cpu_count() or 1)
)  # the promise is 3 s on a machine that is free to do it
PERSON = "ada@example.com"


def snapshot(iam):
    """All that IAM holds of its users, policies and keys, in one comparable text."""
    found = {}
    for user in sorted(u["UserName"] for u in iam.list_users()["Users"]):
        names = sorted(iam.list_user_policies(UserName=user)["PolicyNames"])
        found[user] = {
            "user": iam.get_user(UserName=user)["User"],
            "inline": {n: iam.get_user_policy(UserName=user, PolicyName=n)["PolicyDocument"] for n in names},
            "attached": iam.list_attached_user_policies(UserName=user)["AttachedPolicies"],
            "keys": iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
        }
    return json.dumps(found, sort_keys=True, default=str).encode()


class Two:
    """Both providers, Ada at each of them, and the command line as an operator runs it."""

    def __init__(self, aws, bao, folder):
        self.aws, self.bao, self.folder = aws, bao, folder
        for user in ("ada", "grace", "responder"):
            aws.make_user(user)
        self.key, self.grace, responder = aws.make_key("ada"), aws.make_key("grace"), aws.make_key("responder")
        bao.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        for name in ("ada", "grace"):
            bao.ask("POST", f"auth/userpass/users/{name}", {"password": "pw-fake", "token_policies": "default"})
        self.token, self.colleague = self.login("ada"), self.login("grace")
        for name, value in (("id", responder[0]), ("secret", responder[1]), ("token", "root")):
            (folder / name).write_text(value)
            (folder / name).chmod(0o600)
        self.config = folder / "rescind.toml"
        self.configure()

    def configure(self, extra=""):
        at = self.folder
        self.config.write_text(
            f'[person."{PERSON}"]\naws = ["ada"]\nvault = ["ada"]\n'
            f'[tenant.aws]\nprovider = "aws"\naccount_id = "{self.aws.account}"\nendpoint_url = "{self.aws.endpoint}"\n'
            f'access_key_id = {{ file = "{at}/id" }}\nsecret_access_key = {{ file = "{at}/secret" }}\n'
            f'[tenant.bao]\nprovider = "vault"\nbase_url = "{self.bao.url}"\ntoken = {{ file = "{at}/token" }}\n{extra}'
        )
        self.config.chmod(0o600)

    def login(self, name):
        return self.bao.ask("POST", f"auth/userpass/login/{name}", {"password": "pw-fake"})[1]["auth"]["client_token"]

    def entity(self, name="ada"):
        info = self.bao.ask("LIST", "identity/entity-alias/id")[1]["data"]["key_info"]
        ident = next(row["canonical_id"] for row in info.values() if row["name"] == name)
        return self.bao.ask("GET", f"identity/entity/id/{ident}")[1]["data"]

    def command(self, *args):
        env = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.folder)}
        line = [sys.executable, "-m", "rescind", "--config", str(self.config), "--state", str(self.folder / "state")]
        return subprocess.run([*line, *args], capture_output=True, text=True, env=env, cwd=self.folder, check=False)

    def entries(self, run):
        shown = self.command("audit", "export", "-o", "trail.jsonl")
        assert shown.returncode == 0, shown.stderr
        lines = (self.folder / "trail.jsonl").read_text().splitlines()
        return [r for r in map(json.loads, lines) if isinstance(r, dict) and r.get("run") == run]


@pytest.fixture
def two(tmp_path):
    (tmp_path / "bao").mkdir()
    aws = aws_world.start()
    try:
        with bao_world.start(tmp_path / "bao") as bao:
            yield Two(aws, bao, tmp_path)
    finally:
        aws.stop()


def watch(works, began, cut, stop):
    while not stop.is_set() and cut.get("at") is None:
        if not works():
            cut["at"] = time.monotonic() - began
        time.sleep(0.2)


def test_contain_cuts_at_once_and_undo_puts_back_exactly_what_was_there(two):
    iam = two.aws.client("iam")
    before, entity = snapshot(iam), two.entity()
    assert two.aws.works(*two.key)
    assert two.bao.works(two.token)
    stop, key, token, began = threading.Event(), {}, {}, time.monotonic()
    looks = [
        threading.Thread(target=watch, args=(lambda: two.aws.works(*two.key), began, key, stop)),
        threading.Thread(target=watch, args=(lambda: two.bao.works(two.token), began, token, stop)),
    ]
    for look in looks:
        look.start()
    ran = two.command("contain", "--person", PERSON, "--yes", "--json")
    stop.set()
    for look in looks:
        look.join()
    assert ran.returncode == 5, ran.stderr
    run = json.loads(ran.stdout)
    assert {c["kind"]: c["end_state"] for c in run["credentials"]} == {
        "aws.user": "contained",
        "vault.entity": "contained",
    }
    assert all(c["reversible"] for c in run["credentials"])
    assert 0 < run["time_to_first_cut_seconds"] <= LIMIT
    assert min(key["at"], token["at"]) <= LIMIT, (key, token)
    assert max(key["at"], token["at"]) <= LIMIT + 1, (key, token)
    assert abs(run["time_to_first_cut_seconds"] - min(key["at"], token["at"])) < 1
    # refused at the provider itself, and only where it was meant
    assert not two.aws.works(*two.key)
    assert two.bao.ask("GET", "auth/token/lookup-self", token=two.token)[0] == 403
    assert two.aws.works(*two.grace)
    assert two.bao.works(two.colleague)
    status, _ = two.bao.ask("POST", "auth/userpass/login/ada", {"password": "pw-fake"})
    assert status >= 400, "a disabled entity cannot log in for a new token"

    # the trail: what was there, then the intent, then the outcome
    types = [e["type"] for e in two.entries(run["run"]) if e.get("step")]
    assert types.index("snapshot") < types.index("intent") < types.index("outcome")
    shown = [e["data"] for e in two.entries(run["run"]) if e["type"] == "snapshot"]
    assert {"rights"} == {d["inline"] for d in shown if "inline" in d}
    assert {"false"} == {d["disabled"] for d in shown if "disabled" in d}

    back = two.command("undo", run["run"], "--yes", "--json")
    assert back.returncode == 0, back.stderr + back.stdout
    undone = json.loads(back.stdout)
    assert [c["end_state"] for c in undone["credentials"]] == ["skipped", "skipped"]
    assert all("restored on purpose" in c["reason"] for c in undone["credentials"])
    assert undone["plan_digest"] != run["plan_digest"]
    assert snapshot(iam) == before
    after = two.entity()
    assert {k: v for k, v in after.items() if k != "last_update_time"} == {
        k: v for k, v in entity.items() if k != "last_update_time"
    }
    assert two.aws.works(*two.key)
    assert two.bao.works(two.token)
    # the run that was taken back says so, and there is nothing left to take back
    then = json.loads(two.command("status", run["run"], "--json").stdout)
    assert [c["end_state"] for c in then["credentials"]] == ["skipped", "skipped"]
    assert {undone["run"] in c["reason"] for c in then["credentials"]} == {True}
    again = two.command("undo", run["run"], "--yes")
    assert again.returncode == 3
    assert "nothing that can be put back" in again.stderr
    checked = two.command("audit", "verify", "--json")
    assert checked.returncode == 0, checked.stdout


def test_what_was_cut_before_the_run_is_left_cut(two):
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "RescindDenyAll", "Effect": "Deny", "Action": "*", "Resource": "*"}],
    }
    two.aws.client("iam").put_user_policy(UserName="ada", PolicyName="RescindDenyAll", PolicyDocument=json.dumps(deny))
    two.bao.ask("POST", f"identity/entity/id/{two.entity()['id']}", {"disabled": True})
    before = snapshot(two.aws.client("iam"))
    run = json.loads(two.command("contain", "--person", PERSON, "--yes", "--json").stdout)
    assert [c["end_state"] for c in run["credentials"]] == ["contained", "contained"]
    back = two.command("undo", run["run"], "--yes", "--json")
    assert back.returncode == 0, back.stderr
    assert all("left as it was" in c["reason"] for c in json.loads(back.stdout)["credentials"])
    assert snapshot(two.aws.client("iam")) == before
    assert two.entity()["disabled"] is True
    assert not two.aws.works(*two.key)
    assert not two.bao.works(two.token)
    then = json.loads(two.command("status", run["run"], "--json").stdout)
    assert [c["end_state"] for c in then["credentials"]] == ["contained", "contained"], "it is still cut"


def test_one_provider_that_is_down_does_not_shield_the_other(two):
    two.configure('[tenant.down]\nprovider = "vault"\nbase_url = "http://127.0.0.1:9"\ntoken = { file = "x" }\n')
    (two.folder / "x").write_text("x")
    (two.folder / "x").chmod(0o600)
    two.config.write_text(two.config.read_text().replace('"x" }', f'"{two.folder}/x" }}'))
    two.config.chmod(0o600)
    ran = two.command("contain", "--person", PERSON, "--yes", "--json")
    run = json.loads(ran.stdout)
    assert ran.returncode == 7
    assert [g["source"] for g in run["gaps"]] == ["tenant:down"]
    assert [c["end_state"] for c in run["credentials"]] == ["contained", "contained"]


def test_nobody_to_cut_is_refused_with_the_reason(two):
    ran = two.command("contain", "--person", "bob@example.com", "--yes")
    assert ran.returncode == 3
    assert "is mapped for this person" in ran.stderr
    assert not (two.folder / "state" / "rescind.db").exists(), "nothing was begun"


def test_a_whole_lost_laptop_is_taken_back_as_far_as_it_can_be(two):
    iam = two.aws.client("iam")
    other = two.aws.make_key("ada")
    iam.update_access_key(UserName="ada", AccessKeyId=other[0], Status="Inactive")
    before = snapshot(iam)
    home = two.folder / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/credentials").write_text(
        "".join(
            f"[{n}]\naws_access_key_id={k[0]}\naws_secret_access_key={k[1]}\n"
            for n, k in (("live", two.key), ("old", other))
        )
    )
    (home / ".vault-token").write_text(two.token)
    ran = two.command(
        "run", "lost-laptop", "--target", str(home), "--person", PERSON, "--workstation", "lap-1", "--yes", "--json"
    )
    assert ran.stdout.startswith("{"), ran.stderr
    run = json.loads(ran.stdout)
    assert not two.aws.works(*two.key)
    assert not two.bao.works(two.token)
    listed = json.loads(two.command("inventory", "ls", "--json").stdout)["inventories"]
    assert [(i["run"], i["workstation"], i["credentials"]) for i in listed] == [(run["run"], "lap-1", 3)]

    back = two.command("undo", run["run"], "--yes", "--json")
    assert back.returncode == 0, back.stderr + back.stdout
    undone = {c["kind"]: c["reason"] for c in json.loads(back.stdout)["credentials"]}
    assert "cannot be put back" in undone["vault.token"]
    assert snapshot(iam) == before, "the key that was off before the run stays off, no deny is left"
    assert two.aws.works(*two.key)
    assert not two.bao.works(two.token)
    then = {
        c["kind"]: c["end_state"] for c in json.loads(two.command("status", run["run"], "--json").stdout)["credentials"]
    }
    assert then["vault.token"] == "dead"
