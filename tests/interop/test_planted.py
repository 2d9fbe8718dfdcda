"""Homes that real tools would have written, in three layouts: what a scan through the command line finds in them, and what it does not show."""

from __future__ import annotations

import pytest

from tests import counterparts
from tests.planted import judge

SEED = 20261124
"""Fixed, so that a failure can be repeated; `python -m tests.planted.judge` takes a new one each time."""
FORMS = {"linux": ("root", "tar.gz"), "macos": ("home", "tar.gz"), "windows": ("home", "zip")}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[judge.Verdict]]:
    for tool in ("ssh-keygen", "gpg"):
        counterparts.require(tool)
    return {system: judge.judge([system], forms, SEED) for system, forms in FORMS.items()}


@pytest.mark.parametrize("system", FORMS)
def test_every_planted_credential_is_found_by_a_name_that_is_no_secret(system, verdicts) -> None:
    for v in verdicts[system]:
        assert not v.missed, v.name
        assert not v.candidates, v.name
        assert not v.wrong_state, v.name


@pytest.mark.parametrize("system", FORMS)
def test_nothing_of_a_secret_is_shown_and_nothing_on_the_evidence_changes(system, verdicts) -> None:
    for v in verdicts[system]:
        assert not v.leaks, v.name
        assert not v.changed, v.name


@pytest.mark.parametrize("system", FORMS)
def test_homes_of_decoys_hold_nothing(system, verdicts) -> None:
    decoys = verdicts[system][-1]
    assert decoys.form == "decoys"
    assert not decoys.false
