"""What the tests of rotation share: a configuration over a real counterpart, a rotation as one process, and what its user reads."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import boto3

from tests.interop.aws_world import QUIET
from tests.interop.bao_world import Bao

PROFILES = """# kept by hand
[other]
aws_access_key_id=AKIAEXAMPLEOTHER0001
aws_secret_access_key=other-FAKE # with words\r
[default]\r
region = eu-central-1
aws_access_key_id = {key}
aws_secret_access_key={secret}\r
output=json
"""


class Quick:
    """The system's clock, on which sleeping takes no time but counts."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self):
        from rescind.models.clock import SystemClock

        return SystemClock().now()

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += max(seconds, 0.0)
        time.sleep(min(max(seconds, 0.0), 0.001))


def private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    path.chmod(0o600)
    return path


def bao_role(bao: Bao, role: str) -> str:
    """Make an AppRole and return its role id."""
    bao.ask("POST", "sys/auth/approle", {"type": "approle"})
    # five refused logins would lock the role: https://openbao.org/docs/concepts/user-lockout/
    bao.ask("POST", "sys/auth/approle/tune", {"user_lockout_config": {"lockout_disable": True}})
    assert bao.ask("POST", f"auth/approle/role/{role}", {"token_policies": "default"})[0] == 204
    return str(bao.ask("GET", f"auth/approle/role/{role}/role-id")[1]["data"]["role_id"])


def secret_id(bao: Bao, role: str, **body: Any) -> tuple[str, str]:
    """Make a secret id: its accessor and its value."""
    data = bao.ask("POST", f"auth/approle/role/{role}/secret-id", body)[1]["data"]
    return data["secret_id_accessor"], data["secret_id"]


def accessors(bao: Bao, role: str) -> set[str]:
    """Return every secret id that lives in a role."""
    status, answer = bao.ask("GET", f"auth/approle/role/{role}/secret-id?list=true")
    return set(answer["data"]["keys"]) if status == 200 else set()


def logs_in(bao: Bao, role_id: str, value: str) -> bool:
    """Tell whether a role id and a secret id open the door."""
    return bao.ask("POST", "auth/approle/login", {"role_id": role_id, "secret_id": value}, token="")[0] == 200


def bao_config(folder: Path, url: str, role: str, place: str, **more: str) -> Path:
    """Write a configuration with one rotation of an AppRole's secret id; `place` is the inside of `deliver`."""
    private(folder / "token", "root")
    times = {"overlap": "0s", "grace": "0s", **more}
    lines = "\n".join(f'{k} = "{v}"' for k, v in times.items())
    return private(
        folder / "rescind.toml",
        f'[tenant.bao]\nprovider = "vault"\nbase_url = "{url}"\ntoken = {{ file = "token" }}\nrate = 1000\n\n'
        f'[rotation.job]\nkind = "vault.approle-secret-id"\ntenant = "bao"\nsubject = "approle/{role}"\n{lines}\n'
        f"deliver = {{ {place} }}\n",
    )


def aws_config(folder: Path, endpoint: str, account: str, user: str, place: str, **more: str) -> Path:
    """Write a configuration with one rotation of an IAM user's key, made with ministack's root key."""
    private(folder / "id", "test")
    private(folder / "key", "test")
    times = {"overlap": "0s", "grace": "0s", **more}
    lines = "\n".join(f'{k} = "{v}"' for k, v in times.items())
    return private(
        folder / "rescind.toml",
        f'[tenant.aws]\nprovider = "aws"\naccount_id = "{account}"\nendpoint_url = "{endpoint}"\nrate = 1000\n'
        f'access_key_id = {{ file = "id" }}\nsecret_access_key = {{ file = "key" }}\n\n'
        f'[rotation.job]\nkind = "aws.access-key"\ntenant = "aws"\nsubject = "{user}"\n{lines}\ndeliver = {{ {place} }}\n',
    )


def session(folder: Path, *, clock: Any = None, keychain: Any = None) -> Any:
    """Return a session of the configuration in `folder`, with its state beside it."""
    from rescind.pipeline.session import Session
    from rescind.schema.config import load
    from rescind.schema.secretref import resolver

    return Session(
        config=load(folder / "rescind.toml"),
        resolve=resolver(lambda _: None),
        clock=clock or Quick(),
        state_dir=folder / "state",
        keychain=keychain,
        patience=20.0,
    )


def rotate(s: Any) -> Any:
    """Plan, pass the gate, and carry out; or go on with the run that is there. Returns the run's result."""
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.engine import start, state
    from rescind.engine.runs import plans_of
    from rescind.models.plan import Case
    from rescind.pipeline import session as flow
    from rescind.schema.playbook import load_playbook

    book = load_playbook("rotate-tokens")
    s.state_dir.mkdir(mode=0o700, exist_ok=True)
    log = open_log(s.state_dir / "rescind.db", load_signer(s.state_dir), s.clock)
    run = state.latest_run(s.state_dir)
    if run:
        return start.again(s, run, plans_of(s.state_dir, run)[0][0], book, log)
    plan = flow.survey(s, book, Case())
    return start.new(s, plan, book, flow.gate(s, plan, book), log)


def play(folder: str) -> str:
    """One process that starts the rotation or takes it up again: what is killed."""
    from rescind.pipeline import report

    return json.dumps(report.to_json(rotate(session(Path(folder)))))


def watched(points: Any) -> None:
    """Count the moment of delivery too, and keep every value that is minted, beside the state, for the test to look for."""
    import os

    from rescind.models.rotation import Minted
    from rescind.pipeline.tenants import Connected

    points.around(os, "replace", "rename")
    plain = Connected.ask

    def ask(self: Connected, fn: Any, **more: Any) -> Any:
        answer = plain(self, fn, **more)
        if isinstance(answer[0], Minted):
            with Path(os.environ["RESCIND_TEST_MINTED"]).open("a") as file:
                file.write(answer[0].value.secret.reveal() + "\n")
        return answer

    Connected.ask = ask


def watched_play(folder: str) -> str:
    """Do the same, and keep what is minted in `folder`."""
    import os

    os.environ["RESCIND_TEST_MINTED"] = str(Path(folder) / "minted")
    return play(folder)


def leaks(folder: Path, told: str, values: list[str]) -> list[str]:
    """Return the start of every raw value that is in the state, the trail, what was said, or left beside the place."""
    import base64

    minted = (folder / "minted").read_text().split() if (folder / "minted").exists() else []
    blobs = [f.read_bytes() for f in (folder / "state").rglob("*") if f.is_file()] + [told.encode()]
    forms = [(v, f) for v in [*minted, *values] for f in (v, base64.b64encode(v.encode()).decode()[:-4], v[::-1])]
    return [v[:4] for v, form in forms if any(form.encode() in blob for blob in blobs)]


def whole(folder: Path) -> tuple[str, str, tuple[str, ...]]:
    """Return the checker's verdict on the trail."""
    from rescind.audit import check
    from rescind.audit.export import export
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer

    state = folder / "state"
    export(open_log(state / "rescind.db", load_signer(state), Quick()), folder / "trail.jsonl")
    seen = check.check(folder / "trail.jsonl")
    return seen.integrity, seen.completeness, seen.problems


def profile(path: Path) -> tuple[str, str]:
    """Read the default profile as boto3's own parser does."""
    from botocore.configloader import raw_config_parse

    held = raw_config_parse(str(path))["default"]
    return held["aws_access_key_id"], held["aws_secret_access_key"]


def who(endpoint: str, key: str, secret: str) -> str:
    """Return whom STS says a key is."""
    client = boto3.session.Session().client(
        "sts", endpoint_url=endpoint, region_name="us-east-1", config=QUIET, aws_access_key_id=key, aws_secret_access_key=secret
    )  # fmt: skip
    return str(client.get_caller_identity()["Arn"])
