"""A reader of one tenant's records for tests: a client, a clock, a trail, and a way to ask what a reading says of a credential."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Identity, Liveness, Verb
from rescind.models.run import Receipt
from rescind.models.use import Reading, Source, Used
from rescind.pipeline import preserve, use
from rescind.pipeline.tenants import Connected
from rescind.wire.retry import Retry

LOST = "2026-11-23T10:00:00Z"


class Desk:
    """One client of one provider; it stands for the tenants that a reader asks."""

    def __init__(self, client: Any, clock: Any, folder: Path, names: tuple[str, ...]) -> None:
        self.client, self.clock, self.names = client, clock, names
        self.log = open_log(folder / "rescind.db", load_signer(folder), clock)
        self.folder = folder / "runs"
        self.credentials: tuple[Credential, ...] = ()

    def row(self, _: str) -> Any:
        return self.client.tenant

    def get(self, _: str) -> Connected:
        me = Identity(account="a", principal="responder")
        retry = Retry(self.clock, deadline=5, jitter=lambda c: c)
        return Connected(tenant=self.client.tenant, client=self.client, identity=me, retry=retry)

    def source(self, name: str) -> Source:
        return next(s for s in catalogue.providers()[self.client.tenant.provider].activity if s.id == name)

    def read(self, name: str, lost: str = LOST) -> Reading:
        """Read one record, as a run does before its first cut."""
        reader = preserve.Reader(
            run="r", tenants=self, log=self.log, clock=self.clock, folder=self.folder, names=lambda _: self.names  # type: ignore[arg-type]
        )  # fmt: skip
        return preserve.export(reader, self.client.tenant.name, self.source(name), self.credentials, lost)

    def judge(self, c: Credential, *readings: Reading, died: str = "2026-11-23T10:30:00Z", lost: str = LOST) -> Used:
        """Say whether a credential that was proven dead at a moment was used."""
        dead = Receipt(
            step="s", credential=c.id, verb=Verb.REVOKE, end_state=EndState.DEAD, liveness=Liveness.DEAD, evidence="e", at=died
        )  # fmt: skip
        return use.judge(c, readings, [dead], EndState.DEAD, lost)

    def lines(self, reading: Reading) -> list[str]:
        """Return the lines of a reading's file."""
        return (self.folder / reading.file).read_text().splitlines()
