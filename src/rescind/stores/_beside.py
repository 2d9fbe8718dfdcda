"""What stands beside a secret variable and says whose it is: `SMTP_USER` and `SMTP_HOST` beside `SMTP_PASSWORD`, a client's id beside its secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rescind.stores import _forms, _urls
from rescind.stores._decoys import literal
from rescind.stores._dotenv import Variable
from rescind.stores._names import is_secret_name

_FACTS = (  # a fact, and the endings of names that tell it
    ("client_id", ("CLIENT_ID", "APP_ID", "APPLICATION_ID", "KEY_ID", "ACCESS_KEY_ID")),
    ("tenant", ("TENANT_ID", "TENANT")),
    (
        "account",
        (
            "ACCOUNT_SID",
            "ACCOUNT_ID",
            "ACCOUNT_NAME",
            "ACCOUNT",
            "ORG",
            "ORGANIZATION",
            "PROJECT_ID",
            "STORAGE_ACCOUNT",
        ),
    ),
    ("user", ("USERNAME", "USER", "LOGIN", "EMAIL", "USER_NAME", "USERID")),
    (
        "host",
        ("HOST", "HOSTNAME", "SERVER", "URL", "ENDPOINT", "ORGURL", "DOMAIN", "ADDR", "ADDRESS", "BASE_URL", "SITE"),
    ),
)
_LONGEST = 200
_PLAIN = re.compile(r"[\w.@+\-]{1,128}(?::\d{1,5})?")


class Beside:
    """The variables of one file by upper-case name."""

    def __init__(self, held: Iterable[Variable]) -> None:
        self._known = {v.name.upper(): v.value for v in held if len(v.value) <= _LONGEST}

    def facts(self, name: str) -> dict[str, str]:
        """Return what the names that begin like this one tell. The longest common beginning wins; a lone word has none."""
        parts, found = name.upper().split("_"), dict[str, str]()
        for length in range(len(parts) - 1, 0, -1):
            stem = "_".join(parts[:length])
            for fact, endings in _FACTS:
                if fact not in found and (value := self._first(stem, endings, name.upper(), host=fact == "host")):
                    found[fact] = value
        return found

    def _first(self, stem: str, endings: tuple[str, ...], own: str, *, host: bool) -> str:
        for name in (f"{stem}_{ending}" for ending in endings):
            if name == own or name not in self._known or is_secret_name(name):
                continue
            raw = literal(self._known[name]).strip()
            raw = _urls.host_in(raw) or raw if host else raw
            if _PLAIN.fullmatch(raw) and not _forms.identify(raw):
                return raw
        return ""
