"""Hugging Face: the token that is in use, and all that were stored, by the names that their owner gave them.

A sign-in in the browser also leaves a refresh token. `hf auth logout` deletes the files; the tokens live on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._ini import groups
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_KIND, _ISSUER = "huggingface.token", "huggingface.co"
_WORD = re.compile(r"[!-~]{8,4096}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of the file, or those of each section; nothing at all is a logout. Raises `Unparsable` for other text."""
    plain = decode(blob).strip()
    if not plain:
        yield sighting(_KIND, at, state=State.LOGGED_OUT)
    elif _WORD.fullmatch(plain):
        yield from token(_KIND, plain, at, issuer=_ISSUER, more={"form": _form(plain)})
    elif "hf_token" not in plain:
        raise Unparsable("the file holds neither one token nor sections of tokens")
    for group in groups(plain, {"hf_token"}) if "hf_token" in plain else ():
        values = {key: entry.value for key, entry in group.items()}
        name, value, refresh = (
            next(iter(group.values())).section,
            values.get("hf_token", ""),
            values.get("refresh_token", ""),
        )
        until = epoch(values.get("expires_at"))
        more = {"name": name, "form": _form(value)}
        if refresh:
            own = {"name": name, "access_expires_at": until or ""}
            kind = "oauth.refresh-token"
            yield from token(kind, refresh, at, f"{name}/refresh_token", issuer=f"https://{_ISSUER}", more=own)
        yield from token(_KIND, value, at, f"{name}/hf_token", issuer=_ISSUER, more=more, expires_at=until)


def _form(value: str) -> str:
    prefixes = {"hf_oauth": "oauth", "hf_jwt": "jwt", "hf_": "user", "api_org_": "organisation"}
    return next((form for prefix, form in prefixes.items() if value.startswith(prefix)), "")


STORE = Store(
    id="huggingface",
    title="Hugging Face tokens",
    where=(
        *(At(root=Root.XDG_CACHE, glob=f"huggingface/{name}", env="HF_HOME") for name in ("token", "stored_tokens")),
        At(root=Root.XDG_CACHE, glob="huggingface/token", env="HF_TOKEN_PATH"),
        At(root=Root.XDG_CACHE, glob="huggingface/stored_tokens", env="beside:HF_TOKEN_PATH"),
        *(At(root=Root.HOME, glob=f".cache/huggingface/{n}", os=("windows",)) for n in ("token", "stored_tokens")),
        At(root=Root.HOME, glob=".huggingface/token"),
    ),
    yields=(_KIND, "oauth.refresh-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables#hftokenpath",
)
