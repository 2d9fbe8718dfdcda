"""Weights & Biases: keys that were written into its settings, and the short-lived token of a federated identity.

`wandb login` writes the key into `.netrc` (host `api.wandb.ai`), which is a store of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._json import pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._text import decode
from rescind.stores._token import token

_KIND = "wandb.api-key"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key of the settings, or each token of `credentials.json`. Raises `Unparsable` for broken JSON."""
    if at.path.endswith(".json"):
        for host, entry in pairs(table(blob), "credentials"):
            until = moment(text(entry, "expires_at"))
            issuer, value = host.removeprefix("https://"), text(entry, "access_token")
            yield from token("oauth.access-token", value, at, f"credentials/{host}", issuer=issuer, expires_at=until)
        return
    found = list(entries(decode(blob)))
    facts = {(e.section, e.key): e.value for e in found if not e.commented}
    for e in (e for e in found if e.key == "api_key"):
        host = facts.get((e.section, "base_url"), "https://api.wandb.ai").partition("://")[2].rstrip("/")
        more = {"host": host, "commented": "yes" if e.commented else ""}
        place, who = replace(at, line=e.line, pointer=f"{e.section}/api_key"), facts.get((e.section, "entity"), "")
        yield from token(_KIND, e.value, place, issuer=host.removeprefix("api."), subject=who, more=more)


STORE = Store(
    id="wandb",
    title="Weights & Biases settings",
    where=(
        *(
            At(root=Root.HOME, glob=f".config/wandb/{n}", env="WANDB_CONFIG_DIR")
            for n in ("settings", "credentials.json")
        ),
        At(root=Root.HOME, glob="**/wandb/settings", skip=("node_modules", ".cache", "site-packages")),
    ),
    yields=(_KIND, "oauth.access-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.wandb.ai/models/track/environment-variables",
)
