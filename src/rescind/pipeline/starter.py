"""A starter `rescind.toml`: suggestions that are comments until the operator, who knows which tenants are theirs, uncomments them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_HEAD = """\
# rescind.toml: which tenants are yours. rescind contacts nothing that is not named here.
# Everything below is a comment until you confirm it by removing the `# ` in front. Never write a secret into this file:
# name where it is kept, {{ keyring = "…" }}, {{ env = "…" }}, {{ file = "…" }} or {{ command = […] }}.

[org]
# domains = ["example.com"]
# protected = ["break-glass@example.com"]    # never touched, whoever asks
# recipients = ["age1…"]                     # who can open sealed inventories
# allowed_signers = "allowed_signers"        # who may approve, OpenSSH format

# By which names each provider knows a person. Without it their credentials there are held, not ended.
# [person."ada@example.com"]
# aws = ["ada"]
# vault = ["ada"]
"""


def _block(lines: list[str]) -> str:
    return "\n" + "".join(f"# {line}\n" for line in lines)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)  # a JSON string is a TOML basic string


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "default"


def starter(profiles: Mapping[str, str], vault: str) -> str:
    """Return the text of a starter configuration. `profiles` maps AWS profile names to the account id where it was asked, else ""."""
    text = _HEAD.format()
    for profile, account in profiles.items():
        known = account or "000000000000"
        note = "as STS said just now" if account else "check: aws sts get-caller-identity"
        text += _block(
            [
                f"[tenant.aws-{_word(profile)}]",
                'provider = "aws"',
                f"account_id = {_quoted(known)}    # {note}",
                f"profile = {_quoted(profile)}",
            ]
        )
    if not profiles:
        text += _block(
            ["[tenant.prod-aws]", 'provider = "aws"', 'account_id = "000000000000"', 'profile = "responder"']
        )
    address = vault or "https://vault.example.com"
    text += _block(
        [
            "[tenant.vault]",
            'provider = "vault"',
            f"base_url = {_quoted(address)}",
            *(["plaintext = true    # only for an address of this machine"] if address.startswith("http:") else []),
            'token = { keyring = "rescind/vault" }',
        ]
    )
    return text


__all__ = ["starter"]
