"""Tokens that `terraform login` and `tofu login` keep, in JSON and in the CLI's own configuration (HCL).

The token is opaque; HCP Terraform knows it by an id that is not in it. A `credentials_helper` only names a program, which is not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_BLOCK = re.compile(r'credentials[ \t]++"([^"\n]{1,255})"[ \t\r\n]*+\{([^{}]{0,8192})')
_TOKEN = re.compile(r'^[ \t]*+(#|//)?[ \t]*+token[ \t]*+=[ \t]*+"([^"\n]{1,4096})"', re.MULTILINE)


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each host. Raises `Unparsable` for a JSON file of another shape; HCL without a token yields nothing."""
    if not at.path.endswith(".json"):
        yield from _hcl(decode(blob), at)
        return
    hosts = member(load(blob), "credentials")
    if not isinstance(hosts, dict):
        raise Unparsable("the file holds no credentials by host")
    if not hosts:
        yield sighting("terraform.token", at, state=State.LOGGED_OUT)
    for host, entry in hosts.items():
        own = {"host": host}
        yield from token(
            "terraform.token", text(entry, "token"), at, f"/credentials/{host}/token", issuer=host, more=own
        )


def _hcl(plain: str, at: Location) -> Iterator[Finding]:
    for block in _BLOCK.finditer(plain):
        for found in _TOKEN.finditer(block[2]):
            line = plain.count("\n", 0, block.start(2) + found.start(2)) + 1
            own, place = {"host": block[1], "commented": "yes" if found[1] else ""}, replace(at, line=line)
            yield from token("terraform.token", found[2], place, f"credentials/{block[1]}", issuer=block[1], more=own)


_NAMES = (".terraform.d/credentials.tfrc.json", ".opentofu.d/credentials.tfrc.json", ".terraformrc", ".tofurc")
_WINDOWS = ("terraform.d/credentials.tfrc.json", "opentofu.d/credentials.tfrc.json", "terraform.rc", "tofu.rc")
STORE = Store(
    id="terraform-cli",
    title="Terraform and OpenTofu CLI tokens",
    where=(
        *(At(root=Root.HOME, glob=n, env="TF_CLI_CONFIG_FILE" if n == ".terraformrc" else "") for n in _NAMES),
        At(root=Root.HOME, glob=".terraformrc", env="TERRAFORM_CONFIG"),
        *(At(root=Root.XDG_CONFIG, glob=f"opentofu/{n}") for n in ("credentials.tfrc.json", "tofurc")),
        *(At(root=Root.APPDATA, glob=n, os=("windows",)) for n in _WINDOWS),
    ),
    yields=("terraform.token", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developer.hashicorp.com/terraform/cli/config/config-file#credentials",
)
