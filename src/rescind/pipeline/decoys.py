"""Values that vendors print in their documentation, and placeholders: kept apart in the inventory, with the state `placeholder`.

Only published constants and unmistakable templates count: a weak password is still a password.
"""

from __future__ import annotations

import re

from rescind.secret import Secret

_AWS_EXAMPLE = re.compile(
    r"^A[A-Z]{3}[A-Z0-9]{9}EXAMPLE$"
)  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
_PUBLISHED = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",  # https://learn.microsoft.com/azure/storage/common/storage-use-azurite
    "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",  # https://docs.stripe.com/keys
)
_JWT_SAMPLE = ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lI"  # https://www.jwt.io/introduction
_TEMPLATE = re.compile(
    r"^(?:<[^<>]{0,80}>|\$\{[^{}]{0,120}\}|\{\{[^{}]{0,120}\}\}|\$\([^()]{0,120}\)|%[A-Za-z_]\w{0,60}%"
    r"|(?i:your[-_ ].{0,60}|change-?me|replace[-_ ]?me|redacted|\[redacted\]|null|none|todo|x{4,})|\*{3,}|\.{3,}|…)$"
)


def is_decoy(identifier: str, secret: Secret | None) -> bool:
    """Tell whether an identifier or a value is a documented example or a placeholder."""
    if identifier and _AWS_EXAMPLE.match(identifier):
        return True
    if not secret or len(secret) > 8192:
        return False
    value = secret.reveal()
    ends = len(value) >= 16 and value.endswith(("EXAMPLE", "EXAMPLEKEY"))
    return ends or value.startswith(_PUBLISHED) or _JWT_SAMPLE in value or _TEMPLATE.match(value) is not None
