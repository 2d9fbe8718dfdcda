"""A person's own machine: what is private is counted by kind and leaves no other trace; excluded paths are not parsed."""

from __future__ import annotations

import json
from pathlib import Path

from rescind.models.checkin import ScanScope
from rescind.models.config import Config, Org
from rescind.models.credential import Credential, Inventory
from rescind.models.tenant import Tenant
from rescind.pipeline.inventory_json import from_json, to_json
from rescind.pipeline.machine import held_at
from rescind.pipeline.scope import excluded, narrowed
from rescind.pipeline.session import Session
from rescind.secret import Secret
from tests.unit.made_up import FakeClock


def row(kind, identifier, **facts):
    return Credential(kind=kind, provider=kind.partition(".")[0], identifier=identifier, **facts)


CONFIG = Config(
    org=Org(domains=("example.com",)),
    tenants=(
        Tenant(name="aws", provider="aws", settings={"account_id": "123456789012"}),
        Tenant(name="forge", provider="github", settings={"base_url": "https://git.example.org/api/v3"}),
    ),
    persons={"ada@example.com": {"github": ("ada-l",)}},
    scan=ScanScope(ownership="byod"),
)
OURS = (
    row("aws.access-key", "AKIAOURS", issuer="123456789012"),
    row("oauth.refresh-token", "1", subject="ada@example.com"),
    row("github.token", "2", attributes={"login": "ADA-L"}),
    row("github.token", "3", issuer="git.example.org"),
    row("vault.token", "4", issuer="https://vault.corp.example.com:8200/"),
)
PRIVATE = (
    row("aws.access-key", "AKIAPRIVATE", issuer="999999999999"),
    row("oauth.refresh-token", "5", subject="ada@notexample.com"),
    row("github.token", "6", subject="somebody", issuer="github.com"),
    row("github.token", "7"),
    row("vault.token", "8", issuer="https://example.com.evil.test"),
)


def test_private_accounts_are_counted_by_kind_only():
    held = Inventory(
        workstation={}, credentials=OURS + PRIVATE, candidates=(row("x.y", "9"),), decoys=(row("a.b", "10"),)
    )
    found, secrets = narrowed(held, {c.id: Secret("v") for c in OURS + PRIVATE}, CONFIG)
    assert found.credentials == OURS
    assert found.private == {
        "aws.access-key": 1,
        "github.token": 2,
        "oauth.refresh-token": 1,
        "vault.token": 1,
        "x.y": 1,
    }
    assert set(secrets) == {c.id for c in OURS}
    text = json.dumps(to_json(found))
    assert all(c.id not in text and c.identifier not in json.loads(text)["private"] for c in PRIVATE)
    assert "AKIAPRIVATE" not in text
    assert from_json(json.loads(text)) == found


def test_a_corporate_machine_keeps_everything():
    held = Inventory(workstation={}, credentials=OURS + PRIVATE)
    found, _ = narrowed(held, {}, Config())
    assert found.credentials == held.credentials
    assert found.scope == {"ownership": "corporate"}


def test_excluded_paths_are_not_parsed_and_are_a_gap(tmp_path: Path):
    home = tmp_path / "home"
    for place in (".aws", "Private/app", "work/app"):
        (home / place).mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id=AKIARZPUZDIKFAKEFAKE\naws_secret_access_key=fake/horse/1\n"
    )
    for place in ("Private/app", "work/app"):
        (home / place / ".env").write_text(f"API_TOKEN=fake-{place[0]}-horse-battery-4711\n")
    config = Config(scan=ScanScope(exclude=("Private/*",)))
    s = Session(config=config, resolve=lambda _: Secret(""), clock=FakeClock(), state_dir=tmp_path / "s")
    found, _ = held_at(s, home, scope=("home",))
    paths = {f.location.path for c in (*found.credentials, *found.candidates) for f in c.findings}
    assert "work/app/.env" in paths
    assert not any(p.startswith("Private") for p in paths)
    assert any(g.reason == "left out by the declared scope: Private/*" for g in found.gaps)
    assert found.scope == {"ownership": "corporate", "excluded": "Private/*"}


def test_patterns_count_from_a_home_also_below_a_mounted_root():
    match = excluded(ScanScope(exclude=("Private/*",)))
    assert match("Private/x") == match("home/ada/Private/x") == "Private/*"
    assert match("NotPrivate/x") == match("x") == ""
