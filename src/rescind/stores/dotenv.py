"""`.env` files: secrets of whatever a developer was working on, copied from folder to folder and outliving every project.

AWS key pairs and Vault tokens are told by their format; everything else under a secret-looking name is a `file.secret`. Samples
(`.env.example`) count only where a value has a real format. Files that git-crypt or Ansible encrypted are gaps.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._dotenv import variables
from rescind.stores._text import decode
from rescind.stores._variables import KINDS, findings


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per secret variable, none for references to a secret elsewhere. Raises `Unparsable` for encrypted files."""
    if blob.startswith((b"\0GITCRYPT", b"$ANSIBLE_VAULT;")):
        raise Unparsable("the file is encrypted")
    yield from findings(variables(decode(blob)), at)


_TOOLS = (".git", "node_modules", ".venv", "venv", "virtualenvs", "site-packages", "vendor", "target")
_SKIP = (*_TOOLS, ".cache", ".npm", ".cargo", "snap")
_NAMES = (".env", ".env.*", "?*.env", ".envrc", ".flaskenv", ".dev.vars")
_ACME = ((Root.HOME, ""), (Root.SYSTEM, "root/"), (Root.SYSTEM, "etc/"))
STORE = Store(
    id="dotenv",
    title="dotenv files",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _NAMES),
        *(At(root=root, glob=f"{top}.acme.sh/{name}") for root, top in _ACME for name in ("account.conf", "*/*.conf")),
    ),
    yields=KINDS,
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow",
)
