"""Vault and OpenBao tokens: what their prefix says of them."""

from __future__ import annotations

import re

_SHAPES = {
    "service": re.compile(r"hvs\.[A-Za-z0-9_.\-]{20,300}"),
    "batch": re.compile(r"hvb\.[A-Za-z0-9_.\-]{60,4000}"),
    "recovery": re.compile(r"hvr\.[A-Za-z0-9_.\-]{20,300}"),
}
_LEGACY = {
    "service-legacy": re.compile(r"s\.[A-Za-z0-9]{24}(?:\.[A-Za-z0-9]{3,10})?"),
    "batch-legacy": re.compile(r"b\.[A-Za-z0-9_.\-]{60,4000}"),
    "recovery-legacy": re.compile(r"r\.[A-Za-z0-9_.\-]{20,300}"),
    "uuid-legacy": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


def form_of(token: str, *, named: bool) -> str:
    """Return what kind of token a value is: `service`, `batch` (cannot be revoked), `recovery`, or "" for no token.

    `named` says that a file or a variable calls it a Vault token: then the older shapes count too (OpenBao still writes them,
    with `-legacy` added), and anything else is `custom`, since an operator may choose a token's text.
    https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
    """
    shapes = {**_SHAPES, **_LEGACY} if named else _SHAPES
    return next((name for name, shape in shapes.items() if shape.fullmatch(token)), "custom" if named else "")


def is_vault_name(name: str) -> bool:
    """Tell whether a variable's name is one that Vault or OpenBao read a token from."""
    return name.upper() in {"VAULT_TOKEN", "BAO_TOKEN", "VAULT_DEV_ROOT_TOKEN_ID", "BAO_DEV_ROOT_TOKEN_ID"}
