"""Drills as a person runs them, with trouble made on purpose: what is printed stays true, whatever the provider does.

A drill waits out the providers' propagation times, so all of them run side by side, once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rescind.drill import drills
from rescind.schema.playbook import shipped

pytestmark = [
    pytest.mark.skipif(find_spec("ministack") is None, reason="the drill extra is not installed"),
    pytest.mark.xdist_group("drill"),  # one worker: each would start all of them again
]

DRILLS: dict[str, tuple[str, ...]] = {
    "it passes": (
        "lost-laptop",
        "--fail", "aws=429x5,503x2,reset-before,reset-after,slow=0.2",
        "--fail", "oauth=503,reset-after",
    ),
    "it lasts": ("lost-laptop", "--fail", "aws=html,403x4", "--fail", "oauth=down,429"),
    "containment": ("contain", "--fail", "aws=503,reset-after"),
    "compromised": ("compromised-workstation",),
    "leaver": ("offboard-employee", "--fail", "aws=503,reset-after"),
    "rotation": ("rotate-tokens", "--fail", "aws=429x2,503,reset-after,slow=0.2"),
}  # fmt: skip


OPERATORS_OWN = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "AWS_PROFILE": "not-here"}
"""What an operator's environment may hold, and no drill may care about."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    home = tmp_path_factory.mktemp("home")
    started = {name: _start(words, home / str(n)) for n, (name, words) in enumerate(DRILLS.items())}
    try:
        yield {name: _told(process) for name, process in started.items()}
    finally:
        for process in started.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # its emulator as well
            process.wait()


def _start(words: tuple[str, ...], home: Path) -> subprocess.Popen[str]:
    home.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "rescind", "--quiet", "drill", *words, "--json"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "TMPDIR": str(home), **OPERATORS_OWN},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    said = json.loads(out)
    assert said["passed"], out
    assert said["trail_checks"]
    return said


def _ends(said: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {p["name"]: (p["after"].partition(":")[0], p["end_state"]) for p in said["probes"]}


def _struck(said: dict[str, Any]) -> dict[str, int]:
    return {f"{f['provider']} {f['fault']}": f["struck"] for f in said["faults"]}


def _bystanders(said: dict[str, Any]) -> set[str]:
    return {p["after"] for p in said["probes"] if p["must"] == "works"}


def test_trouble_that_passes_changes_nothing(told: dict[str, dict[str, Any]]) -> None:
    said = told["it passes"]
    assert _struck(said) == {
        "aws 429x5": 5, "aws 503x2": 2, "aws reset-before": 1, "aws reset-after": 1, "aws slow=0.2": 1, "oauth 503": 1,
        "oauth reset-after": 1,
    }  # fmt: skip
    ends = _ends(said)
    assert ends["ada's key on the laptop"] == ("refused", "residual")
    assert ends["ada's second key, not on the laptop"] == ("refused", "residual")
    assert ends["ada's gcloud sign-in"] == ("refused", "dead")
    assert ends["ada's client certificate"] == ("refused", "dead")
    assert ends["a session minted from ada's key"][0] == "refused"
    assert _bystanders(said) == {"works"}


def test_trouble_that_lasts_leaves_unknown_what_could_not_be_seen(told: dict[str, dict[str, Any]]) -> None:
    said = told["it lasts"]
    struck = _struck(said)
    assert (struck["aws html"], struck["aws 403x4"]) == (1, 4)
    assert struck["oauth down"] > 1
    assert [f["fault"] for f in said["faults"] if not f["rehearsed"]] == ["429"]  # `down` leaves it nothing to meet
    ends = _ends(said)
    assert ends["ada's gcloud sign-in"] == ("works", "unknown")
    assert ends["ada's client certificate"] == ("refused", "dead")  # one provider's outage shields no other
    assert _bystanders(said) == {"works"}
    assert said["run"]["exit_code"] == 4


def test_each_drill_is_in_here() -> None:
    assert {words[0] for words in DRILLS.values()} == set(drills.DRILLS)
    assert set(drills.DRILLS) <= set(shipped())


def test_a_compromised_machine_is_isolated_before_anything_is_ended(told: dict[str, dict[str, Any]]) -> None:
    said = told["compromised"]
    assert any("waiting" in s["what"] for s in said["seen"])
    assert any(s["what"].startswith("before the isolation: 12 of 12") for s in said["seen"])
    ends = _ends(said)
    assert ends["ada's key on the laptop"] == ("refused", "residual")
    assert ends["the copy in ada's .env"] == ("works", "manual")  # evidence stays
    assert _bystanders(said) == {"works"}


def test_a_leaver_keeps_everything_until_the_moment(told: dict[str, dict[str, Any]]) -> None:
    said = told["leaver"]
    assert any(s["what"].startswith("before the moment: 12 of 12") for s in said["seen"])
    assert _struck(said) == {"aws 503": 1, "aws reset-after": 1}
    assert _ends(said)["ada's second key, not on the laptop"] == ("refused", "residual")
    assert [c["as_intended"] for c in said["run"]["credentials"] if c["end_state"] == "contained"] == [True]


def test_a_key_is_replaced_while_a_job_uses_it(told: dict[str, dict[str, Any]]) -> None:
    said = told["rotation"]
    assert _struck(said) == {"aws 429x2": 2, "aws 503": 1, "aws reset-after": 1, "aws slow=0.2": 1}
    assert _ends(said)["the key from before the rotation"] == ("refused", "residual")
    assert any(s["what"].endswith("refused 0 times") for s in said["seen"])


def test_a_person_is_cut_and_put_back(told: dict[str, dict[str, Any]]) -> None:
    seen = [s["what"] for s in told["containment"]["seen"]]
    assert _struck(told["containment"]) == {"aws 503": 1, "aws reset-after": 1}
    assert "while cut, ada's key: refused: AccessDenied" in seen
    assert "while cut, linus's key, elsewhere: works" in seen
    assert any("word for word" in what for what in seen)
    assert {p["after"] for p in told["containment"]["probes"]} == {"works"}


def test_a_drill_that_is_ended_leaves_nothing_running_and_nothing_lying(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rescind", "drill", "contain"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "phase contain" in line:
                break
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 143
        assert not [c for c in children if Path(f"/proc/{c}").exists()]
        assert not list(tmp_path.glob("rescind-drill-*"))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
