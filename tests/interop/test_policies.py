"""The published policies at real servers: what plans can look and cannot end, what applies can do both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rescind import catalogue
from rescind.dev import policies
from rescind.errors import Denied
from rescind.models.clock import SystemClock
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Liveness, Subject, Verb
from rescind.providers.aws._connect import connect
from rescind.secret import Secret
from rescind.wire import rest
from rescind.wire.pace import Pacer
from tests.interop import aws_world, bao_world

FILES = policies.files()
JOBS = ("plan", "apply")


def test_openbao_takes_them_and_they_are_enough_and_no_more(tmp_path: Path) -> None:
    kind = catalogue.kinds()["vault.token"]
    with bao_world.start(tmp_path) as bao:
        bao.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        bao.ask("POST", "auth/userpass/users/ada", {"password": "pw-fake", "token_policies": "default"})
        for job in JOBS:
            status, answer = bao.ask(
                "PUT", f"sys/policies/acl/{job}", {"policy": FILES[f"policy-lost-laptop.{job}.vault.hcl"]}
            )
            assert status == 204, answer
        for job in JOBS:
            _, login = bao.ask("POST", "auth/userpass/login/ada", {"password": "pw-fake"})
            token = login["auth"]["client_token"]
            client = bao.client(token=bao.new(policies=[job])["client_token"])
            assert kind.enumerate and kind.identify
            listed = list(kind.enumerate(client, Subject(names=("ada",))))
            assert listed
            assert not [g for g in listed if isinstance(g, Gap)]
            known = kind.identify(client, Credential(kind=kind.id, provider="vault"), Secret(token))
            credential = Credential(kind=kind.id, provider="vault", identifier=known.identifier)
            assert kind.control(client, credential).liveness is Liveness.LIVE
            settings = {"settings": client.tenant.settings, "me": client.identity()}
            row = kind.actions[Verb.REVOKE].call
            if job == "plan":
                with pytest.raises(Denied):
                    rest.call(client.http, row, credential, **settings)
            else:
                rest.call(client.http, row, credential, **settings)
            assert bao.works(token) == (job == "plan")


def test_aws_double_that_enforces_takes_them_and_they_are_enough_and_no_more() -> None:
    kind = catalogue.kinds()["aws.access-key"]
    aws = aws_world.start()
    try:
        for job in JOBS:
            ada = aws.make_user(f"ada-{job}")
            key, secret = aws.make_key(ada)
            rights = json.loads(FILES[f"policy-lost-laptop.{job}.aws.json"])
            tenant, values = aws.tenant(aws.make_key(aws.make_user(f"responder-{job}", rights)))
            client = connect(tenant, lambda ref, values=values: values[ref.env], Pacer(1000, SystemClock()), write=True)
            listed = list(kind.enumerate(client, Subject(names=(ada,))))
            assert [k.identifier for k in listed if not isinstance(k, Gap)] == [key]
            assert not [g for g in listed if isinstance(g, Gap)]
            found = Credential(kind=kind.id, provider="aws", identifier=key, owner=ada)
            assert kind.identify(client, found, None).owner == ada
            assert kind.verify(client, found).liveness is Liveness.LIVE
            assert kind.control(client, found).liveness is Liveness.LIVE
            for verb in (Verb.DENY, Verb.DEACTIVATE):
                act = kind.actions[verb]
                if job == "plan":
                    with pytest.raises(Denied):
                        act.call(client, found)
                else:
                    act.call(client, found)
                    assert (act.verify or kind.verify)(client, found).liveness is Liveness.DEAD
            with pytest.raises(Denied):
                kind.actions[Verb.DELETE].call(client, found)  # the playbook prefers to deactivate
            assert aws.works(key, secret) == (job == "plan")
    finally:
        aws.stop()
