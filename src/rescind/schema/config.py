"""`rescind.toml`: found only where the operator put it, refused when others could have written it, never holding a secret.

It comes from `--config`, `RESCIND_CONFIG` or the user's configuration folder, and never from the working directory or from
evidence: a responder who stands in a mounted image must not load the configuration that lies there.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import platformdirs

from rescind import catalogue
from rescind.errors import ConfigError, redact
from rescind.models.checkin import ScanScope
from rescind.models.config import Config, Hook, Org
from rescind.models.provider import Provider
from rescind.models.tenant import AUTHORITY, SecretRef, Tenant
from rescind.schema.checkin_conf import checkin, enrolled
from rescind.schema.config_shape import (
    ConfigShape,
    HooksShape,
    OrgShape,
    RefShape,
    TenantShape,
    named,
)
from rescind.schema.faults import Fault, KeyPath, checked, nearest, pointer, typed
from rescind.schema.owned import read_owned
from rescind.schema.policy import policy_digest
from rescind.schema.rotation_shape import rotations
from rescind.schema.toml_lines import line_of

MAX_BYTES = 1024 * 1024
_SECRETISH = re.compile(
    r"(^|_)(token|secret|password|passphrase|private_key|api_key|secret_id|access_key|client_secret)$"
)
_LITERAL = 'a reference such as { keyring = "service/account" }, { env = "NAME" }, { file = "…" } or { command = […] }'


class _Toml:
    """The parsed file beside its text, for messages that name a line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        try:
            self.data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            what = (
                str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply, or a number too long"
            )
            raise ConfigError(f"{path}: this is not TOML: {what}") from None

    def refuse(self, key: KeyPath, found: str, allowed: str, near: str = "", *, hint: str = "") -> NoReturn:
        line = line_of(self.text, key)
        place = f"{self.path}:{line}" if line else str(self.path)
        tail = f"; did you mean {near!r}?" if near else ""
        where = pointer(tuple(redact(part, limit=80) if isinstance(part, str) else part for part in key))
        raise ConfigError(f"{place}: at {where}: found {redact(found)}; allowed: {allowed}{tail}", hint=hint)


def location() -> Path:
    """Return where the configuration is looked for when nobody named one. Raises `ConfigError` for a relative folder."""
    folder = Path(platformdirs.user_config_dir("rescind"))
    if not folder.is_absolute():
        raise ConfigError(
            f"the configuration folder {str(folder)!r} is relative, so it depends on where you stand",
            hint="unset XDG_CONFIG_HOME",
        )
    return folder / "rescind.toml"


def _chosen(path: Path | None) -> tuple[Path, bool]:
    """Return the file, and whether the operator named it (then it has to exist)."""
    env = os.environ.get("RESCIND_CONFIG", "")
    if env and str(path or env) == env and not Path(env).expanduser().is_absolute():
        raise ConfigError(
            "RESCIND_CONFIG holds a relative path, so it depends on where you stand", hint="give an absolute path"
        )
    if path is not None or env:
        return (path or Path(env)).expanduser().absolute(), True
    return location(), False


def _outside(path: Path, evidence: Path | None, *, default: bool) -> None:
    """Refuse a configuration in evidence. The operator's own folder is fine when the evidence is the operator's own live home."""
    if evidence is None:
        return
    root = evidence.expanduser().resolve()
    if root == Path(root.anchor):
        return  # the whole running machine: no file lies outside of it
    own = default and Path.home().resolve().is_relative_to(root)
    if not own and (path.resolve().is_relative_to(root) or path.absolute().is_relative_to(root)):
        raise ConfigError(
            f"{path}: a configuration inside the evidence ({root}) is never used: whoever had the machine may have written it",
            hint="keep rescind.toml outside, and name it with --config",
        )


def _reference(toml: _Toml, value: Mapping[str, Any], key: KeyPath) -> SecretRef:
    shape = checked(lambda: RefShape.model_validate(_listed(value)), RefShape, quote=typed)
    if isinstance(shape, Fault):
        toml.refuse((*key, *shape.path), shape.found, shape.allowed, shape.near)
    return _ref(toml, shape)


def _ref(toml: _Toml, shape: RefShape) -> SecretRef:
    file = str(toml.path.parent / Path(shape.file).expanduser()) if shape.file else ""
    return SecretRef(keyring=shape.keyring, env=shape.env, file=file, command=shape.command)


def _listed(value: Any) -> Any:
    """Return TOML values with tuples for arrays, as strict shapes want them."""
    if isinstance(value, Mapping):
        return {k: _listed(v) for k, v in value.items()}
    return tuple(_listed(v) for v in value) if isinstance(value, list) else value


def _setting(toml: _Toml, key: KeyPath, value: Any) -> str | int | float | bool | tuple[str, ...]:
    """Return one plain setting. Its value is never quoted in a message: somebody may have pasted a secret."""
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if not isinstance(value, str | int | float | bool):
        toml.refuse(key, typed(value), "text, a number, true or false, or a list of text")
    if isinstance(value, str) and re.match(r"[a-z][a-z0-9+.-]*://[^/?#]*@", value, re.IGNORECASE):
        toml.refuse(
            key,
            "an address with a user name or password in it",
            "an address without one",
            hint="keep the credential as a reference",
        )
    return value


def _split(
    toml: _Toml, key: KeyPath, given: Mapping[str, Any], allowed: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, SecretRef]]:
    """Sort what a tenant (or its `write`) holds into settings and references."""
    settings: dict[str, Any] = {}
    refs: dict[str, SecretRef] = {}
    for name, value in given.items():
        at = (*key, name)
        if isinstance(value, Mapping):
            refs[name] = _reference(toml, value, at)
        elif _SECRETISH.search(name):
            toml.refuse(
                at,
                f"{typed(value)} where a secret belongs",
                _LITERAL,
                hint="if it was a real secret, rotate it: it has lain in a file",
            )
        elif name not in allowed:
            toml.refuse(
                at,
                f"the unknown key {redact(name, limit=80)!r}",
                f"{', '.join(allowed)}, or {_LITERAL}",
                nearest(name, allowed),
            )
        else:
            settings[name] = _setting(toml, at, value)
    return settings, refs


def _tenant(toml: _Toml, name: str, shape: TenantShape, known: Mapping[str, Provider]) -> Tenant:
    key: KeyPath = ("tenant", name)
    if not named(name):
        toml.refuse(key, "a tenant name that is not a word", "letters, digits, dots, hyphens and underscores")
    row = known.get(shape.provider)
    if row is None:
        toml.refuse(
            (*key, "provider"), repr(redact(shape.provider, limit=60)), ", ".join(known), nearest(shape.provider, known)
        )
    allowed = tuple(dict.fromkeys((*row.required, *row.settings, AUTHORITY)))
    settings, refs = _split(toml, key, shape.model_extra or {}, ("provider", "rate", "write", *allowed))
    absent = [r for r in row.required if r not in settings and r not in refs]
    if absent:
        toml.refuse(key, f"no `{absent[0]}`", f"`{absent[0]}` is required for provider {row.id!r} ({row.reference})")
    write, write_refs = _split(toml, (*key, "write"), shape.write, allowed)
    for word, value in write.items():
        if not isinstance(value, str):
            toml.refuse((*key, "write", word), typed(value), "text")
    return Tenant(
        name=name,
        provider=shape.provider,
        settings=settings,
        refs=refs,
        write=write,
        write_refs=write_refs,
        rate=shape.rate,
    )


def _org(toml: _Toml, shape: OrgShape) -> Org:
    signers = toml.path.parent / Path(shape.allowed_signers).expanduser() if shape.allowed_signers else None
    return Org(
        domains=shape.domains,
        recipients=shape.recipients,
        allowed_signers=signers,
        signers_digest="sha256:" + hashlib.sha256(read_owned(signers, MAX_BYTES)).hexdigest() if signers else "",
        protected=shape.protected,
        legal_hold=shape.legal_hold,
        fingerprint_key=_ref(toml, shape.fingerprint_key) if shape.fingerprint_key else None,
        max_credentials=shape.max_credentials,
    )


def load(
    path: Path | None = None, *, evidence: Path | None = None, known: Mapping[str, Provider] | None = None
) -> Config:
    """Return the configuration; without one, an empty `Config` whose `missing` is True. Raises `ConfigError`.

    `evidence` is the root being examined: a configuration inside it is refused. `known` are the providers a tenant may name
    (default: the catalogue's).
    """
    file, explicit = _chosen(path)
    _outside(file, evidence, default=not explicit)
    if not explicit and not os.path.lexists(file):
        return Config(missing=True)
    blob = read_owned(file, MAX_BYTES)
    try:
        text = blob.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file}: found bytes that are not UTF-8 at offset {error.start}; allowed: UTF-8 text"
        ) from None
    toml = _Toml(file, text)
    shape = checked(lambda: ConfigShape.model_validate(_listed(toml.data)), ConfigShape, quote=typed)
    if isinstance(shape, Fault):
        literal = shape.path[-1:] in {("fingerprint_key",), ("password",)} and isinstance(shape.value, str)
        toml.refuse(shape.path, shape.found, _LITERAL if literal else shape.allowed, shape.near)
    rows = catalogue.providers() if known is None else known
    tenants = tuple(_tenant(toml, name, tenant, rows) for name, tenant in shape.tenant.items())
    for email, names in shape.person.items():
        for provider in names:
            if provider not in rows:
                toml.refuse(
                    ("person", email, provider),
                    f"the unknown provider {provider[:60]!r}",
                    ", ".join(rows),
                    nearest(provider, rows),
                )
    password = _ref(toml, shape.store.password) if shape.store.password else None
    config = Config(
        org=_org(toml, shape.org),
        tenants=tenants,
        persons=shape.person,
        rotations=rotations(shape.rotation, tenants, toml.path.parent, toml.refuse),
        scan=ScanScope(ownership=shape.scan.ownership, exclude=shape.scan.exclude),
        checkin=checkin(shape.checkin, toml.path.parent, lambda ref: _ref(toml, ref)),
        workstations={name: enrolled(name, w, toml.refuse) for name, w in shape.workstation.items()},
        hooks={
            verb: Hook(command=h.command, seconds=h.timeout_seconds)
            for verb in HooksShape.model_fields
            if (h := getattr(shape.case, verb)) is not None
        },
        store_url=shape.store.url,
        store_password=password,
        path=file,
    )
    policy_digest(config)
    return config


def state_folder(config: Config) -> Path:
    """Return the folder of runs, audit trail and journal: `[store] url`, or the user's state folder.

    Raises `ConfigError` for a store that this version cannot use, rather than keeping the trail somewhere else.
    """
    if not config.store_url:
        return Path(platformdirs.user_state_dir("rescind"))
    scheme, _, rest = config.store_url.partition(":///")
    rest = rest.lstrip("/")
    path = Path(rest if Path(rest).drive else "/" + rest)
    if scheme != "sqlite" or path.name != "rescind.db":
        raise ConfigError(
            "[store] url names a store that this version cannot use",
            hint="say sqlite:///FOLDER/rescind.db; PostgreSQL is not carried by this version",
        )
    return path.parent
