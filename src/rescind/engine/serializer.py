"""What may enter the engine's journal: small plain JSON, nothing that looks like a credential, and no exception text.

The engine's own default is pickle, which persists secrets and runs code when it is read back
(https://docs.python.org/3/library/pickle.html). This one knows only JSON and refuses everything else before it is written.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from rescind.errors import EngineError, RescindError

# Published prefixes of credentials, PEM blocks, JWTs, and the 40 mixed characters of an AWS secret access key.
_TOKEN = re.compile(
    r"-----BEGIN [A-Z ]+-----"
    r"|\bhv[sbr]\.[A-Za-z0-9_-]{6,}"
    r"|\bgh[opusr]_[A-Za-z0-9]{6,}|\bgithub_pat_[A-Za-z0-9_]{6,}|\bglpat-[A-Za-z0-9_-]{6,}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{6,}|\bsk-[a-z]+-[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{4,}\.eyJ[A-Za-z0-9_-]{4,}"
    r"|(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)


class StoredError(EngineError):
    """An exception read back from the journal: its type's name is all that was kept."""


def _plain(value: object) -> Any:
    if isinstance(value, datetime):  # scheduled workflows are handed one
        return {"__dt__": value.isoformat()}
    msg = f"{type(value).__name__} may not be persisted"
    raise TypeError(msg)


def _revive(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["__dt__"]) if value.keys() == {"__dt__"} else value


def dumps(data: object) -> str:
    """Return compact JSON. Raises `TypeError` for anything but plain JSON and `ValueError` for text of a token's shape."""
    if isinstance(data, BaseException):
        data = {"__err__": type(data).__name__, "exit": data.exit_code if isinstance(data, RescindError) else 1}
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=_plain)
    if _TOKEN.search(text):
        msg = "text of a credential's shape may not be persisted"
        raise ValueError(msg)
    return text


def loads(text: str) -> Any:
    """Return what `dumps` wrote; an exception comes back as a `StoredError` with its type's name."""
    data = json.loads(text, object_hook=_revive)
    if isinstance(data, dict) and data.keys() == {"__err__", "exit"}:
        return StoredError(str(data["__err__"]))
    if isinstance(data, dict) and data.keys() == {"args", "kwargs"}:
        data["args"] = tuple(data["args"])
    return data
