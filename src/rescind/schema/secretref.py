"""References to the operator's own credentials, followed at the moment of use and never earlier.

No message of this module contains a value, a program's output or a keychain's complaint: only where it was looked for.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from rescind.errors import ConfigError
from rescind.models.tenant import SecretRef
from rescind.schema.owned import read_owned
from rescind.secret import Secret

COMMAND_SECONDS = 30.0
MAX_BYTES = 64 * 1024

KeyringGet = Callable[[str], Secret | None]


def _from_env(name: str) -> bytes:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(
            f"the environment variable {name} is not set", hint="set it, or point the reference somewhere else"
        )
    return os.fsencode(value)


def _from_file(name: str) -> bytes:
    path = Path(name).expanduser()
    if not path.is_absolute():
        raise ConfigError(
            f"the reference {{ file = {name!r} }} is relative, so it depends on where you stand",
            hint="give an absolute path",
        )
    return read_owned(path, MAX_BYTES, private=True).rstrip(b"\r\n")


def _from_command(command: tuple[str, ...], seconds: float) -> bytes:
    """Return what a program prints. Never a shell; never from the working directory, where a program may have been planted."""
    program = command[0]
    if os.sep in program and not Path(program).is_absolute():
        raise ConfigError(
            f"the reference's command {program!r} is relative, so it depends on where you stand",
            hint="give an absolute path",
        )
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"the reference's command {program!r} did not answer within {seconds:g} s") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable command"
        raise ConfigError(f"the reference's command {program!r} could not be started: {reason}") from None
    if done.returncode != 0:
        raise ConfigError(
            f"the reference's command {program!r} ended with {done.returncode}",
            hint="run it by hand; its output is not shown here",
        )
    return done.stdout.strip()


def _from_keyring(name: str, get: KeyringGet) -> bytes:
    service, slash, account = name.partition("/")
    if not (service and slash and account):
        raise ConfigError(
            f"the reference {{ keyring = {name!r} }} is not service/account",
            hint='write { keyring = "rescind/github" }',
        )
    try:
        value = get(name)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001  (keyring back ends raise what they like; their words may quote the value)
        raise ConfigError(
            f"the keychain could not be asked for {name!r} ({type(error).__name__})", hint="unlock it and try again"
        ) from None
    if value is None:
        raise ConfigError(f"the keychain has no item {name!r}", hint=f"keyring set {service} {account}")
    return value.reveal_bytes()


def resolver(keyring_get: KeyringGet, *, command_seconds: float = COMMAND_SECONDS) -> Callable[[SecretRef], Secret]:
    """Return what follows a reference to its value. `keyring_get("service/account")` asks the keychain. It raises `ConfigError`."""

    def resolve(ref: SecretRef) -> Secret:
        given = [bool(ref.keyring), bool(ref.env), bool(ref.file), bool(ref.command)]
        if sum(given) != 1:
            raise ConfigError("a reference needs exactly one of keyring, env, file and command")
        if ref.env:
            value = _from_env(ref.env)
        elif ref.file:
            value = _from_file(ref.file)
        elif ref.command:
            value = _from_command(ref.command, command_seconds)
        else:
            value = _from_keyring(ref.keyring, keyring_get)
        if not value:
            raise ConfigError("the reference leads to an empty value", hint="look where it points")
        return Secret(value)

    return resolve
