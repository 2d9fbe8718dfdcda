"""CycloneDX export: judged by the official library's own schema validator, and by what must and must not be in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rescind.cli import app
from rescind.models.credential import Credential, Inventory, Sighted
from rescind.models.evidence import Gap, Location, State
from rescind.pipeline.cyclonedx import to_cyclonedx
from rescind.pipeline.inventory_json import to_json

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
VALID = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)


def made(kind, identifier="", **facts):
    at = Location(root="home", path=".aws/credentials", line=3, pointer="default")
    seen = (Sighted(store="aws-credentials", location=at), Sighted(store="dotenv", location=at))
    return Credential(kind=kind, provider=kind.partition(".")[0], identifier=identifier, findings=seen, **facts)


def held(*credentials, **more):
    return Inventory(workstation={"hostname": "ada-laptop", "os": "linux"}, credentials=credentials, **more)


def test_the_official_schema_accepts_it_and_states_places_and_gaps_are_in_it():
    inventory = held(
        made("aws.access-key", "AKIAMADEUP", state=State.EXPIRED, expires_at="2026-01-01T00:00:00Z"),
        made("x509.client-cert", "0a@b", issuer="CN=CA", subject="CN=Ada", expires_at="2027-01-01T00:00:00Z"),
        made("ssh.user-key", "SHA256:abc"),
        made("github.token", fingerprint="hmac-sha256:00", attributes={"login": "ada"}),
        candidates=(made("file.secret", fingerprint="hmac-sha256:01"),),
        gaps=(Gap(source="scan", reason="unreadable", path="x"),),
    )
    text = to_cyclonedx(inventory, at=AT)
    assert VALID.validate_str(text) is None
    bom = json.loads(text)
    assets = {c["name"].split()[0]: c for c in bom["components"]}
    material = {k: c["cryptoProperties"].get("relatedCryptoMaterialProperties", {}) for k, c in assets.items()}
    assert material["aws.access-key"]["state"] == "deactivated"
    assert {k: m.get("type") for k, m in material.items()} == {
        "aws.access-key": "secret-key",
        "x509.client-cert": None,
        "ssh.user-key": "private-key",
        "github.token": "token",
        "file.secret": "password",
    }
    assert assets["x509.client-cert"]["cryptoProperties"]["certificateProperties"]["subjectName"] == "CN=Ada"
    assert [o["location"] for o in assets["ssh.user-key"]["evidence"]["occurrences"]] == ["home:.aws/credentials"] * 2
    assert {"name": "rescind:gap:1", "value": "scan x: unreadable"} in bom["metadata"]["properties"]
    assert {"name": "rescind:is", "value": "candidate"} in assets["file.secret"]["properties"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=6, max_size=6), st.sampled_from(list(State)))
def test_hostile_text_never_breaks_the_document(texts, state):
    a, b, c, d, e, f = texts
    credential = made("github.token", a or "x", issuer=b, subject=c, attributes={d or "k": e}, state=state)
    assert VALID.validate_str(to_cyclonedx(held(credential, gaps=(Gap(source="s", reason=f),)), at=AT)) is None


def test_the_command_exports_a_file_and_names_the_formats(tmp_path):
    held_file = tmp_path / "i.json"
    held_file.write_text(json.dumps(to_json(held(made("ssh.user-key", "SHA256:abc")))))
    done = CliRunner().invoke(app, ["--state", str(tmp_path / "s"), "inventory", "export", str(held_file)])
    assert done.exit_code == 0
    assert VALID.validate_str(done.output) is None
    typo = CliRunner().invoke(
        app, ["--state", str(tmp_path / "s"), "inventory", "export", "--format", "spdx", str(held_file)]
    )
    assert "cyclonedx" in str(typo.exception)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cyclonedx.model", None)
    with pytest.raises(Exception, match="CycloneDX library"):
        to_cyclonedx(held(), at=AT)
