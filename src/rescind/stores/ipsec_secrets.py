"""strongSwan's and Libreswan's `ipsec.secrets`: shared keys and logins of VPNs; dial-up logins of `chap-secrets` beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_SECRET = re.compile(
    r"[ \t]*+([^:#\"]{0,300}+):[ \t]*+(PSK|EAP|XAUTH|NTLM|PIN|PASSWORD|RSA|ECDSA|PKCS8|P12)[ \t]++(.{1,2000})",
    re.IGNORECASE,
)
_WORD = re.compile(r"\"([^\"]{1,500})\"|([^\s\"]{1,500})")
_FILES = {"RSA", "ECDSA", "PKCS8", "P12"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret. Anything is such a file: what has no secret in it yields nothing."""
    dial_up = at.path.endswith(("chap-secrets", "pap-secrets"))
    for number, line in enumerate(lines(decode(blob)), 1):
        plain = line[:4096].strip()
        if plain.startswith("#") or (":" not in plain and not dial_up):
            continue
        place = replace(at, line=number)
        if dial_up:
            words = [a or b for a, b in _WORD.findall(plain)][:4]
            if len(words) > 2:
                yield from token(
                    "vpn.password",
                    words[2],
                    place,
                    issuer=words[1],
                    subject=words[0],
                    more={"form": "ppp"},
                    password=True,
                )
        elif found := _SECRET.match(plain):
            form, words = found[2].upper(), [a or b for a, b in _WORD.findall(found[3])]
            value = words[1] if form in _FILES and len(words) > 1 else words[0] if words else ""
            own = {"form": form.lower(), "file": words[0] if form in _FILES and words else ""}
            if value and value != "%prompt" and not (form in _FILES and len(words) < 2):
                who = found[1].strip()
                yield from token("vpn.password", value, place, who or form, subject=who, more=own, password=True)


STORE = Store(
    id="ipsec-secrets",
    title="IPsec and PPP secrets",
    where=tuple(
        At(root=Root.SYSTEM, glob=f"etc/{g}", os=("linux", "macos"))
        for g in (
            "ipsec.secrets",
            "ipsec.d/*.secrets",
            "strongswan/ipsec.secrets",
            "ppp/chap-secrets",
            "ppp/pap-secrets",
        )
    ),
    yields=("vpn.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.strongswan.org/docs/latest/config/IpsecSecrets.html",
)
