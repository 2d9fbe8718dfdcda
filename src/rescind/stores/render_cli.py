"""Render CLI: the key of the workspace that it signed in to."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import member, text
from rescind.stores._token import token
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key and what renews it. Raises `Unparsable` for what is no YAML map."""
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        own = {"workspace": text(document, "workspace"), "host": text(document, "api", "host")}
        until, issuer = epoch(member(document, "api", "expires_at")), own["host"] or "api.render.com"
        for path, end in (("key", until), ("refreshtoken", None)):
            more = {**own, "form": "refresh" if end is None and path != "key" else "key"}
            yield from token(
                "render.api-key",
                text(document, "api", path),
                at,
                f"api/{path}",
                issuer=issuer,
                more=more,
                expires_at=end,
            )


STORE = Store(
    id="render",
    title="Render CLI",
    where=(At(root=Root.HOME, glob=".render/cli.yaml", env="RENDER_CLI_CONFIG_PATH"),),
    yields=("render.api-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/render-oss/cli/blob/main/pkg/config/config.go",
)
