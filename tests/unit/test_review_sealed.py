"""A case that works from a seal: a forgotten key or a sink that does not answer makes no task for good of what could be ended."""

from __future__ import annotations

from dataclasses import replace

import pyrage
import pytest

from rescind.engine import start
from rescind.errors import ConfigError, EvidenceError, Unreachable
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.plan import Case
from rescind.pipeline import execute, machine, sealed
from rescind.pipeline.session import Session
from rescind.schema.config import load
from rescind.secret import Secret
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, kind
from tests.unit.test_checkin import NAME
from tests.unit.test_checkin import key as key
from tests.unit.test_checkin import machine as laptop
from tests.unit.test_report import plan
from tests.unit.test_secret_at_apply import world as world

__all__ = ["key", "laptop", "world"]


def session(folder, **facts):
    return Session(config=Config(), resolve=lambda _: Secret(""), clock=FakeClock(), state_dir=folder, **facts)


@pytest.mark.parametrize("source", ["checkin", "inventory"])
def test_a_run_is_not_resumed_without_the_key_to_what_it_needs(world, monkeypatch, tmp_path, laptop, source):
    _, ctx, _ = world
    monkeypatch.setattr("rescind.catalogue.kinds", lambda: {CREDENTIAL.kind: kind(needs_secret=True)})
    monkeypatch.setattr(start, "_carry_out", lambda *_, **__: "went on")
    monkeypatch.setattr(start, "_fresh", lambda *_: None)
    file = tmp_path / "inventory.age"
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    file.write_bytes(sealed.sealed(laptop.held, [recipient]))
    case = Case(checkin="1-2.json") if source == "checkin" else Case(inventory=str(file))
    made = replace(plan([CREDENTIAL], [STEP], sweep_rounds=0), case=case)
    with pytest.raises(EvidenceError, match="sealed; nothing was done") as refused:
        start.again(session(tmp_path), "r", made, None, ctx.log)
    assert "resume r --identity" in refused.value.hint
    with_key = session(tmp_path, identity=tmp_path / "team.key")
    assert start.again(with_key, "r", made, None, ctx.log) == "went on"
    ctx.log.append("outcome", run="r", step=STEP.id, data={})
    assert start.again(session(tmp_path), "r", made, None, ctx.log) == "went on", "nothing is left that needs a value"


def test_a_plain_inventory_holds_no_values_and_needs_no_key(tmp_path):
    (tmp_path / "plain.json").write_text("{}")
    for name in ("plain.json", "gone.json", ""):
        assert not machine.is_locked(session(tmp_path), Case(inventory=str(tmp_path / name) if name else ""))


def test_a_sink_that_does_not_answer_is_not_a_value_that_is_gone(world, monkeypatch, tmp_path):
    provider, ctx, _ = world

    def cut(*_, **__):
        raise Unreachable("the share does not answer", maybe_sent=False)

    monkeypatch.setattr(machine, "inventory_of", cut)
    s = session(tmp_path, identity=tmp_path / "team.key")
    ctx.read_secret = machine.secret_reader(s, Case(checkin="1-2.json", workstation=NAME))
    receipt = execute.act(STEP, replace(CREDENTIAL, fingerprint="f"), ctx)
    assert receipt.end_state is EndState.UNKNOWN
    assert receipt.error == "the share does not answer"
    assert provider.calls == []


@pytest.mark.parametrize("change", ["name", "key", "other", None])
def test_an_enrolment_that_can_never_be_believed_is_refused_where_it_stands(tmp_path, laptop, change):
    vkey = laptop.enrolled.key
    name = {"name": "../lap", "other": "eve-laptop"}.get(change, NAME)
    file = tmp_path / "rescind.toml"
    file.write_text(f'[workstation."{name}"]\nkey = "{"x" * 40 if change == "key" else vkey}"\n')
    file.chmod(0o600)
    if change is None:
        assert load(file).workstations[NAME].key == vkey
        return
    with pytest.raises(ConfigError, match="workstation"):
        load(file)
