"""AWS access keys: telling them by their shape, their account, and the finding they make."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_placeholder
from rescind.stores._dotenv import Variable
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting

_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}")
_SECRET = re.compile(r"[A-Za-z0-9/+]{40}")
_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(r"arn:aws[a-z-]{0,20}:(?:sts|iam)::(\d{12}):[\w+=,.@/:-]{1,300}")
_MOST = 200
_WITHIN = 8  # lines between a key id and its secret where their names do not pair them


def is_key_id(text: str) -> bool:
    """Tell whether text has the shape of an access key id (`AKIA` long-lived, `ASIA` temporary).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return bool(_KEY_ID.fullmatch(text))


def is_secret_key(text: str) -> bool:
    """Tell whether text has the shape of a secret access key (40 characters of base64) and is no documentation sample."""
    return bool(_SECRET.fullmatch(text)) and not is_placeholder(text)


def account_of(key_id: str) -> str:
    """Return the account id that a key id encodes, "" for older keys (fifth character `I` or `J`) and for other alphabets.

    Found out by others, not promised by AWS: https://awsteele.com/blog/2020/09/26/aws-access-key-format.html
    """
    if not re.fullmatch(r"A[KS]IA[A-HK-Z2-7][A-Z2-7]{15}", key_id):
        return ""
    number = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


def arn_of(text: str) -> tuple[str, str]:
    """Return the ARN of a user, role or assumed role and its account id, or two empty texts where there is none."""
    found = _ARN.fullmatch(text)
    return (text, found[1]) if found else ("", "")


def key_finding(
    key_id: str,
    secret: str,
    at: Location,
    *,
    account: str = "",
    arn: str = "",
    expires_at: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Finding:
    """Return the finding for one key id: `aws.access-key` for `AKIA`, `aws.role-session` for `ASIA`.

    The account comes from the key id, else from an account id or ARN beside it. A documentation id is a placeholder; an id
    without its secret is only public, because anybody can write an id into a file.
    """
    arn, arn_account = arn_of(arn)
    named = account if _ACCOUNT.fullmatch(account) else arn_account
    held = "" if is_placeholder(secret) else secret
    state = State.PLACEHOLDER if is_placeholder(key_id) else State.LIVE_UNVERIFIED if held else State.PUBLIC_ONLY
    session = key_id.startswith("ASIA")
    return sighting(
        "aws.role-session" if session else "aws.access-key",
        at,
        identifier=key_id,
        issuer=account_of(key_id) or named,
        subject=arn,
        secret="" if state is State.PLACEHOLDER else held,
        attributes={
            **(attributes or {}),
            "account": account_of(key_id) or named,
            "assumed_role": arn if session else "",
        },
        expires_at=expires_at if session else None,
        state=state,
    )


def in_variables(variables: Sequence[Variable], at: Location) -> tuple[list[Finding], list[Variable]]:
    """Return the access keys among variables, and the variables that are no part of one.

    A session's token counts as part of it. Raises `Unparsable` above 200 keys: pairing more would take too long.
    """
    expiry = next((t for v in variables if v.name == "AWS_CREDENTIAL_EXPIRATION" and (t := moment(v.value))), None)
    out: list[Finding] = []
    used: set[Variable] = set()
    for key, secret in _pairs(variables):
        used.add(key)
        value = secret.value if secret else ""
        if secret and (is_placeholder(value) or not is_placeholder(key.value)):
            used.add(secret)
        if key.value.startswith("ASIA"):
            used |= {v for v in variables if v.name.upper().endswith(("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"))}
        facts = {"name": key.name, "commented": "yes" if key.commented else ""}
        place = replace(at, line=key.line, pointer=key.name)
        out.append(key_finding(key.value, value, place, expires_at=expiry, attributes=facts))
    return out, [v for v in variables if v not in used]


def _pairs(variables: Sequence[Variable]) -> list[tuple[Variable, Variable | None]]:
    """Pair each variable that holds a key id with the one that holds its secret: by name, else the nearest within 8 lines."""
    ids = [v for v in variables if is_key_id(v.value)]
    if len(ids) > _MOST:
        raise Unparsable("more AWS keys than a file of variables has")
    free = [v for v in variables if ids and "SECRET" in v.name.upper()]
    found: list[tuple[Variable, Variable | None]] = []
    for v in ids:
        twin = v.name.upper().replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
        named = [s for s in free if s.name.upper() == twin and s.commented == v.commented]
        near = [s for s in free if abs(s.line - v.line) <= _WITHIN and is_secret_key(s.value)]
        secret = min(named or near, key=lambda s: (abs(s.line - v.line), s.line < v.line), default=None)
        if secret:
            free.remove(secret)
        found.append((v, secret))
    return found
