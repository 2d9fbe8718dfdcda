"""HTTPS PUT to `URL/<workstation>/<name>` with a bearer token: a WebDAV share, an upload gateway, a presigning proxy.

Such a place cannot be listed in a way that all of them share: to work from check-ins kept there, copy them to a folder and name that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from rescind.errors import Rejected
from rescind.models.checkin import Arrival, SinkConf
from rescind.models.clock import SystemClock
from rescind.models.tenant import SecretRef
from rescind.secret import Secret
from rescind.wire.answer import raise_for
from rescind.wire.http import Http
from rescind.wire.pace import Pacer

_STORED = {200, 201, 202, 204}


class Put:
    """Check-ins as uploads. `If-None-Match: *` asks the server never to replace one (RFC 9110, 13.1.2)."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def put(self, workstation: str, name: str, blob: bytes) -> None:
        """Upload one; a 412 says that it is there already."""
        path = f"/{quote(workstation, safe='')}/{quote(name, safe='')}"
        answer = self._http.send("PUT", path, content=blob, headers={"If-None-Match": "*"})
        if answer.status not in {*_STORED, 412}:
            raise_for(answer, what=f"storing {name}")

    def names(self, workstation: str) -> list[str]:
        """Refuse: an upload address cannot be listed."""
        raise Rejected(f"check-ins of {workstation} cannot be read back over an upload address", code="unreadable")

    def arrivals(self, workstation: str) -> Mapping[str, Arrival]:
        """Refuse, as `names` does."""
        raise Rejected(f"check-ins of {workstation} cannot be read back over an upload address", code="unreadable")

    def get(self, workstation: str, name: str, limit: int) -> bytes:  # noqa: ARG002  the protocol's signature
        """Refuse, as `names` does."""
        raise Rejected(f"check-ins of {workstation} cannot be read back over an upload address", code="unreadable")


def open_sink(conf: SinkConf, resolve: Callable[[SecretRef], Secret]) -> Put:
    """Return the upload address's sink. Raises `ConfigError` for an address that is no https URL."""

    def auth() -> Mapping[str, str]:
        held = conf.refs.get("token")
        return {"Authorization": f"Bearer {resolve(held).reveal()}"} if held else {}

    bundle = conf.settings.get("ca_bundle") or True
    return Put(Http(conf.settings["url"], pacer=Pacer(10.0, clock=SystemClock()), auth=auth, verify=bundle))
