"""Recipes of store vectors that are texts: templates with keys rendered in, and SQL out of which a database file is made."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from rescind.stores._bech32 import encode

_FIELD = re.compile(r"<<(raw|json|base64|hex|jwt|curve) (.*?)>>")

_CURVE = b"a test key that protects nothing"


def is_template(recipe: str) -> bool:
    """Tell whether a recipe is one of these."""
    return recipe.startswith(("template\n", "binary\n", "sqlite ", "sqlite-wal "))


def render(recipe: str, words: Callable[[str], bytes]) -> bytes:
    """Return the bytes that a recipe names; `words` renders the recipes that a template names.

    `template`, then a text with `<<json WORDS>>` (inside of a JSON string), `<<base64 WORDS>>`, `<<hex WORDS>>`, `<<raw WORDS>>`, `<<jwt {claims}>>` (with a
    signature that says `fake`), `<<curve age>>` or `<<curve base64>>` (a Curve25519 key of 32 bytes that say so). `sqlite PAGE_SIZE` or `sqlite-wal PAGE_SIZE`, then SQL: the file of the database that it makes.
    `binary`, then base64: these bytes.
    """
    head, _, body = recipe.partition("\n")

    if head == "binary":
        return base64.b64decode(body)

    def fill(found: re.Match[str]) -> str:
        if found[1] == "jwt":
            return jwt(json.loads(found[2]))
        if found[1] == "curve":
            return encode(_CURVE, "age-secret-key-").upper() if found[2] == "age" else base64.b64encode(_CURVE).decode()
        blob = words(found[2])
        return (
            blob.hex()
            if found[1] == "hex"
            else base64.b64encode(blob).decode()
            if found[1] == "base64"
            else blob.decode()
            if found[1] == "raw"
            else json.dumps(blob.decode())[1:-1]
        )

    text = _FIELD.sub(fill, body)
    return text.encode() if head == "template" else database(text, *head.split())


def jwt(claims: dict[str, object]) -> str:
    """Return a token whose signature is the word `fake`."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"fake"))


def database(sql: str, mode: str = "sqlite", page_size: str = "512") -> bytes:
    """Return the file of a database; `sqlite-wal` leaves it as after a checkpoint, in write-ahead mode."""
    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(Path(folder) / "base", isolation_level=None)
        base.execute(f"PRAGMA page_size={int(page_size)}")
        base.execute(f"PRAGMA journal_mode={'wal' if mode.endswith('wal') else 'delete'}")
        base.executescript(sql)
        base.close()
        return (Path(folder) / "base").read_bytes()
