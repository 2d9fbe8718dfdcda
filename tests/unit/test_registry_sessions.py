"""What programs keep in a registry is told to a parser as lines, and moves no file."""

from __future__ import annotations

import pytest

from rescind import catalogue
from rescind.host import env, registry
from rescind.models.evidence import Location
from tests.unit._hive import hive

pytest.importorskip("regipy")

SESSIONS = {"ada%40files": {"HostName": "files.corp.example", "UserName": "ada", "Password": "A35C"}}


def test_sessions_of_a_registry_file_reach_the_parser() -> None:
    keys = {"f1": {"pub": bytes(range(51)), "comment": "ada@laptop"}}
    blob = hive({
        "Environment": {"AWS_CONFIG_FILE": "C:\\x"},
        "Software": {"Martin Prikryl": {"WinSCP 2": {"Sessions": SESSIONS}}, "OpenSSH": {"Agent": {"Keys": keys}}},
    })  # fmt: skip
    told = registry.assignments(blob)
    assert env.values([told], "AWS_CONFIG_FILE") == ["C:\\x"]
    assert env.values([told], "HostName") == []
    found = list(catalogue.stores()["registry-sessions"].parse(told.encode(), Location(root="home", path="NTUSER.DAT")))
    assert [(f.kind, f.issuer, f.subject) for f in found] == [
        ("server.password", "files.corp.example", "ada"),
        ("ssh.user-key", "", ""),
    ]
    assert found[1].identifier.startswith("SHA256:")
    assert found[1].attributes["comment"] == "ada@laptop"
