"""A token that only its value can end, through the whole line: seen in a home, planned without it, read again, ended, proven."""

from __future__ import annotations

import json
from pathlib import Path

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import start
from rescind.models.clock import SystemClock
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.plan import Case
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import session
from rescind.schema import plan as plan_file
from rescind.schema.playbook import load_playbook
from rescind.secret import Secret
from tests.interop.verdaccio_world import Verdaccio
from tests.interop.verdaccio_world import start as verdaccio

PLAYBOOK = """
name: registry-logins
version: 1
title: Registry logins
description: Ends npm tokens.
inputs: {person: required}
scope: {evidence: [home], providers: [npm], sides: [machine, provider]}
limits: {max_credentials: 5}
sweep: {rounds: 1}
phases:
  - name: revoke
    steps:
      - select: credential.kind == "npm.token"
        verbs: [revoke]
        wait: 20s
"""


def test_seen_planned_read_again_ended_and_proven(tmp_path: Path) -> None:
    (tmp_path / "npm").mkdir()
    with verdaccio(tmp_path / "npm") as npm:
        _line(npm, tmp_path)


def _line(npm: Verdaccio, base: Path) -> None:
    operator, ada, bob = npm.login("responder"), npm.login("ada"), npm.login("bob")
    token, key = npm.create("ada", ada)
    bobs, _ = npm.create("bob", bob)
    host = npm.url.partition("//")[2]
    home, state, book = base / "home", base / "state", base / "playbook.yaml"
    (home / "work").mkdir(parents=True)
    state.mkdir(mode=0o700)
    (home / ".npmrc").write_text(f"//{host}/:_authToken={token}\n")
    (home / "work" / ".npmrc").write_text(f"//{host}/:_authToken={bobs}\n")
    book.write_text(PLAYBOOK)
    facts = {"base_url": npm.url, "self_revoke": True}
    config = Config(
        tenants=(Tenant(name="npm", provider="npm", settings=facts, refs={"token": SecretRef(env="T")}),),
        persons={"ada@example.com": {"npm": ("ada",)}},
    )
    clock = SystemClock()
    s = session.Session(config=config, resolve=lambda _: Secret(operator), clock=clock, state_dir=state)
    playbook = load_playbook(str(book))
    plan = session.survey(s, playbook, Case(person="ada@example.com", target=str(home)))
    text = json.dumps(plan_file.to_json(plan))
    assert token not in text
    assert [c.identifier for c in plan.credentials if c.owner == "ada"] == [key]
    assert len([step for step in plan.steps if not step.held]) == 1
    log = open_log(state / "rescind.db", load_signer(state), clock)
    done = start.new(s, plan, playbook, session.gate(s, plan, playbook), log)
    ends = {c.owner: c.end_state for c in done.credentials}
    # npm documents up to an hour in which a revoked token may still be taken, so `dead` would be too much
    assert ends == {"ada": EndState.RESIDUAL, "bob": EndState.HELD}
    assert npm.whoami(token) == ""
    assert npm.whoami(bobs) == "bob"
    for file in state.rglob("*"):
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file.name
