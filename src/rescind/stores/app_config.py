"""Configuration of applications: .NET, Spring, Rails, Django, WordPress, Functions, Terraform variables, SFTP plug-ins, Kubernetes Secrets.

What a setting's name calls secret is a finding, with host and user from its neighbours. References (`${…}`, `ENC[…]`, vault paths) are none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _jsonc, _registry, _settings, _yaml
from rescind.stores._ini import entries
from rescind.stores._json import load, member, text
from rescind.stores._names import is_secret_name
from rescind.stores._settings import Setting
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_SEALED = re.compile(
    r"(?:bitnami\.com|external-secrets\.io|secrets-store\.csi|secrets\.hashicorp\.com|isindir\.github\.com)"
)
_PHP = re.compile(r"define\(\s*['\"](\w{1,80})['\"]\s*,\s*['\"]([^'\"]{1,500})['\"]")
_PUBLIC = re.compile(
    r"(?i)(?:.*[_.\-])?(?:user|username|host|hostname|port|database|dbname|name|url|uri|endpoint|region|email|crt|namespace|id)"
)
_CODE = re.compile(r"[ \t]*['\"$]?([A-Za-z_]\w{1,80})['\"]?[ \t]*(?:=>|=|:)[ \t]*[rbuf]?['\"]([^'\"]{1,500})['\"]")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each secret setting. Raises `Unparsable` for encrypted files and for broken JSON and YAML."""
    if not blob.strip():
        return
    if blob.startswith((b"\0GITCRYPT", b"$ANSIBLE_VAULT;")):
        raise Unparsable("the file is encrypted")
    name = at.path.rpartition("/")[2].lower()
    if name.endswith(".key"):
        yield from token("rails.master-key", decode(blob).strip()[:200], at, more={"file": name})
    elif name.endswith((".json", ".ftpconfig")):
        yield from _settings.findings(_settings.flat(_jsonc.load(blob)), at)
    elif name.endswith((".yml", ".yaml")):
        for document in _yaml.load(blob):
            if _SEALED.match(text(document, "apiVersion")):
                continue  # only the cluster's own key opens these, or they name a secret that is kept elsewhere
            secret = text(document, "kind") == "Secret"
            yield from _kubernetes(document, at) if secret else _settings.findings(_settings.flat(document), at)
    elif name.endswith((".properties", ".tfvars")):
        held = [Setting(tuple(e.key.split(".")), e.value, {}, e.line) for e in entries(decode(blob)) if not e.commented]
        beside: dict[tuple[str, ...], dict[str, str]] = {}
        for s in held:
            beside.setdefault(s.path[:-1], {})[s.path[-1].lower()] = s.value
        yield from _settings.findings([replace(s, beside=beside[s.path[:-1]]) for s in held], at)
    else:
        shape = _PHP if name.endswith(".php") else _CODE
        rows = [(n, f) for n, row in enumerate(lines(decode(blob)), 1) for f in shape.findall(row[:2000])]
        near = {key.lower().removeprefix("db_"): value for _, (key, value) in rows}
        yield from _settings.findings([Setting((key,), value, near, n) for n, (key, value) in rows], at)


def _kubernetes(document: object, at: Location) -> Iterator[Finding]:
    """Yield what a Secret's manifest holds: base64 is no protection. https://kubernetes.io/docs/concepts/configuration/secret/."""
    owner = f"{text(document, 'metadata', 'namespace') or 'default'}/{text(document, 'metadata', 'name')}"
    for section in ("data", "stringData"):
        found = member(document, section)
        for name, value in found.items() if isinstance(found, dict) else ():
            try:
                raw = (
                    base64.b64decode(str(value), validate=True).decode("utf-8", "surrogateescape")
                    if section == "data"
                    else str(value)
                )
            except (binascii.Error, ValueError):
                continue
            place, own = replace(at, pointer=f"{section}/{name}"), {"secret": owner}
            if name.startswith(".docker"):
                auths = member(load(raw.encode("utf-8", "surrogateescape")), "auths")
                for host, entry in auths.items() if isinstance(auths, dict) else ():
                    yield from _registry.login(host, entry, place, "")
            elif "\n" not in raw or "PRIVATE KEY" in raw:
                key = name if _PUBLIC.fullmatch(name) or is_secret_name(name) else f"{name}_secret"
                yield from _settings.findings([Setting((key,), raw, {})], place, own)


_SKIP = (
    "node_modules",
    "vendor",
    "site-packages",
    ".venv",
    "venv",
    "target",
    ".cache",
    "bin",
    "obj",
    "testdata",
    "fixtures",
    ".vscode-server",
    "snap",
)
_NAMES = "appsettings*.json local.settings.json application*.yml application*.yaml application*.properties bootstrap*.yml *.tfvars wp-config.php config/database.yml config/secrets.yml config/master.key config/credentials/*.key settings.py local_settings.py serverless.yml sftp-config.json .ftpconfig .vscode/sftp.json *secret*.yaml *secret*.yml *.tfvars.json config/default.json config/production.json config/local.json *.hcl *.tf"
STORE = Store(
    id="app-config",
    title="Configuration of applications",
    where=(
        At(root=Root.HOME, glob=".microsoft/usersecrets/*/secrets.json"),
        At(root=Root.APPDATA, glob="Microsoft/UserSecrets/*/secrets.json", os=("windows",)),
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _NAMES.split()),
        *(
            At(root=Root.SYSTEM, glob=f"etc/{tool}{d}/*.hcl")
            for tool in ("vault", "openbao", "consul", "nomad", "boundary")
            for d in ("", ".d")
        ),
    ),
    yields=("rails.master-key", *_registry.KINDS, *_settings.KINDS),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/aspnet/core/security/app-secrets",
)
