"""The whole line: a run exports what was done with Ada's credentials before it ends them, and `verify` reads the record again.

The command line is real, AWS is the server made of botocore's model.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.interop.aws_cloud import ACCOUNT, OPERATOR, FakeAws
from tests.interop.aws_model import serve

ADA = "ada@example.com"
BOOK = """
name: used
version: 1
title: t
scope: {evidence: [], sides: [provider], kinds: [aws.access-key, aws.login-profile]}
sweep: {rounds: 0}
phases:
  - name: preserve
    case: [{verb: preserve, activity: true}]
  - name: end
    steps:
      - {select: 'credential.kind == "aws.access-key"', verbs: [deactivate], wait: 30s}
      - {select: 'credential.kind == "aws.login-profile"', verbs: [revoke], wait: 30s}
"""


class Line:
    """One operator at the command line, one AWS."""

    def __init__(self, cloud: FakeAws, url: str, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        for name, value in (("id", OPERATOR), ("secret", "secret-fake-" + "x" * 28)):
            (folder / name).write_text(value)
            (folder / name).chmod(0o600)
        self.config, self.book = folder / "rescind.toml", folder / "used.yaml"
        self.book.write_text(BOOK)
        self.config.write_text(
            f'[person."{ADA}"]\naws = ["ada"]\n[tenant.prod]\nprovider = "aws"\naccount_id = "{ACCOUNT}"\nendpoint_url = "{url}"\n'
            f'access_key_id = {{ file = "{folder}/id" }}\nsecret_access_key = {{ file = "{folder}/secret" }}\n'
        )
        self.config.chmod(0o600)

    def __call__(self, *args: str) -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        line = [
            sys.executable,
            "-m",
            "rescind",
            "--config",
            str(self.config),
            "--state",
            str(self.folder / "state"),
            *args,
        ]
        return subprocess.run(line, capture_output=True, text=True, env=env, cwd=self.folder, check=False, timeout=200)

    def tell(self, name: str, ago: float, key: str, **more: Any) -> None:
        """Let CloudTrail hold something that Ada did so many minutes ago."""
        now, self.cloud.clock = self.cloud.clock, lambda: datetime.now(UTC) - timedelta(minutes=ago)
        source = more.pop("source", "s3.amazonaws.com")
        self.cloud.tell(
            name,
            self.cloud.as_user("ada", key),
            source=source,
            eventID=f"{name}-{ago}",
            sourceIPAddress="198.51.100.7",
            **more,
        )
        self.cloud.clock = now


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> Iterator[Line]:
    cloud = FakeAws()
    with serve(cloud) as url:
        yield Line(cloud, url, tmp_path_factory.mktemp("used"))


@pytest.fixture(scope="module")
def done(line: Line) -> tuple[dict[str, Any], str, str]:
    """What a run says of itself, with the key that was used, and the password that was not."""
    cloud = line.cloud
    used, password = cloud.hold("ada", "AccessKey", "AKIA"), f"password:{cloud.user('ada').arn}"
    cloud.user("ada").password = cloud.now()
    line.tell("ListBuckets", 90, used)
    line.tell("ListBuckets", 20, used)
    line.tell("GetBucketPolicy", 10, used)
    lost = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    preview = line("plan", str(line.book), "--person", ADA, "--lost-at", lost, "-o", "plan.json")
    assert "CloudTrail event history of prod" in " ".join(preview.stdout.split()), preview.stderr
    shown = line("apply", "plan.json", "--yes", "--json")
    assert shown.stdout.startswith("{"), shown.stderr
    return json.loads(shown.stdout), used, password


def entries(line: Line, run: str) -> list[dict[str, Any]]:
    assert line("audit", "export", "-o", "trail.jsonl").returncode == 0
    rows = map(json.loads, (line.folder / "trail.jsonl").read_text().splitlines())
    return [r for r in rows if isinstance(r, dict) and r.get("run") == run]


def test_the_record_is_kept_before_anything_is_ended_and_its_digest_is_in_the_trail(line, done):
    run, used, _ = done
    (reading,) = run["activity"]
    file = line.folder / "state" / "runs" / run["run"] / reading["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == reading["sha256"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = [json.loads(text) for text in file.read_text().splitlines()]
    assert [(r["action"], r["key"]) for r in rows] == [("s3:ListBuckets", used), ("s3:GetBucketPolicy", used)]
    told = entries(line, run["run"])
    order = [e["type"] for e in told if e["type"] in {"activity", "intent"}]
    assert (order[0], order.count("activity"), order.count("intent")) == ("activity", 1, 2)
    assert next(e for e in told if e["type"] == "activity")["data"]["sha256"] == reading["sha256"]
    verdict = json.loads(line("audit", "verify", "trail.jsonl", "--json").stdout)
    assert (verdict["integrity"], verdict["completeness"]) == ("ok", "complete")


def test_each_credential_says_whether_it_was_used_and_where_that_is_from(done):
    run, used, password = done
    by = {c["identifier"]: c for c in run["credentials"]}
    assert by[used]["used_after_loss"] == "yes"
    assert "2 events" in by[used]["used_after_loss_source"]
    assert "s3:GetBucketPolicy from 198.51.100.7" in by[used]["used_after_loss_source"]
    assert by[password]["used_after_loss"] == "unknown"
    assert "rescind verify" in by[password]["used_after_loss_source"], "the last hour is not in the record yet"
    assert "last known use" in run["first_line"]


def test_a_later_look_keeps_a_second_file_and_the_first_one_as_it_was(line, done):
    run, _, password = done
    folder = line.folder / "state" / "runs" / run["run"]
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    line.tell("ConsoleLogin", 1, "", source="signin.amazonaws.com", out={"ConsoleLogin": "Success"})
    looked = line("verify", run["run"], "--json")
    assert looked.stdout.startswith("{"), looked.stderr
    again = json.loads(looked.stdout)
    assert {c["identifier"]: c["used_after_loss"] for c in again["credentials"]}[password] == "yes"
    after = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert len(after) == len(before) + 1
    assert {n: after[n] for n in before} == before
    html = line("report", run["run"], "-o", "report.html")
    assert html.returncode in {0, 4, 5, 7}, html.stderr
    assert "Was it used after the loss?" in (line.folder / "report.html").read_text()
    text = " ".join(line("status", run["run"]).stdout.split())
    assert "Used after the loss: 2 yes, 0 no, 0 unknown" in text


def test_without_the_right_to_read_it_the_cut_is_made_and_the_gap_told(line, done):
    cloud = line.cloud
    fresh = cloud.hold("ada", "AccessKey", "AKIA")
    cloud.rights = {"iam:*"}
    permit = cloud.permit
    cloud.permit = lambda key, permission: permit(key, permission) if permission.startswith("cloudtrail") else None  # type: ignore[method-assign]
    try:
        shown = line("run", str(line.book), "--person", ADA, "--lost-at", "2026-01-01T00:00:00Z", "--yes", "--json")
    finally:
        cloud.permit, cloud.rights = permit, None  # type: ignore[method-assign]
    run = json.loads(shown.stdout)
    assert {c["identifier"]: c["end_state"] for c in run["credentials"]}[fresh] in {"dead", "residual"}
    assert any("CloudTrail event history (prod)" in g["reason"] and "403" in g["reason"] for g in run["gaps"])
    assert 7 in run["exit_reasons"]
    assert {c["used_after_loss"] for c in run["credentials"]} == {"unknown"}


@pytest.mark.parametrize("name", ["lost-laptop", "offboard-employee"])
def test_the_shipped_playbooks_say_first_what_they_export_and_why_not_without_a_time(line, done, name):
    shown = line("plan", name, "--person", ADA, "--lost-at", "2026-01-01T00:00:00Z").stdout
    phases = [text for text in shown.splitlines() if text.startswith("Phase ") and text != "Phase hold"]
    assert phases[0].startswith("Phase preserve")
    assert "CloudTrail event history of prod" in " ".join(shown.split())
    without = " ".join(line("plan", name, "--person", ADA).stdout.split())
    assert "when control was lost is not known (--lost-at)" in without
