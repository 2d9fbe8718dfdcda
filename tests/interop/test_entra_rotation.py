"""Client secrets and certificates of applications are rotated with overlap, at our simulator of Graph and of its token endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.audit.log import AuditLog, open_log
from rescind.audit.signer import load_signer
from rescind.errors import Rejected, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Liveness, Subject, Verb
from rescind.models.plan import Case
from rescind.models.rotation import Value
from rescind.models.run import Receipt
from rescind.pipeline import execute
from rescind.pipeline import session as flow
from rescind.pipeline.rotations import opened
from rescind.providers.entra import _keypair, _signs_in
from rescind.schema.playbook import load_playbook
from rescind.secret import Secret
from tests.interop import entra_world
from tests.interop.entra_bench import Moving
from tests.interop.entra_world import APP, TENANT, TOKEN, Graph
from tests.interop.rotation_world import private, rotate, session, whole

SECRET, CERTIFICATE = "entra.client-secret", "entra.certificate"
MEMBER = {SECRET: "passwordCredentials", CERTIFICATE: "keyCredentials"}


@dataclass
class Job:
    """An application with one credential of a kind in a file, and two bystanders; `folder` holds the configuration."""

    kind: str
    folder: Path
    graph: Graph
    url: str

    def __post_init__(self) -> None:
        graph = self.graph
        self.app, self.client_id, self.principal = graph.application(graph.user("ada@contoso.example"), name="payroll")
        (
            graph.secret("application", self.app, "a bystander's"),
            graph.certificate("application", self.app, "CN=bystander"),
        )
        self.bystanders = self.keys()
        private(self.folder / "token", TOKEN)
        self.place = private(self.folder / "value", self.first() + "\n")
        private(
            self.folder / "rescind.toml",
            f'[tenant.contoso]\nprovider = "entra"\ntenant_id = "{TENANT}"\nclient_id = "{APP}"\nbase_url = "{self.url}/v1.0"\n'
            f'authority = "{self.url}"\ntoken = {{ file = "token" }}\nrate = 1000\n\n'
            f'[rotation.job]\nkind = "{self.kind}"\ntenant = "contoso"\nsubject = "application/{self.client_id}"\n'
            f'overlap = "0s"\ngrace = "0s"\ndeliver = {{ file = "{self.place}" }}\n',
        )

    def first(self) -> str:
        if self.kind == SECRET:
            self.old, value = self.graph.secret("application", self.app, "first")
            return value
        now = self.graph.clock.now()
        pair = _keypair.made("first", now - timedelta(days=30), now + timedelta(days=60))
        start, end = (entra_world._time(now + timedelta(days=d)) for d in (-30, 60))
        self.old = self.graph.certificate(
            "application", self.app, "CN=first", public=_keypair.public(pair), start=start, end=end
        )
        return pair.reveal()

    def keys(self) -> dict[str, Any]:
        row = self.graph.get("application", self.app) or {}
        return {c["keyId"]: c for m in MEMBER.values() for c in row[m]}

    def mine(self) -> set[str]:
        return set(self.keys()) - set(self.bystanders)

    def works(self) -> bool:
        held = Secret(self.place.read_text().strip())
        if self.kind == SECRET:
            return self.graph.opens(self.client_id, client_secret=held.reveal())
        audience = f"{self.url}/{TENANT}/oauth2/v2.0/token"
        return self.graph.opens(
            self.client_id, client_assertion=_keypair.assertion(held, self.client_id, audience).reveal()
        )

    @property
    def session(self) -> Any:
        return session(self.folder, clock=self.graph.clock)

    def steps(self) -> tuple[Any, list[Receipt], AuditLog]:
        """Plan the rotation and carry its steps out one after another; what the plan, they and the trail say."""
        s, state = self.session, self.folder / "state"
        state.mkdir(mode=0o700, exist_ok=True)
        plan = flow.survey(s, load_playbook("rotate-tokens"), Case())
        log = open_log(state / "rescind.db", load_signer(state), s.clock)
        ctx = execute.Context(
            run="run-1", tenants=flow.tenants(s, Case(), write=True), people=flow.people(s, plan.case), log=log, clock=s.clock,
            rotations=opened(s, plan.case.rotations),
        )  # fmt: skip
        return plan, [execute.act(*execute.find(plan, step.id), ctx) for step in plan.steps], log


@pytest.fixture(params=[SECRET, CERTIFICATE])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Job]:
    graph = Graph(Moving())
    with entra_world.served(graph) as url:
        graph.url = f"{url}/v1.0"
        yield Job(request.param, tmp_path, graph, url)


def test_a_successor_works_before_it_is_delivered_and_the_old_one_goes_last(job: Job) -> None:
    graph, before = job.graph, job.place.read_text()
    graph.birth = 70  # a new one is refused for that long, with the words of one that is wrong
    done = rotate(job.session)
    (c,) = done.credentials
    assert (c.end_state, c.as_intended) == (EndState.RESIDUAL, True), c
    assert job.old not in job.keys()
    (new,) = job.mine()
    assert job.keys()[new]["displayName"].startswith("rescind ")
    assert {k: v for k, v in job.keys().items() if k in job.bystanders} == job.bystanders, "kept byte for byte"
    assert job.works()
    assert job.place.read_text() != before
    writes = [p.rpartition("/")[2] for m, p, *_ in graph.seen if m != "GET"]
    assert writes == {SECRET: ["addPassword", "removePassword"], CERTIFICATE: [job.app] * 2}[job.kind]
    # as long as the old one was to live, not for ever
    made = job.keys()[new]
    assert made["endDateTime"] > made["startDateTime"]
    assert whole(job.folder)[:2] == ("ok", "complete"), whole(job.folder)
    raw = b"".join(f.read_bytes() for f in (job.folder / "state").rglob("*") if f.is_file())
    for line in (
        w for w in (*job.place.read_text().split("\n"), *before.split("\n")) if len(w) > 30 and "CERTIFICATE" not in w
    ):
        assert line.encode() not in raw
    print(f"{job.kind}: {[f['grant_type'] for f in graph.asked].count('client_credentials')} tokens asked for")


def test_both_work_until_the_grace_is_over(job: Job) -> None:
    if job.kind == CERTIFICATE:
        pytest.skip("the phases are the playbook's, and the same")
    text = (job.folder / "rescind.toml").read_text().replace('grace = "0s"', 'grace = "2h"')
    private(job.folder / "rescind.toml", text)
    assert rotate(job.session).status == "waiting"
    assert len(job.mine()) == 2 and job.old in job.keys()
    assert job.works()
    job.graph.clock.sleep(7300)
    done = rotate(job.session)
    assert done.credentials[0].end_state is EndState.RESIDUAL
    assert job.old not in job.keys() and len(job.mine()) == 1
    assert job.works()


@pytest.mark.parametrize("lost", [1, 2])
def test_an_answer_that_is_lost_is_looked_for_and_never_asked_for_again_blindly(job: Job, lost: int) -> None:
    """The value of the first is nobody's: it is known by its name, ended, and only then is another one made. At most twice."""
    graph, left, plain = job.graph, [lost], job.graph._do

    def drop(operation: str, *rest: Any) -> Any:
        answer = plain(operation, *rest)
        made = operation.endswith("addPassword") or (operation == "PATCH /applications/{id}" and len(job.mine()) > 1)
        if made and left[0]:
            left[0] -= 1
            raise entra_world.Refused(504, "timeout")
        return answer

    graph._do = drop  # type: ignore[method-assign]
    _, (_, c), _ = job.steps()
    assert job.works()
    assert {k: v for k, v in job.keys().items() if k in job.bystanders} == job.bystanders
    if lost == 1:
        assert c.end_state is EndState.RESIDUAL, c
        assert len(job.mine()) == 1 and job.old not in job.keys()
    else:
        assert c.end_state is EndState.FAILED, c
        assert job.mine() == {job.old}, "nothing that nobody has is left behind"
    adds = [1 for m, p, _, b in graph.seen if p.endswith("addPassword")]
    assert job.kind == CERTIFICATE or len(adds) == 2


def test_what_is_in_the_place_and_not_the_applications_is_a_gap(job: Job) -> None:
    job.place.write_text("not-a-value" if job.kind == SECRET else _keypair.made("x", job.graph.clock.now(), job.graph.clock.now() + timedelta(days=1)).reveal())  # fmt: skip
    plan = flow.survey(job.session, load_playbook("rotate-tokens"), Case())
    assert not plan.steps
    assert [g.source for g in plan.gaps] == ["rotation:job"]


def test_a_plan_with_it_is_made_of_the_applications_own_listing(job: Job) -> None:
    client = flow.tenants(job.session, Case(), write=False).get("contoso").client
    row = catalogue.kinds()[job.kind]
    shown = list(row.enumerate(client, Subject(names=(f"application/{job.client_id}",))))  # type: ignore[misc]
    assert {k.identifier.rpartition("/")[2] for k in shown} >= {job.old}
    assert {k.owner for k in shown} == {f"application/{job.client_id}"}
    # for a person it stays theirs
    (mine,) = {k.owner for k in row.enumerate(client, Subject(names=("ada@contoso.example",)))}  # type: ignore[misc]
    assert mine == "ada@contoso.example"
    found = Credential(kind=job.kind, provider="entra", identifier=f"applications/{job.app}/{job.old}")
    assert row.identify(client, found, None).owner == "ada@contoso.example"  # type: ignore[misc]
    assert (
        row.identify(client, replace(found, owner=f"application/{job.client_id}"), None).owner
        == f"application/{job.client_id}"
    )  # type: ignore[misc]
    assert row.identify(client, replace(found, owner=f"application/{APP}"), None).owner == "ada@contoso.example"  # type: ignore[misc]


@pytest.mark.parametrize("code", [7000215, 700027, 7000112])
def test_a_refusal_of_the_new_one_is_not_yet_and_others_are_typed(
    job: Job, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = flow.tenants(job.session, Case(), write=False).get("contoso").client
    old = Credential(
        kind=job.kind,
        provider="entra",
        identifier=f"applications/{job.app}/{job.old}",
        attributes={"app_id": job.client_id},
    )
    how = catalogue.kinds()[job.kind].rotation
    assert how is not None
    value = how.unpack(Secret(job.place.read_text().strip()))
    assert how.prove(client, old, value).liveness is Liveness.LIVE
    monkeypatch.setattr(job.graph, "_wrong", lambda *_, **__: code)
    seen = how.prove(client, old, value)
    assert (seen.liveness, str(code) in seen.evidence) == (Liveness.UNKNOWN, True)
    monkeypatch.setattr(job.graph, "_wrong", lambda *_, **__: 50053)  # of the caller's own address, for instance
    with pytest.raises(Exception, match="token request"):
        how.prove(client, old, value)


def test_a_replica_that_has_not_heard_of_a_new_certificate_is_waited_for(tmp_path: Path) -> None:
    """The old one is removed by writing all others back: read where the new one is not known yet, that would drop it."""
    graph = Graph(Moving())
    with entra_world.served(graph) as url:
        graph.url = f"{url}/v1.0"
        job = Job(CERTIFICATE, tmp_path, graph, url)
        graph.clock.sleep(600)
        graph.lag = 45
        _, (turned, retired), _ = job.steps()
        assert retired.end_state is EndState.RESIDUAL, (turned, retired)
        assert job.works()
        assert set(job.bystanders) < set(job.keys())


def test_a_certificate_of_another_sort_is_never_made_or_dropped(job: Job) -> None:
    if job.kind == SECRET:
        pytest.skip("secrets are added one by one")
    client = flow.tenants(job.session, Case(), write=False).get("contoso").client
    row = job.graph.get("application", job.app)
    job.graph.update("application", job.app, keyCredentials=[{**k, "key": None if k["keyId"] in job.bystanders else k["key"]} for k in row["keyCredentials"]])  # fmt: skip
    old = Credential(kind=job.kind, provider="entra", identifier=f"applications/{job.app}/{job.old}")
    with pytest.raises(Rejected, match="drop"):
        catalogue.kinds()[job.kind].rotation.mint(client, old, "run/step")  # type: ignore[union-attr]


def test_an_answer_without_a_value_may_have_made_one(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    if job.kind == CERTIFICATE:
        pytest.skip("its key is made here")
    client = flow.tenants(job.session, Case(), write=False).get("contoso").client
    monkeypatch.setattr(job.graph, "_add_password", lambda *_: {"keyId": "x"})
    old = Credential(kind=job.kind, provider="entra", identifier=f"applications/{job.app}/{job.old}")
    with pytest.raises(Unreachable) as told:
        catalogue.kinds()[job.kind].rotation.mint(client, old, "run/step")  # type: ignore[union-attr]
    assert told.value.maybe_sent


@pytest.mark.parametrize("text", ["", "two words", "-----BEGIN CERTIFICATE-----\nfake\n-----END CERTIFICATE-----"])
def test_what_is_no_value_of_a_kind_is_not_unpacked(text: str) -> None:
    unpack: Callable[[Secret], Value] = catalogue.kinds()[CERTIFICATE].rotation.unpack  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="private key"):
        unpack(Secret(text))
    if "\n" in text or " " in text or not text:
        with pytest.raises(ValueError, match="secret"):
            catalogue.kinds()[SECRET].rotation.unpack(Secret(text))  # type: ignore[union-attr]


def test_the_rotations_own_step_leaves_a_trail_and_its_kinds_declare_it(job: Job) -> None:
    job.graph.granted = {"Application.ReadWrite.All", "Application.Read.All", "User.Read.All"}
    plan, (receipt, _), log = job.steps()
    assert [step.verb for step in plan.steps] == [Verb.ROTATE, Verb.REVOKE]
    assert receipt.notes["new"].startswith(f"applications/{job.app}/")
    assert _signs_in.label(f"run-1/{plan.steps[0].id}") in {k["displayName"] for k in job.keys().values()}
    told = [e.data.get("part") for e in log.entries(run="run-1", type="intent")]
    assert told == ["mint", "deliver", None]
