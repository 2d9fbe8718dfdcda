"""One token or key in a file of its own: Puppet, Vagrant and Salt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import contents, finding
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_TOKENS = {".puppetlabs/token": "puppet.token", "vagrant_login_token": "vagrant.token"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, certificate or key of a file. Raises `Unparsable` for what it should not hold."""
    kind = next((k for end, k in _TOKENS.items() if at.path.endswith(end)), "")
    if kind:
        plain = decode(blob).strip()
        if len(plain.split()) > 1:
            raise Unparsable("the file holds something other than one token")
        yield from token(kind, plain, at)
        if not plain:
            yield sighting(kind, at, state=State.LOGGED_OUT)
    elif "salt/" in at.path:
        for block in blocks(decode(blob)):
            if block.label.endswith("PRIVATE KEY"):
                role = at.path.rpartition("/")[2].removesuffix(".pem")
                yield sighting(
                    "salt.key", at, line=block.line, subject=role, secret=block.body(), attributes={"role": role}
                )
    else:
        found, trouble = contents(blob, container=False)
        for held in (h for h in found if not h.authority):
            seen = finding(held, at)
            yield replace(seen, attributes={**seen.attributes, "has_key": "beside"}, state=State.LIVE_UNVERIFIED)
        if trouble:
            raise Unparsable(trouble)


_PUPPET = ("etc/puppetlabs/puppet/ssl/certs/*.pem", "ProgramData/PuppetLabs/puppet/etc/ssl/certs/*.pem")
_SALT = ("etc/salt/pki/minion/minion.pem", "etc/salt/pki/master/master.pem")
STORE = Store(
    id="fleet-tokens",
    title="Puppet, Vagrant and Salt",
    where=(
        At(root=Root.HOME, glob=".puppetlabs/token"),
        At(root=Root.HOME, glob=".vagrant.d/data/vagrant_login_token", env="VAGRANT_HOME"),
        *(At(root=Root.SYSTEM, glob=g) for g in (*_PUPPET, *_SALT)),
        At(root=Root.HOME, glob=".puppetlabs/etc/puppet/ssl/certs/*.pem"),
    ),
    yields=("puppet.token", "vagrant.token", "salt.key", "x509.client-cert", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://help.puppet.com/pe/current/topics/rbac_token_auth_intro.htm",
)
