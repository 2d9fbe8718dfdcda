"""The shape of `rescind.toml`; `docs/reference/config.schema.json` is generated from it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from rescind.schema.faults import Edge
from rescind.schema.rotation_shape import RotationShape

PLACEHOLDERS = ("{workstation}", "{person}", "{run}")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "cmd", "powershell", "pwsh"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _clean_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        held = parts.password
    except ValueError:
        raise ValueError("a valid address") from None
    if held is not None:
        raise ValueError("an address without a password in it; put a reference beside it instead")
    return value


Address = Annotated[str, AfterValidator(_clean_url)]
Names = tuple[Annotated[str, Field(min_length=1)], ...]


class RefShape(Edge):
    """Where a credential is kept. Exactly one of the four; the value itself never stands in a configuration."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    keyring: Annotated[
        str, Field(min_length=3, description="`service/account` in the operating system's keychain.")
    ] = ""
    env: Annotated[str, Field(min_length=1, description="An environment variable.")] = ""
    file: Annotated[str, Field(min_length=1, description="A file that only you can read (mode 0600).")] = ""
    command: Annotated[
        Names, Field(min_length=1, description="A program and its arguments; never a shell. Its output is the value.")
    ] = ()

    @model_validator(mode="after")
    def _one(self) -> RefShape:
        if sum(bool(v) for v in (self.keyring, self.env, self.file, self.command)) != 1:
            raise ValueError("exactly one of keyring, env, file and command")
        return self


class OrgShape(Edge):
    """The organisation: who it is, who may open and approve, what is protected, and the caps."""

    domains: Annotated[Names, Field(description="Mail domains of the organisation.")] = ()
    recipients: Annotated[Names, Field(description="age recipients (age1…) that can open sealed inventories.")] = ()
    allowed_signers: Annotated[
        str, Field(description="OpenSSH allowed_signers file: who may approve. Relative to this file.")
    ] = ""
    protected: Annotated[
        Names, Field(description="Identities that are never acted on without an explicit approval.")
    ] = ()
    legal_hold: Annotated[
        Names, Field(description="E-mail addresses of people of whom nothing may be deleted, wiped or erased.")
    ] = ()
    fingerprint_key: Annotated[
        RefShape | None, Field(description="Key that joins fingerprints of several installations.")
    ] = None
    max_credentials: Annotated[int, Field(ge=1, le=100_000, description="The most credentials one run may touch.")] = (
        500
    )


class StoreShape(Edge):
    """Where runs, inventories and the audit trail are kept."""

    url: Annotated[
        Address,
        Field(description="sqlite:///… (default: the user's state folder) or postgresql://…, without a password."),
    ] = ""
    password: Annotated[RefShape | None, Field(description="The database's password, by reference.")] = None


class FolderShape(Edge):
    """Check-ins as files, most often on a share that the machine may only write to."""

    path: Annotated[str, Field(min_length=1, description="The folder; relative to this file.")]


class S3Shape(Edge):
    """Check-ins as objects of an S3-compatible bucket; credentials from the SDK's default chain or a profile."""

    bucket: Annotated[str, Field(min_length=3, max_length=63)]
    prefix: str = ""
    region: str = ""
    profile: str = ""
    endpoint_url: Address = ""
    ca_bundle: str = ""


class PutShape(Edge):
    """Check-ins as uploads: HTTPS PUT below this address."""

    url: Address
    token: Annotated[RefShape | None, Field(description="Bearer token, by reference.")] = None
    ca_bundle: str = ""


class PostgresqlShape(Edge):
    """Check-ins as rows of the table `rescind_checkins`."""

    url: Annotated[Address, Field(description="postgresql://user@host/database, without a password.")]
    password: Annotated[RefShape | None, Field(description="The role's password, by reference.")] = None
    ca_bundle: str = ""


class CheckinShape(Edge):
    """Where machines send what they hold, sealed, while they can. Exactly one of the four sinks."""

    workstation: Annotated[str, Field(description="On the machine itself: its name.")] = ""
    values: Annotated[
        bool, Field(description="Seal the raw values that only ending by value needs (off unless asked for).")
    ] = False
    folder: FolderShape | None = None
    s3: S3Shape | None = None
    put: PutShape | None = None
    postgresql: PostgresqlShape | None = None

    @model_validator(mode="after")
    def _one(self) -> CheckinShape:
        if sum(v is not None for v in (self.folder, self.s3, self.put, self.postgresql)) != 1:
            raise ValueError("exactly one of folder, s3, put and postgresql")
        return self


class ScanShape(Edge):
    """What may be read of a machine."""

    ownership: Annotated[
        Literal["corporate", "byod"],
        Field(description="Whose machine it is. On `byod`, private accounts are counted by kind only."),
    ] = "corporate"
    exclude: Annotated[Names, Field(description="Paths below a home that are not read (`Private/*`).")] = ()


class WorkstationShape(Edge):
    """A machine that was enrolled: what `rescind checkin key` printed there."""

    key: Annotated[str, Field(min_length=20, description="The public key of its check-ins.")]
    person: Annotated[str, Field(description="Whose machine it is: an e-mail address.")] = ""


def _argv(value: tuple[str, ...]) -> tuple[str, ...]:
    program = value[0]
    if "{" in program or ("/" in program and not program.startswith("/")):
        raise ValueError("first a program: a name on PATH or an absolute path, without placeholders")
    if PurePosixPath(program).name.lower().removesuffix(".exe") in _SHELLS and any("{" in a for a in value):
        raise ValueError("a program that is no shell, where a name is filled in: a shell could take it for a command")
    strange = [m for a in value for m in re.findall(r"\{[^}]*\}?", a) if m not in PLACEHOLDERS]
    if strange:
        raise ValueError(f"no placeholders but {', '.join(PLACEHOLDERS)}")
    return value


class HookShape(Edge):
    """Your own tool for a case verb. Never a shell; nothing on its stdin; exit code 0 means that it accepted, not that it is done."""

    command: Annotated[
        Names,
        Field(
            min_length=1, description="A program and its arguments; {workstation}, {person} and {run} are filled in."
        ),
        AfterValidator(_argv),
    ]
    timeout_seconds: Annotated[float, Field(gt=0, le=3600, description="After that it is ended.")] = 60.0


class HooksShape(Edge):
    """Your own tools for what a playbook does for the case as a whole; without one it is a task for a person."""

    preserve: HookShape | None = None
    isolate: HookShape | None = None
    lock: HookShape | None = None
    retire: HookShape | None = None
    wipe: HookShape | None = None
    hold: HookShape | None = None
    transfer: HookShape | None = None
    notify: HookShape | None = None


class TenantShape(Edge):
    """One tenant of a provider. Other keys are the provider's own settings, or references to credentials."""

    model_config = ConfigDict(extra="allow")

    provider: Annotated[str, Field(min_length=1, description="Which provider this is a tenant of.")]
    rate: Annotated[float, Field(gt=0, le=1000, description="Requests per second.")] = 10.0
    write: dict[str, Any] = Field(default_factory=dict, description="Another identity that only `apply` loads.")


class ConfigShape(Edge):
    """`rescind.toml`."""

    org: OrgShape = OrgShape()
    store: StoreShape = StoreShape()
    scan: ScanShape = ScanShape()
    checkin: Annotated[CheckinShape | None, Field(description="Check-ins.")] = None
    workstation: dict[str, WorkstationShape] = Field(default_factory=dict, description="Enrolled machines by name.")
    case: HooksShape = HooksShape()
    tenant: dict[str, TenantShape] = Field(default_factory=dict, description="Tenants by name.")
    rotation: dict[str, RotationShape] = Field(default_factory=dict, description="Rotations by name.")
    person: dict[str, dict[str, Names]] = Field(
        default_factory=dict, description="By e-mail address: the names that each provider knows the person by."
    )


def named(name: str) -> bool:
    """Tell whether a tenant's name is fit for logs, rates and file names."""
    return _NAME.fullmatch(name) is not None
