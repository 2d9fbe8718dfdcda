"""What the operator's own environment suggests about tenants: names of AWS profiles, the address of a Vault. Never from evidence.

No value of a credential is read: of the AWS files only the names of sections, of the environment only addresses.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

MAX_BYTES = 1024 * 1024
# other kinds of section, such as [sso-session corp], have a word before the name
_SECTION = re.compile(r"^\s*\[\s*(?:profile\s+)?([A-Za-z0-9][A-Za-z0-9_.@+-]{0,63})\s*\]\s*(?:[#;].*)?$", re.MULTILINE)


def aws_profiles(home: Path, env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the names of the operator's AWS profiles; a file that cannot be read names none.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    places = (
        Path(env.get("AWS_CONFIG_FILE") or home / ".aws/config"),
        Path(env.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws/credentials"),
    )
    names: list[str] = []
    for place in places:
        try:
            with place.expanduser().open("rb") as file:
                text = file.read(MAX_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        names += [m[1] for m in _SECTION.finditer(text)]
    return tuple(dict.fromkeys(names))


def vault_address(env: Mapping[str, str] = os.environ) -> str:
    """Return the address that `BAO_ADDR` or `VAULT_ADDR` names, without user, path or query; "" for none or for no address."""
    for name in ("BAO_ADDR", "VAULT_ADDR"):
        try:
            url = urlsplit(env.get(name, ""))
            host, port = url.hostname or "", url.port
        except ValueError:
            continue
        if url.scheme in {"http", "https"} and re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", host):
            shown = f"[{host}]" if ":" in host else host
            return f"{url.scheme}://{shown}" + (f":{port}" if port else "")
    return ""
