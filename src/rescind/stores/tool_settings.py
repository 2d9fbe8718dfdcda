"""Settings files in which command lines of many services keep their login: what is called a secret there, by the tool that wrote it.

Tools whose tokens can be ended by what stands beside them have stores of their own.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _jsonc, _settings, _toml, _yaml
from rescind.stores._ini import entries
from rescind.stores._locked import locked
from rescind.stores._settings import Setting
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_CODE = re.compile(r"(?:^|[{,(\s])[\"']?([A-Za-z_][\w.]{1,80})[\"']?\]?[ \t]*[:=][ \t]*[\"']([^\"'\r\n]{1,2000})[\"']")
_PAIRS = (("api_key", "api_secret"), ("access_key", "secret_key"), ("access_key_id", "secret_access_key"))
_SEALED = (".v2.file", ".encrypted")
_UNDER = re.compile(r"(?:^|/)hosts/([\w.\-]{1,253}(?::\d{1,5})?)/")
_BEARER = re.compile(r"(?i)^bearer +")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each secret setting, with the tool, and host and user beside it. Raises `Unparsable` for broken JSON and YAML."""
    tool = next((name for name, glob in _GLOBS if fnmatch.fnmatchcase(f"/{at.path}", f"*/{glob}")), "")
    own, plain = {"tool": tool}, decode(blob).strip()
    if plain and at.path.endswith(_SEALED):
        yield locked(
            "file.secret", at, "app", issuer=_ISSUERS.get(tool, ""), more=own
        )  # the key lies beside, or in the keychain
        return
    if plain and len(plain.split()) == 1 and not plain.startswith("{") and "=" not in plain.rstrip("="):
        yield from token("file.secret", plain, at, issuer=_ISSUERS.get(tool, ""), more=own)
        return
    held = [replace(s, value=_BEARER.sub("", s.value)) for s in _read(blob, plain, at.path.rpartition("/")[2])]
    ids = {s.beside[two]: s.beside[one] for s in held for one, two in _PAIRS if s.beside.get(one) and s.beside.get(two)}
    for seen in _settings.findings([s for s in held if s.value not in ids.values()], at, own):
        facts, key = seen.attributes, ids.get(seen.secret.reveal(), "") if seen.secret else ""
        under = _UNDER.search(seen.location.pointer or "")
        issuer = seen.issuer or facts.get("host", "") or (under[1] if under else _ISSUERS.get(tool, ""))
        whole = sighting(
            seen.kind, at, identifier=seen.identifier or key, secret=seen.secret.reveal() if seen.secret else ""
        )
        yield replace(seen, identifier=whole.identifier, issuer=issuer, subject=seen.subject or facts.get("user", ""))


def _read(blob: bytes, plain: str, name: str) -> list[Setting]:
    """Return the settings of a file by its name, or where that says nothing by how it begins."""
    if name.endswith((".yml", ".yaml")):
        return [s for document in _yaml.load(blob) for s in _settings.flat(document)] if plain else []
    if name.endswith(".toml"):
        return list(_settings.flat(_toml.read(blob)[0]))
    if plain.startswith("{"):
        return list(_settings.flat(_jsonc.load(blob)))
    if name.endswith((".lua", ".rb", ".dhall", "clearml.conf")):
        rows = [(n, f) for n, row in enumerate(lines(plain), 1) for f in _CODE.findall(row[:8192])]
        near = {key.rpartition(".")[2].lower(): value for _, (key, value) in rows}
        return [Setting((key.rpartition(".")[2],), value, near, n) for n, (key, value) in rows]
    found = [e for e in entries(plain) if not e.commented]
    beside: dict[tuple[str, int], dict[str, str]] = {}
    for e in found:
        beside.setdefault((e.section, e.nth), {})[e.key] = e.value
    return [
        Setting((e.section, e.key) if e.section else (e.key,), e.value, beside[e.section, e.nth], e.line) for e in found
    ]


_HOME = """jfrog:.jfrog/jfrog-cli.conf* cloudfoundry:.cf/config.json gitea:.tea/tea.yml confluent:.confluent/config.json
    confluent:.ccloud/config.json astronomer:.astro/config.yaml tinybird:.tinyb tinybird:**/.tinyb dagster:.dagster_cloud_cli/config
    lightning:.lightning/credentials.json loft:.vcluster/config.json loft:.loft/config.json brev:.brev/credentials.json clearml:clearml.conf
    clearml:.clearml/clearml.conf comet:.comet.config semgrep:.semgrep/settings.yml posit:.rsconnect-python/servers.json
    vastai:.vast_api_key okta:.okta-aws pantheon:.terminus/cache/tokens/* platformsh:.platformsh/.session/*/* platformsh:.upsun-cli/.session/*/*
    dvc:**/.dvc/config.local streamlit:**/.streamlit/secrets.toml mlflow:.mlflow/credentials upstash:.upstash.json serverless:.serverlessrc
    gitlab:.python-gitlab.cfg cassandra:.cassandra/cqlshrc cassandra:.cassandra/credentials obs:.oscrc luarocks:.luarocks/upload_config.lua
    luarocks:.config/luarocks/upload_config.lua chef:.chef/knife.rb koyeb:.koyeb.yaml porter:.porter/porter.yaml openai:.openai/*
    packer:.packerconfig augment:.augment/session.json
    cline:.cline/data/settings/providers.json cline:.cline/data/secrets.json factory:.factory/auth.json factory:.factory/config.json factory:.factory/settings.json
    factory:.factory/auth.v2.file factory:.factory/auth.encrypted factory:.factory/mcp-oauth.v2.file cursor:.config/cursor/auth.json cursor:.cursor/auth.json kilo:.kilocode/cli/config.json
    forgejo:.local/share/forgejo-cli/keys.json
    kilo:.local/share/kilo/auth.json kimi:.kimi/config.toml kimi:.kimi/config.json kimi:.kimi/credentials/*.json kimi:.kimi-code/config.toml kimi:.kimi-code/credentials/*.json
    kimi:.kimi-code/credentials/mcp/*.json copr:.config/copr gitguardian:.config/gitguardian/auth_config.yaml
    tabnine:.config/TabNine/tabnine.token grafana:.config/grafanactl/config.yaml openai:.config/openai/*"""
_SUPPORT = """fastly:fastly/config.toml gitea:tea/config.yml algolia:algolia/config.toml temporal:temporalio/temporal.*
    upcloud:upctl.yaml exercism:exercism/user.json auth0:auth0/config.json dvc:dvc/config zenml:zenml/credentials.yaml goreleaser:goreleaser/*_token
    ghorg:ghorg/conf.yaml obs:osc/oscrc attic:attic/config.toml cachix:cachix/cachix.dhall vastai:vastai/vast_api_key posit:rsconnect-python/servers.json
    grafana:grafanactl/config.yaml atlassian:acli/*.yaml clever-cloud:clever-cloud/clever-tools.json scalingo:scalingo/auth forgejo:forgejo-cli/keys.json forgejo:Cyborus.forgejo-cli/keys.json forgejo:Cyborus/forgejo-cli/data/keys.json
    snapcraft:snapcraft/snapcraft.cfg upstash:upstash/config.json cursor:Cursor/auth.json gitguardian:gitguardian/auth_config.yaml"""
_NAMED = [word.split(":", 1) for word in (*_HOME.split(), *_SUPPORT.split())]
_GLOBS = [(name, glob.removeprefix("**/").removeprefix(".config/")) for name, glob in _NAMED]
_ISSUERS = {"vastai": "vast.ai", "fastly": "fastly.com", "astronomer": "astronomer.io", "tinybird": "tinybird.co", "lightning": "lightning.ai", "brev": "brev.dev", "comet": "comet.com", "semgrep": "semgrep.dev", "pantheon": "pantheon.io", "platformsh": "platform.sh", "upstash": "upstash.com", "serverless": "serverless.com", "algolia": "algolia.com", "confluent": "confluent.cloud", "upcloud": "upcloud.com", "exercism": "exercism.org", "auth0": "auth0.com", "luarocks": "luarocks.org", "cachix": "cachix.org", "openai": "api.openai.com", "koyeb": "koyeb.com", "dagster": "dagster.cloud", "tabnine": "tabnine.com", "clearml": "clear.ml", "clever-cloud": "clever-cloud.com", "scalingo": "scalingo.com", "augment": "augmentcode.com", "cursor": "cursor.com", "kimi": "kimi.com"}  # fmt: skip
_SKIP = ("node_modules", "site-packages", ".venv", "venv", "vendor")
STORE = Store(
    id="tool-settings",
    title="Settings of other command lines",
    where=(
        *(
            At(root=Root.HOME, glob=word.rpartition(":")[2], skip=_SKIP if "**" in word else ())
            for word in _HOME.split()
        ),
        *(
            At(root=root, glob=word.rpartition(":")[2], os=system)
            for root, system in ((Root.XDG_CONFIG, ()), (Root.MAC_SUPPORT, ("macos",)), (Root.APPDATA, ("windows",)))
            for word in _SUPPORT.split()
        ),
    ),
    yields=_settings.KINDS,
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.jfrog-applications.jfrog.io/jfrog-applications/jfrog-cli/cli-configuration",
)
