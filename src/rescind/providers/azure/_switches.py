"""A property of a resource that lets all of its credentials open something, or none of them: switched off as a whole, and on again."""

from __future__ import annotations

from dataclasses import dataclass

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The switch of one type of resource: `member` of its properties, remembered before a run as `fact`; `title` is what is on or off.

    What is given is a credential of the resource, named `<resource>/<slot>`. `unset` is what a resource means that says nothing of its
    switch; without it such an answer is not understood.
    """

    sort: str
    version: str
    member: str
    fact: str
    title: str
    unset: bool | None = None

    def denied(self, client: Azure, credential: Credential) -> Observation:
        """See whether it lets none of its credentials open anything. Raises typed errors."""
        row, answer = _resources.read(client, self._of(credential), self.sort, self.version)
        state = _resources.inner(row, "properties", self.member)
        if state is None:
            state = self.unset
        if not isinstance(state, bool):
            raise Unrecognised(f"{self.title}: without {self.member}", status=answer.status)
        told = f"Azure shows the resource with {self.member} {str(state).lower()}"
        return _resources.seen(answer, Liveness.LIVE if state else Liveness.DEAD, told, reversible=not state)

    def off(self, client: Azure, credential: Credential) -> CallResult:
        """Switch it off, with every credential that it lets open something. Raises typed errors."""
        return self._turn(client, credential, on=False)

    def on(self, client: Azure, credential: Credential) -> CallResult:
        """Switch it on again, if it was on before the run. Raises typed errors."""
        if credential.attributes.get(f"before.{self.fact}") != "on":
            told = f"{self.title} was not known to be on before the run"
            return CallResult(status=CallStatus.ALREADY, notes={"left": told})
        return self._turn(client, credential, on=True)

    def snapshot(self, client: Azure, credential: Credential) -> dict[str, str]:
        """Tell whether it was on. Raises typed errors."""
        return {self.fact: "on" if self.denied(client, credential).liveness is Liveness.LIVE else "off"}

    def _turn(self, client: Azure, credential: Credential, *, on: bool) -> CallResult:
        resource, body = self._of(credential), {"properties": {self.member: on}}
        where = _resources.path(resource, self.sort)
        answer = client.http.send("PATCH", where, query={"api-version": self.version}, json=body)
        done = lambda row: _resources.inner(row, "properties", self.member) is on  # noqa: E731
        return _resources.updated(client, answer, resource, f"update of {self.title}", done)

    def _of(self, credential: Credential) -> str:
        resource = credential.identifier.rpartition("/")[0]
        if not _resources.is_of(resource, self.sort):
            raise Rejected("such a credential is named <resource>/<slot>", code="incomplete")
        return resource
